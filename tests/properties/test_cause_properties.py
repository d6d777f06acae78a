"""The properties of causes, for any state of git now, at the base and at the last apply, and any account.

A *facet* is the smallest difference: one attribute, one member, one role, or the existence of a user.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import TypeAlias, get_args

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from reconciler.core.changes.plan import Cause, Change
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.comparison.references import ID_PREFIX
from reconciler.core.model.resources import Key, parse_key
from reconciler.core.model.states import DesiredState
from reconciler.core.safety.make_plan import MadePlan
from tests.properties.worlds import World, desired_states, execute, first_worlds

Facet: TypeAlias = tuple[str, ...]
STEADY = settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
earlier_states = st.builds(Earlier, base=st.none() | desired_states(), applied=st.none() | desired_states())


def facets_of(change: Change, made: MadePlan) -> Iterable[Facet]:
    """Yields the facets of a change, with users by their live id if they have one."""

    def live(key: object) -> str:
        return made.decided.ids.get(str(key), str(key).removeprefix(ID_PREFIX))

    if change.action not in {"update_user", "update_group", "add_members", "remove_members"}:
        yield change.key, change.action
    for one in change.attributes:
        yield change.key, one.path, live(one.after) if one.path == "manager" else repr(one.after)
    yield from ((change.key, change.effect, live(member)) for member in change.members)
    yield from ((change.key, change.effect, role) for role in change.roles)


def facets(made: MadePlan, desired: DesiredState) -> Counter[Facet]:
    """Counts the facets of a plan about the current declarations.

    It leaves out facets that depend on an earlier state of git: leavers, roles without an assignment, and managers and
    members whose names only an earlier state has.
    """
    about_git = [change for change in made.plan.changes if is_of_git(change, desired)]
    counted = Counter(facet for change in about_git for facet in facets_of(change, made))
    unsure = find_unresolved(made)
    return Counter({one: times for one, times in counted.items() if one[1] != "manager" and not unsure & {*one}})


def find_unresolved(made: MadePlan) -> frozenset[str]:
    """Returns the ids of users and groups that the plan keeps as they are, because it can't tell whose they are."""
    return made.decided.contested | {one.id for one in made.plan.named}


def is_of_git(change: Change, desired: DesiredState) -> bool:
    resource = desired.resource(parse_key(change.key) or Key("user", ""))
    if resource is None:
        return False
    return change.action != "revoke_roles" or getattr(resource, "roles", None) is not None


@STEADY
@given(first_worlds, earlier_states)
def test_causes_divide_what_head_and_account_differ_in(world: World, earlier: Earlier) -> None:
    """Each facet has one cause, and all of them together are the plan that knows nothing of the past."""
    made, without = replace(world, earlier=earlier).plan(), world.plan()
    divided, whole = facets(made, world.desired), facets(without, world.desired)
    sure = {one for one in whole if not find_unresolved(made) & {*one}}

    assert {1} >= {*divided.values()}
    assert sure == {*divided}
    assert {*get_args(Cause)} >= {change.cause for change in made.plan.changes}


def converged(world: World, state: DesiredState) -> World:
    """Returns the world after a complete apply of a state of git."""
    then = replace(world, desired=state)
    simulator = world.account.simulator()
    made = then.plan(simulator)
    execute(made.plan.changes, made.decided.ids, simulator, world.tenant)
    settled = then.plan(simulator)
    assume(not settled.plan.changes and not settled.plan.problems and not settled.decided.unclear)
    users, groups = list(simulator.users.values()), list(simulator.groups.values())
    return replace(world, account=replace(world.account, users=users, groups=groups))


def causes(world: World, earlier: Earlier) -> set[Cause]:
    """Returns the causes in the plan, except for users whose identity is unclear or reused later."""
    made = replace(world, earlier=earlier).plan()
    assume(not made.decided.unclear and not made.decided.contested)
    return {change.cause for change in made.plan.changes if not change.reason.startswith("adopt")}


@STEADY
@given(first_worlds, desired_states())
def test_what_was_applied_and_left_alone_has_not_drifted(world: World, applied: DesiredState) -> None:
    """All that is to be done is what git says now and did not say then."""
    assert {"this_change"} >= causes(converged(world, applied), Earlier(base=applied))


@STEADY
@given(first_worlds, desired_states(), desired_states())
def test_what_was_merged_since_is_not_drift_either(world: World, applied: DesiredState, base: DesiredState) -> None:
    """It is this change's doing or waits to be applied; nobody else touched the account."""
    assert {"this_change", "merged"} >= causes(converged(world, applied), Earlier(base=base, applied=applied))


@STEADY
@given(first_worlds)
def test_where_git_did_not_move_all_is_drift(world: World) -> None:
    """What was applied last is what git says now and at the base."""
    assert {"drift"} >= causes(world, Earlier(base=world.desired, applied=world.desired))
