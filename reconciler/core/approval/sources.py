"""The approved atoms in force, and the decision whether they cover an atom of a fresh plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from types import MappingProxyType

from reconciler.core.approval.atoms import CREATING, NEW, RECORD, Atom, Path, atoms_of, hash_atom
from reconciler.core.changes.plan import Change, Plan
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.model.diff import differs
from reconciler.core.model.resources import Key, Value, parse_key
from reconciler.core.model.states import DesiredState
from reconciler.core.record.record import OpenAtom

NEVER_DRIFT = frozenset({"create_user", "create_group", "deactivate_user"})
APPROVALS_LAST = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class InForce:
    """The facts that decide which approvals are valid.

    `open` are the atoms that the last ended apply left open, each with the salt of its record. `applied` are the
    applied states of git, with the serials of their applies. `earlier` decides the cause of an effect. An approval is
    valid for `lasts` after the day of its plan.
    """

    today: date
    lasts: timedelta = APPROVALS_LAST
    open: Sequence[tuple[str, OpenAtom]] = ()
    applied: Sequence[tuple[int, DesiredState]] = ()
    earlier: Earlier = Earlier()  # noqa: RUF009  # frozen, and empty

    def is_over(self, day: str) -> bool:
        """Returns whether approvals by a plan of that day have expired."""
        return self.today - date.fromisoformat(day) > self.lasts


@dataclass(frozen=True, slots=True)
class ApprovalOrigin:
    """The plan in which reviewers saw an atom: its day, and the serial of the last apply on record at that time.

    Without a record, `serial` is None, and the plan covers equal atoms only.
    """

    serial: int | None
    day: str


@dataclass(frozen=True, slots=True)
class CoveringApproval:
    """An approval that covers an atom of a fresh plan: the approved atom and its plan.

    If only hashes of the approved atom are known, `atom` is the fresh one.
    """

    atom: Atom
    origin: ApprovalOrigin


@dataclass(slots=True)
class ApprovedAtoms:
    """All approved atoms in force, indexed for `covers`; made by `gather_approved`.

    `users` are the ids of SCIM users by the id of the person that 4me has linked to them.
    """

    force: InForce
    users: Mapping[str, str] = field(default_factory=dict)
    seen: dict[tuple[str, Path, str], list[CoveringApproval]] = field(default_factory=lambda: defaultdict(list))
    records: dict[str, list[CoveringApproval]] = field(default_factory=lambda: defaultdict(list))
    hashes: dict[str, dict[str, list[OpenAtom]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))

    def covers(self, atom: Atom) -> tuple[CoveringApproval, ...]:
        """Returns all approvals that cover an atom of a fresh plan; empty if no reviewer saw the atom."""
        seen = (cover for cover in self.seen.get((atom.key, atom.path, atom.after), ()) if self._is_same(cover, atom))
        known = (cover for cover in self.records.get(atom.key, ()) if cover.atom.record == atom.record)
        return tuple(dict.fromkeys([*seen, *(known if atom.path == RECORD else ()), *self._open(atom)]))

    def _is_same(self, cover: CoveringApproval, atom: Atom) -> bool:
        """Decides whether the approved atom equals this one, or differs only by the effects of a later apply."""
        same_record = cover.atom.record in self._records(atom)
        same_before = cover.atom.before == atom.before or atom.is_left_over
        if not same_record and (cover.atom.record != NEW or not self._created(atom, cover.origin.serial)):
            return False
        return same_before or self._wrote(atom, cover.origin.serial)

    def shows(self, atom: Atom) -> bool:
        """Decides whether an approval in force has the same result, from any value before and on any record."""
        return (atom.key, atom.path, atom.after) in self.seen or any(
            hash_atom(salt, replace(atom, record=record))[1] in known
            for salt, known in self.hashes.items()
            for record in (*self._records(atom), NEW)
        )

    def _open(self, atom: Atom) -> Iterator[CoveringApproval]:
        """Yields the open atoms that cover this atom, of which only hashes are known."""
        for salt, known in self.hashes.items():
            hashes = [hash_atom(salt, replace(atom, record=record)) for record in self._records(atom)]
            effect_of_new, outcome_of_new = hash_atom(salt, replace(atom, record=NEW))
            equal = (open_atom for effect, _outcome in hashes for open_atom in known.get(effect, ()))
            outcomes = (open_atom for _effect, outcome in hashes for open_atom in known.get(outcome, ()))
            written = (open_atom for open_atom in outcomes if self._wrote(atom, open_atom.serial))
            created = (open_atom for open_atom in known.get(effect_of_new, ()) if self._created(atom, open_atom.serial))
            both = (
                open_atom
                for open_atom in known.get(outcome_of_new, ())
                if self._created(atom, open_atom.serial) and self._wrote(atom, open_atom.serial)
            )
            for open_atom in (*equal, *written, *created, *both):
                yield CoveringApproval(atom, ApprovalOrigin(open_atom.serial, open_atom.date))

    def _records(self, atom: Atom) -> tuple[str, ...]:
        """Returns the record of an atom; for a granted role also the SCIM user, whose person was awaited when planned.

        The approval names the SCIM user, and 4me decides which person is linked to that user.
        """
        user = None if atom.path[0] != "role" or atom.removes else self.users.get(atom.record)
        return (atom.record,) if user is None else (atom.record, user)

    def _since(self, serial: int | None) -> Iterable[DesiredState]:
        return (state for applied, state in self.force.applied if serial is not None and applied > serial)

    def _created(self, atom: Atom, serial: int | None) -> bool:
        """Decides whether an apply since then declares the resource, and therefore created it."""
        return any(_declares(state, atom) for state in self._since(serial))

    def _wrote(self, atom: Atom, serial: int | None) -> bool:
        """Decides whether the value before is the value that an apply since then declares, or a third name."""
        return atom.is_left_over or any(_declares_value(state, atom) for state in self._since(serial))


def gather_approved(
    plans: Iterable[Plan], force: InForce, users: Mapping[str, str] = MappingProxyType({})
) -> ApprovedAtoms:
    """Returns the atoms of plans and the open atoms, without those whose approval has expired.

    `users` are the ids of SCIM users by the id of their person.
    """
    approved = ApprovedAtoms(force, users)
    for plan in plans:
        if lasts(plan, force):
            origin = origin_of(plan)
            for atom in (atom for change in plan.changes for atom in atoms_of(change)):
                cover = CoveringApproval(atom, origin)
                approved.seen[atom.key, atom.path, atom.after].append(cover)
                approved.records[atom.key].append(cover)
    for salt, open_atom in force.open:
        if not force.is_over(open_atom.date):
            approved.hashes[salt][open_atom.effect].append(open_atom)
            approved.hashes[salt][open_atom.outcome].append(open_atom)
    return approved


def lasts(plan: Plan, force: InForce) -> bool:
    """Returns whether the approvals by a plan are still valid; a plan without a note of the record never expires."""
    return plan.record is None or not force.is_over(plan.record.made_on)


def origin_of(plan: Plan) -> ApprovalOrigin:
    """Returns the origin of a plan's atoms."""
    return (
        ApprovalOrigin(plan.record.serial or 0, plan.record.made_on)
        if plan.record
        else ApprovalOrigin(None, plan.as_of)
    )


def _declares(state: DesiredState, atom: Atom) -> bool:
    key = parse_key(atom.key)
    resource = state.resource(key) if key else None
    return resource is not None and resource.in_scope


def _declares_value(state: DesiredState, atom: Atom) -> bool:
    key = parse_key(atom.key)
    resource = state.resource(key) if key else None
    if resource is None or not resource.in_scope or atom.path[0] != "attribute":
        return False
    declared = {**resource.on_create, **resource.attributes}
    path = atom.path[1]
    return path in declared and not differs(path, atom.value, declared[path])


def cause_is_drift(change: Change, atom: Atom, earlier: Earlier) -> bool:
    """Returns whether this effect is drift, which may differ from the cause of the whole change.

    A creation that is drift may have an attribute that git changed since.
    """
    key = parse_key(change.key)
    kind = atom.path[0]
    if change.cause == "drift" and change.action in CREATING and kind == "attribute" and key is not None:
        return earlier.agrees(key, atom.path[1], _value_after(change, atom.path[1]))
    if change.cause == "drift" or key is None or kind not in {"attribute", "member", "role", "active"}:
        return change.cause == "drift"
    return _is_value_drift(change, atom, key, earlier)


def _is_value_drift(change: Change, atom: Atom, key: Key, earlier: Earlier) -> bool:
    match atom.path, change.action:
        case _, action if action in NEVER_DRIFT or atom.is_left_over:
            return False
        case ("attribute", path), _:
            return earlier.attributes(key, [path], {path: _value_after(change, path)}, {path: atom.value}) == "drift"
        case ("member", member), action:
            return earlier.members(key, [member], head=action == "add_members") == "drift"
        case ("role", role), action:
            return earlier.roles(key, [role], head=action == "grant_roles") == "drift"
        case _:
            return earlier.reactivation(key, (), {}, {}) == "drift"


def _value_after(change: Change, path: str) -> Value:
    return next(attribute.after for attribute in change.attributes if attribute.path == path)
