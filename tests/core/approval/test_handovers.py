"""Names in an approval: a taker runs with the freeing alone, and an exchange runs as one, or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

import pytest

from reconciler.core.approval.atoms import atoms_of
from reconciler.core.approval.coverage import Approval, compare_with_approved
from reconciler.core.approval.parts import parts_of
from reconciler.core.approval.sources import InForce
from reconciler.core.approval.unplanned import AccountNow
from reconciler.core.changes.plan import Plan
from reconciler.core.comparison.earlier import Earlier
from tests.apply.handed import Story, Watched, logins, on_third_names, rotate, story
from tests.apply.world import NOON, TODAY, World

CHAIN = story({"ana": "a", "bo": "b", "cy": "c"}, {"ana": "b title=X", "bo": "c", "cy": "d", "dee": "a"})
STORIES = {"chain": CHAIN, "exchange": rotate(2), "ring": rotate(3)}


def only(plan: Plan, keys: Iterable[str]) -> Plan:
    """The plan that reviewers saw, with the changes of those keys alone."""
    return plan.model_copy(update={"changes": tuple(change for change in plan.changes if change.key in set(keys))})


def without(plan: Plan, path: str) -> Plan:
    """The plan that reviewers saw, without an attribute of any user."""
    kept = ((change, [atom for atom in atoms_of(change) if path not in atom.path]) for change in plan.changes)
    return plan.model_copy(update={"changes": tuple(part for change, some in kept for part in parts_of(change, some))})


def approve(told: Story, world: World, approved: Plan) -> Approval:
    made = told.plan(world)
    account = AccountNow(made.plan, told.after, world.read(), made.decided)
    return compare_with_approved(made.plan, [approved], InForce(TODAY, earlier=Earlier(base=told.before)), account)


def subsets(keys: Iterable[str]) -> list[tuple[str, ...]]:
    keys = sorted(keys)
    return [some for size in range(len(keys) + 1) for some in combinations(keys, size)]


@pytest.mark.parametrize("name", STORIES)
def test_of_each_part_of_a_plan_only_what_is_freed_is_taken(name: str) -> None:
    """No request meets a taken name, and nobody is left on a third one."""
    told = STORIES[name]
    for keys in subsets({change.key for change in told.plan(told.settled()).plan.changes}):
        world = told.settled()
        before = logins(world)
        watched = Watched(world)
        made = told.plan(world)
        approval = approve(told, world, only(made.plan, keys))

        ran = world.carry_out(approval.to_run, made.decided.ids, watched.send)

        assert (keys, []) == (keys, [*watched.taken, *on_third_names(world)])
        assert {"applied"} >= set(ran.statuses.values())
        moved = {f"user/{key}" for key, login in logins(world).items() if before.get(key) != login}
        assert moved <= set(keys)
        if name != "chain":
            assert moved in (set(), {change.key for change in made.plan.changes}), keys


def test_what_is_not_taken_says_whose_freeing_nobody_approved() -> None:
    """Other attributes of the same user run; a create does not run without its name."""
    world = CHAIN.settled()
    approval = approve(CHAIN, world, only(CHAIN.plan(world).plan, ["user/ana", "user/dee", "user/bo"]))

    assert ["user/ana title"] == [f"{one.key} {one.attributes[0].path}" for one in approval.to_run]
    details = {one.change.key: one.detail for one in approval.not_run}
    assert "no approved plan shows that user/cy gives up the login that this takes" in details["user/bo"]
    assert "no approved plan shows that user/bo gives up the login that this takes" in details["user/ana"]
    assert "no approved plan shows that user/ana gives up the login that this takes" in details["user/dee"]
    assert {"refused"} == {one.status for one in approval.not_run}


def test_a_login_runs_whole() -> None:
    """A userName without its primary e-mail would drag another person along."""
    told = story({"ana": "a"}, {"ana": "b"})
    world = told.settled()
    for path in ("userName", "emails"):
        approval = approve(told, world, without(told.plan(world).plan, path))

        assert () == approval.to_run
        assert any("with its primary e-mail as they are now" in one.detail for one in approval.not_run)


@pytest.mark.parametrize("requests", [1, 2])
def test_an_approved_exchange_that_was_killed_goes_on_from_the_third_name(requests: int) -> None:
    """The third name follows from the approval; it is neither drift nor another change."""
    told = rotate(2)
    world = told.settled()
    made = told.plan(world)
    [first] = [change for change in made.plan.changes if change.over]
    body = {"userName": first.over, "emails": _emails(first.over)}
    world.simulator.answer("PATCH", f"/Users/{first.target_id}", body, NOON)
    if requests > 1:
        other = next(change for change in made.plan.changes if not change.over)
        body = {"userName": "name0@example.com", "emails": _emails("name0@example.com")}
        world.simulator.answer("PATCH", f"/Users/{other.target_id}", body, NOON)

    approval = approve(told, world, made.plan)
    ran = world.carry_out(approval.to_run, told.plan(world).decided.ids)

    assert {"applied"} == set(ran.statuses.values())
    assert [] == [one for one in approval.not_run if one.status != "already"]
    assert {"p0": "name1", "p1": "name0"} == logins(world)


def _emails(address: str) -> list[dict[str, object]]:
    return [{"value": address, "type": "work", "primary": True}]


def test_what_is_left_on_a_third_name_and_nobody_approved_is_refused_and_not_left_as_drift() -> None:
    """Git caused it."""
    told = rotate(2)
    world = told.settled()
    [first] = [change for change in told.plan(world).plan.changes if change.over]
    world.simulator.answer("PATCH", f"/Users/{first.target_id}", {"userName": first.over}, NOON)

    approval = approve(Story(told.after, told.after), world, only(told.plan(world).plan, []))

    assert ("refused", first.key) in [(one.status, one.change.key) for one in approval.not_run]
