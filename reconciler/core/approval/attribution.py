"""Finds which commit of the branch's first-parent line, and so which pull request, brought a commit or an effect. Pure.

The line commit that brought a commit is the earliest one whose history has it, and whose first parent's history does
not: a merge, a squash, a commit of a rebase or a push.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeAlias

from reconciler.core.approval.atoms import Atom
from reconciler.core.approval.merge_approvals import BranchCommit
from reconciler.core.model.resources import DesiredGroup, DesiredUser, parse_key
from reconciler.core.model.states import DesiredState

StateAt: TypeAlias = Callable[[int], DesiredState | None]


def find_bringers(line: Sequence[BranchCommit], ancestry: Mapping[str, Collection[str]]) -> Mapping[str, BranchCommit]:
    """Returns the line commit that brought each commit; without those that were on the branch before the line.

    `line` is oldest first; `ancestry` has the parents of each commit, the first parent first. Linear in the number of
    commits.
    """
    before = list(ancestry.get(line[0].commit, ()))[:1] if line else []
    seen: set[str] = set()
    _reach(before, ancestry, seen)
    bringers: dict[str, BranchCommit] = {}
    for brought in line:
        bringers |= dict.fromkeys(_reach([brought.commit], ancestry, seen), brought)
    return bringers


def _reach(starts: Iterable[str], ancestry: Mapping[str, Collection[str]], seen: set[str]) -> list[str]:
    """Returns the starts and their ancestors that were not seen before, and adds them to `seen`."""
    found = [commit for commit in starts if commit not in seen]
    seen.update(found)
    for commit in found:  # the list grows as it is read
        new = [parent for parent in ancestry.get(commit, ()) if parent not in seen]
        seen.update(new)
        found += new
    return found


def find_transition(atom: Atom, line: Sequence[BranchCommit], state_at: StateAt) -> BranchCommit | None:
    """Returns the line commit that made git ask for an effect; None if git asked before the line, or never did.

    `state_at(n)` is the desired state at line commit `n`, and for -1 before the line; None if unknown. It is asked for
    as many states as halving the line needs, so that the commit is a change to the present value, if not the last one.
    """
    present = _asked(atom, state_at(len(line) - 1))
    before, after = -1, len(line) - 1
    if not line or _asked(atom, state_at(before)) == present:
        return None
    while after - before > 1:
        middle = (before + after) // 2
        if _asked(atom, state_at(middle)) == present:
            after = middle
        else:
            before = middle
    return line[after]


def _asked(atom: Atom, state: DesiredState | None) -> object:
    """Returns what git asks for at the path of an atom; None if the user or group is not in scope."""
    key = parse_key(atom.key)
    resource = state.resource(key) if state and key else None
    if resource is None or not resource.in_scope:
        return None
    match atom.path:
        case ("attribute", path):
            return True, {**resource.on_create, **resource.attributes}.get(path)
        case ("member", member) if isinstance(resource, DesiredGroup):
            return member in map(str, resource.members or ())
        case ("role", role) if isinstance(resource, DesiredUser):
            return role in (resource.roles or ())
        case _:
            return True
