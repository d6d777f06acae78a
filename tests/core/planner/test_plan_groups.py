"""The changes to a group: create, update, add members and, if membership is authoritative, remove members."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from reconciler.core.changes.plan import Change, CreateGroup, UpdateGroup
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.model.resources import DesiredGroup, DesiredUser, LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState
from reconciler.core.planner.planner import Decisions, decide_changes
from tests.core.examples import (
    SANDBOX,
    THERE,
    desired_group,
    desired_state,
    desired_user,
    evidence_of,
    live_group,
    live_state,
    live_user,
)

ANN, BOB, CID = (desired_user(name) for name in ("ann", "bob", "cid"))
LIVE_ANN, LIVE_BOB, LIVE_CID = (live_user(name) for name in ("ann", "bob", "cid"))


def decide(
    resources: list[DesiredUser | DesiredGroup],
    live: list[LiveUser | LiveGroup],
    earlier: DesiredState | None = None,
) -> Decisions:
    return decide_changes(
        desired_state(*resources), live_state(*live), SANDBOX, Earlier(earlier), evidence_of(Earlier(earlier))
    )


def moves(changes: Sequence[Change]) -> list[tuple[str, tuple[str, ...]]]:
    return [(change.action, change.members) for change in changes]


def test_a_group_that_is_missing_is_created_with_its_members() -> None:
    """Those who are there, and those who come with the plan; cleared attributes are not in it."""
    group = desired_group("desk", ["bob", "ann"], {"groupType": None})
    *_, change = decide([ANN, BOB, group], [LIVE_ANN]).changes

    assert isinstance(change, CreateGroup)
    assert {"externalId": "desk", "displayName": "Desk"} == {one.path: one.after for one in change.attributes}
    assert (("user/ann", "user/bob"), None, THERE) == (change.members, change.target_id, change.source)


def test_a_group_is_updated_in_what_differs() -> None:
    """The members are a change of their own."""
    live = live_group("desk", ["ann"], {"groupType": "Team"})
    [change] = decide([ANN, desired_group("desk", ["ann"], {"groupType": "Crew"})], [LIVE_ANN, live]).changes

    assert isinstance(change, UpdateGroup)
    assert [("groupType", "Team", "Crew")] == [(one.path, one.before, one.after) for one in change.attributes]


def test_a_group_found_by_its_name_is_adopted() -> None:
    """As users are."""
    [change] = decide([desired_group("desk")], [live_group("desk", attributes={"externalId": "x"})]).changes

    assert "adopt: found by displayName; declared in git" == change.reason


@pytest.mark.parametrize(
    ("live", "warned"),
    [({"displayName": "Old"}, True), ({"displayName": None}, False), ({"groupType": "x"}, False), ({}, False)],
)
def test_renaming_a_group_warns_that_4me_renames_what_it_linked(live: dict[str, str | None], warned: bool) -> None:  # noqa: FBT001
    """An organization or a site is renamed with its group."""
    group = desired_group("desk", attributes={"groupType": None})
    problems = decide([group], [live_group("desk", attributes=live)]).problems

    assert ([("group_renamed", "warning", THERE)] if warned else []) == [
        (one.code, one.severity, one.source) for one in problems
    ]


@pytest.mark.parametrize(
    ("members", "authoritative", "expected"),
    [
        (None, True, []),
        (None, False, []),
        ([], True, [("remove_members", ("id/id-zoe", "user/ann"))]),
        ([], False, []),
        (["ann"], True, [("remove_members", ("id/id-zoe",))]),
        (["bob"], True, [("add_members", ("user/bob",)), ("remove_members", ("id/id-zoe", "user/ann"))]),
        (["bob"], False, [("add_members", ("user/bob",))]),
        (["ann", "bob", "cid"], False, [("add_members", ("user/bob", "user/cid"))]),
    ],
)
def test_members_are_added_and_only_from_an_authoritative_group_removed(
    members: list[str] | None,
    authoritative: bool,  # noqa: FBT001
    expected: list[tuple[str, tuple[str, ...]]],
) -> None:
    """The account has ann, and an undeclared user that is named by id."""
    group = desired_group("desk", members, authoritative=authoritative)
    live: list[LiveUser | LiveGroup] = [
        LIVE_ANN,
        LIVE_BOB,
        LIVE_CID,
        live_user("zoe"),
        live_group("desk", ["ann", "zoe"]),
    ]
    changes = decide([ANN, BOB, CID, group], live).changes

    assert expected == moves(changes)
    assert all("id-desk" == change.target_id for change in changes)


def test_a_member_who_is_not_there_and_will_not_be_is_left_out() -> None:
    """A user with an ambiguous match is not added, and not removed under an id."""
    live: list[LiveUser | LiveGroup] = [
        live_user("one", {"externalId": "ann"}),
        live_user("two", {"externalId": "ann"}),
        live_group("desk", ["one"]),
    ]

    assert () == decide([ANN, desired_group("desk", ["ann"])], live).changes


def test_whoever_is_deactivated_leaves_authoritative_groups_in_the_same_plan() -> None:
    """And stays in additive ones."""
    out = desired_user("ann", in_scope=False)
    groups = [desired_group("desk", []), desired_group("club", [], authoritative=False)]
    live: list[LiveUser | LiveGroup] = [LIVE_ANN, live_group("desk", ["ann"]), live_group("club", ["ann"])]
    changes = decide([out, *groups], live).changes

    assert [("remove_members", "group/desk"), ("deactivate_user", "user/ann")] == [
        (change.action, change.key) for change in changes
    ]


@pytest.mark.parametrize("live", [[], [live_group("desk", ["zoe"], {"groupType": "x"})]])
def test_a_group_out_of_scope_is_left_alone(live: list[LiveUser | LiveGroup]) -> None:
    """It is not created and not changed; the plan gives the reason."""
    decided = decide([desired_group("desk", [], {"groupType": "y"}, in_scope=False)], live)

    assert ((), ["passes no scoping filter"]) == (decided.changes, [one.reason for one in decided.skipped])


def test_a_group_that_is_unclear_is_left_alone() -> None:
    """Two in the account have its name."""
    live: list[LiveUser | LiveGroup] = [
        live_group("one", attributes={"displayName": "Desk"}),
        live_group("two", attributes={"displayName": "DESK"}),
    ]
    decided = decide([desired_group("desk", [])], live)

    assert ((), ["no clear match in the account"]) == (
        decided.changes,
        [one.reason for one in decided.skipped],
    )


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (desired_group("desk", ["ann", "bob"]), [("remove_members", ("user/ann", "user/bob"))]),
        (desired_group("desk", ["ann", "bob"], authoritative=False), []),
        (desired_group("desk"), []),
    ],
)
def test_a_group_that_left_git_stays_and_loses_the_members_it_had_from_git(
    before: DesiredGroup, expected: list[tuple[str, tuple[str, ...]]]
) -> None:
    """Only if membership was authoritative; undeclared members stay, and the group is listed as unmanaged."""
    live: list[LiveUser | LiveGroup] = [LIVE_ANN, LIVE_BOB, live_user("zoe"), live_group("desk", ["ann", "bob", "zoe"])]
    decided = decide([ANN, BOB], live, desired_state(ANN, BOB, before))

    assert expected == moves(decided.changes)
    assert {"id-desk", "id-zoe"} == {one.id for one in decided.unmanaged}


@pytest.mark.parametrize("live", [[], [live_group("desk")], [live_user("zoe"), live_group("desk", ["zoe"])]])
def test_a_group_that_left_git_and_has_nobody_from_git_needs_nothing(live: list[LiveUser | LiveGroup]) -> None:
    """Missing, empty, or with undeclared members only."""
    assert () == decide([], live, desired_state(desired_group("desk", ["ann"]))).changes


def test_a_group_that_left_git_out_of_scope_had_no_members_from_git() -> None:
    """Nothing was ever written to it, so nothing is taken from it."""
    before = desired_state(ANN, desired_group("desk", ["ann"], in_scope=False))

    assert () == decide([ANN], [LIVE_ANN, live_group("desk", ["ann"])], before).changes


def test_a_member_who_is_linked_is_not_added_again_beside_an_unclear_one() -> None:
    """Bob could be either of two; cid is in the group already."""
    live: list[LiveUser | LiveGroup] = [
        live_user("cid"),
        live_user("dee", {"externalId": "bob"}),
        live_user("eve", {"externalId": "bob"}),
        live_group("desk", ["cid", "eve"]),
    ]
    decided = decide([BOB, CID, desired_group("desk", ["bob", "cid"])], live)

    assert {"user/bob"} == {str(key) for key in decided.unclear}
    assert [] == [change.action for change in decided.changes if change.key == "group/desk"]
