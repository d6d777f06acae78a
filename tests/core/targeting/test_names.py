"""The names that a plan of selected keys wants: their holders join the plan, and are asked for in the same request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.comparison.link import link_account
from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key, LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState, Selection
from reconciler.core.targeting.lookup_planner import grow_selection
from reconciler.core.targeting.names import list_new_names
from tests.core.examples import (
    desired_group,
    desired_state,
    desired_user,
    group_key,
    live_group,
    live_state,
    live_user,
    user_key,
)


def state(*resources: DesiredUser | DesiredGroup, only: Iterable[Key], grows: bool = True) -> DesiredState:
    return replace(
        desired_state(*resources),
        matching=("externalId",),
        group_matching=("externalId",),
        selection=Selection(frozenset(only), grows=grows),
    )


def grown(desired: DesiredState, *live: LiveUser | LiveGroup) -> Selection:
    """The selection with all that it needs."""
    links = link_account(desired, Earlier(), live_state(*live))
    found = grow_selection(desired, links, {resource.key for resource in desired}).selection
    assert found is not None
    return found


ANN, BOB, CID = (user_key(name) for name in ("ann", "bob", "cid"))
CHAIN = (
    desired_user("ann", {"userName": "bob@example.com"}),
    desired_user("bob", {"userName": "cid@example.com"}),
    desired_user("cid", {"userName": "new@example.com"}),
    desired_user("dee"),
)
LIVE = [live_user(name) for name in ("ann", "bob", "cid", "dee")]


def test_a_plan_grows_by_whoever_must_give_a_name_up_first() -> None:
    """Along a chain."""
    assert {ANN, BOB, CID} == grown(state(*CHAIN, only=[ANN]), *LIVE).keys


def test_without_dependencies_it_does_not_grow() -> None:
    """The problem names the option."""
    assert {ANN} == grown(state(*CHAIN, only=[ANN], grows=False), *LIVE).keys


def test_a_holder_that_keeps_its_name_does_not_join() -> None:
    """Nor one that is selected, or has no declared name."""
    keeps = (desired_user("ann", {"userName": "bob@example.com"}), desired_user("bob"))
    unnamed = (desired_user("ann", {"userName": "bob@example.com"}), desired_user("bob", {"userName": None}))

    assert {ANN} == grown(state(*keeps, only=[ANN]), *LIVE[:2]).keys
    assert {ANN} == grown(state(*unnamed, only=[ANN]), *LIVE[:2]).keys
    assert {ANN, BOB, CID} == grown(state(*CHAIN, only=[ANN, BOB, CID]), *LIVE).keys


def test_a_group_that_gives_its_name_up_joins_without_its_members() -> None:
    """They are not read for it."""
    dev, ops = (
        desired_group("dev", ["ann"], {"displayName": "Ops"}),
        desired_group("ops", ["ann"], {"displayName": "X"}),
    )
    found = grown(state(dev, ops, only=[group_key("dev")]), live_group("dev"), live_group("ops"))

    assert {group_key("dev"), group_key("ops")} == found.keys
    assert frozenset() == found.members[group_key("ops")]


def test_a_new_name_is_asked_for_though_nobody_is_matched_by_it() -> None:
    """In the request of its key; a name that did not change is not."""
    head = state(*CHAIN, only=[ANN, user_key("dee")])
    before = desired_state(*(desired_user(name) for name in ("ann", "bob", "cid", "dee")))

    assert [("userName", "bob@example.com")] == list(list_new_names(head, before, ANN))
    assert [("userName", "bob@example.com")] == list(list_new_names(head, desired_state(), ANN))
    for other in (BOB, user_key("dee"), user_key("zoe")):
        assert [] == list(list_new_names(head, before, other))
    assert [] == list(list_new_names(replace(head, matching=("userName",)), before, ANN))
