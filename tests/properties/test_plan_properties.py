"""The properties of every plan, for any desired state and any account."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.apply.channel import Channel, Stop
from reconciler.apply.execute import execute as carry_out
from reconciler.core.changes.plan import ACTIONS, AttributeChange, Change, Plan, digest_of, order_changes, plan_to_json
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.model.messages import Request, Response
from reconciler.core.model.resources import Key, LiveGroup, LiveUser, parse_key
from reconciler.core.model.states import DesiredState, LiveState
from reconciler.core.scim.wire import DIALECTS
from reconciler.errors import Source
from tests.properties.worlds import (
    NOON,
    OWNER,
    World,
    desired_states,
    execute,
    first_worlds,
    read_account,
    worlds,
)

STEADY = settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
SHRINKING = {"deactivate_user", "remove_members", "revoke_roles"}
CREATING = {"create_user", "create_group"}
NEVER_WRITTEN = {"id", "meta", "groups", "password"}


def left_after(world: World) -> tuple[Change, ...]:
    """Returns the changes that are left after the plan was applied."""
    simulator = world.account.simulator()
    made = world.plan(simulator)
    execute(made.plan.changes, made.decided.ids, simulator, world.tenant)
    return world.plan(simulator).plan.changes


@STEADY
@given(worlds)
def test_a_plan_that_was_carried_out_leaves_nothing_to_plan(world: World) -> None:
    """Invariant 4, in both dialects, but for what was unclear: a name that was handed on is clear once it is free."""
    unclear = world.plan().decided.unclear

    assert set() == {change.key for change in left_after(world)} - unclear


@STEADY
@given(worlds)
def test_a_plan_says_that_it_converges_exactly_when_nothing_is_left(world: World) -> None:
    """What is tried on a small part of the account is true of all of it."""
    assert world.plan().plan.converges is (not left_after(world))


def dropped(world: World) -> World:
    """Returns the world with one user's e-mail addresses without a value, which no account keeps."""
    labels: dict[str, str | bool | int | float] = {"type": "work"}
    users = {
        key: replace(user, attributes={**user.attributes, "emails": [labels]})
        for key, user in world.desired.users.items()
    }
    return replace(world, desired=replace(world.desired, users=users))


@settings(STEADY, max_examples=40)
@given(first_worlds.map(dropped))
def test_a_plan_says_that_it_does_not_converge_where_something_is_left(world: World) -> None:
    """And names it."""
    assert world.plan().plan.converges is (not left_after(world))


@STEADY
@given(worlds, st.randoms(use_true_random=False))
def test_the_order_of_what_comes_in_does_not_show(world: World, random: Random) -> None:
    """Invariant 5: the same things in another order are the same plan, byte for byte."""
    assert plan_to_json(world.plan().plan) == plan_to_json(world.shuffled(random).plan().plan)


def retold(state: DesiredState, word: str) -> DesiredState:
    """Returns the same change with another source, cause and reason."""
    place = Source(f"{word}.yaml", 99, word, word)
    users = {key: replace(user, source=place, reason=word) for key, user in state.users.items()}
    groups = {key: replace(group, source=place, reason=word) for key, group in state.groups.items()}
    return replace(state, users=users, groups=groups)


@STEADY
@given(worlds)
def test_the_digest_is_of_effects_and_of_nothing_else(world: World) -> None:
    """No line, no reason, no commit, no cause."""
    plan = world.plan().plan
    told = replace(world, desired=retold(world.desired, "other")).plan(commit="decade").plan

    assert (plan.digest, [one.id for one in plan.changes]) == (told.digest, [one.id for one in told.changes])


def other_effects(change: Change) -> Iterator[dict[str, Any]]:
    """Yields the change with each field of its effect changed a little."""
    yield {"key": f"{change.key}x"}
    yield {"target_id": f"{change.target_id}x"}
    yield {"members": (*change.members, "user/another")}
    yield {"roles": (*change.roles, "another")}
    yield {"attributes": (*change.attributes, AttributeChange(path="another", before=None, after="x"))}
    for name in ("members", "roles", "attributes"):
        if listed := getattr(change, name):
            yield {name: listed[1:]}
    for index, one in enumerate(change.attributes):
        for field in ("path", "before", "after"):
            other = one.model_copy(update={field: f"{getattr(one, field)}x"})
            yield {"attributes": (*change.attributes[:index], other, *change.attributes[index + 1 :])}


@settings(STEADY, max_examples=40)
@given(worlds)
def test_any_other_effect_is_another_digest(world: World) -> None:
    """One attribute, member, role, key or target: whatever changes, it is not what was approved."""
    plan = world.plan().plan
    seen = {plan.digest}
    for index, change in enumerate(plan.changes):
        others = [change.model_copy(update={**effect, "id": ""}) for effect in other_effects(change)]
        for other in [type(change).model_validate_json(one.model_dump_json()) for one in others]:
            changes = order_changes([*plan.changes[:index], other, *plan.changes[index + 1 :]])
            assert digest_of(changes) not in seen
            seen.add(digest_of(changes))
        assert digest_of([*plan.changes[:index], *plan.changes[index + 1 :]]) != plan.digest


@STEADY
@given(worlds)
def test_a_plan_survives_its_own_json(world: World) -> None:
    """Byte for byte."""
    plan = world.plan().plan
    written = plan_to_json(plan)

    assert plan == Plan.model_validate_json(written)
    assert written == plan_to_json(Plan.model_validate_json(written))


def known_keys(world: World) -> set[str]:
    states = (world.desired, world.earlier.base, world.earlier.applied)
    return {str(resource.key) for state in states if state for resource in state}


@STEADY
@given(worlds)
def test_every_change_is_one_of_ten_about_something_that_git_knows(world: World) -> None:
    """Strangers are never touched; what shrinks has a target; nothing deletes."""
    for change in world.plan().plan.changes:
        assert change.action in ACTIONS
        assert change.key in known_keys(world)
        assert (change.target_id is None) is (change.action in CREATING) or (
            change.action == "update_user" and [one.path for one in change.attributes] == ["manager"]
        )
        assert change.target_id is not None or change.action not in SHRINKING
        assert change.effect == "shrink" or change.action not in SHRINKING


@STEADY
@given(worlds)
def test_nobody_gets_or_loses_access_but_by_the_table(world: World) -> None:
    """Users in scope are created or reactivated; users out of scope or gone from git are deactivated."""
    live = {user.id: user for user in read_account(world.account.simulator()).users}
    for change in world.plan().plan.changes:
        user = world.desired.users.get(key_of(change))
        match change.action:
            case "create_user":
                assert user is not None
                assert user.in_scope
            case "reactivate_user":
                assert user is not None
                assert user.in_scope
                assert not live[str(change.target_id)].active
            case "deactivate_user":
                assert live[str(change.target_id)].active
                assert "ignore" != (world.tenant.on_removed if user is None else world.tenant.on_out_of_scope)
                assert user is None or not user.in_scope


def key_of(change: Change) -> Key:
    key = parse_key(change.key)
    assert key is not None
    return key


@STEADY
@given(worlds)
def test_nobody_is_removed_but_from_a_group_that_git_alone_decides(world: World) -> None:
    """And only those who are in it; only those who are not are added; the owner keeps the account."""
    account = read_account(world.account.simulator())
    made = world.plan()
    names = {live_id: key for key, live_id in made.decided.ids.items()}
    members = {group.id: {names.get(one, f"id/{one}") for one in group.members} for group in account.groups}
    roles = {user.id: user.roles for user in account.users}
    for change in made.plan.changes:
        if change.action == "remove_members":
            group = world.desired.groups.get(key_of(change)) or world.earlier.groups()[key_of(change)]
            assert group.authoritative
            assert set(change.members) <= members[str(change.target_id)]
        if change.action == "add_members":
            group = world.desired.groups[key_of(change)]
            assert set(change.members) <= set(map(str, group.members or ()))
            assert set(change.members).isdisjoint(members[str(change.target_id)])
        if change.action == "revoke_roles":
            assert OWNER not in change.roles
            assert set(change.roles) <= roles[str(change.target_id)]
        if change.action == "grant_roles":
            assert set(change.roles).isdisjoint(roles[str(change.target_id)])


@STEADY
@given(worlds)
def test_only_managed_attributes_are_written_and_only_where_they_differ(world: World) -> None:
    """Absent is unmanaged; `id`, `meta`, `groups` and `password` are never written."""
    for change in world.plan().plan.changes:
        if not change.attributes:
            continue
        resource = world.desired.resource(key_of(change))
        assert resource is not None
        managed = {**(resource.on_create if change.action in CREATING else {}), **resource.attributes}
        written = {one.path: one.after for one in change.attributes}
        assert written.items() <= managed.items()
        assert written.keys().isdisjoint(NEVER_WRITTEN)
        assert all(one.before != one.after for one in change.attributes)


@STEADY
@given(worlds)
def test_what_is_sent_deletes_nothing_and_keeps_the_owner(world: World) -> None:
    """By the executor itself: exactly as many requests as the plan says, at least one for each resource.

    Nothing is read back. Only a name that another resource takes needs a request of its own, and no request meets a
    taken name. What is created comes whole, but for managers in a circle. Whoever owned the account owns it afterwards.
    """
    simulator = world.account.simulator()
    before = read_account(simulator)
    made = world.plan(simulator)
    sent: list[Request] = []

    async def send(request: Request) -> Response:
        sent.append(request)
        return simulator.answer(request.method, request.path, request.body, NOON).response

    channel = Channel(send, DIALECTS[world.tenant.dialect])
    outcomes = asyncio.run(carry_out(made.plan.changes, made.decided.ids, channel, Stop()))
    after = read_account(simulator)

    changes = made.plan.changes
    created = {change.key for change in changes if change.action in CREATING}
    afterwards = [change for change in changes if change.key in created and change.action not in CREATING]
    assert {"applied"} >= {outcome.status for outcome in outcomes}
    assert {"GET", "POST", "PATCH"} >= {request.method for request in sent}
    assert made.plan.cost.requests == len(sent)
    writes = sum(one.method != "GET" for one in sent)
    assert len({change.key for change in changes}) + len(afterwards) <= writes <= 2 * len({c.key for c in changes})
    assert {("update_user", "manager")} >= {(one.action, it.path) for one in afterwards for it in one.attributes}
    assert by_id(before).keys() <= by_id(after).keys()
    assert owners(before) == owners(after)
    assert all(untouched(request) for request in sent)


def by_id(state: LiveState) -> dict[str, LiveUser | LiveGroup]:
    return {**{user.id: user for user in state.users}, **{group.id: group for group in state.groups}}


def owners(state: LiveState) -> set[str]:
    return {user.id for user in state.users if OWNER in user.roles}


def untouched(request: Request) -> bool:
    body = request.body or {}
    operations = body.get("Operations")
    paths = [one["path"] for one in operations] if isinstance(operations, list) else list(body)
    return NEVER_WRITTEN.isdisjoint(paths)


@STEADY
@given(worlds)
def test_strangers_stay_as_they_are(world: World) -> None:
    """Unmanaged resources are listed and never written to."""
    simulator = world.account.simulator()
    before = by_id(read_account(simulator))
    made = world.plan(simulator)
    execute(made.plan.changes, made.decided.ids, simulator, world.tenant)
    after = by_id(read_account(simulator))
    written = {change.target_id for change in made.plan.changes}

    assert all(before[live_id].attributes == after[live_id].attributes for live_id in before if live_id not in written)
    assert written.isdisjoint(one.id for one in made.plan.unmanaged if one.kind == "user")


@STEADY
@given(worlds)
def test_without_an_edit_there_is_no_change_of_this_branch(world: World) -> None:
    """A pull request that edits no YAML has no `this_change`, whatever the drift."""
    still = replace(world, earlier=Earlier(base=world.desired))

    assert {"drift"} >= {change.cause for change in still.plan().plan.changes}


@STEADY
@given(worlds, desired_states())
def test_without_an_edit_what_waits_to_be_applied_is_merged(world: World, applied: DesiredState) -> None:
    """The same where the last apply was of another state than the base."""
    still = replace(world, earlier=Earlier(base=world.desired, applied=applied))

    assert {"drift", "merged"} >= {change.cause for change in still.plan().plan.changes}
