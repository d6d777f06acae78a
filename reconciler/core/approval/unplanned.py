"""The outcome of an approved effect that a fresh plan lacks: already, withdrawn, unclear, stale or skipped.

Compares with the account and with git. An effect is `already` done only if its live value was read and compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeAlias

from reconciler.core.approval.atoms import NEW, TRUE, Atom, spell
from reconciler.core.changes.plan import Plan
from reconciler.core.comparison.references import ID_PREFIX, key_by_id
from reconciler.core.declarations.redaction import Redaction
from reconciler.core.model.diff import differs
from reconciler.core.model.resources import DesiredGroup, DesiredUser, Kind, LiveGroup, LiveUser, Value, parse_key
from reconciler.core.model.states import DesiredState, LiveState
from reconciler.core.planner.planner import Decisions

Unplanned: TypeAlias = Literal["already", "withdrawn", "unclear", "stale", "skipped"]

ALREADY = "the account was compared and has this already; there is nothing to do"
WITHDRAWN = "git no longer asks for this, so it was not done; if it should be done, have it reviewed again"
TAKEN_BACK = "a later commit took this back, so there was nothing to do"
STAYS = "a later commit took this back, but the account has it already; git no longer declares the value, so it stays"
UNCLEAR = "the user or group of the account is ambiguous, so this was not done; {}"
GONE = "the user or group is no longer in the account, so nothing was done; plan again and have the plan reviewed"
ANOTHER = (
    "the key is now linked to another user or group of the account, so this was not done; plan again and have the plan "
    "reviewed"
)
LEFT_OUT = "this is still needed, and the current plan does not have it{}; the next apply does it if its plan has it"


@dataclass(frozen=True)
class AccountNow:
    """The desired state and the account from which a fresh plan was made, with the plan's decisions."""

    plan: Plan
    desired: DesiredState
    live: LiveState
    decided: Decisions
    redaction: Redaction = Redaction()  # noqa: RUF009  # frozen, and empty

    @cached_property
    def users(self) -> Mapping[str, LiveUser]:
        """The live users by their ids, and by the ids of their persons in 4me."""
        people = {user.person: user for user in self.live.users if user.person is not None}
        return {**people, **{user.id: user for user in self.live.users}}

    @cached_property
    def groups(self) -> Mapping[str, LiveGroup]:
        """The live groups by their ids."""
        return {group.id: group for group in self.live.groups}

    @cached_property
    def keys(self) -> Mapping[str, str]:
        """The keys of users by live id."""
        return {live_id: key for key, live_id in self.decided.ids.items() if key.startswith("user/")}

    @cached_property
    def in_doubt(self) -> Mapping[str, str]:
        """The ambiguous and unresolved keys, and ids as `user/id/4711`, each with what to do."""
        several = "resolve the problem that the plan names for it, so that one match is left, then plan again"
        contested = [
            *(key_by_id("user", live_id) for live_id in self.decided.contested),
            *(key_by_id("group", live_id) for live_id in self.decided.contested_groups),
        ]
        doubts = dict.fromkeys([*self.decided.unclear, *map(str, contested)], several)
        for named in self.plan.named:
            record = str(key_by_id(named.kind, named.id))
            doubts |= dict.fromkeys([named.key, record], f"this line of YAML resolves it: {named.settle}")
        return doubts

    @cached_property
    def skipped(self) -> Mapping[str, str]:
        """The reasons for which the plan skips keys."""
        return {skipped.key: skipped.reason for skipped in self.plan.skipped}

    def resource(self, atom: Atom) -> DesiredUser | DesiredGroup | None:
        """Returns the declaration of the atom's key, if it is in scope."""
        key = parse_key(atom.key)
        resource = self.desired.resource(key) if key else None
        return resource if resource is not None and resource.in_scope else None

    def live_id(self, reference: str) -> str | None:
        """Returns the live id of a key or of an `id/…`."""
        return reference.removeprefix(ID_PREFIX) if reference.startswith(ID_PREFIX) else self.decided.ids.get(reference)


def judge_unplanned(atom: Atom, account: AccountNow) -> tuple[Unplanned, str]:
    """Returns the status of an approved atom that the fresh plan lacks, and the reason in a sentence."""
    if not _is_asked(atom, account):
        return "withdrawn", WITHDRAWN
    kind: Kind = "group" if atom.key.startswith("group/") else "user"
    doubt = account.in_doubt.get(atom.key) or account.in_doubt.get(str(key_by_id(kind, atom.record)))
    if doubt:
        return "unclear", UNCLEAR.format(doubt)
    linked = account.decided.ids.get(atom.key)
    record = linked if atom.record == NEW else atom.record
    records: Mapping[str, LiveUser | LiveGroup] = account.groups if kind == "group" else account.users
    live = None if record is None else records.get(record)
    if live is None:
        return ("skipped", _left_out(atom, account)) if atom.record == NEW else ("stale", GONE)
    if linked not in {None, live.id}:
        return "stale", ANOTHER
    return _compare(atom, live, account)


def is_asked_at(atom: Atom, state: DesiredState, account: AccountNow) -> bool:
    """Decides whether an earlier state of git asks for the effect of the atom."""
    return _is_asked(atom, replace(account, desired=state))


def is_held(atom: Atom, account: AccountNow) -> bool:
    """Decides whether the account has the result of an attribute, member or role that git no longer asks for."""
    of_group, record = atom.key.startswith("group/"), atom.record
    if record == NEW:
        record = account.decided.ids.get(atom.key, NEW)
    live = account.groups.get(record) if of_group else account.users.get(record)
    if live is None or atom.path[0] not in {"attribute", "member", "role"}:
        return False
    if atom.path[0] != "attribute":
        return _is_so(atom, live, account)
    value = _read_value(atom.path[1], live, account)
    return value is not None and spell(account.redaction.redact(atom.path[1], value)) == atom.after


def _compare(atom: Atom, live: LiveUser | LiveGroup, account: AccountNow) -> tuple[Unplanned, str]:
    if _is_so(atom, live, account):
        return "already", ALREADY
    if atom.removes and atom.path[0] == "member" and account.live_id(atom.path[1]) is None:
        return "unclear", UNCLEAR.format("plan again, and check the members of the group")
    return "skipped", _left_out(atom, account)


def _left_out(atom: Atom, account: AccountNow) -> str:
    key = parse_key(atom.key)
    if key is not None and not account.desired.is_selected(key):
        return LEFT_OUT.format(", because it is limited to other keys")
    reason = account.skipped.get(atom.key)
    return LEFT_OUT.format(f" ({reason})" if reason else "")


def _is_asked(atom: Atom, account: AccountNow) -> bool:
    """Decides whether git asks for the effect of the atom."""
    resource, on = account.resource(atom), atom.after == TRUE
    match atom.path:
        case ("attribute", path):
            return resource is not None and _declares(resource, path, atom.after, account)
        case ("active",) if not on:
            return resource is None and not _is_released(atom, account)
        case ("role", role):
            roles = (resource.roles or frozenset()) if isinstance(resource, DesiredUser) else frozenset()
            return (role in roles) is on
        case ("member", member):
            return _asks_for_member(resource, member, on, account)
        case _:
            return resource is not None


def _declares(resource: DesiredUser | DesiredGroup, path: str, after: str, account: AccountNow) -> bool:
    declared = {**resource.on_create, **resource.attributes}
    return path in declared and spell(account.redaction.redact(path, declared[path])) == after


def _asks_for_member(
    resource: DesiredUser | DesiredGroup | None,
    member: str,
    on: bool,  # noqa: FBT001  # whether the user should be a member
    account: AccountNow,
) -> bool:
    if not isinstance(resource, DesiredGroup):
        return not on
    key = account.keys.get(member.removeprefix(ID_PREFIX), member) if member.startswith(ID_PREFIX) else member
    is_in = key in set(map(str, resource.members or ()))
    return is_in if on else not is_in and resource.authoritative


def _is_released(atom: Atom, account: AccountNow) -> bool:
    return any(atom.key == str(line.key) or atom.record == line.id for line in account.desired.released)


def _is_so(atom: Atom, live: LiveUser | LiveGroup, account: AccountNow) -> bool:
    """Decides whether the live value is the result of the atom."""
    on = atom.after == TRUE
    match atom.path:
        case ("attribute", path):
            return _has_value(atom, path, live, account)
        case ("active",):
            return isinstance(live, LiveUser) and live.active is on
        case ("role", role):
            return isinstance(live, LiveUser) and (role in live.roles) is on
        case ("member", member):
            member_id = account.live_id(member)
            return isinstance(live, LiveGroup) and member_id is not None and (member_id in live.members) is on
        case _:
            return True  # the user or group exists, and is linked


def _has_value(atom: Atom, path: str, live: LiveUser | LiveGroup, account: AccountNow) -> bool:
    """Decides whether the live value is the declared value, which is the approved one."""
    value = _read_value(path, live, account)
    resource = account.resource(atom)
    declared = {**resource.on_create, **resource.attributes} if resource else {}
    return path in declared and not differs(path, value, declared[path])


def _read_value(path: str, live: LiveUser | LiveGroup, account: AccountNow) -> Value:
    """Returns the value of the account, with the key of a manager."""
    value = live.attributes.get(path)
    if path == "manager" and value is not None:
        return account.keys.get(str(value), f"{ID_PREFIX}{value}")
    return value
