"""The approved plan against the plan of now: what runs, what is dropped, what nobody approved."""

from __future__ import annotations

import pytest

from reconciler.apply.approval import Approval, hold_against
from reconciler.core.plan import Change, Plan
from reconciler.errors import Refused
from tests.apply.world import World, git_says, groups, make, people

BEFORE = git_says(people("ann", "bob") + groups(staff="ann"))
AFTER = git_says(people("ann title=Chief", "bob title=Clerk", "cid") + groups(staff="ann bob"))


@pytest.fixture
def world() -> World:
    world = make()
    world.settle(BEFORE)
    return world


def plan(world: World) -> Plan:
    return world.plan(AFTER).plan


def named(changes: tuple[Change, ...]) -> list[str]:
    return [f"{change.key} {change.action}" for change in changes]


ALL = [
    "user/cid create_user",
    "user/ann update_user",
    "user/bob update_user",
    "group/staff add_members",
]


def test_without_an_approved_plan_everything_runs(world: World) -> None:
    """Whoever applies has been asked, or said --yes."""
    assert Approval(plan(world).changes) == hold_against(plan(world), None)


def test_an_equal_plan_runs_as_it_is(world: World) -> None:
    """Nothing is dropped, nothing refused."""
    approval = hold_against(plan(world), plan(world))

    assert (ALL, (), ()) == (named(approval.to_run), approval.dropped, approval.refused)


def test_an_equal_plan_that_was_saved_and_read_runs_as_it_is(world: World) -> None:
    """Approval is by id, and the file carries ids."""
    approved = Plan.model_validate_json(plan(world).model_dump_json())

    assert ALL == named(hold_against(plan(world), approved).to_run)


def test_what_git_says_about_it_does_not_matter(world: World) -> None:
    """Approval is of effects: another commit, line or reason is the same change."""
    approved = plan(world)
    moved = approved.model_copy(
        update={
            "commit": "f" * 40,
            "as_of": "2026-01-01",
            "changes": tuple(
                change.model_copy(update={"reason": "another", "source": None, "cause": "drift"})
                for change in approved.changes
            ),
        }
    )

    assert ALL == named(hold_against(plan(world), moved).to_run)


def test_what_is_true_already_is_dropped_and_told(world: World) -> None:
    """Somebody did it by hand since: there is nothing to do, and the outcome says so."""
    approved = plan(world)
    [ann] = [live_id for live_id, one in world.twin.users.items() if one["externalId"] == "ann"]
    world.twin.users[ann]["title"] = "Chief"

    approval = hold_against(plan(world), approved)

    assert [name for name in ALL if "ann" not in name] == named(approval.to_run)
    [dropped] = approval.dropped
    assert ("user/ann", "unchanged", "true already") == (dropped.change.key, dropped.status, dropped.detail)
    assert () == approval.refused


def test_what_moved_is_refused_and_what_was_approved_of_it_is_stale(world: World) -> None:
    """Somebody changed the title to something else: from there to ours is not what was approved."""
    approved = plan(world)
    [ann] = [live_id for live_id, one in world.twin.users.items() if one["externalId"] == "ann"]
    world.twin.users[ann]["title"] = "Queen"

    approval = hold_against(plan(world), approved)

    assert [name for name in ALL if "ann" not in name] == named(approval.to_run)
    assert ["user/ann update_user"] == named(approval.refused)
    [dropped] = approval.dropped
    assert ("user/ann", "stale") == (dropped.change.key, dropped.status)
    differing = [(one.status, one.change.attributes[0].before) for one in approval.not_run]
    assert [("stale", None), ("refused", "Queen")] == differing


def test_what_nobody_approved_is_refused_on_its_own(world: World) -> None:
    """The approved rest runs."""
    now = plan(world)
    approved = Plan.model_validate(
        {
            **now.model_dump(),
            "digest": "",
            "changes": tuple(change for change in now.changes if "bob" not in change.key),
        }
    )

    approval = hold_against(now, approved)

    assert ["user/bob update_user"] == named(approval.refused)
    assert [name for name in ALL if "bob" not in name] == named(approval.to_run)
    assert () == approval.dropped


def test_another_target_is_another_change(world: World) -> None:
    """The same words about another account's user were not approved here."""
    approved = plan(world)
    moved = {live_id: f"x{live_id}" for live_id in world.twin.users}
    users = [{**user, "id": moved[live_id]} for live_id, user in world.twin.users.items()]
    world.twin.users.clear()
    world.twin.groups.clear()
    world.twin.adopt("Users", users)

    approval = hold_against(plan(world), approved)

    assert ["user/cid create_user"] == named(approval.to_run)
    assert {"stale", "unchanged"} >= {one.status for one in approval.dropped}


def test_one_more_member_was_not_approved(world: World) -> None:
    """A change is approved as a whole."""
    approved = plan(world)
    now = world.plan(git_says(people("ann title=Chief", "bob title=Clerk", "cid") + groups(staff="ann bob cid"))).plan

    approval = hold_against(now, approved)

    assert ["group/staff add_members"] == named(approval.refused)


@pytest.mark.parametrize("other", [{"tenant": "production"}, {"url": "https://api.xurrent.com/scim/v2"}])
def test_a_plan_for_another_account_is_refused(world: World, other: dict[str, str]) -> None:
    """The tenant's name and its address must both be the same."""
    approved = plan(world).model_copy(update=other)

    with pytest.raises(Refused, match="the approved plan is for"):
        hold_against(plan(world), approved)


def test_a_plan_that_could_not_be_applied_approves_nothing(world: World) -> None:
    """A guardrail refused it, or its read was not complete: that it was merged does not change that."""
    approved = plan(world).model_copy(update={"applyable": False})

    with pytest.raises(Refused, match="not applyable"):
        hold_against(plan(world), approved)


def test_an_empty_approved_plan_approves_nothing(world: World) -> None:
    """Everything is refused; nothing runs."""
    now = plan(world)
    approved = Plan.model_validate({**now.model_dump(), "digest": "", "changes": ()})

    approval = hold_against(now, approved)

    assert ((), ALL) == (approval.to_run, named(approval.refused))
