"""The contract as strict types: valid and invalid values, and the meaning of absent, null and empty."""

from __future__ import annotations

import math
from datetime import date

import pytest
from pydantic import TypeAdapter, ValidationError

from reconciler.core.declarations.declared import (
    Declarations,
    GroupDeclaration,
    RedactDeclaration,
    RoleAssignment,
    UserDeclaration,
    UserEntry,
)
from reconciler.core.declarations.tenant import Guardrails

USERS = TypeAdapter(UserDeclaration)
WHOLE_USER = {
    "userName": "alice.lee@example.com",
    "name": {"givenName": "Alice", "familyName": "Lee"},
    "title": None,
    "emails": [{"value": "alice.lee@example.com", "type": "work", "primary": True}],
    "addresses": [{"type": "work", "locality": "London"}],
    "manager": "bob.roy",
    "active": True,
    "attributes": {"contractType": "permanent", "level": 3, "started": date(2024, 2, 29), "tags": ["a", 1]},
    "customFields": {"badge": "A-113", "floor": 3, "vip": False, "locker": None},
}


def test_a_user_stays_what_was_written() -> None:
    """Absent stays absent, null stays null, and no value is converted."""
    assert WHOLE_USER == USERS.validate_python(WHOLE_USER)


@pytest.mark.parametrize(
    "wrong",
    [
        {"userName": None},
        {"title": 3},
        {"active": "yes"},
        {"active": 1},
        {"emails": "alice.lee@example.com"},
        {"emails": [{"value": "a@example.com", "primary": "true"}]},
        {"emails": [{"address": "a@example.com"}]},
        {"name": {"first": "Alice"}},
        {"manager": ["bob.roy"]},
        {"employeeNumber": 123},
        {"customFields": {"tags": ["a"]}},
        {"attributes": {"level": {"deep": 1}}},
        {"attributes": {"level": math.nan}},
        {"customFields": {"level": math.inf}},
        {"password": "secret"},
        {"roles": ["auditor"]},
        {"id": "4711"},
    ],
    ids=str,
)
def test_a_user_of_another_shape_is_refused(wrong: dict[str, object]) -> None:
    """Another type, an unknown key, an attribute that is never provisioned."""
    with pytest.raises(ValidationError):
        USERS.validate_python({**WHOLE_USER, **wrong})


def test_a_user_needs_a_user_name() -> None:
    """It is the only attribute that SCIM requires (RFC 7643 section 4.1.1)."""
    with pytest.raises(ValidationError):
        USERS.validate_python({"title": "Analyst"})


@pytest.mark.parametrize(
    ("written", "members", "where"),
    [({}, None, None), ({"members": None}, None, None), ({"members": []}, [], None)],
)
def test_members_that_are_absent_are_not_members_that_are_none(
    written: dict[str, object], members: list[str] | None, where: None
) -> None:
    """Absent is unmanaged; an empty list means no members."""
    group = GroupDeclaration.model_validate({"displayName": "Finance", **written})

    assert ("authoritative", members, where) == (group.membership, group.members, group.members_where)


@pytest.mark.parametrize(
    "wrong", [{"membership": "strict"}, {"members": "alice"}, {"members_where": []}, {"displayName": None}], ids=str
)
def test_a_group_of_another_shape_is_refused(wrong: dict[str, object]) -> None:
    """An empty list of clauses would match every user."""
    with pytest.raises(ValidationError):
        GroupDeclaration.model_validate({"displayName": "Finance", **wrong})


def test_a_name_may_be_one_letter() -> None:
    """An empty name is refused."""
    assert "X" == GroupDeclaration.model_validate({"displayName": "X"}).displayName
    with pytest.raises(ValidationError):
        GroupDeclaration.model_validate({"displayName": ""})


@pytest.mark.parametrize("nobody", [{}, {"users": []}, {"users": [], "groups": []}], ids=str)
def test_a_role_is_given_to_somebody(nobody: dict[str, object]) -> None:
    """An assignment without users and groups is an error with a hint."""
    with pytest.raises(ValidationError, match="gives the role to no user: add `users` or `groups`"):
        RoleAssignment.model_validate({"role": "auditor", **nobody})


@pytest.mark.parametrize("somebody", [{"users": ["alice"]}, {"groups": ["finance"]}], ids=str)
def test_a_role_may_be_given_to_users_or_to_groups(somebody: dict[str, object]) -> None:
    """Users or groups are enough; without a date, the assignment has no end."""
    assert RoleAssignment.model_validate({"role": "auditor", **somebody}).expires is None


def test_where_nothing_is_declared_the_guardrails_are_on() -> None:
    """An empty folder still has limits."""
    empty = Declarations()

    assert (Guardrails(), (), frozenset()) == (empty.guardrails, empty.assignments, empty.broken)


def test_one_of_many_values_stands_once() -> None:
    """Type and value identify it in the account."""
    twice = [{"value": "a@x", "type": "work"}, {"value": "a@x", "type": "work", "primary": True}]

    with pytest.raises(ValidationError, match="has work a@x twice: keep one of the two"):
        TypeAdapter(UserDeclaration).validate_python({"userName": "a", "emails": twice})


@pytest.mark.parametrize("name", ["title", "name", "name.givenName", "customFields.badge", "attributes.grade"])
def test_an_attribute_may_be_redacted(name: str) -> None:
    """Attributes, parts of attributes, and own attributes."""
    assert [name] == TypeAdapter(RedactDeclaration).validate_python([name])


@pytest.mark.parametrize("name", ["titel", "grade", ""])
def test_what_is_no_attribute_can_not_be_redacted(name: str) -> None:
    """A mistyped name would silently redact nothing."""
    with pytest.raises(ValidationError, match="is not an attribute"):
        TypeAdapter(RedactDeclaration).validate_python([name])


@pytest.mark.parametrize("written", ["ann", "user/ann", ["ann", "user/bob.roy"]], ids=str)
def test_a_user_may_say_what_their_key_was(written: str | list[str]) -> None:
    """One key or several; filters can't test them."""
    assert written == TypeAdapter(UserEntry).validate_python({"userName": "a", "was": written})["was"]
    assert "was" not in UserDeclaration.__annotations__


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("", "names no key"),
        ([], "names no key"),
        ("group/staff", 'names "group/staff", which is not the key of a user: write it like user/name'),
        (["ann", "user/"], 'names "user/", which is not the key of a user'),
        ("ann lee", "is not the key of a user"),
        (4711, "valid string"),
    ],
    ids=str,
)
def test_what_can_be_no_key_was_none(wrong: object, said: str) -> None:
    """For users and for groups."""
    with pytest.raises(ValidationError, match=said):
        TypeAdapter(UserEntry).validate_python({"userName": "a", "was": wrong})
    with pytest.raises(ValidationError, match="which is not the key of a group: write it like group/name"):
        GroupDeclaration.model_validate({"displayName": "A", "was": "user/ann"})
