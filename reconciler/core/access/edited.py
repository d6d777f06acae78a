"""Applies one edit to declarations in memory: sets a value, assigns a role, moves its end, adds a member."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final, cast

from pydantic import TypeAdapter, ValidationError

from reconciler.core.access.membership import GROUP_PREFIX
from reconciler.core.access.scope import SourceAttributes, path_steps
from reconciler.core.declarations.declared import (
    Declarations,
    DeclaredAssignment,
    DeclaredUser,
    RoleAssignment,
    UserDeclaration,
)

_USER: Final = TypeAdapter(UserDeclaration)


def only_what_concerns(declarations: Declarations, name: str) -> Declarations:
    """Returns the declarations with one user only: the verdict stays the same, and compiling is much faster."""
    groups = {
        group: replace(declared, members=_own_and_nested(declared.members, name))
        for group, declared in declarations.groups.items()
    }
    assignments = tuple(
        replace(
            declared,
            assignment=declared.assignment.model_copy(update={"users": [*{name} & {*declared.assignment.users}]}),
        )
        for declared in declarations.assignments
    )
    return replace(declarations, users={name: declarations.users[name]}, groups=groups, assignments=assignments)


def _own_and_nested(members: tuple[str, ...] | None, name: str) -> tuple[str, ...] | None:
    if members is None:
        return None
    return tuple(member for member in members if member == name or member.startswith(GROUP_PREFIX))


def with_value(attributes: SourceAttributes, path: str, value: object) -> dict[str, object]:
    """Returns a user's attributes with a value at a dotted path; in a list, it is set in each item."""
    return _with_value(dict(attributes), path_steps(path), value)


def _with_value(attributes: dict[str, object], steps: list[str], value: object) -> dict[str, object]:
    first, *rest = steps
    if not rest:
        return {**attributes, first: value}
    inner = attributes.get(first)
    if isinstance(inner, list):
        return {**attributes, first: [{**item, rest[0]: value} for item in inner if isinstance(item, dict)]}
    return {**attributes, first: _with_value(dict(inner) if isinstance(inner, dict) else {}, rest, value)}


def could_be_declared(attributes: SourceAttributes) -> bool:
    """Decides whether the attributes are valid for a user of the contract."""
    try:
        _USER.validate_python(attributes)
    except ValidationError:
        return False
    return True


def set_value(declarations: Declarations, name: str, path: str, value: object) -> Declarations:
    """Returns the declarations with one attribute of the user set, at its dotted path."""
    user = declarations.users[name]
    attributes = cast("UserDeclaration", with_value(cast("Mapping[str, object]", user.attributes), path, value))
    return replace(declarations, users={**declarations.users, name: replace(user, attributes=attributes)})


def declare(declarations: Declarations, name: str, user: DeclaredUser) -> Declarations:
    """Returns the declarations with the user added or replaced."""
    return replace(declarations, users={**declarations.users, name: user})


def assign_role(declarations: Declarations, role: str, name: str) -> Declarations:
    """Returns the declarations with the role assigned to the user, without `expires`."""
    given = DeclaredAssignment(RoleAssignment(role=role, users=[name]), declarations.users[name].source)
    return replace(declarations, assignments=(*declarations.assignments, given))


def move_end(declarations: Declarations, number: int, day: date) -> Declarations:
    """Returns the declarations with that day as the last one of an assignment; `number` counts from 0."""
    edited = list(declarations.assignments)
    edited[number] = replace(edited[number], assignment=edited[number].assignment.model_copy(update={"expires": day}))
    return replace(declarations, assignments=tuple(edited))


def join(declarations: Declarations, member: str, group: str) -> Declarations:
    """Returns the declarations with a member (`jo.kerr` or `group/finance`) added to a group, if it is declared."""
    if group not in declarations.groups:
        return declarations
    return _with_members(declarations, group, (*(declarations.groups[group].members or ()), member))


def _with_members(declarations: Declarations, group: str, members: tuple[str, ...]) -> Declarations:
    edited = replace(declarations.groups[group], members=members)
    return replace(declarations, groups={**declarations.groups, group: edited})
