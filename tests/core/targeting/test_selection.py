"""The keys of a plan: by the difference between states of git, by name, by another plan's changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.changes.plan import AddMembers, Change, CreateGroup, RemoveMembers, UpdateGroup, UpdateUser
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key
from reconciler.core.model.states import DesiredState, Selection, Settlement
from reconciler.core.targeting.selection import (
    covers,
    find_keys,
    join_selections,
    select_changes,
    select_difference,
    select_keys,
    warn_of_selection,
    with_dependencies,
)
from tests.core.examples import HERE, desired_group, desired_state, desired_user, group_key, user_key

ANN, BOB, CID = map(user_key, ("ann", "bob", "cid"))
DEV, OPS = map(group_key, ("dev", "ops"))
TEAM = desired_state(
    desired_user("ann"),
    desired_user("bob", {"manager": "user/ann"}),
    desired_group("dev", ["ann", "bob"]),
    desired_group("ops", ["ann"]),
)


def focus_since(base: DesiredState, head: DesiredState = TEAM, applied: DesiredState | None = None) -> Selection:
    return select_difference(head, Earlier(base, applied))


def test_where_git_says_the_same_there_is_nothing_to_look_at() -> None:
    """Lines, reasons and what is written once at the start do not matter."""
    told = replace(desired_user("ann"), reason="other", on_create={"locale": "en"})

    assert Selection(frozenset(), grows=True) == focus_since(replace(TEAM, users={**TEAM.users, ANN: told}))


@pytest.mark.parametrize(
    "then",
    [
        desired_user("ann", {"title": "Clerk"}),
        desired_user("ann", in_scope=False),
        desired_user("ann", roles=["auditor"]),
        None,
    ],
)
def test_a_user_of_whom_anything_differs_is_in_it(then: DesiredUser | None) -> None:
    """In attributes, scope, roles or existence, compared with any earlier state."""
    others = {key: user for key, user in TEAM.users.items() if key != ANN}
    then_state = replace(TEAM, users={**others, **({ANN: then} if then else {})})

    assert {ANN} == focus_since(then_state).keys == focus_since(TEAM, applied=then_state).keys
    assert {ANN} == focus_since(TEAM, head=then_state).keys


def test_of_a_group_only_the_members_that_differ_are_in_question() -> None:
    """In whichever of the states."""
    base = replace(TEAM, groups={**TEAM.groups, DEV: desired_group("dev", ["ann", "cid"])})

    selection = focus_since(base)

    assert Selection(frozenset({DEV}), {DEV: frozenset({BOB, CID})}, grows=True) == selection
    applied = with_group(desired_group("dev", []))
    assert {DEV: {ANN, BOB, CID}} == {
        key: set(some) for key, some in focus_since(base, applied=applied).members.items()
    }


def with_group(group: DesiredGroup) -> DesiredState:
    return replace(TEAM, groups={**TEAM.groups, DEV: group})


@pytest.mark.parametrize(
    "base",
    [
        replace(TEAM, groups={OPS: TEAM.groups[OPS]}),
        with_group(desired_group("dev")),
        with_group(desired_group("dev", ["ann", "bob"], authoritative=False)),
        with_group(desired_group("dev", ["ann", "bob"], in_scope=False)),
    ],
    ids=["new", "not managed", "additive", "out of scope"],
)
def test_a_group_that_comes_or_is_decided_on_in_another_way_is_about_all_its_members(base: DesiredState) -> None:
    """Members are not listed: all of them are planned."""
    assert Selection(frozenset({DEV}), grows=True) == focus_since(base)


def test_of_a_group_that_is_renamed_no_member_is_in_question() -> None:
    """It is another name, and the same people."""
    renamed = replace(TEAM, groups={**TEAM.groups, DEV: desired_group("dev", ["ann", "bob"], {"displayName": "D"})})

    assert {DEV: frozenset()} == focus_since(renamed).members


def test_dependencies_are_managers_members_and_the_groups_people_are_or_were_in() -> None:
    """Of those groups only the people named are in question."""
    then = Earlier(replace(TEAM, groups={**TEAM.groups, OPS: desired_group("ops", ["bob"])}))
    named = select_keys([BOB], TEAM, then)

    selection = with_dependencies(named, TEAM, then)

    bob = frozenset({BOB})
    assert Selection(bob) == named
    assert Selection(frozenset({ANN, BOB, DEV, OPS}), {DEV: bob, OPS: bob}, grows=True) == selection
    assert {ANN, BOB, DEV} <= with_dependencies(select_keys([DEV], TEAM, then), TEAM, then).keys


def test_a_name_that_git_never_knew_is_told_with_what_is_near() -> None:
    """All of them at once; a bare name is a user's; who left git is known."""
    then = Earlier(desired_state(desired_user("cid")))

    keys, wrong = find_keys(["ann", "user/cid", "group/devs", "zzz"], TEAM, then)

    assert [ANN, CID] == keys
    assert [
        '"group/devs" is no user or group in git, now or at the last apply (did you mean "group/dev"?)',
        '"zzz" is no user or group in git, now or at the last apply (write it like user/alice.lee or group/finance)',
    ] == wrong


def test_a_plan_is_about_what_it_changes() -> None:
    """Of a group the members that it names; all of them if it is created, or if it was planned from all of it."""
    changes: list[Change] = [
        UpdateUser(key="user/ann", target_id="1"),
        UpdateGroup(key="group/dev", target_id="2"),
        AddMembers(key="group/ops", target_id="3", members=("user/ann",)),
        RemoveMembers(key="group/ops", target_id="3", members=("user/bob",)),
        CreateGroup(key="group/new"),
        RemoveMembers(key="group/old", target_id="4", members=("id/5",)),
    ]
    keys = frozenset({ANN, DEV, OPS, group_key("new"), group_key("old")})

    assert Selection(keys, {DEV: frozenset(), OPS: frozenset({ANN, BOB})}, grows=True) == select_changes(
        changes, whole_groups=False
    )
    assert Selection(keys, {DEV: frozenset()}, grows=True) == select_changes(changes, whole_groups=True)


def test_two_focuses_join_and_one_may_cover_the_other() -> None:
    """All members cover some."""
    some = Selection(frozenset({ANN, DEV}), {DEV: frozenset({ANN})})
    other = Selection(frozenset({BOB, DEV}), {DEV: frozenset({BOB})}, grows=True)
    whole = Selection(frozenset({DEV}))

    assert Selection(frozenset({ANN, BOB, DEV}), {DEV: frozenset({ANN, BOB})}, grows=True) == join_selections(
        some, other
    )
    assert Selection(frozenset({ANN, DEV})) == join_selections(some, whole)
    assert [True, True, False, False] == [
        covers(None, some),
        covers(join_selections(some, other), some),
        covers(some, other),
        covers(some, whole),
    ]


def test_a_plan_says_what_it_is_about_and_what_it_leaves_out() -> None:
    """And nothing where it is about everything."""
    selected = replace(TEAM, selection=select_keys([BOB], TEAM, Earlier()))
    [about, left] = warn_of_selection(selected, Earlier(), everything_read=False)

    assert [] == warn_of_selection(TEAM, Earlier(), everything_read=True)
    assert ("partial plan: 1 user and 0 groups; drift and unmanaged users elsewhere are not shown") == about.message
    assert (
        "the selected keys depend on group/dev, user/ann, which this plan leaves out "
        "(--with-dependencies includes them)"
    ) == str(left)
    grown = replace(TEAM, selection=with_dependencies(selected.selection or Selection(frozenset()), TEAM, Earlier()))
    assert ["partial plan: 2 users and 1 group; changes and drift elsewhere are not shown"] == [
        problem.message for problem in warn_of_selection(grown, Earlier(), everything_read=True)
    ]


def test_many_that_are_left_out_are_counted() -> None:
    """Ten are named."""
    many = desired_state(
        desired_group("all", [f"u{number:02}" for number in range(12)]),
        *(desired_user(f"u{number:02}") for number in range(12)),
    )
    selected = replace(many, selection=select_keys([Key("group", "all")], many, Earlier()))

    assert "user/u09 and 2 more" in warn_of_selection(selected, Earlier(), everything_read=False)[1].message


def test_a_line_that_settles_who_is_ours_is_about_its_key_or_id() -> None:
    """Where it comes or goes; and what came and went between is looked at again, with all members of a group."""
    settled = replace(
        desired_state(desired_user("ann"), desired_group("desk", ["ann"])),
        left=(Settlement(HERE, key=user_key("kai")), Settlement(HERE, id="4711")),
        released=(Settlement(HERE, key=user_key("jo")),),
    )
    before = replace(settled, left=settled.left[:1], released=())
    between = desired_state(desired_user("ann"), desired_group("desk", []))
    touched = frozenset({user_key("zoe"), group_key("desk")})
    selection = select_difference(settled, Earlier(before, front=(before, between), touched=touched))

    assert {user_key("id/4711"), user_key("jo"), user_key("kai"), *touched} == selection.keys
    assert {} == selection.members
