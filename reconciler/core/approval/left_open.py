"""Names the changes of a plan that the last apply left undone, by the record of applies alone.

Where no provisioning log is kept, such as on a build machine, it is all that is known: an effect was asked for, and the
account still lacks it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from reconciler.core.approval.atoms import NEW, Atom, atoms_of, hash_atom
from reconciler.core.changes.asked import AskedBefore
from reconciler.core.changes.plan import Plan
from reconciler.core.changes.undone import MEMBERS, ROLES
from reconciler.core.model.amounts import few
from reconciler.core.record.record import OpenAtom
from reconciler.errors import Problem

LISTS: Final = {"role": ROLES, "member": MEMBERS}
NAMED: Final = frozenset({"attribute", *LISTS})
MOST_NAMED = 10


def note_left_open(plan: Plan, opened: Sequence[tuple[str, OpenAtom]], asked: AskedBefore, serial: int) -> Plan:
    """Returns the plan with a note on what apply #serial left undone of existing users and groups.

    What the provisioning log knows, in `asked`, is not repeated.
    """
    left = list(_find_left(plan, opened, asked))
    if not left:
        return plan
    message = f"apply #{serial} left undone, and this plan contains it again: {few(left, MOST_NAMED)}"
    hint = (
        "if its outcome shows that the service refused it or has another value, write the value that the account "
        "keeps, or leave it out; else plan and apply again"
    )
    problem = Problem("left_open", message, None, hint, severity="info")
    return plan.model_copy(update={"problems": (*plan.problems, problem)})


def _find_left(plan: Plan, opened: Sequence[tuple[str, OpenAtom]], asked: AskedBefore) -> Iterator[str]:
    """Yields the names of atoms that are open, also as part of a create that was done since."""
    known: dict[str, set[str]] = {}
    for salt, open_atom in opened:
        known.setdefault(salt, set()).add(open_atom.outcome)
    if not known:
        return
    for change in plan.changes:
        for atom in atoms_of(change) if change.target_id is not None else ():
            kind, *of = atom.path
            of_log = (atom.key, LISTS[kind], *of) if kind in LISTS else (atom.key, *of, "")
            if kind in NAMED and of_log not in asked.not_taken and _is_open(atom, known.items()):
                yield f"{of[0]} of {atom.key}"


def _is_open(atom: Atom, known: Iterable[tuple[str, Collection[str]]]) -> bool:
    return any(
        hash_atom(salt, one)[1] in outcomes for salt, outcomes in known for one in (atom, replace(atom, record=NEW))
    )
