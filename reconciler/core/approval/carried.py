"""The open effects of applies: the approved effects that are needed and not done, and the plans that contain them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from reconciler.core.approval.atoms import ACTIVE, NEW, Atom, Path, atoms_of, hash_atom
from reconciler.core.approval.coverage import Approval, Pending
from reconciler.core.approval.sources import ApprovalOrigin
from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.plan import Change, Plan
from reconciler.core.changes.undone import MEMBERS, Undone
from reconciler.core.model.states import LiveState
from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import MOST_OPEN, ApplyRecord, OpenAtom, RecordEntry


def open_after(
    approval: Approval, outcomes: Iterable[Outcome], salt: str, serial: int
) -> tuple[OpenAtom, ...] | Literal["all"]:
    """Returns the approved atoms that were needed and not done, or `all` if they are more than 1,000.

    `salt` is the salt of this apply's record. `serial` is the last apply before it, and dates approvals by plans
    without a note of the record.
    """
    results = _split_outcomes(outcomes)
    found = {
        _open_atom(cover.atom, cover.origin, salt, serial)
        for pending in approval.pending
        if not results.has_done(pending)
        for cover in pending.covers
    }
    if len(found) > MOST_OPEN:
        return "all"
    return tuple(sorted(found, key=lambda atom: (atom.effect, atom.serial, atom.date)))


def keep_open(
    opened: Iterable[tuple[str, OpenAtom]],
    left: tuple[OpenAtom, ...] | Literal["all"],
    done: Iterable[Change],
    salt: str,
) -> tuple[OpenAtom, ...] | Literal["all"]:
    """Returns the atoms that are open after an apply of some keys: `left` by it, and `opened` before and not done now.

    Such an apply says nothing of the other keys, and an end replaces the list of the end before it.
    """
    if left == "all":
        return "all"
    atoms = [atom for change in done for atom in atoms_of(change)]
    ran = {hashed for atom in atoms for one in (atom, replace(atom, record=NEW)) for hashed in hash_atom(salt, one)}
    kept = (one for known, one in opened if known == salt and ran.isdisjoint((one.effect, one.outcome)))
    found = {*left, *kept}
    if len(found) > MOST_OPEN:
        return "all"
    return tuple(sorted(found, key=lambda atom: (atom.effect, atom.serial, atom.date)))


@dataclass(frozen=True, slots=True)
class _Results:
    """The ids of the changes that are done, their undone parts by path, and the users whose creation is not done."""

    done: set[str]
    undone: set[tuple[str, Path]]
    not_created: set[str]

    def has_done(self, pending: Pending) -> bool:
        """Decides whether the atom is done; a change may be done without a part of it, or without a member."""
        path = pending.atom.path
        member = path[1] if path[0] == "member" else None
        left_out = pending.change is not None and (pending.change, path) in self.undone
        return pending.change in self.done and not left_out and member not in self.not_created


def _split_outcomes(outcomes: Iterable[Outcome]) -> _Results:
    results = _Results(set(), set(), set())
    for outcome in outcomes:
        if outcome.status == "already" or outcome.done_in_part:
            results.done.add(outcome.change.id)
        elif outcome.change.action == "create_user":
            results.not_created.add(outcome.change.key)
        results.undone.update((outcome.change.id, _path_of(part)) for part in outcome.undone)
    return results


def _path_of(part: Undone) -> Path:
    """Returns the path of the atom of an undone part."""
    if part.of:
        return ("member" if part.path == MEMBERS else "role"), part.of
    return ACTIVE if part.path == ACTIVE[0] else ("attribute", part.path)


def _open_atom(atom: Atom, origin: ApprovalOrigin, salt: str, serial: int) -> OpenAtom:
    effect, outcome = hash_atom(salt, atom)
    known = serial if origin.serial is None else origin.serial
    return OpenAtom(effect=effect, outcome=outcome, serial=known, date=origin.day)


def find_last_ends(history: ApplyHistory) -> tuple[RecordEntry, ...]:
    """Returns the last ended apply of each line of the record.

    An end that leaves `all` open is skipped, because the plans in force before it stay in force. A recovery gives up
    what was open before it.
    """
    return history.last_of(
        [entry for entry in history.counted() if entry.record.state == "ended" and entry.record.open != "all"]
    )


def list_open(history: ApplyHistory) -> Iterator[tuple[str, OpenAtom]]:
    """Yields the open atoms of the last ended applies, each with the salt of its record."""
    for entry in find_last_ends(history):
        atoms = () if entry.record.open == "all" else entry.record.open
        yield from ((entry.record.salt, atom) for atom in atoms)


def mark_carried_on(plan: Plan, open_atoms: Iterable[tuple[str, OpenAtom]], live: LiveState) -> Plan:
    """Returns the plan in which roles that an earlier apply left open are pending, and not drift.

    Without a complete apply on record, nothing else tells roles that nobody was given yet from roles that were taken
    away by hand.
    """
    known: dict[str, set[str]] = {}
    for salt, atom in open_atoms:
        known.setdefault(salt, set()).add(atom.outcome)
    if not known:
        return plan
    users = {user.person: user.id for user in live.users if user.person is not None}
    changes = tuple(
        change.model_copy(update={"cause": "merged"}) if _is_open(change, known, users) else change
        for change in plan.changes
    )
    return plan.model_copy(update={"changes": changes})


def _is_open(change: Change, known: Mapping[str, Container[str]], users: Mapping[str, str]) -> bool:
    if change.action != "grant_roles" or change.cause != "drift":
        return False
    target = change.target_id or NEW
    records = {NEW, target, users.get(target, NEW)}
    return any(
        hash_atom(salt, replace(atom, record=record))[1] in outcomes
        for salt, outcomes in known.items()
        for atom in atoms_of(change)
        for record in records
    )


def find_apply_of(plan: Plan, history: ApplyHistory) -> int | None:
    """Returns the serial of the apply that has already used this approved plan, or None.

    An approval is valid for one apply: after it, only the effects that the apply left open are still approved. A plan
    with the same effects that was made later is a new approval. A plan whose apply left `all` open stays in force.
    """
    if plan.record is None:
        return None
    since = plan.record.serial or 0
    return next((record.serial for record in find_uses(plan.digest, history) if record.serial > since), None)


def find_uses(digest: str, history: ApplyHistory) -> Iterator[ApplyRecord]:
    """Yields the applies that used an approved plan of that digest; one that left `all` open did not use it up."""
    records = (entry.record for entry in history.entries)
    ends = (record for record in records if record.state == "ended" and record.open != "all")
    return (record for record in ends if digest in record.plans)
