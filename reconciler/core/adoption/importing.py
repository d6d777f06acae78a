"""A live account → what git would have to say so that nothing is left to plan: users, groups and role assignments.

What git can't say is left out, and so unmanaged: every plan lists it, and none touches it. Knows nothing of files;
`desired.write` knows how it is spelled.
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
    """What to declare, by key and in order: users and groups as the contract has them, and who holds which role.

    `left_out` says what could not be declared, one warning each.
    """

    users: Mapping[str, Entry]
    groups: Mapping[str, Entry]
    roles: Mapping[str, Sequence[str]]
    left_out: tuple[Problem, ...]


def import_account(live: LiveState, tenant: Tenant) -> Imported:
    """What makes git say what the account has; with `scope: assigned` whoever holds no role is given `user`."""
    left_out = _LeftOut()
    live = replace(live, users=left_out.without_leavers(live.users, tenant))
    users, groups = left_out.sound("user", live.users), left_out.sound("group", live.groups)
    keys = choose_keys("user", [_nameless("user", user) for user in users])
    group_keys = choose_keys("group", [_nameless("group", group) for group in groups])
    active = {user.id for user in users if user.active}

    declared_users = {keys[user.id]: _declare_user(user, keys, left_out) for user in users}
    declared_groups = {
        group_keys[one.id]: _Group(one, group_keys[one.id], keys, active).declare(left_out) for one in groups
    }
    roles = _assign({keys[user.id]: user for user in users if user.active}, tenant, left_out)
    return Imported(
        users=dict(sorted(declared_users.items())),
        groups=dict(sorted(declared_groups.items())),
        roles=roles,
        left_out=left_out.told(),
    )


def _nameless(kind: Kind, resource: LiveUser | LiveGroup) -> Nameless:
    external_id = resource.attributes.get("externalId")
    return Nameless(resource.id, str(external_id) if external_id else None, str(resource.attributes[NAMED_BY[kind]]))


@dataclass(slots=True)
class _LeftOut:
    """Collects what git can't say; `unknown` counts who has an attribute that is not in the contract."""

    problems: list[Problem] = field(default_factory=list)
    unknown: Counter[tuple[Kind, str]] = field(default_factory=Counter)

    def say(self, message: str, hint: str) -> None:
        """One thing that is left out, and what to do about it."""
        self.problems.append(Problem("left_out", message, None, hint, severity="warning"))

    def without_leavers(self, users: Sequence[LiveUser], tenant: Tenant) -> tuple[LiveUser, ...]:
        """Without those who are inactive and hold permissions still: declared so, they would lose them by an apply."""
        over_rest = tenant.roles_via == "permissions" and tenant.on_out_of_scope == "deactivate"
        leavers = [user for user in users if over_rest and not user.active and user.roles & CATALOGUE]
        for user in leavers:
            roles = ", ".join(sorted(user.roles & CATALOGUE))
            told = f"{_describe('user', user)} is left out: inactive, and holding {roles}, which an apply would revoke"
            self.say(told, "revoke it in the account and import again, or leave it unmanaged")
        return tuple(user for user in users if user not in leavers)

    def sound(self, kind: Kind, resources: Sequence[Live]) -> list[Live]:
        """Those that can be declared and found again: name and externalId are text, and theirs alone."""
        name = NAMED_BY[kind]
        names = Counter(str(one.attributes.get(name, "")).casefold() for one in resources)
        ids = Counter(str(one.attributes.get("externalId", "")) for one in resources)
        sound: list[Live] = []
        for one in resources:
            named, external_id = one.attributes.get(name), one.attributes.get("externalId")
            wrong = _unfit(name, named) or (_unfit("externalId", external_id) if external_id is not None else None)
            if wrong is None and names[str(named).casefold()] > 1:
                wrong = f'another {kind} has the {name} "{named}" too'
            elif wrong is None and external_id is not None and ids[str(external_id)] > 1:
                wrong = f'another {kind} has the externalId "{external_id}" too'
            if wrong is None:
                sound.append(one)
            else:
                self.say(f"{_describe(kind, one)} is left out: {wrong}", CORRECT)
        return sound

    def told(self) -> tuple[Problem, ...]:
        """Everything, in an order that does not depend on that of reading."""
        for (kind, path), count in self.unknown.items():
            owners = f"1 {kind} of the account has" if count == 1 else f"{count} {kind}s of the account have"
            message = f"{path} is left out, which {owners}"
            self.say(message, "the contract has no such attribute: it stays as it is")
        return tuple(sorted(self.problems, key=lambda problem: problem.message))


def _unfit(name: str, value: object) -> str | None:
    """What is wrong with a name or an externalId, or None."""
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
        message = f"the manager of {_describe('user', user)} is left out: {manager} is nobody who is imported"
        left_out.say(message, "the manager stays as it is; declare both to manage it")
    if not user.active:
        entry["active"] = False
    return entry


def _own_id(resource: LiveUser | LiveGroup, key: str) -> Entry:
    """The externalId where it is not the key; null where the account has none."""
    external_id = resource.attributes.get("externalId")
    return {} if external_id == key else {"externalId": external_id}


def _declare_attribute(kind: Kind, resource: LiveUser | LiveGroup, path: str, left_out: _LeftOut) -> Any:  # noqa: ANN401
    """What to declare of an attribute, or None where it is left out."""
    try:
        return declare_value(kind, path, resource.attributes[path])
    except UnknownAttribute:
        left_out.unknown[kind, path] += 1
    except Undeclarable as wrong:
        left_out.say(f"{path} of {_describe(kind, resource)} is left out: it {wrong}", CORRECT)
    return None


@dataclass(frozen=True, slots=True)
class _Group:
    """A live group that is imported under a key; `keys` are those of the users that are, by id."""

    live: LiveGroup
    key: str
    keys: Mapping[str, str]
    active: set[str]

    def declare(self, left_out: _LeftOut) -> Entry:
        """The group; additive where somebody is in it whom git can't declare to be, so that nobody is removed."""
        entry = _own_id(self.live, self.key)
        for path in self.live.attributes.keys() - {"externalId"}:
            declared = _declare_attribute("group", self.live, path, left_out)
            entry |= {} if declared is None else {path: declared}
        strangers = len(self.live.members - self.active)
        if strangers:
            entry["membership"] = "additive"
            left_out.say(*self._open(strangers))
        entry["members"] = sorted(self.keys[member] for member in self.live.members & self.active)
        return entry

    def _open(self, strangers: int) -> tuple[str, str]:
        who = "somebody is" if strangers == 1 else f"{strangers} are"
        message = f"{_describe('group', self.live)} is additive: {who} in it who is inactive or not imported"
        return message, "once they have left it in the account, take the line `membership: additive` out"


def _assign(users: Mapping[str, LiveUser], tenant: Tenant, left_out: _LeftOut) -> dict[str, list[str]]:
    """Who holds which role, by role; nobody any, where git can't say all of it: roles are managed as a whole set."""
    kept = {OWNER} if tenant.roles_via == "scim" else frozenset(role for user in users.values() for role in user.roles)
    held = {key: user.roles - (kept - CATALOGUE) for key, user in users.items()}
    if wrong := _unfit_roles(held):
        left_out.say(
            f"no roles are imported: {wrong}", "mend that in the account and import again; git leaves roles alone"
        )
        return {}
    by_role: dict[str, list[str]] = {}
    for key, roles in sorted(held.items()):
        for role in roles or ({PLAIN_ACCESS} if tenant.scope == "assigned" else ()):
            by_role.setdefault(role, []).append(key)
    return {role: by_role[role] for role in sorted(by_role, key=_rank)}


def _rank(role: str) -> tuple[int, str]:
    return (FIRST_ROLES.index(role) if role in FIRST_ROLES else len(FIRST_ROLES)), role


def _unfit_roles(held: Mapping[str, frozenset[str]]) -> str | None:
    """What keeps git from saying who holds what, or None."""
    unknown = sorted({role for roles in held.values() for role in roles} - CATALOGUE)
    if unknown:
        count = sum(not roles.isdisjoint(unknown) for roles in held.values())
        people = "1 person holds" if count == 1 else f"{count} people hold"
        return f"{people} what is no role of 4me that can be assigned: {', '.join(unknown)}"
    lacking = sorted(key for key, roles in held.items() if roles - NEED_NO_SPECIALIST and SPECIALIST not in roles)
    return f"without {SPECIALIST} nobody holds the roles of {', '.join(lacking)}" if lacking else None
