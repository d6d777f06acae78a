"""A team merges, queues, kills, re-runs and edits by hand, in any order: only what reviewers saw runs, and once."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.github.seen import Approved, Effect, Memory, Needed, Values, between, leading, read_comment, wanted
from tests.github.team import Files, Team, Way, make_team
from tests.github.team_files import (
    START,
    Edits,
    edit_files,
    edits,
    hands,
    is_valid,
    read_account,
    somebody,
    ways,
)
from tests.github.team_jobs import Applied, PushRun, apply_merge, check_group, look_for_drift, plan_pull

PLAN = ("### Plan for `qa`", "**Plan for `qa`")
NO_PLAN = "### There is no plan for `qa`"


@dataclass
class Pull:
    """An open pull request: its edits, and what its comment showed for the present head."""

    number: int
    edits: Edits
    shown: set[Effect] | None = None
    planned: int = 0
    ran: bool = False


class Merges(RuleBasedStateMachine):
    """The team, and the oracle."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.memory = Memory()
        self.pulls: list[Pull] = []
        self.runs: list[PushRun] = []
        self.number = 6
        self.line: list[str] = []
        self.begun: list[tuple[int, bool]] = []  # of each apply, its place on the line, and whether it was complete
        self.since = -1  # the place of the last apply that ended

    @initialize()
    def begin(self) -> None:
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.team: Team = self.stack.enter_context(make_team(folder, START))
        self.memory.applied.append(self.wanted(self.team.main))

    def teardown(self) -> None:
        self.stack.close()

    # what is there

    def account(self) -> Values:
        return read_account(self.team)

    def wanted(self, commit: str) -> Values:
        return wanted(self.team.declared(commit), self.account())

    def is_valid(self, commit: str) -> bool:
        return is_valid(self.team.declared(commit))

    def files(self, edits: Edits) -> Files:
        """Returns the files of main with these edits."""
        readme = self.team.git("show", "origin/main:README.md")
        return edit_files(self.team.declared("origin/main"), edits, f"{readme}\n")

    def pick(self, which: int) -> Pull:
        return self.pulls[which % len(self.pulls)]

    # pull requests

    @rule(drawn=edits, way=ways, applied=st.sampled_from(["now", "late"]))
    def propose_and_merge(self, drawn: Edits, way: Way, applied: str) -> None:
        """Opens a pull request, plans it, and merges it at once."""
        self.propose(drawn, "whole")
        self.merge_pull(self.pulls[-1], way, applied)

    @rule(drawn=edits, planned=st.sampled_from(["whole"] * 4 + ["killed", "unshown", "never"]))
    def propose(self, drawn: Edits, planned: str) -> None:
        """Opens a pull request."""
        self.number += 1
        pull = Pull(self.number, drawn)
        self.team.open_pull(pull.number, self.files(drawn))
        self.pulls.append(pull)
        self.plan(pull, planned)

    @precondition(lambda self: self.pulls)
    @rule(
        which=st.integers(0, 9), drawn=edits, planned=st.sampled_from(["whole", "whole", "killed", "unshown", "never"])
    )
    def push_again(self, which: int, drawn: Edits, planned: str) -> None:
        """Pushes other edits."""
        pull = self.pick(which)
        pull.edits, pull.shown, pull.ran = drawn, None, False
        self.team.push_again(pull.number, self.files(drawn))
        self.plan(pull, planned)

    @precondition(lambda self: self.pulls)
    @rule(which=st.integers(0, 9), drawn=edits)
    def push_while_it_plans(self, which: int, drawn: Edits) -> None:
        """The run of the earlier head shows nothing any more."""
        pull = self.pick(which)
        before = self.team.comments(pull.number)

        def push() -> None:
            self.team.push_again(pull.number, self.files(drawn))

        ran = plan_pull(self.team, pull.number, "whole", during=push)
        pull.edits, pull.shown, pull.ran = drawn, None, False
        if ran is None:
            push()
        assert before == self.team.comments(pull.number)

    @precondition(lambda self: self.pulls)
    @rule(which=st.integers(0, 9), fate=st.sampled_from(["whole", "whole", "killed", "unshown"]))
    def plan_again(self, which: int, fate: str) -> None:
        """Plans the same head again, after an edit of the title."""
        self.plan(self.pick(which), fate)

    def plan(self, pull: Pull, fate: str) -> None:
        if fate == "never":
            return
        ran = plan_pull(self.team, pull.number, fate)
        if ran is None:  # GitHub starts no run for a pull request that conflicts
            return
        pull.shown, pull.planned, pull.ran = None, len(self.memory.applied), True
        comments = self.team.comments(pull.number)
        valid = self.is_valid(ran.commit)
        assert ran.code == (None if fate == "killed" or not valid else 0), ran
        assert ran.verdict == (0 if fate == "whole" and valid else 1), ran
        [comment] = comments or [""]
        if fate == "whole" and valid:
            assert comment.startswith(PLAN), comment
            pull.shown = read_comment(comment)
            needed = between(self.account(), self.wanted(ran.commit))
            missing = leading(needed) - pull.shown
            assert not missing, (missing, comment)
            assert pull.shown <= needed, (pull.shown, needed)
        elif fate == "killed" and valid:
            assert comment.startswith(NO_PLAN), comment
        else:
            assert not comment.startswith(PLAN) or read_head(comment) == self.team.heads[pull.number], comment

    # merges

    @precondition(lambda self: self.pulls)
    @rule(which=st.integers(0, 9), way=ways, applied=st.sampled_from(["now", "now", "late"]))
    def merge(self, which: int, way: Way, applied: str) -> None:
        """Merges one, and applies it, or lets its run wait."""
        self.merge_pull(self.pick(which), way, applied)

    def merge_pull(self, pull: Pull, way: Way, applied: str) -> None:
        commit = self.team.merge(pull.number, way)
        if commit is None:
            self.team.push_again(pull.number, self.files(pull.edits))
            pull.shown, pull.ran = None, False
            return
        self.land([(pull, commit)])
        if applied == "now":
            self.apply(self.runs[-1], "whole", 0)

    def land(self, merged: list[tuple[Pull, str]]) -> None:
        self.team.land(*((pull.number, commit) for pull, commit in merged))
        for pull, commit in merged:
            self.pulls.remove(pull)
            self.line.append(commit)
            new = (Approved(effect, pull.number, commit, pull.planned) for effect in pull.shown or ())
            self.memory.approved += new
        self.runs.append(PushRun(merged[-1][1], 5_000 + len(self.line)))

    @precondition(lambda self: len(self.pulls) > 1)
    @rule(count=st.integers(2, 3), way=ways, applied=st.sampled_from(["now", "late"]))
    def queue(self, count: int, way: Way, applied: str) -> None:
        """Queues several as one push, if the check of their group is green; then the apply refuses nothing."""
        onto, merged, base = self.team.main, list[tuple[Pull, str]](), ""
        for pull in self.pulls[:count]:
            commit = self.team.merge(pull.number, way, onto)
            if commit is not None:
                merged.append((pull, commit))
                base, onto = onto, commit
        if not merged:
            return
        code = check_group(self.team, [(pull.number, commit) for pull, commit in merged], base)
        if not self.is_valid(onto):
            assert code is None
            return
        assert code in {0, 4}, code
        if code == 0:
            self.land(merged)
            if applied == "now":
                done = self.apply(self.runs[-1], "whole", 0)
                assert done is None or "refused" not in done.statuses, done

    @rule(drawn=edits, rarely=st.integers(0, 3))
    def push(self, drawn: Edits, rarely: int) -> None:
        """Pushes to main without a pull request."""
        if rarely == 0:
            commit = self.team.push(self.files(drawn))
            self.line.append(commit)
            self.runs.append(PushRun(commit, 5_000 + len(self.line)))

    # the account

    @rule(name=somebody, what=st.sampled_from(["title", "title", "active", "member"]), value=hands)
    def edit_by_hand(self, name: str, what: str, value: str) -> None:
        users = self.team.users()
        if name not in users:
            return
        if what == "title":
            self.team.edit(name, title=value)
        elif what == "active":
            self.team.edit(name, active=not users[name].get("active", True))
        else:
            self.team.toggle_member(name)

    @precondition(lambda self: self.runs)
    @rule(
        which=st.integers(0, 9),
        fate=st.sampled_from(["whole", "whole", "refused", "killed at begin", "killed", "killed at end"]),
        at=st.integers(0, 3),
    )
    def apply_one(self, which: int, fate: str, at: int) -> None:
        """Runs an apply that waits, or one that ran already once more."""
        self.apply(self.runs[which % len(self.runs)], fate, at)

    def apply(self, run: PushRun, fate: str, at: int) -> Applied | None:
        """Runs an apply, and judges it. Returns None if it has not begun."""
        if not self.is_valid(run.commit):
            return None
        place = self.line.index(run.commit)
        merges = self.line[: place + 1]
        before, target = self.account(), self.wanted(run.commit)
        needed = leading(between(before, target))
        covered = {one for one in needed if self.memory.covers(one, merges)}

        done = apply_merge(self.team, run, fate, at)

        after = self.account()
        got = leading(between(before, after))
        assert got <= between(before, target), (got, target)
        assert got <= covered, (got - covered, [one for one in self.memory.approved if not one.used])
        if not done.begun:
            assert got == set(), got
            self.judge_unbegun(run, place, done)
            return None
        self.memory.applied.append(target)
        if done.ended:
            need = Needed(place, target, needed, covered)
            self.judge_ended(done, need, fate, after)
            if fate == "whole":
                need.judge_others(got)
            self.memory.end(merges, needed, after)
            self.since = max(self.since, place)
        self.begun.append((place, done.ended and done.code == 0))
        return done

    def judge_unbegun(self, run: PushRun, place: int, done: Applied) -> None:
        """An apply that sends nothing has a later one before it, or is an old run."""
        later = [whole for at, whole in self.begun if at > place]
        old = run.attempts > 1 and run.commit != self.line[-1]
        assert later or old, done
        assert done.code in {0, 4}, done

    def judge_ended(self, done: Applied, need: Needed, fate: str, after: Values) -> None:
        """The exit code is as the outcomes, the outcomes are as what was seen, and every pull request has them."""
        need.judge(done.statuses, done.code, after, is_sent_whole=fate == "whole")
        for number in done.pulls:
            outcomes = [one for one in self.team.comments(number) if "reconciler:outcome:qa" in one]
            assert len(outcomes) == 1, self.team.comments(number)
        window = self.line[self.since + 1 : need.place + 1]
        merged = {one.pull for one in self.memory.approved if one.merge in window}
        assert merged <= set(done.pulls), (merged, done)

    @rule(rarely=st.integers(0, 2))
    def drift(self, rarely: int) -> None:
        """After a complete apply of main, the issue is open if the account is not as main declares it."""
        if rarely == 0 and self.is_valid(self.team.main):
            assert (0, 0) == look_for_drift(self.team)
            if self.begun and self.begun[-1] == (len(self.line) - 1, True):
                differs = between(self.account(), self.wanted(self.team.main))
                opened = [one["body"] for one in self.team.standin.issues if one["state"] == "open"]
                assert bool(differs) == bool(opened), (differs, opened)

    @invariant()
    def no_comment_stands_that_is_not_true(self) -> None:
        """Every plan comment that is not out of date is of the head, once a run of that head has ended."""
        for pull in self.pulls:
            if pull.ran:
                for text in self.team.comments(pull.number):
                    if text.startswith(PLAN):
                        assert read_head(text) == self.team.heads[pull.number], text


def read_head(text: str) -> str:
    return text.partition('"head": "')[2][:40]


TestMerges = Merges.TestCase
TestMerges.settings = settings(
    max_examples=15,
    stateful_step_count=14,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
