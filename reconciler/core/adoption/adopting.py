"""Drift → the edits that make git agree with the account, and a problem for each drift that no edit can adopt.

This is the reverse of a plan: git follows the account. Reads declarations and changes; `desired/writing` edits files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.core.access.compile import compile_state
from reconciler.core.adoption.adopt_members import MembershipDrift, adopt_members
from reconciler.core.adoption.adopt_roles import RoleAdoption
from reconciler.core.adoption.adopt_values import adopt_attribute
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
    """The edits, the problems with drift that is not adopted, and the keys of users that are declared active again.

    The roles and groups of a reactivated user only count after that edit, so a second adoption must follow.
    """

    edits: tuple[Edit, ...]
    problems: tuple[Problem, ...]
    reactivated: frozenset[str]


@dataclass(slots=True)
class _Facts:
    """The drift of one user or group, collected from several changes."""

    members: MembershipDrift = MembershipDrift()  # noqa: RUF009  # frozen
    granted: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()
    values: dict[tuple[str, ...], Any] = field(default_factory=dict)


def adopt(context: AdoptionContext, drifted: Sequence[Drifted]) -> Adoption:
    """Returns the edits after which a plan contains none of this drift, and problems for the rest."""
    known = [item for item in drifted if context.source(item.key)]
    problems = [_left_git(item) for item in drifted if not context.source(item.key)]
    active = _can_be_active(context, known)
    facts: dict[Key, _Facts] = {}
    for item in known:
        problems += _collect(context, facts.setdefault(item.key, _Facts()), item, active)

    roles = RoleAdoption(context)
    inactive = {key.name for key, fact in facts.items() if fact.values.get(("active",)) is False}
    in_scope = ({user.key.name for user in context.desired.users.values() if user.in_scope} | active) - inactive
    for key, fact in facts.items():
        if (fact.granted or fact.revoked) and key.name in in_scope:
            roles.adopt(key.name, fact.granted, fact.revoked)
        if key.kind == "group" and fact.members != MembershipDrift():
            members, refused = adopt_members(context, key, fact.members, in_scope)
            problems += refused
            if members != list(context.declarations.groups[key.name].members or ()):
                fact.values["members",] = members
    edits = [_edit(context, key, fact) for key, fact in facts.items() if fact.values]
    back = frozenset(str(key) for key, fact in facts.items() if fact.values.get(("active",)) is True)
    return Adoption((*edits, *roles.edits()), tuple(dict.fromkeys((*problems, *roles.problems))), back)


def _edit(context: AdoptionContext, key: Key, fact: _Facts) -> SetValues:
    source = context.source(key)
    assert source is not None  # noqa: S101  # only declared keys have edits
    return SetValues(source.file, (f"{key.kind}s", key.name), fact.values)


def _collect(context: AdoptionContext, fact: _Facts, drifted: Drifted, active: frozenset[str]) -> list[Problem]:
    """Adds the drift of one change to the facts; returns problems for the drift that no edit can adopt."""
    problems = [*_collect_attributes(context, fact, drifted), *_collect_presence(context, fact, drifted, active)]
    match drifted.change:
        case AddMembers():
            fact.members = replace(fact.members, removed=drifted.members)
        case RemoveMembers():
            fact.members = replace(fact.members, added=drifted.members)
        case GrantRoles():
            fact.revoked = drifted.roles
        case RevokeRoles():
            fact.granted = drifted.roles
    return problems


def _collect_presence(
    context: AdoptionContext, fact: _Facts, drifted: Drifted, active: frozenset[str]
) -> list[Problem]:
    if not drifted.presence:
        return []
    match drifted.change:
        case ReactivateUser():
            fact.values["active",] = False
        case DeactivateUser() if drifted.key.name in active:
            fact.values["active",] = True
        case DeactivateUser():
            return [_out_of_scope(context, drifted)]
        case _:
            return [_missing(context, drifted)]
    return []


def _collect_attributes(context: AdoptionContext, fact: _Facts, drifted: Drifted) -> list[Problem]:
    problems: list[Problem] = []
    for attribute in drifted.attributes:
        result = adopt_attribute(context, drifted.key, attribute)
        if isinstance(result, Problem):
            problems.append(result)
        else:
            path, value = result
            fact.values[path] = value
    return problems


def _can_be_active(context: AdoptionContext, drifted: Iterable[Drifted]) -> frozenset[str]:
    """Returns the users that are active in the account, declared inactive, and in scope if declared active."""
    names = [
        item.key.name
        for item in drifted
        if isinstance(item.change, DeactivateUser)
        and context.declarations.users[item.key.name].attributes.get("active") is False
    ]
    if not names:
        return frozenset()
    users = {**context.declarations.users, **{name: _active(context.declarations.users[name]) for name in names}}
    state = compile_state(replace(context.declarations, users=users), context.tenant_name, context.today)
    return frozenset(name for name in names if state.users[Key("user", name)].in_scope)


def _active(user: DeclaredUser) -> DeclaredUser:
    attributes: UserDeclaration = {**user.attributes, "active": True}
    return replace(user, attributes=attributes)


def _left_git(drifted: Drifted) -> Problem:
    message = f"{drifted.key} is in the account, and git no longer declares it"
    return not_adopted(message, drifted.change.source, "declare it again")


def _missing(context: AdoptionContext, drifted: Drifted) -> Problem:
    hint = "apply creates it again; to follow the account, " + (
        "declare `active: false`, or remove the declaration" if drifted.key.kind == "user" else "remove the declaration"
    )
    return not_adopted(f"{drifted.key} is no longer in the account", context.source(drifted.key), hint)


def _out_of_scope(context: AdoptionContext, drifted: Drifted) -> Problem:
    """Describes an active user that stays out of scope even with `active: true`."""
    reason = context.desired.users[drifted.key].reason
    message = f"{drifted.key} is active in the account, but out of scope in git: {reason}"
    hint = f"`explain {drifted.key.name}` shows which edit brings them into scope; else apply deactivates them"
    return not_adopted(message, context.source(drifted.key), hint)
