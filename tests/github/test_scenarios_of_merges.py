"""Played whole: pull requests side by side, a queue of three, a fork, Dependabot, a plan job that is killed.

After each: the account, the comments, the checks and the exit codes; and nothing ran that no reviewer saw.
"""

from __future__ import annotations

import pytest

from tests.github.test_scenarios import APPLY_STEPS, EVE, EVE_CAME, GREEN_APPLY, QUEEN, RED_APPLY, assert_green, title
from tests.github.witness import Witness, codes, outcomes, plans, results
from tests.github.world import DEPENDABOT, TEAM, Company

KIM = "users:\n  kim: {userName: kim@example.com, displayName: Kim, title: Guest}\n"
HEAD_CLERK = TEAM.replace("Clerk", "Head Clerk")
CHECKED = {"validate": "success", "plan qa": "success", "group qa": "success", "reconciler": "success"}
KIM_CAME = {("kim", "active", None, True), ("kim", "title", None, "Guest")}
ANN_ROSE = {("ann", "title", "Chief", "Queen")}


def test_two_side_by_side_each_run_what_its_comment_shows(acme: Company) -> None:
    """The later merge was planned before the earlier one; each apply does its own, and comments on its own."""
    witness = Witness(acme)
    first, second = acme.open_pull(QUEEN), acme.open_pull(EVE, "desired-state/eve.yaml")
    for number in (first, second):
        assert_green(acme.plan(number))

    for number, effects in ((second, EVE_CAME), (first, ANN_ROSE)):
        witness.read(number)
        applied = acme.apply(acme.squash(number))
        assert (GREEN_APPLY, [0, 0, 0, 0]) == (results(applied), codes(applied, *APPLY_STEPS))
        assert effects == witness.judge()
        assert (1, ["### Applied to `qa`: 1 applied"]) == (len(plans(acme, number)), outcomes(acme, number))
    assert acme.applies()[-1]["whole"] is True


def test_a_queue_of_three_of_which_one_was_never_shown(acme: Company) -> None:
    """Its group is red and names it; without it the queue is green, and one push applies the two that were shown."""
    witness = Witness(acme)
    first, second = acme.open_pull(QUEEN), acme.open_pull(EVE, "desired-state/eve.yaml")
    killed = acme.open_pull(KIM, "desired-state/kim.yaml")
    for number in (first, second):
        assert_green(acme.plan(number))
    acme.player.killed = {"plan qa": "cancelled"}
    assert "failure" == acme.plan(killed)["reconciler"].result
    acme.player.killed = {}

    _head, red = acme.queue(first, second, killed)
    assert CHECKED | {"group qa": "failure", "reconciler": "failure"} == results(red)
    assert [0, 4, 1] == codes(red, "Plan", "Check the group", "Judge the run")
    assert ("user/kim" in red["group qa"].printed, f"#{killed}" in red["group qa"].printed) == (True, True)
    assert set() == witness.judge()

    head, green = acme.queue(first, second)
    assert (CHECKED, [0, 0, 0]) == (results(green), codes(green, "Plan", "Check the group", "Judge the run"))
    witness.read(first, second)
    acme.land_group(head, first, second)
    applied = acme.apply(head)

    assert (GREEN_APPLY, [0, 0, 0, 0]) == (results(applied), codes(applied, *APPLY_STEPS))
    assert ANN_ROSE | EVE_CAME == witness.judge()
    assert [["### Applied to `qa`: 2 applied"]] * 2 == [outcomes(acme, number) for number in (first, second)]
    assert [] == outcomes(acme, killed)


@pytest.mark.parametrize("who", ["a fork", "Dependabot"])
def test_a_merge_without_a_plan_runs_nothing_of_its_own_and_stops_no_other(who: str, acme: Company) -> None:
    """Its check passes, its effect is refused with exit 4 and a comment; what another merge shows runs beside it."""
    witness = Witness(acme)
    shown = acme.open_pull(QUEEN)
    assert_green(acme.plan(shown))
    author = DEPENDABOT if who == "Dependabot" else "mallory"
    unseen = acme.open_pull(EVE, "desired-state/eve.yaml", fork=who == "a fork", author=author)
    passed = acme.plan(unseen)
    assert {"validate": "success", "reconciler": "success"} == results(passed)
    assert [0, None] == codes(passed, "Judge the run", "Mark outdated comments")
    assert [] == acme.comments(unseen)

    witness.read(shown, unseen)
    acme.squash(shown)
    applied = acme.apply(acme.squash(unseen))

    assert (RED_APPLY, [0, 0, 4, 0]) == (results(applied), codes(applied, *APPLY_STEPS))
    assert ANN_ROSE == witness.judge()
    assert "eve" not in acme.users()
    for number in (shown, unseen):
        assert ["### Applied to `qa`: 1 applied, 1 refused"] == outcomes(acme, number)
        assert f"#{unseen}" in acme.standin.shown(number)[-1]
    assert acme.applies()[-1]["whole"] is False


def test_what_a_killed_plan_job_did_not_show_waits_for_the_next_comment(acme: Company) -> None:
    """The merge of it is refused; the comment of the next pull request shows both effects, and its merge runs them."""
    witness = Witness(acme)
    number = acme.open_pull(QUEEN)
    assert_green(acme.plan(number))
    acme.push_again(number, QUEEN.replace("Queen", "King"))
    acme.player.killed = {"plan qa": "failure"}
    dead = acme.plan(number)
    acme.player.killed = {}
    assert {"plan qa": "failure", "comment qa": "success", "reconciler": "failure"}.items() <= results(dead).items()
    assert [0, 1, 0] == codes(dead, "Comment", "Judge the run", "Mark outdated comments")
    [plan] = plans(acme, number)
    assert (plan.startswith("### There is no plan for `qa`"), "Queen" in plan) == (True, False)

    witness.read(number)
    refused = acme.apply(acme.squash(number))
    assert (RED_APPLY, [0, 0, 4, 0]) == (results(refused), codes(refused, *APPLY_STEPS))
    assert (set(), "Chief") == (witness.judge(), title(acme))
    assert ["### Applied to `qa`: 1 refused"] == outcomes(acme, number)

    other = acme.open_pull(EVE, "desired-state/eve.yaml")
    assert_green(acme.plan(other))
    witness.read(other)
    applied = acme.apply(acme.squash(other))
    assert (GREEN_APPLY, [0, 0, 0, 0]) == (results(applied), codes(applied, *APPLY_STEPS))
    assert EVE_CAME | {("ann", "title", "Chief", "King")} == witness.judge()


def test_an_apply_that_dies_is_taken_up_by_the_same_run(acme: Company) -> None:
    """Killed before it sent anything: its approvals are in force still, for another attempt of its job."""
    witness = Witness(acme)
    number = acme.open_pull(QUEEN)
    assert_green(acme.plan(number))
    witness.read(number)
    commit = acme.squash(number)
    acme.player.killed = {"apply qa": "cancelled"}
    assert "cancelled" == acme.apply(commit)["apply qa"].result
    acme.player.killed = {}
    assert set() == witness.judge()

    again = acme.apply_again(commit, acme.player.last_run["id"])

    assert (GREEN_APPLY, [0, 0, 0, 0]) == (results(again), codes(again, *APPLY_STEPS))
    assert ANN_ROSE == witness.judge()
    assert ["### Applied to `qa`: 1 applied"] == outcomes(acme, number)
