"""Declarations as they are after one edit of git: a value set, a role assigned or not, a group joined or left.

Knows how declarations are put together and nothing of why anybody would edit them.
"""

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
    """The declarations without the other users: none of them bears on this one's verdict, and every try compiles."""
    groups = {
        group: replace(declared, members=_own_and_nested(declared.members, name))
        for group, declared in declarations.groups.items()
    }
    assignments = tuple(
        replace(one, assignment=one.assignment.model_copy(update={"users": [*{name} & {*one.assignment.users}]}))
        for one in declarations.assignments
    )
    return replace(declarations, users={name: declarations.users[name]}, groups=groups, assignments=assignments)


def _own_and_nested(members: tuple[str, ...] | None, name: str) -> tuple[str, ...] | None:
    if members is None:
        return None
    return tuple(member for member in members if member == name or member.startswith(GROUP_PREFIX))


def with_value(attributes: SourceAttributes, path: str, value: object) -> dict[str, object]:
    """A user's attributes with a value at a dotted path; of many values, in each of them."""
    return _with_value(dict(attributes), path_steps(path), value)


def _with_value(attributes: dict[str, object], steps: list[str], value: object) -> dict[str, object]:
    first, *rest = steps
    if not rest:
        return {**attributes, first: value}
    inner = attributes.get(first)
    if isinstance(inner, list):
        return {**attributes, first: [{**one, rest[0]: value} for one in inner if isinstance(one, dict)]}
    return {**attributes, first: _with_value(dict(inner) if isinstance(inner, dict) else {}, rest, value)}


def could_be_declared(attributes: SourceAttributes) -> bool:
    """Whether the contract lets a user have these attributes: an edit that does not validate is none."""
    try:
        _USER.validate_python(attributes)
    except ValidationError:
        return False
    return True


def set_value(declarations: Declarations, name: str, path: str, value: object) -> Declarations:
    """One attribute of the user set, at its dotted path."""
    user = declarations.users[name]
    attributes = cast("UserDeclaration", with_value(cast("Mapping[str, object]", user.attributes), path, value))
    return replace(declarations, users={**declarations.users, name: replace(user, attributes=attributes)})


def declare(declarations: Declarations, name: str, user: DeclaredUser) -> Declarations:
    """A user more, or again."""
    return replace(declarations, users={**declarations.users, name: user})


def assign_role(declarations: Declarations, role: str, name: str) -> Declarations:
    """A role assigned to the user without end."""
    given = DeclaredAssignment(RoleAssignment(role=role, users=[name]), declarations.users[name].source)
    return replace(declarations, assignments=(*declarations.assignments, given))


def move_end(declarations: Declarations, number: int, day: date) -> Declarations:
    """That assignment, counted from 0, ends after that day."""
    edited = list(declarations.assignments)
    edited[number] = replace(edited[number], assignment=edited[number].assignment.model_copy(update={"expires": day}))
    return replace(declarations, assignments=tuple(edited))


def join(declarations: Declarations, member: str, group: str) -> Declarations:
    """A user, or a `group/finance`, added to the members of a group."""
    if group not in declarations.groups:
        return declarations
    return _with_members(declarations, group, (*(declarations.groups[group].members or ()), member))


def _with_members(declarations: Declarations, group: str, members: tuple[str, ...]) -> Declarations:
    edited = replace(declarations.groups[group], members=members)
    return replace(declarations, groups={**declarations.groups, group: edited})
