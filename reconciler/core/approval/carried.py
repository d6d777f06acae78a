"""What an ended apply leaves open of what was approved, and what the last ended applies left open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from reconciler.core.approval.atoms import Atom, hash_atom
from reconciler.core.approval.coverage import Approval, Pending
from reconciler.core.approval.sources import ApprovalOrigin
from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.plan import Plan
from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import MOST_OPEN, OpenAtom, RecordEntry


def open_after(
    approval: Approval, outcomes: Iterable[Outcome], salt: str, serial: int
) -> tuple[OpenAtom, ...] | Literal["all"]:
    """Returns the approved atoms that were needed and not carried out; `all` where those are more than 1,000.

    `salt` is that of the record of this apply, `serial` that of the last apply before it: an approval by a plan that
    does not know the record is dated by it.
    """
    done, never_made = _ran(outcomes)
    found = {
        _open_atom(cover.atom, cover.origin, salt, serial)
        for one in approval.pending
        if not _is_done(one, done, never_made)
        for cover in one.covers
    }
    if len(found) > MOST_OPEN:
        return "all"
    return tuple(sorted(found, key=lambda one: (one.effect, one.serial, one.date)))


def _ran(outcomes: Iterable[Outcome]) -> tuple[set[str], set[str]]:
    """Returns the ids of the changes that were applied, and the keys that should have been created and were not."""
    done: set[str] = set()
    never_made: set[str] = set()
    for outcome in outcomes:
        if outcome.status in {"applied", "already"}:
            done.add(outcome.change.id)
        elif outcome.change.action == "create_user":
            never_made.add(outcome.change.key)
    return done, never_made


def _is_done(one: Pending, done: set[str], never_made: set[str]) -> bool:
    """Whether it was carried out: a group can change without a member who could not be created."""
    member = one.atom.path[1] if one.atom.path[0] == "member" else None
    return one.change in done and member not in never_made


def _open_atom(atom: Atom, origin: ApprovalOrigin, salt: str, serial: int) -> OpenAtom:
    effect, outcome = hash_atom(salt, atom)
    known = serial if origin.serial is None else origin.serial
    return OpenAtom(effect=effect, outcome=outcome, serial=known, date=origin.day)


def find_last_ends(history: ApplyHistory) -> tuple[RecordEntry, ...]:
    """Returns the last ended applies of every line of the record.

    An end that leaves `all` open is passed over: the plans that were in force for it still are.
    """
    return history.last_of(
        [entry for entry in history.entries if entry.record.state == "ended" and entry.record.open != "all"]
    )


def list_open(history: ApplyHistory) -> Iterator[tuple[str, OpenAtom]]:
    """Yields what the last ended applies left open, each atom with the salt of its record."""
    for entry in find_last_ends(history):
        left = () if entry.record.open == "all" else entry.record.open
        yield from ((entry.record.salt, atom) for atom in left)


def find_apply_of(plan: Plan, history: ApplyHistory) -> int | None:
    """Returns the serial of the apply that an approved plan was given to already, or None.

    An approval runs once: of such a plan, only what that apply left open is still approved. A plan with the same
    effects that was made after that apply is another approval; and one whose apply left more open than a record names
    is still needed whole.
    """
    if plan.record is None:
        return None
    since = plan.record.serial or 0
    records = (entry.record for entry in history.entries)
    ends = (one for one in records if one.state == "ended" and one.open != "all")
    return next((one.serial for one in ends if one.serial > since and plan.digest in one.plans), None)
