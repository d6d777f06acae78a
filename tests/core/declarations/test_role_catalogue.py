"""The roles of 4me, and the hint for an unknown role."""

from __future__ import annotations

from reconciler.core.declarations.role_catalogue import (
    ASSIGNABLE,
    CATALOGUE,
    HELD,
    NO_ACCESS,
    OWNER,
    PLAIN_ACCESS,
    suggest_role,
)


def test_access_alone_can_be_assigned_and_is_no_role_and_the_owner_is_the_other_way_round() -> None:
    """The account owner is a role in 4me that git can't assign."""
    assert {PLAIN_ACCESS, NO_ACCESS} == ASSIGNABLE - CATALOGUE
    assert {OWNER} == HELD - CATALOGUE
    assert OWNER not in ASSIGNABLE


def test_the_nearest_role_is_suggested_and_all_where_none_is_near() -> None:
    """A mistyped name suggests the nearest role."""
    assert 'did you mean "auditor"?' == suggest_role("auditr", HELD)
    assert "the roles are: a, b" == suggest_role("captain", {"b", "a"})
