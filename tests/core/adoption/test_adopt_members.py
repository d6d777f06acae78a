"""Members as the account has them, as a list to declare."""

from __future__ import annotations

import pytest

from reconciler.core.adoption.adopt_members import MembershipDrift, adopt_members
from reconciler.core.model.resources import Key
from tests.core.adopted import TENANT, read_ground

GROUND = read_ground(
    TENANT
    + """\
users:
  ann: {userName: ann@example.com, department: IT}
  bob: {userName: bob@example.com}
  cid: {userName: cid@example.com, active: false}
  dee: {userName: dee@example.com}
groups:
  all: {displayName: All, members: [dee, group/desk]}
  desk: {displayName: Desk, members: [bob, dee]}
  it: {displayName: IT, members: [dee, bob], members_where: [{attribute: department, operator: EQUALS, value: IT}]}
  rule: {displayName: Rule, members_where: [{attribute: department, operator: EQUALS, value: IT}]}
"""
)


def adopted(group: str, *, came: tuple[str, ...] = (), went: tuple[str, ...] = ()) -> tuple[list[str], list[str]]:
    members, problems = adopt_members(GROUND, Key("group", group), MembershipDrift(came, went), {"ann", "bob", "dee"})
    return members, [one.message for one in problems]


@pytest.mark.parametrize(
    ("group", "came", "went", "expected"),
    [
        ("desk", ("user/ann",), (), ["ann", "bob", "dee"]),
        ("desk", (), ("user/bob",), ["dee"]),
        ("desk", ("user/ann",), ("user/dee", "user/bob"), ["ann"]),
        ("it", ("user/ann",), (), ["dee", "bob", "ann"]),
        ("rule", ("user/bob",), (), ["bob"]),
    ],
)
def test_who_came_is_listed_and_who_went_is_not(
    group: str, came: tuple[str, ...], went: tuple[str, ...], expected: list[str]
) -> None:
    """In order, where the list is in order; else last."""
    assert (expected, []) == adopted(group, came=came, went=went)


@pytest.mark.parametrize(
    ("group", "user", "way"),
    [("all", "user/bob", "group/desk"), ("all", "user/dee", "group/desk"), ("it", "user/ann", "members_where")],
)
def test_who_is_in_it_by_another_way_does_not_go_by_an_edit_of_the_list(group: str, user: str, way: str) -> None:
    """Not even when they are listed too: half of it would be no change."""
    members, told = adopted(group, went=(user,))

    assert list(GROUND.declarations.groups[group].members or ()) == members
    assert [f"group/{group}: {user} was removed in the account; git adds them through {way}"] == told


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("id/u-9", "u-9 was added in the account, and git does not declare them"),
        ("user/cid", "only users in scope can be members (declared inactive: active is false)"),
    ],
)
def test_who_can_not_be_a_member_in_git_is_told(reference: str, expected: str) -> None:
    """A stranger, and somebody out of scope."""
    members, [told] = adopted("desk", came=(reference,))

    assert ["bob", "dee"] == members
    assert expected in told


def test_who_is_adopted_as_inactive_is_no_member() -> None:
    """They are in scope in git until then."""
    members, [problem] = adopt_members(GROUND, Key("group", "desk"), MembershipDrift(added=("user/ann",)), {"bob"})

    assert ["bob", "dee"] == members
    assert "they are inactive in the account too" in problem.message
