"""A plan from what a targeted read asks for is the plan from the whole account, as far as its focus goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.earlier import Earlier
from reconciler.core.focus import focus_on_changes, focus_on_difference, focus_on_keys, with_dependencies
from reconciler.core.make_plan import Gathered, make_plan
from reconciler.core.model import DesiredState, Focus, LiveState, parse_key
from reconciler.core.plan import Change, Plan
from reconciler.core.tenant import Guardrails
from tests.asking import ask_account
from tests.properties.test_plan_properties import STEADY
from tests.properties.worlds import World, accounts, desired_states, read_account, tenants

changed_worlds = st.builds(
    World,
    desired_states(),
    accounts(),
    tenants,
    st.builds(Earlier, base=desired_states(), applied=st.none() | desired_states()),
)


@st.composite
def focused_worlds(draw: st.DrawFn) -> World:
    """A world with a focus: on what git says otherwise than before, on some keys, or on what some plan would change."""
    world = draw(changed_worlds)
    desired, earlier = world.desired, world.earlier
    match draw(st.sampled_from(["difference", "keys", "dependencies", "changes"])):
        case "difference":
            focus = focus_on_difference(desired, earlier)
        case "changes":
            changes = world.plan().plan.changes[: draw(st.integers(1, 4))]
            focus = focus_on_changes(changes, whole_groups=draw(st.booleans()))
        case how:
            everything = sorted({*desired.users, *desired.groups, *earlier.users(), *earlier.groups()})
            named = draw(st.sets(st.sampled_from(everything), min_size=1, max_size=3))
            focus = focus_on_keys(named, desired, earlier)
            focus = focus if how == "keys" else with_dependencies(focus, desired, earlier)
    return replace(world, desired=replace(desired, focus=focus))


def plan(world: World, desired: DesiredState, live: LiveState) -> Plan:
    return make_plan(Gathered(desired, live, world.tenant, Guardrails(), date(2026, 3, 1), world.earlier)).plan


@settings(STEADY, max_examples=80)
@given(focused_worlds(), st.booleans())
def test_a_targeted_plan_is_the_plan_from_the_whole_account(world: World, tells_groups: bool) -> None:  # noqa: FBT001
    """As far as its focus goes: the same changes by id, the same skipped and the same problems; it converges alike.

    And there the whole plan changes the same, but for what is needed and left out where the focus may not grow.
    """
    account = read_account(world.account.twin())
    asked = ask_account(world.desired, world.earlier, account, tells_groups=tells_groups)
    targeted, focused = plan(world, asked.desired, asked.live), plan(world, asked.desired, account)

    assert focused.changes == targeted.changes
    assert focused.skipped == targeted.skipped
    assert focused.problems == targeted.problems
    assert focused.converges == targeted.converges
    assert {one.id for one in targeted.unmanaged} <= {one.id for one in focused.unmanaged}
    focus = asked.desired.focus or Focus(frozenset())
    assert {change.key for change in targeted.changes} <= set(map(str, focus.keys))
    if focus.grows:
        whole = plan(world, replace(world.desired, focus=None), account)
        assert set(restrict(whole.changes, asked.desired)) == {effect(change) for change in targeted.changes}


def restrict(changes: Iterable[Change], desired: DesiredState) -> Iterator[tuple[object, ...]]:
    """The changes, as far as the focus goes."""
    for change in changes:
        key = parse_key(change.key)
        assert key is not None
        asked = desired.members_asked(key)
        if not desired.is_asked(key):
            continue
        if asked is None or not change.members or change.action == "create_group":
            yield effect(change)
        elif members := tuple(member for member in change.members if parse_key(member) in asked):
            yield effect(change.model_copy(update={"members": members}))


def effect(change: Change) -> tuple[object, ...]:
    return change.action, change.key, change.target_id, str(change.attributes), change.members, change.roles
