"""Plans of several pull requests held against a fresh plan: one outcome for each effect, and what was taken back."""

from __future__ import annotations

from typing import cast

import pytest

from reconciler.core.approval.atoms import Atom
from reconciler.core.approval.carried import open_after
from reconciler.core.approval.coverage import Approval, approve_all, compare_with_approved
from reconciler.core.approval.reasons import CHANGED, DRIFTED_OR_ENDED
from reconciler.core.approval.sources import InForce
from reconciler.core.approval.unplanned import STAYS, TAKEN_BACK, AccountNow, is_asked_at
from reconciler.core.changes.outcome import Run
from reconciler.core.changes.plan import Plan
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.model.states import DesiredState
from tests.apply.world import TODAY, World, git_says, groups, make, people

BEFORE = git_says(people("ann", "bob") + groups(staff="ann"))


@pytest.fixture
def world() -> World:
    world = make()
    world.settle(BEFORE)
    return world


def plan(world: World, state: DesiredState) -> Plan:
    return world.plan(state, BEFORE).plan


def hold(world: World, head: DesiredState, *approved: Plan, merged: DesiredState | None = None) -> Approval:
    """Compares; each plan was merged at the same state."""
    made = world.plan(head, BEFORE)
    account = AccountNow(made.plan, head, world.read(), made.decided)

    def asked(_plan: Plan, atom: Atom) -> bool:
        return merged is not None and is_asked_at(atom, merged, account)

    return compare_with_approved(made.plan, approved, InForce(TODAY, earlier=Earlier(base=BEFORE)), account, asked)


def statuses(approval: Approval) -> list[str]:
    return [f"{one.status} {one.change.key} {one.change.action}" for one in approval.not_run]


def is_whole(approval: Approval) -> bool:
    return Run(tenant="", commit=None, digest="", outcomes=approval.not_run, requests=0).whole


@pytest.mark.parametrize(
    "first",
    [
        people("ann title=Chief", "bob") + groups(staff="ann"),
        people("ann", "bob", "cid") + groups(staff="ann"),
        people("ann active=false", "bob") + groups(staff="ann"),
        people("ann", "bob") + groups(staff="ann bob"),
        people("ann", "bob") + groups(staff=""),
    ],
)
def test_what_a_later_commit_took_back_leaves_nothing_to_do(world: World, first: str) -> None:
    """Whether it grows or shrinks; unless its own merge did not ask for it either."""
    merged = git_says(first)
    approved = plan(world, merged)

    back, never = (hold(world, BEFORE, approved, merged=state) for state in (merged, BEFORE))

    assert back.to_run == never.to_run == ()
    assert {"withdrawn"} == {one.status for one in (*back.not_run, *never.not_run)}
    assert {TAKEN_BACK} == {one.detail for one in back.not_run}
    assert (True, False) == (is_whole(back), is_whole(never))
    assert () == back.pending


def test_an_effect_of_two_plans_has_one_outcome(world: World) -> None:
    """The second plan shows the effect of the first with one of its own; neither is needed any more."""
    one = plan(world, git_says(people("ann title=Chief", "bob") + groups(staff="ann")))
    both = plan(world, git_says(people("ann title=Chief site=Rome", "bob") + groups(staff="ann")))

    found = hold(world, BEFORE, one, both)

    paths = [attribute.path for outcome in found.not_run for attribute in outcome.change.attributes]
    assert 2 == len(paths) == len(set(paths))
    assert {"withdrawn"} == {outcome.status for outcome in found.not_run}


def test_what_no_plan_shows_of_a_creation_is_noted(world: World) -> None:
    """The creation is refused whole, and its title alone was not seen."""
    approved = plan(world, git_says(people("ann", "bob", "cid") + groups(staff="ann")))
    head = git_says(people("ann", "bob", "cid title=Clerk") + groups(staff="ann"))

    found = hold(world, head, approved)

    assert ["refused user/cid create_user"] == statuses(found)
    [parts] = found.unseen.values()
    assert [("update_user", ["title"])] == [(one.action, [path.path for path in one.attributes]) for one in parts]


def test_of_what_was_seen_and_is_refused_nothing_is_unseen(world: World) -> None:
    """Drift that is left is not noted either."""
    [ann] = [one for one in world.simulator.users.values() if one["externalId"] == "ann"]
    ann["displayName"] = "by hand"
    head = git_says(people("ann title=Chief", "bob") + groups(staff="ann"))

    found = hold(world, head)

    assert ["left user/ann update_user", "refused user/ann update_user"] == sorted(statuses(found))
    [parts] = found.unseen.values()
    assert [["title"]] == [[path.path for path in one.attributes] for one in parts]


def test_what_git_took_back_and_the_account_has_stays_with_that_reason(world: World) -> None:
    """An apply that was killed wrote it, and git declares no value any more."""
    merged = git_says(people("ann title=Chief", "bob") + groups(staff="ann"))
    approved = plan(world, merged)
    [ann] = [one for one in world.simulator.users.values() if one["externalId"] == "ann"]
    ann["title"] = "Chief"

    found = hold(world, BEFORE, approved, merged=merged)

    assert [("withdrawn", STAYS, True)] == [(one.status, one.detail, one.taken_back) for one in found.not_run]
    assert is_whole(found)


def test_what_an_apply_left_open_and_the_account_changed_since_is_refused_as_that(world: World) -> None:
    """Of the open effect, hashes are known; another effect of the user was never seen."""
    head = git_says(people("ann title=Chief site=Rome", "bob") + groups(staff="ann"))
    shown = plan(world, git_says(people("ann title=Chief", "bob") + groups(staff="ann")))
    left = open_after(approve_all(shown), (), "salt", 1)
    assert left != "all"
    [ann] = [one for one in world.simulator.users.values() if one["externalId"] == "ann"]
    ann["title"] = "by hand"
    made = world.plan(head, BEFORE)
    force = InForce(TODAY, open=[("salt", one) for one in left], earlier=Earlier(base=BEFORE))

    found = compare_with_approved(made.plan, (), force, AccountNow(made.plan, head, world.read(), made.decided))

    reasons = {outcome.change.attributes[0].path: outcome.detail for outcome in found.not_run}
    assert CHANGED == reasons["title"]
    assert 2 == len(reasons)
    assert len(set(reasons.values())) == 2


@pytest.mark.parametrize(("base", "status"), [("cid", "refused"), ("cid title=Clerk", "left")])
def test_a_creation_that_is_drift_is_refused_if_git_gave_it_a_value_since(world: World, base: str, status: str) -> None:
    """cid was deleted in the account. The approved plan shows the creation without the title."""
    before = git_says(people("ann", "bob", base) + groups(staff="ann"))
    head = git_says(people("ann", "bob", "cid title=Clerk") + groups(staff="ann"))
    approved = world.plan(git_says(people("ann", "bob", "cid") + groups(staff="ann")), before).plan
    made = world.plan(head, before)
    force = InForce(TODAY, earlier=Earlier(base=before))

    found = compare_with_approved(
        made.plan, (approved,), force, AccountNow(made.plan, head, world.read(), made.decided)
    )

    assert [f"{status} user/cid create_user"] == statuses(found)
    assert () == found.to_run


def test_roles_and_members_that_were_given_in_the_account_are_left_with_a_reason_of_their_own(world: World) -> None:
    """A date in git may have ended them, and then nobody changed the account."""
    [staff] = world.simulator.groups.values()
    [bob] = [one for one in world.simulator.users.values() if one["externalId"] == "bob"]
    staff["members"] = [*cast("list[object]", staff["members"]), {"value": bob["id"]}]

    found = hold(world, BEFORE)

    assert [("left", DRIFTED_OR_ENDED)] == [(one.status, one.detail) for one in found.not_run]
