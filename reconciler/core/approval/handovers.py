"""Names that change hands, in an approval: a name is taken only if its freeing runs, and an exchange runs as one.

A login is the userName with the primary e-mail that equals it: both are approved, or neither runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from reconciler.core.approval.atoms import CREATING, Atom
from reconciler.core.changes.plan import Change
from reconciler.core.model.logins import list_login_paths
from reconciler.core.model.resources import Kind
from reconciler.core.planner.name_moves import CALLED, NameMoves, find_moves, kind_of, writes_name
from reconciler.core.planner.steps import Step

NOT_FREED = "no approved plan shows that {} gives up the {} that this takes, so it was not done; approve both together"
LOGIN_IN_PART = "no approved plan shows this {} with its primary e-mail as they are now, so neither was written"


@dataclass(slots=True)
class Handovers:
    """The changes whose names can't move, by their ids, each with the reason."""

    moves: NameMoves
    blocked: dict[str, str] = field(default_factory=dict)

    def stops(self, atom: Atom, change: Change) -> bool:
        """Whether the atom belongs to a name that does not move; a creation does not run without its name."""
        if change.id not in self.blocked:
            return False
        return change.action in CREATING or (atom.path[0] == "attribute" and atom.path[1] in _login_of(change))


def find_handovers(changes: Iterable[Change], runs: Callable[[Change, frozenset[str]], bool]) -> Handovers:
    """Returns the changes whose names can't move; `runs` decides whether those paths of a change are approved.

    One that is not approved keeps its name, so that the change that takes this name is blocked, and so on: around a
    ring, until all of it is blocked. Linear in the number of changes.
    """
    steps = [Step(change.key, (change,)) for change in changes if writes_name(change)]
    handovers = Handovers(find_moves(steps))
    takers = {freer.id: step for step in steps if (freer := handovers.moves.freer_of(step))}
    keeping = [step for step in steps if not runs(step.changes[0], _login_of(step.changes[0]))]
    for step in keeping:
        handovers.blocked[step.id] = LOGIN_IN_PART.format(CALLED[kind_of(step)])
    while keeping:
        step = keeping.pop()
        taker = takers.get(step.id)
        if taker is not None and taker.id not in handovers.blocked:
            handovers.blocked[taker.id] = NOT_FREED.format(step.key, CALLED[kind_of(step)])
            keeping.append(taker)
    return handovers


def _login_of(change: Change) -> frozenset[str]:
    """Returns the paths that a change writes with the name."""
    kind: Kind = "user" if change.key.startswith("user/") else "group"
    return list_login_paths(kind, {attribute.path: attribute.after for attribute in change.attributes})
