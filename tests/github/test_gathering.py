"""The approvals of a merge: every pull request of its window, with its plan or the reason why none counts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.github.approvals import describe_window
from reconciler.core.approval.merge_approvals import BranchCommit, MergeApprovals, MergedPull
from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import RecordEntry
from reconciler.desired.records.branch import RecordBranch
from reconciler.errors import Forbidden, Unreachable
from reconciler.github.client import GitHub
from reconciler.github.runs.approved_plans import StoredPlan
from reconciler.pipeline.pull_requests.gather_approvals import (
    GatheredWindow,
    find_branch_name,
    gather_approvals,
    read_stored_plan,
)
from reconciler.pipeline.pull_requests.merged_commit import MergedCommit
from reconciler.pipeline.pull_requests.window import find_window
from reconciler.settings import Settings
from tests.core.ownership.histories import make_record
from tests.desired.repository import Clone, make_clone
from tests.github.conftest import TOKEN, FakeTime
from tests.github.standin import Reply, StandIn, Token
from tests.report.plans import leaver, make

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
JOBS = {"plan qa": "success", "comment qa": "success"}
PLAN = make(*leaver().changes, commit="a" * 40).model_dump_json()
EMPTY = make(commit="a" * 40).model_dump_json()


@dataclass
class Branch:
    """The protected branch, here and at the stand-in. An apply of its commit `start` is on record."""

    clone: Clone
    standin: StandIn
    github: GitHub
    start: str
    recent: set[str] = field(default_factory=set)

    def push(self, name: str) -> str:
        """Pushes a commit that GitHub does not list yet."""
        commit = self.clone.commit({f"desired-state/{name}.yaml": "{}\n"})
        self.recent.add(commit)
        return commit

    def plan(self, number: int, *, plan: str = PLAN, base: str = "main", branch: str | None = None) -> dict[str, Any]:
        """Opens a pull request that was planned."""
        head = f"{number:040x}"
        pull = self.standin.open_pull(number, head)
        pull["head"]["ref"] = branch or f"change-{number}"
        pull["base"]["ref"] = base
        run = self.standin.start_run(head)
        self.standin.store(run, "plan-qa", {"plan.json": plan})
        self.standin.finish_run(run, JOBS)
        return pull

    def squash(self, number: int, **about: Any) -> str:
        self.plan(number, **about)
        commit = self.push(f"pull-{number}")
        self.standin.merge(number, commit)
        return commit

    def gather(self) -> GatheredWindow:
        repository, head = self.clone.found(), self.clone.git("rev-parse", "HEAD")
        record = make_record(1, whole=True).model_copy(update={"commit": self.start})
        window = find_window(repository, ApplyHistory((RecordEntry("r", (), record),)), head, LONG_AGO)
        merged = MergedCommit(repository, head, "qa", "sandbox", timedelta(14), RecordBranch(repository, "qa"))
        window = replace(window, recent=frozenset(self.recent))
        return gather_approvals(self.github, merged, window, "plan.yml", "main")

    def asked(self) -> list[str]:
        return [call.path.removeprefix("/repos/acme/people") for call in self.standin.calls]


@pytest.fixture
def branch(tmp_path: Path, standin: StandIn, github: GitHub) -> Branch:
    clone = make_clone(tmp_path / "clone")
    start = clone.commit({"desired-state/all.yaml": "users: {}\n"})
    standin.page_size = 100
    return Branch(clone, standin, github, start)


def line_of(gathered: GatheredWindow) -> Mapping[str, int | None]:
    return {one.commit: one.pull for one in gathered.approvals.line}


def reasons_of(gathered: GatheredWindow) -> Mapping[int, str]:
    return {pull.number: pull.reason for pull in gathered.approvals.pulls}


def test_every_pull_request_since_the_last_apply_is_gathered(branch: Branch) -> None:
    """By squash, by rebase of two commits, and by a merge commit; a README and a push are in the line too."""
    squash = branch.squash(7)
    branch.plan(8)
    rebased = [branch.push("one"), branch.push("two")]
    branch.standin.merge(8, rebased[-1])
    branch.standin.commits[rebased[0]] = [8]
    branch.clone.git("switch", "--quiet", "--create", "topic")
    branch.push("topic")
    branch.clone.git("switch", "--quiet", "main")
    branch.clone.git("merge", "--quiet", "--no-ff", "--message", "merge", "topic")
    merge = branch.clone.git("rev-parse", "HEAD")
    branch.plan(9)
    branch.standin.merge(9, merge)
    readme = branch.clone.commit({"README.md": "x\n"})

    gathered = branch.gather()

    assert {squash: 7, rebased[0]: 8, rebased[1]: 8, merge: 9, readme: None} == line_of(gathered)
    assert [7, 8, 9] == [pull.number for pull in gathered.approvals.pulls if pull.run is not None]
    assert {7: "", 8: "", 9: ""} == reasons_of(gathered)
    assert {f"plan-{number}.json": PLAN for number in (7, 8, 9)} == gathered.plans
    assert ("qa", readme, branch.start) == (
        gathered.approvals.tenant,
        gathered.approvals.commit,
        gathered.approvals.since,
    )
    assert [] == branch.standin.written


def test_a_push_of_a_queue_with_three_pull_requests(branch: Branch) -> None:
    """One push, three commits, three plans."""
    commits = [branch.squash(number) for number in (7, 8, 9)]

    gathered = branch.gather()

    assert dict(zip(commits, (7, 8, 9), strict=True)) == line_of(gathered)
    assert ["plan-7.json", "plan-8.json", "plan-9.json"] == list(gathered.plans)


def test_a_pull_request_without_a_plan_does_not_stop_the_others(branch: Branch) -> None:
    """It is named with its reason."""
    branch.squash(7)
    branch.standin.artifacts.clear()
    branch.squash(8)

    gathered = branch.gather()

    assert ["plan-8.json"] == list(gathered.plans)
    assert "has no artifact plan-qa (was it deleted?)" in reasons_of(gathered)[7]


def test_a_list_that_lags_is_asked_for_again(branch: Branch, time: FakeTime) -> None:
    """With growing waits; one that is there is not asked for again."""
    first, second = branch.squash(7), branch.squash(8)
    late = f"GET /repos/acme/people/commits/{second}/pulls"
    branch.standin.faults += [(late, Reply(200, [])), (late, Reply(200, []))]

    gathered = branch.gather()

    assert {first: 7, second: 8} == line_of(gathered)
    assert [1.0, 2.0] == time.waits
    assert [1, 3] == [branch.asked().count(f"/commits/{commit}/pulls") for commit in (first, second)]


def test_a_recent_push_is_waited_for_once_and_an_old_one_not_at_all(branch: Branch, time: FakeTime) -> None:
    """All commits that lack a pull request share the waits."""
    commits = [branch.push("one"), branch.push("two")]

    assert dict.fromkeys(commits) == line_of(branch.gather())
    assert ([1.0, 2.0, 4.0, 8.0], 10) == (time.waits, len(branch.asked()))

    branch.recent.clear()
    branch.gather()
    assert (4, 12) == (len(time.waits), len(branch.asked()))


def test_only_pull_requests_into_the_branch_are_gathered(branch: Branch) -> None:
    """A pull request below another one, one of a fork's own branch, and one that was not merged approve nothing."""
    commit = branch.squash(7)
    branch.plan(8, base="feature")
    branch.plan(9)["base"]["repo"] = {"full_name": "mallory/people"}
    for number in (8, 9):
        branch.standin.merge(number, commit)
    branch.plan(10)
    branch.standin.commits[commit].append(10)

    gathered = branch.gather()

    assert ({commit: 7}, ["plan-7.json"], [7]) == (line_of(gathered), list(gathered.plans), list(reasons_of(gathered)))


def test_a_push_that_merges_two_pull_requests_merges_both(branch: Branch) -> None:
    """One contains the other's commits, and GitHub calls both merged when the branch reaches their heads."""
    branch.plan(7)
    branch.plan(8)
    first, second = branch.push("one"), branch.push("two")
    for number in (7, 8):
        branch.standin.merge(number, second)
        branch.standin.pulls[number - 7]["merge_commit_sha"] = "f" * 40
    branch.standin.commits |= {first: [7, 8], second: [7]}

    gathered = branch.gather()

    assert {first: 8, second: 7} == line_of(gathered)
    assert ["plan-7.json", "plan-8.json"] == list(gathered.plans)


def test_a_pull_request_that_was_merged_before_the_last_apply_is_not_gathered_again(branch: Branch) -> None:
    """Its commits were pushed once more; its approval was used by that apply."""
    branch.plan(7)
    branch.standin.merge(7, branch.start)
    commit = branch.push("again")
    branch.standin.commits[commit] = [7]

    assert ({commit: None}, {}) == (line_of(branch.gather()), reasons_of(branch.gather()))


def test_a_program_that_the_pull_request_changes_does_not_vouch_for_it(branch: Branch) -> None:
    """The workflow at the merged commit, or before the window, runs files of the repository."""
    workflow = ".github/workflows/plan.yml"
    branch.start = branch.clone.commit({workflow: "steps: [{uses: ./}]\n"})
    branch.squash(7)
    branch.standin.files[7] = [{"filename": "reconciler/version.py"}]
    branch.squash(8)
    branch.clone.commit({workflow: "steps: [{uses: acme/reconciler@v1}]\n"})

    gathered = branch.gather()

    assert "it changes reconciler/version.py, so its own program made its plan" in reasons_of(gathered)[7]
    assert ["plan-8.json"] == list(gathered.plans)
    branch.start = branch.clone.git("rev-parse", "HEAD")
    branch.squash(9)
    branch.standin.files[9] = [{"filename": "reconciler/version.py"}]
    assert ["plan-9.json"] == list(branch.gather().plans)


def test_requests_grow_with_the_merges_and_none_is_made_twice(branch: Branch) -> None:
    """Nine for each merge whose plan has changes, and five for each other."""
    branch.squash(1)
    branch.gather()
    assert 9 == len(branch.asked())

    branch.standin.calls.clear()
    for number in range(2, 13):
        branch.squash(number)
    branch.gather()
    asked = Counter(branch.asked())
    branch.standin.calls.clear()
    for number in range(13, 23):
        branch.squash(number, plan=EMPTY)
    branch.gather()
    assert 12 * 9 + 10 * 5 == len(branch.asked())

    total = asked.total()
    runs, siblings = asked.pop("/actions/workflows/plan.yml/runs"), asked.pop("/pulls")
    assert (12, 12, {1}, 12 * 9) == (runs, siblings, set(asked.values()), total)


@pytest.mark.parametrize("missing", ["actions", "pull_requests"])
def test_a_missing_permission_ends_it(missing: str, branch: Branch) -> None:
    """It is unknown then what was approved."""
    branch.squash(7)
    granted = {"actions": "read", "pull_requests": "read", "contents": "read"}
    branch.standin.tokens[TOKEN] = Token({name: level for name, level in granted.items() if name != missing})

    with pytest.raises(Forbidden, match=f"give the job `{missing.replace('_', '-')}: read`"):
        branch.gather()


@pytest.mark.parametrize("call", ["commits/", "pulls/7", "pulls/7/files", "pulls", "issues/7/events", "actions/runs/"])
def test_a_rate_limit_ends_it_wherever_it_begins(call: str, branch: Branch) -> None:
    """A pull request of which nothing could be found out is not one without a plan."""
    branch.squash(7)
    limited = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9999999999"}
    branch.standin.fail_next(f"GET /repos/acme/people/{call}", 403, limited, "API rate limit exceeded")

    with pytest.raises(Unreachable, match="GitHub's rate limit is used up until"):
        branch.gather()


def test_the_branch_is_that_of_the_push_else_the_default_branch(standin: StandIn, github: GitHub) -> None:
    standin.default_branch = "trunk"
    push = {"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/release/1"}

    assert "release/1" == find_branch_name(github, Settings(push).job())
    assert [] == standin.calls
    for other in ({}, {**push, "GITHUB_REF": "refs/tags/v1"}, {**push, "GITHUB_EVENT_NAME": "workflow_dispatch"}):
        assert "trunk" == find_branch_name(github, Settings(other).job())


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        ({"tenant": "production"}, "it is for the tenant production, not qa"),
        ({"url": "https://acme.example"}, "it is for https://acme.example, and qa is at sandbox"),
        ({"commit": None}, "it was made from files that were not committed"),
        ({"applyable": False}, "it could not be applied when it was made"),
        ({"digest": "sha256:0"}, "the digest is not that of the changes"),
        ({"format": 9}, "has format 9"),
        ({"changes": [{"action": "delete_user"}]}, "is not a plan file that can be trusted"),
    ],
)
def test_a_stored_plan_of_another_account_or_form_does_not_count(edit: dict[str, object], sentence: str) -> None:
    """An artifact that was made up does not get far."""
    stored = StoredPlan(7, 101, json.dumps(json.loads(PLAN) | edit))

    found = read_stored_plan(stored, "qa", "sandbox")

    assert not isinstance(found, tuple)
    assert (7, True) == (found.pull, sentence in found.reason)
    assert "apply by hand" not in found.reason


@pytest.mark.parametrize("name", ["format", "tenant", "url"])
def test_what_a_forged_plan_says_breaks_no_line_and_is_cut(name: str) -> None:
    """The reason is in a log, where a line may be a command, and in comments."""
    stored = StoredPlan(7, 101, json.dumps(json.loads(PLAN) | {name: "\n::error::\u2028" + "x" * 10_000}))

    found = read_stored_plan(stored, "qa", "sandbox")

    assert not isinstance(found, tuple)
    assert (1, True) == (len(found.reason.splitlines()), len(found.reason) < 700)
    assert found.reason.endswith("…")


def test_all_differences_are_named_at_once() -> None:
    stored = StoredPlan(7, 101, make(tenant="x", url="y", applyable=False).model_dump_json())

    found = read_stored_plan(stored, "qa", "sandbox")

    assert not isinstance(found, tuple)
    assert 3 == found.reason.count("; ")


def gathered_of(pulls: int, pushed: int, older: int) -> GatheredWindow:
    """Returns many pull requests that do not count, each with a long and hostile reason."""
    reason = "the file \n::error:: " + "x" * 100
    return GatheredWindow(
        MergeApprovals(
            tenant="qa",
            commit="c" * 40,
            line=tuple(BranchCommit(commit=f"{number:040x}") for number in range(pushed)),
            pulls=tuple(MergedPull(number=number, reason=reason) for number in range(1, pulls + 1)),
        ),
        "main",
        {},
        tuple(f"{number:040x}" for number in range(older)),
    )


def test_the_log_names_each_and_stays_short() -> None:
    """Of a hundred, twenty have their reasons in the log."""
    lines = list(describe_window(gathered_of(100, 80, 9)))

    assert "Pull requests merged into main, without an earlier apply on record: 100; with a plan: none" == lines[0]
    assert 20 == sum("does not count: the file" in line for line in lines)
    assert lines[21].startswith("80 more do not count, with their reasons in approvals.json: #21, #22,")
    assert lines[23].endswith(" and 75 more")
    assert "9 older ones, 000000000000 to 000000000000; their plans do not count" in lines[24]
    assert (25, True) == (len(lines), all(len(line.splitlines()) == 1 for line in lines))
    assert sum(map(len, lines)) < 5_000


def test_the_log_of_a_window_that_is_empty_is_one_line() -> None:
    empty = GatheredWindow(MergeApprovals(tenant="qa", commit="c" * 40, since="a" * 40), "main")

    assert ["Pull requests merged into main since the last apply (aaaaaaaaaaaa): 0; with a plan: none"] == list(
        describe_window(empty)
    )
