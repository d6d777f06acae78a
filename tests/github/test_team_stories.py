"""Short stories of the team, judged by the oracle of the machine: each fails if its guard is taken away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.github.test_team_machine import Merges

README = [("readme", "", "")]
CHIEF = [("title", "bob", "Chief")]


@pytest.fixture
def team() -> Iterator[Merges]:
    machine = Merges()
    Merges.begin(machine)
    yield machine
    machine.teardown()


def test_drift_that_no_plan_shows_is_left(team: Merges) -> None:
    """Somebody edits a title by hand after the plan, and its merge leaves it."""
    team.propose(CHIEF, "whole")
    team.edit_by_hand("ann", "title", "Emperor")
    team.merge(0, "squash", "now")
    assert ("Emperor", "Chief") == (team.account()["ann", "title"], team.account()["bob", "title"])


def test_a_push_without_a_plan_is_refused_and_stops_no_merge(team: Merges) -> None:
    team.propose(CHIEF, "whole")
    team.push([("title", "cid", "Queen")], 0)
    team.merge(0, "merge", "now")
    team.propose(README, "never")
    team.merge(0, "merge", "now")
    assert ("Clerk", "Chief") == (team.account()["cid", "title"], team.account()["bob", "title"])


def test_an_approval_runs_once(team: Merges) -> None:
    """The value of before comes back by hand; neither the run of the merge again nor a later merge repeats it."""
    team.propose_and_merge(CHIEF, "rebase", "now")
    team.edit_by_hand("bob", "title", "Clerk")
    team.apply_one(0, "whole", 0)
    team.propose(README, "never")
    team.merge(0, "squash", "now")
    assert "Clerk" == team.account()["bob", "title"]


def test_what_an_apply_did_not_do_runs_with_the_next(team: Merges) -> None:
    """4me refuses every request of the first apply."""
    team.propose_and_merge(CHIEF, "squash", "late")
    team.apply_one(0, "refused", 0)
    team.propose_and_merge(README, "squash", "now")
    assert "Chief" == team.account()["bob", "title"]


def test_the_plan_of_an_earlier_head_is_marked(team: Merges) -> None:
    """The run of the new head is valid, and shows nothing."""
    team.propose(CHIEF, "whole")
    team.push_again(0, [("title", "bob", "Queen")], "unshown")
    team.no_comment_stands_that_is_not_true()
    [comment] = team.team.comments(7)
    assert "**Plan for `qa`" not in comment


def test_the_role_of_a_leaver_stays_until_the_user_comes_back(team: Merges) -> None:
    team.propose_and_merge([("there", "bob", False)], "squash", "now")
    assert (False, True) == (team.account()["bob", "active"], team.account()["bob", "role"])
    team.propose_and_merge([("there", "bob", True)], "squash", "now")
    assert (True, False) == (team.account()["bob", "active"], team.account()["bob", "role"])


def test_a_refused_revocation_is_shown_again(team: Merges) -> None:
    """A push takes the role, no plan shows it, and an apply refuses it; the next plan shows it."""
    team.propose(CHIEF, "whole")
    team.push([("role", "bob", False)], 0)
    team.merge(0, "merge", "now")
    assert team.account()["bob", "role"]
    team.propose_and_merge(README, "squash", "now")
    assert not team.account()["bob", "role"]


def test_a_revocation_that_failed_runs_with_the_next_apply(team: Merges) -> None:
    """4me refuses the request of the first apply; its approval is still open."""
    team.propose_and_merge([("role", "bob", False)], "squash", "late")
    team.apply_one(0, "refused", 0)
    assert team.account()["bob", "role"]
    team.propose_and_merge(README, "squash", "now")
    assert not team.account()["bob", "role"]
