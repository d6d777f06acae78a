"""A plan from a targeted read equals the plan from the whole account, within its selection."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.changes.plan import Change, Plan
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.tenant import Guardrails
from reconciler.core.model.messages import JsonObject
from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key, parse_key
from reconciler.core.model.states import DesiredState, LiveState, Selection
from reconciler.core.safety.make_plan import PlanInput, make_plan
from reconciler.core.scim.wire import DIALECTS
from reconciler.core.simulator.machine import Simulator
from reconciler.core.simulator.quirks import Quirks
from reconciler.core.simulator.search import SearchQuirks
from reconciler.core.targeting.lookup_planner import make_lookup_planner
from reconciler.core.targeting.selection import select_changes, select_difference, select_keys, with_dependencies
from reconciler.errors import Source
from reconciler.live.targeted import Targeted, read_targeted
from tests.core.examples import evidence_of
from tests.live.service import Service, reply
from tests.properties.test_plan_properties import STEADY
from tests.properties.worlds import NOON, Account, World, accounts, desired_states, read_account, tenants

STEADFAST = ("kim", "lou", "mia", "ned")

changed_worlds = st.builds(
    World,
    desired_states(),
    accounts(),
    tenants,
    st.builds(Earlier, base=desired_states(), applied=st.none() | desired_states()),
)


@st.composite
def focused_worlds(draw: st.DrawFn) -> World:
    """Draws a world with a selection: the difference to before, some keys, or the keys that a plan would change."""
    world = draw(changed_worlds)
    desired, earlier = world.desired, world.earlier
    match draw(st.sampled_from(["difference", "keys", "dependencies", "changes"])):
        case "difference":
            selection = select_difference(desired, earlier)
        case "changes":
            changes = world.plan().plan.changes[: draw(st.integers(1, 4))]
            selection = select_changes(changes, whole_groups=draw(st.booleans()))
        case how:
            everything = sorted({*desired.users, *desired.groups, *earlier.users(), *earlier.groups()})
            named = draw(st.sets(st.sampled_from(everything), min_size=1, max_size=3))
            selection = select_keys(named, desired, earlier)
            selection = selection if how == "keys" else with_dependencies(selection, desired, earlier)
    return with_steadfast(replace(world, desired=replace(desired, selection=selection)))


def with_steadfast(world: World) -> World:
    """Adds unchanged users and groups to git and the account; they come first, and are the witnesses."""
    base, applied = (state and with_more(state) for state in (world.earlier.base, world.earlier.applied))
    users: list[JsonObject] = [{"id": f"id-{name}", "active": True, **known(name, "userName")} for name in STEADFAST]
    groups: list[JsonObject] = [{"id": f"id-{name}s", **known(f"{name}s", "displayName")} for name in STEADFAST]
    account = Account([*world.account.users, *users], [*world.account.groups, *groups])
    return World(with_more(world.desired), account, world.tenant, Earlier(base, applied))


def with_more(state: DesiredState) -> DesiredState:
    source, why = Source("people.yaml", 1), "git says so"
    users = [DesiredUser(Key("user", one), source, known(one, "userName"), True, why, None) for one in STEADFAST]  # noqa: FBT003
    groups = [
        DesiredGroup(Key("group", f"{one}s"), source, known(f"{one}s", "displayName"), None, True, True, why)  # noqa: FBT003
        for one in STEADFAST
    ]
    return replace(
        state,
        users={**{one.key: one for one in users}, **state.users},
        groups={**{one.key: one for one in groups}, **state.groups},
    )


def known(name: str, attribute: str) -> dict[str, str]:
    return {"externalId": name, attribute: f"{name}@example.com"}


def read(world: World, simulator: Simulator) -> Targeted:
    """Returns the result of a targeted read over requests."""

    def answer(request: httpx.Request) -> httpx.Response:
        target = request.url.raw_path.decode().removeprefix("/scim/v2")
        response = simulator.answer(request.method, target, None, NOON).response
        return reply(response.body, response.status)

    async def ask() -> Targeted:
        async with Service(answer).client() as client:
            lookup_planner = make_lookup_planner(world.desired, world.earlier)
            return await read_targeted(client, DIALECTS[world.tenant.dialect], lookup_planner)

    return asyncio.run(ask())


quirks = st.builds(
    Quirks,
    tells_groups=st.booleans(),
    members_in_lists=st.booleans(),
    search=st.builds(SearchQuirks, refuses_or=st.booleans()),
)


def plan(world: World, desired: DesiredState, live: LiveState) -> Plan:
    evidence = evidence_of(world.earlier)
    gathered = PlanInput(desired, live, world.tenant, Guardrails(), date(2026, 3, 1), world.earlier, evidence=evidence)
    return make_plan(gathered).plan


@settings(STEADY, max_examples=60)
@given(focused_worlds(), quirks)
def test_a_targeted_plan_is_the_plan_from_the_whole_account(world: World, quirks: Quirks) -> None:
    """As far as its selection goes: the same changes by id, the same skipped and the same problems; it converges alike.

    And there the whole plan changes the same, but for what is needed and left out where the selection may not grow.
    """
    simulator = world.account.simulator()
    account, simulator.quirks = read_account(simulator), quirks
    asked = read(world, simulator)
    assert () == asked.live.certificate.faults
    targeted, selected = plan(world, asked.desired, asked.live), plan(world, asked.desired, account)

    assert selected.changes == targeted.changes
    assert selected.skipped == targeted.skipped
    assert selected.problems == targeted.problems
    assert selected.converges == targeted.converges
    assert {one.id for one in targeted.unmanaged} <= {one.id for one in selected.unmanaged}
    selection = asked.desired.selection or Selection(frozenset())
    assert {change.key for change in targeted.changes} <= set(map(str, selection.keys))
    if selection.grows:
        whole = plan(world, replace(world.desired, selection=None), account)
        assert set(restrict(whole.changes, asked.desired)) == {effect(change) for change in targeted.changes}


@settings(STEADY, max_examples=40)
@given(changed_worlds)
def test_whatever_is_not_drift_is_in_the_focus_on_what_differs(world: World) -> None:
    """What this branch or a merge changes of the whole plan is looked at; members too, one by one."""
    selected = replace(world.desired, selection=select_difference(world.desired, world.earlier))
    changes = [change for change in world.plan().plan.changes if change.cause != "drift"]

    assert {change.key for change in changes} <= {change.key for change in changes if is_about(change, selected)}


def is_about(change: Change, desired: DesiredState) -> bool:
    key = parse_key(change.key)
    assert key is not None
    asked = desired.selected_members(key)
    return desired.is_selected(key) and (
        not change.members or asked is None or not asked.isdisjoint(map(parse_key, change.members))
    )


def restrict(changes: Iterable[Change], desired: DesiredState) -> Iterator[tuple[object, ...]]:
    """Yields the changes within the selection."""
    for change in changes:
        key = parse_key(change.key)
        assert key is not None
        asked = desired.selected_members(key)
        if not desired.is_selected(key):
            continue
        if asked is None or not change.members or change.action == "create_group":
            yield effect(change)
        elif members := tuple(member for member in change.members if parse_key(member) in asked):
            yield effect(change.model_copy(update={"members": members}))


def effect(change: Change) -> tuple[object, ...]:
    return change.action, change.key, change.target_id, str(change.attributes), change.members, change.roles
