"""Drift → the edits after which git says what the account has, and what no edit can say.

The account is right here, and git follows it: the other way round from a plan. Knows declarations and changes; how a
file is edited is `desired.edit`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.core.access.compile import compile_state
from reconciler.core.adoption.adopt_members import MembershipDrift, adopt_members
from reconciler.core.adoption.adopt_roles import RoleAdoption
from reconciler.core.adoption.adopt_values import APPLY, adopt_attribute
from reconciler.core.adoption.adoption_context import AdoptionContext, not_adopted
from reconciler.core.adoption.drifted import Drifted
from reconciler.core.adoption.edits import Edit, SetValues
from reconciler.core.changes.plan import (
    AddMembers,
    DeactivateUser,
    GrantRoles,
    ReactivateUser,
    RemoveMembers,
    RevokeRoles,
)
from reconciler.core.declarations.declared import DeclaredUser, UserDeclaration
from reconciler.core.model.resources import Key
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

    moved: MembershipDrift = MembershipDrift()  # noqa: RUF009  # frozen
    granted: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()
    values: dict[tuple[str, ...], Any] = field(default_factory=dict)


def adopt(context: AdoptionContext, drifted: Sequence[Drifted]) -> Adoption:
    """What git has to say instead, so that nothing of what drifted is left to plan."""
    known = [one for one in drifted if context.source(one.key)]
    problems = [_gone(one) for one in drifted if not context.source(one.key)]
    active = _can_be_active(context, known)
    facts: dict[Key, _Facts] = {}
    for one in known:
        problems += _take(context, facts.setdefault(one.key, _Facts()), one, active)

    roles = RoleAdoption(context)
    inactive = {key.name for key, fact in facts.items() if fact.values.get(("active",)) is False}
    in_scope = ({user.key.name for user in context.desired.users.values() if user.in_scope} | active) - inactive
    for key, fact in facts.items():
        if (fact.granted or fact.revoked) and key.name in in_scope:
            roles.adopt(key.name, fact.granted, fact.revoked)
        if key.kind == "group" and fact.moved != MembershipDrift():
            members, refused = adopt_members(context, key, fact.moved, in_scope)
            problems += refused
            if members != list(context.declarations.groups[key.name].members or ()):
                fact.values["members",] = members
    edits = [_edit(context, key, fact) for key, fact in facts.items() if fact.values]
    back = frozenset(str(key) for key, fact in facts.items() if fact.values.get(("active",)) is True)
    return Adoption((*edits, *roles.edits()), tuple(dict.fromkeys((*problems, *roles.problems))), back)


def _edit(context: AdoptionContext, key: Key, fact: _Facts) -> SetValues:
    source = context.source(key)
    assert source is not None  # noqa: S101  # only what is declared is edited
    return SetValues(source.file, (f"{key.kind}s", key.name), fact.values)


def _take(context: AdoptionContext, fact: _Facts, one: Drifted, active: frozenset[str]) -> list[Problem]:
    """Gathers what one change says of its key; what can't be said in git comes back."""
    problems = [*_take_attributes(context, fact, one), *_take_presence(context, fact, one, active)]
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


def _take_presence(context: AdoptionContext, fact: _Facts, one: Drifted, active: frozenset[str]) -> list[Problem]:
    if not one.presence:
        return []
    match one.change:
        case ReactivateUser():
            fact.values["active",] = False
        case DeactivateUser() if one.key.name in active:
            fact.values["active",] = True
        case DeactivateUser():
            return [_kept_out(context, one)]
        case _:
            return [_missing(context, one)]
    return []


def _take_attributes(context: AdoptionContext, fact: _Facts, one: Drifted) -> list[Problem]:
    problems: list[Problem] = []
    for attribute in one.attributes:
        result = adopt_attribute(context, one.key, attribute)
        if isinstance(result, Problem):
            problems.append(result)
        else:
            path, fact_value = result
            fact.values[path] = fact_value
    return problems


def _can_be_active(context: AdoptionContext, drifted: Iterable[Drifted]) -> frozenset[str]:
    """Those declared inactive who would be in scope if they were not, of those who are active in the account."""
    names = [
        one.key.name
        for one in drifted
        if isinstance(one.change, DeactivateUser) and _is_declared_inactive(context, one.key.name)
    ]
    if not names:
        return frozenset()
    users = {**context.declarations.users, **{name: _active(context.declarations.users[name]) for name in names}}
    state = compile_state(replace(context.declarations, users=users), context.tenant_name, context.today)
    return frozenset(name for name in names if state.users[Key("user", name)].in_scope)


def _is_declared_inactive(context: AdoptionContext, name: str) -> bool:
    return context.declarations.users[name].attributes.get("active") is False


def _active(user: DeclaredUser) -> DeclaredUser:
    attributes: UserDeclaration = {**user.attributes, "active": True}
    return replace(user, attributes=attributes)


def _gone(one: Drifted) -> Problem:
    return not_adopted(
        f"{one.key} is in the account, and git does not declare it any more", one.change.source, "declare it again"
    )


def _missing(context: AdoptionContext, one: Drifted) -> Problem:
    hint = "apply creates it again; to follow the account, " + (
        "declare `active: false`, or take them out" if one.key.kind == "user" else "take it out"
    )
    return not_adopted(f"{one.key} is not in the account any more", context.source(one.key), hint)


def _kept_out(context: AdoptionContext, one: Drifted) -> Problem:
    """Somebody whom git keeps out by more than a word of their declaration."""
    reason = context.desired.users[one.key].reason
    hint = f"`explain {one.key.name}` says what would bring them in; {APPLY}"
    return not_adopted(f"{one.key} is active in the account, and in git: {reason}", context.source(one.key), hint)
