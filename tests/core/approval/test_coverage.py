"""A fresh plan held against approved plans: what runs, what is refused or left, what becomes of the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from reconciler.core.approval.coverage import Approval, approve_all, compare_with_approved
from reconciler.core.approval.reasons import CHANGED
from reconciler.core.approval.sources import InForce
from reconciler.core.approval.unplanned import AccountNow
from reconciler.core.changes.plan import Change, Plan
from reconciler.core.changes.plan_notes import RecordNote
from reconciler.core.changes.redact import readable_plan, redact_plan
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.redaction import Redaction
from reconciler.core.model.states import DesiredState
from reconciler.core.safety.make_plan import MadePlan
from reconciler.errors import Refused
from tests.apply.world import TODAY, World, git_says, groups, make, people, roles

BEFORE = git_says(people("ann", "bob") + groups(staff="ann"))
AFTER = git_says(people("ann title=Chief", "bob title=Clerk", "cid") + groups(staff="ann bob"))
ALL = ["user/cid create_user", "user/ann update_user", "user/bob update_user", "group/staff add_members"]


@pytest.fixture
def world() -> World:
    world = make()
    world.settle(BEFORE)
    return world


def plan(world: World, state: DesiredState = AFTER, **fields: object) -> Plan:
    """What reviewers saw."""
    return world.plan(state, BEFORE).plan.model_copy(update=fields)


def hold(world: World, *approved: Plan, state: DesiredState = AFTER, **fields: object) -> Approval:
    made = world.plan(state, BEFORE)
    force = replace(InForce(TODAY, earlier=Earlier(base=BEFORE)), **fields)  # type: ignore[arg-type]
    return compare_with_approved(made.plan, approved, force, now(world, made, state))


def now(world: World, made: MadePlan, state: DesiredState) -> AccountNow:
    return AccountNow(made.plan, state, world.read(), made.decided)


def named(changes: tuple[Change, ...]) -> list[str]:
    return [f"{change.key} {change.action}" for change in changes]


def statuses(approval: Approval) -> list[str]:
    return [f"{one.status} {one.change.key} {one.change.action}" for one in approval.not_run]


def set_title(world: World, key: str, title: str) -> None:
    [live_id] = [live_id for live_id, one in world.simulator.users.items() if one["externalId"] == key]
    world.simulator.users[live_id]["title"] = title


def note(day: date = TODAY, serial: int | None = 1) -> RecordNote:
    return RecordNote(serial=serial, made_on=day.isoformat())


def without(approved: Plan, key: str) -> Plan:
    changes = tuple(change for change in approved.changes if change.key != key)
    return Plan.model_validate({**approved.model_dump(), "digest": "", "changes": changes})


def test_without_an_approved_plan_everything_runs(world: World) -> None:
    """The person who applies has been asked, or said --yes."""
    approval = approve_all(plan(world))

    assert (plan(world).changes, ()) == (approval.to_run, approval.not_run)
    assert {one.id for one in approval.to_run} == {one.change for one in approval.pending}


def test_an_equal_plan_runs_as_it_is(world: World) -> None:
    """Nothing is dropped, nothing refused; ids are those of the plan."""
    approval = hold(world, plan(world))

    assert (plan(world).changes, (), ()) == (approval.to_run, approval.not_run, approval.refused)


def test_an_equal_plan_that_was_saved_and_read_runs_as_it_is(world: World) -> None:
    """A plan file is enough."""
    assert ALL == named(hold(world, Plan.model_validate_json(plan(world).model_dump_json())).to_run)


def test_what_git_says_about_it_does_not_matter(world: World) -> None:
    """Approval is of effects: another commit, line or reason is the same effect."""
    changes = tuple(one.model_copy(update={"reason": "another", "cause": "drift"}) for one in plan(world).changes)

    assert ALL == named(hold(world, plan(world, commit="f" * 40, as_of="2026-01-01", changes=changes)).to_run)


def test_what_is_seen_to_be_so_is_already(world: World) -> None:
    """A hand did it since: the live value was compared, and there is nothing to do."""
    approved = plan(world)
    set_title(world, "ann", "Chief")

    approval = hold(world, approved)

    assert [name for name in ALL if "ann" not in name] == named(approval.to_run)
    assert ["already user/ann update_user"] == statuses(approval)
    assert approval.dropped == approval.not_run


def test_what_moved_is_refused_with_that_reason(world: World) -> None:
    """A hand changed the title to something else: from there to ours is not what was approved. It has one outcome."""
    approved = plan(world)
    set_title(world, "ann", "Queen")

    approval = hold(world, approved)

    assert [name for name in ALL if "ann" not in name] == named(approval.to_run)
    assert ["user/ann update_user"] == named(approval.refused)
    assert [("refused", "Queen", CHANGED)] == [
        (one.status, one.change.attributes[0].before, one.detail) for one in approval.not_run
    ]


def test_what_nobody_approved_is_refused_on_its_own(world: World) -> None:
    """The approved rest runs."""
    approval = hold(world, without(plan(world), "user/bob"))

    assert ["refused user/bob update_user"] == statuses(approval)
    assert [name for name in ALL if "bob" not in name] == named(approval.to_run)


def test_a_change_is_split_into_what_was_seen_and_what_was_not(world: World) -> None:
    """Each part is a valid change with an id and an outcome of its own."""
    state = git_says(people("ann title=Chief nickName=Annie", "bob title=Clerk", "cid") + groups(staff="ann bob cid"))

    approval = hold(world, plan(world), state=state)

    assert ALL == named(approval.to_run)
    assert ["refused user/ann update_user", "refused group/staff add_members"] == statuses(approval)
    ids = [change.id for change in (*approval.to_run, *approval.refused)]
    assert len(set(ids)) == len(ids)
    assert {one.id for one in plan(world).changes} == {one.id for one in approval.to_run}


def test_several_plans_approve_together(world: World) -> None:
    """Each showed half."""
    halves = [without(plan(world), "user/ann"), without(plan(world), "user/bob")]

    assert (ALL, ()) == (named((approval := hold(world, *halves)).to_run), approval.not_run)


def test_drift_that_no_plan_shows_is_left(world: World) -> None:
    """Beside what this window's commits cause in the same user."""
    state = git_says(people("ann title=Chief", "bob", "cid nickName=C") + groups(staff="ann"))
    world.settle(state)
    next_state = git_says(people("ann title=Queen", "bob", "cid nickName=C") + groups(staff="ann"))
    approved = world.plan(next_state, state).plan
    [ann] = [live_id for live_id, one in world.simulator.users.items() if one["externalId"] == "ann"]
    world.simulator.users[ann]["displayName"] = "Somebody"

    made = world.plan(next_state, state)
    force = InForce(TODAY, earlier=Earlier(base=state))
    approval = compare_with_approved(made.plan, [approved], force, now(world, made, next_state))

    assert ["title"] == [one.path for one in approval.to_run[0].attributes]
    assert ["left user/ann update_user"] == statuses(approval)
    assert () == approval.refused


def test_a_creation_runs_whole_or_not_at_all(world: World) -> None:
    """A mapping changed what the create writes; what was seen of it stays open."""
    state = git_says(people("ann title=Chief", "bob title=Clerk", "cid title=New") + groups(staff="ann bob"))

    approval = hold(world, plan(world), state=state)

    assert "user/cid create_user" not in named(approval.to_run)
    assert ["refused user/cid create_user"] == statuses(approval)
    assert {"user/cid"} == {one.atom.key for one in approval.pending if one.change is None}


def test_a_creation_runs_without_the_role_that_nobody_saw(world: World) -> None:
    """Roles and members are effects of their own."""
    state = git_says(people("ann", "bob", "cid") + groups(staff="ann") + roles(auditor="cid"))
    seen = git_says(people("ann", "bob", "cid") + groups(staff="ann") + roles(auditor="ann"))

    approval = hold(world, plan(world, seen), state=state)

    assert [("user/cid", ())] == [(one.key, one.roles) for one in approval.to_run]
    assert ["refused user/cid grant_roles", "withdrawn user/ann grant_roles"] == statuses(approval)


def test_another_target_is_another_change(world: World) -> None:
    """The same words about another record were not approved."""
    approved = plan(world)
    users = [{**user, "id": f"x{live_id}"} for live_id, user in world.simulator.users.items()]
    world.simulator.users.clear()
    world.simulator.groups.clear()
    world.simulator.adopt("Users", users)

    approval = hold(world, approved)

    assert ["user/cid create_user"] == named(approval.to_run)
    assert {"stale", "refused", "skipped", "left"} >= {one.status for one in approval.not_run}


def test_an_approved_create_takes_over_no_account(world: World) -> None:
    """A user of that name appeared: the adoption, and all that is about them, waits for a review."""
    state = git_says(people("ann", "bob", "cid", "dee manager=cid") + groups(staff="ann cid"))
    approved = plan(world, state)
    world.simulator.adopt("Users", [{"id": "other", "userName": "cid@example.com", "active": True}])

    approval = hold(world, approved, state=state)

    assert () == approval.to_run
    assert [
        "refused user/dee create_user",
        "refused user/cid update_user",
        "refused group/staff add_members",
        "stale user/cid create_user",
    ] == statuses(approval)


def test_what_is_about_a_key_in_doubt_is_unclear_and_stays_open(world: World) -> None:
    """Another record bears the user's externalId now: nothing is done until that is settled."""
    approved = plan(world)
    other = {"id": "other", "externalId": "ann", "userName": "other@example.com", "active": True}
    world.simulator.adopt("Users", [other])

    approval = hold(world, approved)

    assert [name for name in ALL if "ann" not in name] == named(approval.to_run)
    assert ["unclear user/ann update_user"] == statuses(approval)
    assert ["user/ann"] == [one.atom.key for one in approval.pending if one.change is None]


def test_an_adoption_that_reviewers_saw_runs(world: World) -> None:
    """Its plan names the record."""
    world.simulator.adopt("Users", [{"id": "other", "userName": "cid@example.com", "active": True}])
    approved = plan(world)

    assert ("userName", "other") == next((one.adopted, one.target_id) for one in approved.changes if "cid" in one.key)
    assert () == hold(world, approved).not_run


def test_what_a_deactivation_takes_along_follows_it(world: World) -> None:
    """A membership that came after the plan goes with the user whose deactivation was seen."""
    state = git_says(people("ann", "bob active=false") + groups(staff="ann"))
    approved = plan(world, state)
    [group] = world.simulator.groups.values()
    group["members"] = [{"value": live_id} for live_id in world.simulator.users]

    approval = hold(world, approved, state=state)

    assert ["group/staff remove_members", "user/bob deactivate_user"] == named(approval.to_run)
    assert () == approval.not_run
    unseen = hold(world, without(approved, "user/bob"), state=state)
    assert ["refused group/staff remove_members", "refused user/bob deactivate_user"] == statuses(unseen)
    both = plan(world, state)
    assert both.changes == hold(world, both, state=state).to_run
    still = hold(world, without(both, "user/bob"), state=state)
    assert ["group/staff remove_members"] == named(still.to_run)


def test_what_followed_and_is_so_is_already(world: World) -> None:
    """The deactivation alone is still to be done."""
    state = git_says(people("ann active=false", "bob") + groups(staff="bob"))
    approved = plan(world, state)
    [group] = world.simulator.groups.values()
    ann, bob = sorted(world.simulator.users, key=lambda live_id: str(world.simulator.users[live_id]["externalId"]))
    group["members"] = [{"value": bob}]

    approval = hold(world, approved, state=state)

    assert ["user/ann deactivate_user"] == named(approval.to_run)
    assert ["already group/staff add_members", "already group/staff remove_members"] == statuses(approval)
    assert ann != bob


def test_a_removal_that_git_no_longer_asks_for_is_withdrawn(world: World) -> None:
    """Even though nothing is to be done: an approved removal that did not happen is no success."""
    approved = plan(world, git_says(people("ann active=false", "bob") + groups(staff="ann")))

    approval = hold(world, approved, state=BEFORE)

    assert ["withdrawn group/staff remove_members", "withdrawn user/ann deactivate_user"] == statuses(approval)


def test_an_older_approval_of_the_same_path_is_replaced(world: World) -> None:
    """Two pull requests set one title: the second is needed, or is so already."""
    first = plan(world, git_says(people("ann title=Clerk", "bob") + groups(staff="ann")))
    state = git_says(people("ann title=Chief", "bob") + groups(staff="ann"))
    second = plan(world, state)

    needed = hold(world, first, second, state=state)
    alone = hold(world, first, state=state)
    set_title(world, "ann", "Chief")
    done = hold(world, first, second, state=state)
    undone = hold(world, first, state=state)

    assert (["user/ann update_user"], []) == (named(needed.to_run), statuses(needed))
    assert ["refused user/ann update_user", "withdrawn user/ann update_user"] == statuses(alone)
    assert ["already user/ann update_user"] == statuses(done)
    assert ["withdrawn user/ann update_user"] == statuses(undone)


def test_an_opposite_that_git_asks_for_now_withdraws_a_removal(world: World) -> None:
    """Whatever else was approved."""
    world.settle(git_says(people("ann", "bob") + groups(staff="ann bob")))
    removal = plan(world, git_says(people("ann", "bob") + groups(staff="ann")))
    [group] = world.simulator.groups.values()
    group["members"] = []
    state = git_says(people("ann", "bob") + groups(staff="ann bob"))

    approval = hold(world, removal, plan(world, state), state=state)

    assert ["group/staff add_members"] == named(approval.to_run)
    assert ["withdrawn group/staff remove_members"] == statuses(approval)


def test_an_approval_lasts_14_days(world: World) -> None:
    """On the last day it still does; a plan without a note of the record has no age."""
    old = plan(world, record=note(TODAY - timedelta(15)))
    young = plan(world, record=note(TODAY - timedelta(14)))

    assert (0, 4) == (len(hold(world, old).to_run), len(hold(world, young).to_run))
    assert {"refused"} == {one.status for one in hold(world, old).not_run}


def test_fingerprints_that_differ_may_be_of_another_key(world: World) -> None:
    """The refusal says so."""
    made = world.plan(AFTER, BEFORE)
    one, other = (redact_plan(made.plan, Redaction(("title",), key), ()) for key in (b"one key", b"another key"))
    approved = Plan.model_validate_json(readable_plan(other).model_dump_json())
    force = InForce(TODAY, earlier=Earlier(base=BEFORE))

    approval = compare_with_approved(one, [approved], force, now(world, made, AFTER))

    assert ["refused", "refused"] == [one.status for one in approval.not_run if one.status != "stale"][:2]
    assert any("set the same RECONCILER_FINGERPRINT_KEY for both" in one.detail for one in approval.not_run)


@pytest.mark.parametrize("other", [{"tenant": "production"}, {"url": "https://api.xurrent.com/scim/v2"}])
def test_a_plan_for_another_account_is_refused(world: World, other: dict[str, str]) -> None:
    """The tenant's name and its address must both be the same."""
    with pytest.raises(Refused, match="the approved plan is for another account: it is for "):
        hold(world, plan(world).model_copy(update=other))


def test_a_plan_that_could_not_be_applied_approves_nothing(world: World) -> None:
    """A guardrail refused it, or its read was not complete: that it was merged does not change that."""
    with pytest.raises(Refused, match="not applyable"):
        hold(world, plan(world, applyable=False))


def test_an_empty_approved_plan_approves_nothing(world: World) -> None:
    """Everything is refused; nothing runs."""
    empty = Plan.model_validate({**plan(world).model_dump(), "digest": "", "changes": ()})

    approval = hold(world, empty)

    assert ((), ALL) == (approval.to_run, named(approval.refused))
