"""An account in memory: users, one group and one role, which the changes of a plan write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count

from reconciler.core.changes.plan import Change
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.comparison.references import ID_PREFIX
from reconciler.core.model.matching import fold
from reconciler.core.model.resources import LiveGroup, LiveUser
from reconciler.core.model.states import Certificate, DesiredState, LiveState
from reconciler.core.targeting.known_account import FoundGroup, FoundUser, KnownAccount
from reconciler.core.targeting.lookup_planner import make_lookup_planner

GROUP = "g"


@dataclass
class Record:
    """A user of the account."""

    mark: str | None
    login: str
    active: bool = True
    auditor: bool = False


@dataclass
class MemoryAccount:
    """The users by id, and the members of the one group."""

    users: dict[str, Record] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)
    ids: count[int] = field(default_factory=lambda: count(100))

    def add(self, record: Record) -> str:
        """Adds a user, and returns the id."""
        live_id = f"id-{next(self.ids)}"
        self.users[live_id] = record
        return live_id

    def state(self) -> LiveState:
        """Returns the whole live state."""
        users = tuple(_live(live_id, record) for live_id, record in sorted(self.users.items()))
        return LiveState(users, (self.group(),), Certificate("full", len(users), 1, 1))

    def group(self) -> LiveGroup:
        """Returns the group with its existing members."""
        there = self.members & self.users.keys()
        return LiveGroup(GROUP, {"externalId": "team", "displayName": "Team"}, frozenset(there))

    def asked(self, desired: DesiredState, earlier: Earlier) -> tuple[LiveState, DesiredState]:
        """Returns what a plan about the selection reads, and the state with its final selection."""
        lookup_planner, known = make_lookup_planner(desired, earlier), KnownAccount()
        everyone = self.state()
        while True:
            lookup_planner, questions = lookup_planner.next_round(known)
            if not questions:
                break
            terms = {(name, fold(name, value)) for key in questions.keys for name, value in lookup_planner.terms(key)}
            users = [one for one in everyone.users if one.id in questions.users or _meets(one, terms)]
            groups = [one for one in everyone.groups if one.id in questions.groups or _meets(one, terms)]
            known = known.learn(questions, map(FoundUser, users), (FoundGroup(one, has_members=True) for one in groups))
        return known.live_state(Certificate("targeted", 0, 0, 1)), lookup_planner.desired

    def write(self, change: Change, ids: dict[str, str]) -> None:
        """Carries out one change of a plan; `ids` gets the ids of created users."""
        values = {one.path: one.after for one in change.attributes}
        match change.action:
            case "create_user":
                record = Record(_text(values.get("externalId")), str(values["userName"]))
                record.auditor = "auditor" in change.roles
                ids[change.key] = self.add(record)
            case "update_user" | "reactivate_user" | "deactivate_user":
                self._update(str(change.target_id), change, values)
            case "grant_roles" | "revoke_roles":
                self.users[str(change.target_id)].auditor = change.action == "grant_roles"
            case "add_members":
                self.members |= _ids(change.members, ids)
            case "remove_members":
                self.members -= _ids(change.members, ids)
            case _:
                raise AssertionError(change)

    def _update(self, live_id: str, change: Change, values: Mapping[str, object]) -> None:
        record = self.users[live_id]
        record.mark = _text(values["externalId"]) if "externalId" in values else record.mark
        record.login = str(values.get("userName", record.login))
        record.active = change.action != "deactivate_user" and (record.active or change.action == "reactivate_user")

    def restored(self) -> dict[str, str]:
        """Restores a backup: the same users get new ids. Returns the new id of each old one."""
        moved = {live_id: self.add(replace(record)) for live_id, record in list(self.users.items())}
        self.members = {moved[one] for one in self.members & moved.keys()}
        for live_id in moved:
            del self.users[live_id]
        return moved


def _live(live_id: str, record: Record) -> LiveUser:
    attributes = {"userName": record.login, **({"externalId": record.mark} if record.mark else {})}
    return LiveUser(live_id, attributes, record.active, frozenset({"auditor"} if record.auditor else set()))


def _meets(one: LiveUser | LiveGroup, terms: set[tuple[str, str]]) -> bool:
    return any((name, fold(name, str(value))) in terms for name, value in one.attributes.items())


def _ids(members: Iterable[str], ids: dict[str, str]) -> set[str]:
    return {one.removeprefix(ID_PREFIX) if one.startswith(ID_PREFIX) else ids[one] for one in members}


def _text(value: object) -> str | None:
    return None if value is None else str(value)
