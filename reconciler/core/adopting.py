"""Drift → the edits after which git says what the account has, and what no edit can say.

The account is right here, and git follows it: the other way round from a plan. Knows declarations and changes; how a
file is edited is `desired.edit`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.core.adopt_members import Moved, adopt_members
from reconciler.core.adopt_roles import RoleAdoption
from reconciler.core.adopt_values import APPLY, adopt_attribute
from reconciler.core.compile import compile_state
from reconciler.core.declared import DeclaredUser, UserDeclaration
from reconciler.core.drift import Drifted
from reconciler.core.edits import Edit, SetValues
from reconciler.core.ground import Ground, not_adopted
from reconciler.core.model import Key
from reconciler.core.plan import (
    AddMembers,
    DeactivateUser,
    GrantRoles,
    ReactivateUser,
    RemoveMembers,
    RevokeRoles,
)
from reconciler.errors import Problem


@dataclass(frozen=True, slots=True)
class Adoption:
    """The edits, what is not adopted and why, and who is active again: their roles and groups are known only then."""

    edits: tuple[Edit, ...]
    problems: tuple[Problem, ...]
    reactivated: frozenset[str]


@dataclass(slots=True)
class _Facts:
    """What the account says of one key, gathered from several changes."""

    moved: Moved = Moved()  # noqa: RUF009  # frozen
    granted: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()
    values: dict[tuple[str, ...], Any] = field(default_factory=dict)


def adopt(ground: Ground, drifted: Sequence[Drifted]) -> Adoption:
    """What git has to say instead, so that nothing of what drifted is left to plan."""
    known = [one for one in drifted if ground.source(one.key)]
    problems = [_gone(one) for one in drifted if not ground.source(one.key)]
    active = _can_be_active(ground, known)
    facts: dict[Key, _Facts] = {}
    for one in known:
        problems += _take(ground, facts.setdefault(one.key, _Facts()), one, active)

    roles = RoleAdoption(ground)
    inactive = {key.name for key, fact in facts.items() if fact.values.get(("active",)) is False}
    in_scope = ({user.key.name for user in ground.desired.users.values() if user.in_scope} | active) - inactive
    for key, fact in facts.items():
        if (fact.granted or fact.revoked) and key.name in in_scope:
            roles.adopt(key.name, fact.granted, fact.revoked)
        if key.kind == "group" and fact.moved != Moved():
            members, refused = adopt_members(ground, key, fact.moved, in_scope)
            problems += refused
            if members != list(ground.declarations.groups[key.name].members or ()):
                fact.values["members",] = members
    edits = [_edit(ground, key, fact) for key, fact in facts.items() if fact.values]
    back = frozenset(str(key) for key, fact in facts.items() if fact.values.get(("active",)) is True)
    return Adoption((*edits, *roles.edits()), tuple(dict.fromkeys((*problems, *roles.problems))), back)


def _edit(ground: Ground, key: Key, fact: _Facts) -> SetValues:
    source = ground.source(key)
    assert source is not None  # noqa: S101  # only what is declared is edited
    return SetValues(source.file, (f"{key.kind}s", key.name), fact.values)


def _take(ground: Ground, fact: _Facts, one: Drifted, active: frozenset[str]) -> list[Problem]:
    """Gathers what one change says of its key; what can't be said in git comes back."""
    problems = [*_take_attributes(ground, fact, one), *_take_presence(ground, fact, one, active)]
    match one.change:
        case AddMembers():
            fact.moved = replace(fact.moved, went=one.members)
        case RemoveMembers():
            fact.moved = replace(fact.moved, came=one.members)
        case GrantRoles():
            fact.revoked = one.roles
        case RevokeRoles():
            fact.granted = one.roles
    return problems


def _take_presence(ground: Ground, fact: _Facts, one: Drifted, active: frozenset[str]) -> list[Problem]:
    if not one.presence:
        return []
    match one.change:
        case ReactivateUser():
            fact.values["active",] = False
        case DeactivateUser() if one.key.name in active:
            fact.values["active",] = True
        case DeactivateUser():
            return [_kept_out(ground, one)]
        case _:
            return [_missing(ground, one)]
    return []


def _take_attributes(ground: Ground, fact: _Facts, one: Drifted) -> list[Problem]:
    problems: list[Problem] = []
    for attribute in one.attributes:
        result = adopt_attribute(ground, one.key, attribute)
        if isinstance(result, Problem):
            problems.append(result)
        else:
            path, fact_value = result
            fact.values[path] = fact_value
    return problems


def _can_be_active(ground: Ground, drifted: Iterable[Drifted]) -> frozenset[str]:
    """Those declared inactive who would be in scope if they were not, of those who are active in the account."""
    names = [
        one.key.name
        for one in drifted
        if isinstance(one.change, DeactivateUser) and _is_declared_inactive(ground, one.key.name)
    ]
    if not names:
        return frozenset()
    users = {**ground.declarations.users, **{name: _active(ground.declarations.users[name]) for name in names}}
    state = compile_state(replace(ground.declarations, users=users), ground.tenant_name, ground.today)
    return frozenset(name for name in names if state.users[Key("user", name)].in_scope)


def _is_declared_inactive(ground: Ground, name: str) -> bool:
    return ground.declarations.users[name].attributes.get("active") is False


def _active(user: DeclaredUser) -> DeclaredUser:
    attributes: UserDeclaration = {**user.attributes, "active": True}
    return replace(user, attributes=attributes)


def _gone(one: Drifted) -> Problem:
    return not_adopted(
        f"{one.key} is in the account, and git does not declare it any more", one.change.source, "declare it again"
    )


def _missing(ground: Ground, one: Drifted) -> Problem:
    hint = "apply creates it again; to follow the account, " + (
        "declare `active: false`, or take them out" if one.key.kind == "user" else "take it out"
    )
    return not_adopted(f"{one.key} is not in the account any more", ground.source(one.key), hint)


def _kept_out(ground: Ground, one: Drifted) -> Problem:
    """Somebody whom git keeps out by more than a word of their declaration."""
    reason = ground.desired.users[one.key].reason
    hint = f"`explain {one.key.name}` says what would bring them in; {APPLY}"
    return not_adopted(f"{one.key} is active in the account, and in git: {reason}", ground.source(one.key), hint)
