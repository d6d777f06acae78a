"""Only effects that reviewers saw run, and once, whatever is merged, changed by hand, or fails."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import permutations
from random import Random

import pytest

from reconciler.core.approval.carried import open_after
from reconciler.core.approval.sources import InForce
from reconciler.core.changes.plan import Plan
from reconciler.core.changes.plan_notes import RecordNote
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.record.record import OpenAtom
from tests.approval.company import START, Account, apply_plans, plan_of, state_of, wanted
from tests.approval.play import AGAIN, NEVER_SEEN, OVER_A_HAND, REFUSED_THOUGH_SEEN, STALE, play

DAY = date(2026, 1, 1)


def test_150_lines_of_60_steps_run_what_reviewers_saw() -> None:
    """No unseen effect runs, and none by an approval that is over; rare exceptions have their reason below."""
    counts = play(150)

    assert counts["applies"] > 2_000
    assert (0, 0) == (counts[NEVER_SEEN], counts[STALE])
    assert counts[AGAIN] <= 3, "only where a killed apply had run it, and a hand undid it before the next"
    assert counts[OVER_A_HAND] <= 3, "only where the hand had set what git declared"
    assert counts[REFUSED_THOUGH_SEEN] <= 3
    assert counts["ran as seen"] > 1_000


class Team:
    """A second oracle, which knows the account alone: pull requests that are disjoint."""

    def __init__(self, edits: dict[str, int]) -> None:
        self.git = dict(START)
        self.account = Account(wanted(START))
        self.applied = [(0, state_of(self.git))]
        self.base = dict(self.git)
        self.open: list[tuple[str, OpenAtom]] = []
        self.plans = {path: self.plan({**self.git, path: value}) for path, value in edits.items()}
        self.edits = edits
        self.merged: list[Plan] = []

    def plan(self, git: dict[str, int]) -> Plan:
        return plan_of(
            git, self.account, self.base, RecordNote(serial=len(self.applied) - 1, made_on="2026-01-01")
        ).plan

    def merge(self, path: str) -> None:
        self.git[path] = self.edits[path]
        self.merged.append(self.plans[path])

    def apply(self, random: Random | None = None) -> list[str]:
        """Returns the statuses other than applied and already."""
        earlier = Earlier(base=state_of(self.base))
        force = InForce(DAY, timedelta(14), open=self.open, applied=self.applied, earlier=earlier)
        planned = plan_of(self.git, self.account, self.base, None)
        fails = (lambda _change: random.random() < 0.3) if random else (lambda _change: False)
        ran = apply_plans(planned, self.merged, force, self.account, fails)
        salt = f"salt {len(self.applied)}"
        left = open_after(ran.approval, ran.outcomes, salt, len(self.applied))
        assert left != "all"
        self.open, self.merged = [(salt, one) for one in left], []
        self.applied.append((len(self.applied), state_of(self.git)))
        if not self.account.effects(self.git):
            self.base = dict(self.git)
        return [one.status for one in ran.outcomes if one.status not in {"applied", "already"}]


DISJOINT = {"title1": 2, "member1": 1, "exists2": 1}


@pytest.mark.parametrize("order", list(permutations(DISJOINT)))
@pytest.mark.parametrize("applied_after", range(8))
def test_no_pair_of_disjoint_pull_requests_is_refused(order: tuple[str, ...], applied_after: int) -> None:
    """Merged in any order, and applied after any of them, each does what its plan shows."""
    team = Team(DISJOINT)
    for number, path in enumerate(order):
        team.merge(path)
        if applied_after & 1 << number:
            assert [] == team.apply()
    assert [] == team.apply()
    assert wanted(team.git) == team.account.has


@pytest.mark.parametrize("seed", range(40))
def test_what_failed_is_carried_on_until_it_is_done(seed: int) -> None:
    """The record carries it; no plan is given a second time."""
    random = Random(seed)  # noqa: S311  # faults, no secrets
    team = Team(DISJOINT)
    for path in random.sample(sorted(DISJOINT), 3):
        team.merge(path)
    while "failed" in (statuses := team.apply(random)):
        assert {"failed"} == set(statuses)
    assert wanted(team.git) == team.account.has


@pytest.mark.parametrize("path", ["title1", "member1"])
def test_no_later_drift_brings_an_approval_back(path: str) -> None:
    """The effect ran, a change by hand undid it, and no reviewer saw that drift."""
    team = Team(DISJOINT)
    for one in DISJOINT:
        team.merge(one)
    team.apply()
    team.account.has[path] = START[path]

    assert ["left"] == team.apply()
    assert START[path] == team.account.has[path]


def test_a_hand_that_no_reviewer_saw_is_not_run_over() -> None:
    """The approved effect was of another value before, so the current one is refused."""
    team = Team({"title1": 2})
    team.merge("title1")
    team.account.has["title1"] = 3

    assert ["refused"] == team.apply()
    assert 3 == team.account.has["title1"]


def test_the_effect_of_two_pull_requests_together_is_refused() -> None:
    """One adds a user to the group, the other gives its members a role; no plan shows the combined effect."""
    team = Team({"member1": 1, "flag": 1})
    team.merge("member1")
    team.merge("flag")

    assert ["refused"] == team.apply()
    assert (1, 0) == (team.account.has["member1"], team.account.has["role1"])


def test_what_an_apply_since_the_plan_wrote_is_not_a_hand() -> None:
    """The second title was planned before the first one was applied."""
    team = Team({"title1": 2})
    third = team.plan({**team.git, "title1": 3})
    team.merge("title1")
    team.apply()
    team.git["title1"] = 3
    team.merged.append(third)

    assert [] == team.apply()
    assert 3 == team.account.has["title1"]
