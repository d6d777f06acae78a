"""A live account → the users, groups and role assignments to declare, so that the next plan is empty.

Resources that git can't declare are left out and so unmanaged: every plan lists them, and none changes them. Knows no
files: `desired/writing` writes the declarations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, TypeVar

from reconciler.core.adoption.declarable import Undeclarable, UnknownAttribute, declare_text, declare_value
from reconciler.core.adoption.naming import Nameless, choose_keys
from reconciler.core.declarations.role_catalogue import CATALOGUE, NEED_NO_SPECIALIST, OWNER, PLAIN_ACCESS, SPECIALIST
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.name_forms import lower_name
from reconciler.core.model.resources import Kind, LiveGroup, LiveUser
from reconciler.core.model.states import LiveState
from reconciler.errors import Problem

Live = TypeVar("Live", LiveUser, LiveGroup)
Entry: TypeAlias = dict[str, Any]
NAMED_BY: Mapping[Kind, str] = {"user": "userName", "group": "displayName"}
CORRECT = "correct it in the account and import again, or leave it unmanaged"
FIRST_ROLES = (PLAIN_ACCESS, SPECIALIST)


@dataclass(frozen=True, slots=True)
class Imported:
    """The declarations, in order: users and groups by key, and the keys of users by role.

    `left_out` has one warning for each user, group, attribute or role that can't be declared.
    """

    users: Mapping[str, Entry]
    groups: Mapping[str, Entry]
    roles: Mapping[str, Sequence[str]]
    left_out: tuple[Problem, ...]


def import_account(live: LiveState, tenant: Tenant) -> Imported:
    """Declares the account; with `scope: assigned`, an active user without a role gets the role `user`."""
    left_out = _LeftOut()
    live = replace(live, users=left_out.without_leavers(live.users, tenant))
    users, groups = left_out.sound("user", live.users), left_out.sound("group", live.groups)
    keys = choose_keys("user", [_nameless("user", user) for user in users])
    group_keys = choose_keys("group", [_nameless("group", group) for group in groups])
    active = {user.id for user in users if user.active}

    declared_users = {keys[user.id]: _declare_user(user, keys, left_out) for user in users}
    declared_groups = {
        group_keys[group.id]: _Group(group, group_keys[group.id], keys, active).declare(left_out) for group in groups
    }
    roles = _assign({keys[user.id]: user for user in users if user.active}, tenant, left_out)
    return Imported(
        users=dict(sorted(declared_users.items())),
        groups=dict(sorted(declared_groups.items())),
        roles=roles,
        left_out=left_out.warnings(),
    )


def _nameless(kind: Kind, resource: LiveUser | LiveGroup) -> Nameless:
    external_id = resource.attributes.get("externalId")
    return Nameless(resource.id, str(external_id) if external_id else None, str(resource.attributes[NAMED_BY[kind]]))


@dataclass(slots=True)
class _LeftOut:
    """Collects the warnings; `unknown` counts the users or groups with an attribute that is not in the contract."""

    problems: list[Problem] = field(default_factory=list)
    unknown: Counter[tuple[Kind, str]] = field(default_factory=Counter)

    def warn(self, message: str, hint: str) -> None:
        """Adds one warning, with what to do."""
        self.problems.append(Problem("left_out", message, None, hint, severity="warning"))

    def without_leavers(self, users: Sequence[LiveUser], tenant: Tenant) -> tuple[LiveUser, ...]:
        """Drops inactive users that still hold permissions, because an apply of such declarations would revoke them."""
        over_rest = tenant.roles_via == "permissions" and tenant.on_out_of_scope == "deactivate"
        leavers = [user for user in users if over_rest and not user.active and user.roles & CATALOGUE]
        for user in leavers:
            roles = ", ".join(sorted(user.roles & CATALOGUE))
            message = f"{_describe('user', user)} is left out: inactive, and holds {roles}, which an apply would revoke"
            self.warn(message, "revoke it in the account and import again, or leave it unmanaged")
        return tuple(user for user in users if user not in leavers)

    def sound(self, kind: Kind, resources: Sequence[Live]) -> list[Live]:
        """Returns the resources that can be declared and matched: name and externalId are text, and unique."""
        name = NAMED_BY[kind]
        names = Counter(lower_name(str(resource.attributes.get(name, ""))) for resource in resources)
        ids = Counter(str(resource.attributes.get("externalId", "")) for resource in resources)
        sound: list[Live] = []
        for resource in resources:
            named, external_id = resource.attributes.get(name), resource.attributes.get("externalId")
            wrong = _unfit(name, named) or (_unfit("externalId", external_id) if external_id is not None else None)
            if wrong is None and names[lower_name(str(named))] > 1:
                wrong = f'another {kind} also has the {name} "{named}"'
            elif wrong is None and external_id is not None and ids[str(external_id)] > 1:
                wrong = f'another {kind} also has the externalId "{external_id}"'
            if wrong is None:
                sound.append(resource)
            else:
                self.warn(f"{_describe(kind, resource)} is left out: {wrong}", CORRECT)
        return sound

    def warnings(self) -> tuple[Problem, ...]:
        """Returns all warnings, sorted, so that the order of reading does not matter."""
        for (kind, path), count in self.unknown.items():
            owners = f"1 {kind} has it" if count == 1 else f"{count} {kind}s have it"
            message = f"{path} is left out; {owners}"
            self.warn(message, "the contract has no such attribute, so it stays unmanaged")
        return tuple(sorted(self.problems, key=lambda problem: problem.message))


def _unfit(name: str, value: object) -> str | None:
    """Returns the fault of a name or an externalId, or None."""
    if value is None:
        return f"it has no {name}"
    try:
        declare_text(value)
    except Undeclarable as wrong:
        return f"its {name} {wrong}"
    return None


def _describe(kind: Kind, resource: LiveUser | LiveGroup) -> str:
    return f"the {kind} {resource.name} ({resource.id})"


def _declare_user(user: LiveUser, keys: Mapping[str, str], left_out: _LeftOut) -> Entry:
    entry = _own_id(user, keys[user.id])
    for path in user.attributes:
        if path in {"externalId", "manager"}:
            continue
        declared = _declare_attribute("user", user, path, left_out)
        outer, _, inner = path.partition(".")
        if declared is not None and inner:
            entry.setdefault(outer, {})[inner] = declared
        elif declared is not None:
            entry[path] = declared
    manager = user.attributes.get("manager")
    if manager is not None and str(manager) in keys:
        entry["manager"] = keys[str(manager)]
    elif manager is not None:
        message = f"the manager of {_describe('user', user)} is left out: the user {manager} is not imported"
        left_out.warn(message, "the manager is not changed; declare both users to manage it")
    if not user.active:
        entry["active"] = False
    return entry


def _own_id(resource: LiveUser | LiveGroup, key: str) -> Entry:
    """Returns the externalId if it is not the key; null if the account has none."""
    external_id = resource.attributes.get("externalId")
    return {} if external_id == key else {"externalId": external_id}


def _declare_attribute(kind: Kind, resource: LiveUser | LiveGroup, path: str, left_out: _LeftOut) -> Any:  # noqa: ANN401
    """Returns the value to declare, or None if the attribute is left out."""
    try:
        return declare_value(kind, path, resource.attributes[path])
    except UnknownAttribute:
        left_out.unknown[kind, path] += 1
    except Undeclarable as wrong:
        left_out.warn(f"{path} of {_describe(kind, resource)} is left out: it {wrong}", CORRECT)
    return None


@dataclass(frozen=True, slots=True)
class _Group:
    """A live group and its key; `keys` holds the keys of imported users by id."""

    live: LiveGroup
    key: str
    keys: Mapping[str, str]
    active: set[str]

    def declare(self, left_out: _LeftOut) -> Entry:
        """Declares the group: additive if git can't declare all members, so that an apply removes none of them."""
        entry = _own_id(self.live, self.key)
        for path in self.live.attributes.keys() - {"externalId"}:
            declared = _declare_attribute("group", self.live, path, left_out)
            entry |= {} if declared is None else {path: declared}
        others = len(self.live.members - self.active)
        if others:
            entry["membership"] = "additive"
            count = "1 member is" if others == 1 else f"{others} members are"
            left_out.warn(
                f"{_describe('group', self.live)} is additive: {count} inactive or not imported",
                "remove the line `membership: additive` after they have left the group in the account",
            )
        entry["members"] = sorted(self.keys[member] for member in self.live.members & self.active)
        return entry


def _assign(users: Mapping[str, LiveUser], tenant: Tenant, left_out: _LeftOut) -> dict[str, list[str]]:
    """Returns the keys of users by role; empty if git can't declare all roles, because it manages all or none."""
    kept = {OWNER} if tenant.roles_via == "scim" else frozenset(role for user in users.values() for role in user.roles)
    roles_by_key = {key: user.roles - (kept - CATALOGUE) for key, user in users.items()}
    if wrong := _unfit_roles(roles_by_key):
        left_out.warn(
            f"no roles are imported: {wrong}",
            "correct the roles in the account and import again; until then git does not manage roles",
        )
        return {}
    by_role: dict[str, list[str]] = {}
    for key, roles in sorted(roles_by_key.items()):
        for role in roles or ({PLAIN_ACCESS} if tenant.scope == "assigned" else ()):
            by_role.setdefault(role, []).append(key)
    return {role: by_role[role] for role in sorted(by_role, key=_rank)}


def _rank(role: str) -> tuple[int, str]:
    return (FIRST_ROLES.index(role) if role in FIRST_ROLES else len(FIRST_ROLES)), role


def _unfit_roles(roles_by_key: Mapping[str, frozenset[str]]) -> str | None:
    """Returns the reason why git can't declare these roles, or None."""
    unknown = sorted({role for roles in roles_by_key.values() for role in roles} - CATALOGUE)
    if unknown:
        count = sum(not roles.isdisjoint(unknown) for roles in roles_by_key.values())
        users = "1 user holds" if count == 1 else f"{count} users hold"
        return f"{users} roles that git can't assign: {', '.join(unknown)}"
    lacking = sorted(
        key for key, roles in roles_by_key.items() if roles - NEED_NO_SPECIALIST and SPECIALIST not in roles
    )
    return f"{', '.join(lacking)} can't hold their roles without {SPECIALIST}" if lacking else None
