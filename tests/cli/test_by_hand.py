"""`github approved-plans --by-hand`: a plan that a person started is applied only if another person reviewed it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import OpenAtom, RecordEntry
from reconciler.desired.records.write import write_record
from reconciler.github.client import GitHub
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.pull_requests.approval_files import find_added_files, find_approval_file
from reconciler.pipeline.pull_requests.by_hand import find_use, read_history
from reconciler.pipeline.pull_requests.hand_plans import (
    ApprovedHandPlan,
    describe_approvals,
    gather_reviewed,
)
from reconciler.pipeline.pull_requests.merged_commit import MergedCommit, find_merged_commit
from reconciler.pipeline.workspace import Workspace
from reconciler.report.pull_requests.approval_section import ApprovedPlan, render_approved_plans
from reconciler.settings import Settings
from tests.cli.project import SANDBOX, TEAM, Project, Ran
from tests.github.calls_protection import Listed
from tests.github.standin import REPOSITORY, StandIn, Token, standing_in

TOKEN = "ghs_workflow"
CHIEF = TEAM.replace("displayName: Ann}", "displayName: Ann, title: Chief}")
APPLY = ".github/workflows/apply.yml"
HEAD = "a" * 40
TOMORROW = (now_in_utc() + timedelta(days=1)).date().isoformat()


@dataclass
class ByHand:
    """A project at GitHub with a change that was pushed to main, and the run of Apply that planned it."""

    project: Project
    standin: StandIn
    run: dict[str, Any]

    def __post_init__(self) -> None:
        self.project.environment |= {
            "GITHUB_API_URL": self.standin.api_url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_RUN_ID": str(self.run["id"]),
            "GITHUB_STEP_SUMMARY": str(self.project.write("", "summary.md")),
        }
        self.plan()

    def plan(self) -> None:
        assert 0 == self.project.run("plan", "-o", "plan.json").code

    @property
    def digest(self) -> str:
        return str(json.loads((self.project.root / "plan.json").read_text())["digest"])

    @property
    def path(self) -> str:
        return f"approvals/{self.digest.removeprefix('sha256:')}-sandbox.yaml"

    @property
    def text(self) -> str:
        return f"plan: {self.digest}\ntenant: sandbox\nreason: it was agreed\nexpires: {TOMORROW}\n"

    def decide(self) -> Ran:
        return self.project.run(
            *(
                "github",
                "approved-plans",
                "--by-hand",
                "plan.json",
                "--environment",
                "sandbox",
                "-o",
                "approvals-folder",
            )
        )

    def add(self, text: str, path: str | None = None, *, number: int = 7, reviewed: bool = True) -> str:
        """Merges pull request 7, which adds the file, as a squash; another person approved its head."""
        self.project.write(text, path or self.path)
        self.project.git("add", "--all", "approvals")
        commit = self.project.commit()
        pull = self.standin.open_pull(number, HEAD)
        pull["user"] = {"login": "ada", "type": "User"}
        self.standin.files[number] = [{"filename": path or self.path}]
        self.standin.merge(number, commit)
        self.standin.documents[f"/pulls/{number}/reviews"] = Listed([])
        if reviewed:
            self.standin.review(number, "grace", HEAD)
        return commit

    def store(self, jobs: dict[str, str] | None = None) -> None:
        """Stores the plan in the run of Apply."""
        plan = (self.project.root / "plan.json").read_text()
        self.standin.store(self.run, "plan-sandbox", {"plan.json": plan, "tree": "5ee\n", "said.txt": ""})
        self.standin.finish_run(self.run, {"plan sandbox": "success"} if jobs is None else jobs)

    @property
    def merged(self) -> MergedCommit:
        return find_merged_commit(self.workspace, None)

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.project.root / "desired-state", None, Settings(dict(self.project.environment)))

    def connect(self) -> GitHub:
        return GitHub(self.standin.api_url, REPOSITORY, TOKEN)

    def gather(self, *files: str) -> tuple[ApprovedHandPlan, ...]:
        with self.connect() as client:
            return gather_reviewed(client, self.merged, files)

    def describe(self, limit: int = 60_000) -> str:
        with self.connect() as client:
            return describe_approvals(client, self.workspace, 7, limit)

    def written(self) -> dict[str, Any]:
        folder = self.project.root / "approvals-folder"
        return {path.name: json.loads(path.read_text()) for path in folder.iterdir()} if folder.exists() else {}


@pytest.fixture
def by_hand(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[ByHand]:
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH", "GITHUB_SHA", "GITHUB_RUN_ATTEMPT"):
        monkeypatch.delenv(name, raising=False)
    assert 0 == project.run("apply", "--yes").code
    commit = project.commit(SANDBOX + CHIEF)
    with standing_in(StandIn()) as standin:
        run = standin.start_run(commit, event="workflow_dispatch", path=APPLY)
        run["head_branch"] = "main"
        standin.documents[f"/actions/runs/{run['id']}/approvals"] = []
        yield ByHand(project, standin, run)


def test_the_reviewers_of_the_environment_approve(by_hand: ByHand) -> None:
    """GitHub ignores case in names of environments."""
    by_hand.standin.approve_run(by_hand.run["id"], "grace", "Sandbox")

    ran = by_hand.decide()

    assert (0, "") == (ran.code, ran.out)
    assert "may run: grace approved this run for the environment sandbox" in ran.err
    name = f"plan-by-hand-{by_hand.run['id']}.json"
    written = by_hand.written()
    assert {"approvals.json", name} == written.keys()
    assert (by_hand.digest, "sandbox") == (written[name]["digest"], written["approvals.json"]["tenant"])
    assert [(name, by_hand.run["id"])] == [(one["plan"], one["run"]) for one in written["approvals.json"]["by_hand"]]


@pytest.mark.parametrize(
    "review",
    [
        {"environment": "production"},
        {"environment": "plan-sandbox"},
        {"environment": "sandbox", "state": "rejected"},
        {"environment": "sandbox", "state": "pending"},
        {"environment": "sandbox", "kind": "Bot"},
    ],
)
def test_another_review_of_the_run_is_none(review: dict[str, str], by_hand: ByHand) -> None:
    """Of another environment, against it, not given yet, or by a program."""
    by_hand.standin.approve_run(by_hand.run["id"], "grace", **review)

    ran = by_hand.decide()

    assert 4 == ran.code
    assert f"no reviewer of the environment sandbox approved this run ({by_hand.run['id']})" in ran.err
    assert {} == by_hand.written()


def test_a_review_of_an_earlier_attempt_counts_only_if_github_asks_for_one_now(by_hand: ByHand) -> None:
    """Else the reviewers were removed meanwhile, and this attempt's plan was seen by no person."""
    by_hand.standin.approve_run(by_hand.run["id"], "grace", "sandbox")
    by_hand.project.environment["GITHUB_RUN_ATTEMPT"] = "2"
    assert "grace approved an earlier attempt of this run, and sandbox asks for none now" in by_hand.decide().err

    by_hand.standin.set_environment("sandbox", reviewers=1)

    assert 0 == by_hand.decide().code


def test_without_a_review_the_file_to_add_is_printed_ready_to_paste(by_hand: ByHand) -> None:
    """And it is in the summary of the job. As it is printed, it approves once it is merged."""
    ran = by_hand.decide()

    assert 4 == ran.code
    assert f"no person reviewed this plan ({by_hand.digest}), so it is not applied" in ran.err
    assert ran.out.strip() == (by_hand.project.root / "summary.md").read_text().strip()
    assert by_hand.path in ran.out
    assert "Chief" in ran.out  # a reviewer reads the effects there, too
    pasted = ran.out.partition("```yaml\n")[2].partition("```")[0]
    assert f"run: {by_hand.run['id']}\n" in pasted

    by_hand.add(pasted)

    assert 0 == by_hand.decide().code


def test_a_merged_file_approves(by_hand: ByHand) -> None:
    """The run by hand after the merge makes a plan of the same effects, and so of the same digest."""
    by_hand.add(by_hand.text)
    by_hand.plan()

    ran = by_hand.decide()

    assert 0 == ran.code
    assert f"{by_hand.path}, merged with #7, which grace approved" in ran.err
    assert 2 == len(by_hand.written())


def test_a_plan_without_changes_needs_no_review(by_hand: ByHand) -> None:
    """Nothing to do is green."""
    assert 0 == by_hand.project.run("apply", "--yes").code
    by_hand.plan()

    assert 0 == by_hand.decide().code


Change = Callable[[ByHand], object]


def pull_of(by_hand: ByHand) -> dict[str, Any]:
    return by_hand.standin.pulls[0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda one: pull_of(one).update(merged_at=None), "without a pull request"),
        (lambda one: pull_of(one)["base"].update(ref="release"), "came to main without a pull request"),
        (lambda one: pull_of(one)["base"].update(repo={"full_name": "mallory/people"}), "without a pull request"),
        (lambda one: one.standin.commits.clear(), "without a pull request"),
        (lambda one: pull_of(one).update(user=None), "the account that opened #7 was deleted"),
        (lambda one: pull_of(one)["head"].update(sha="b" * 40), "grace approved an earlier push, not bbbbbbbbbbbb"),
        (lambda one: pull_of(one)["user"].update(login="GRACE"), "grace approved it, who is its author"),
    ],
)
def test_a_file_without_a_review_approves_nothing(change: Change, reason: str, by_hand: ByHand) -> None:
    """Whatever is missing of it."""
    by_hand.add(by_hand.text)
    change(by_hand)

    ran = by_hand.decide()

    assert 4 == ran.code
    assert reason in ran.err
    assert {} == by_hand.written()


@pytest.mark.parametrize(
    ("reviews", "reason"),
    [
        ([], "#7 was merged without a review: nobody approved it"),
        ([{"state": "COMMENTED"}], "nobody approved it"),
        ([{"state": "DISMISSED"}], "nobody approved it"),
        ([{"kind": "Bot"}], "grace approved it, which is no person"),
        ([{"association": "CONTRIBUTOR"}], "grace approved it, who is no owner, member or collaborator"),
        ([{"association": "NONE"}], "who is no owner, member or collaborator"),
        ([{"commit": "b" * 40}], "grace approved an earlier push"),
        ([{"commit": None}], "grace approved an earlier push"),
        ([{}, {"state": "CHANGES_REQUESTED"}], "grace requested changes on #7"),
        ([{}, {"state": "DISMISSED"}], "grace approved it, and withdrew that later"),
        ([{}, {"login": "eve", "state": "CHANGES_REQUESTED"}], "eve requested changes on #7"),
    ],
)
def test_a_review_counts_by_a_person_who_may_write_on_what_was_merged(
    reviews: list[dict[str, Any]], reason: str, by_hand: ByHand
) -> None:
    """Lists have pages of two, so the later opinion may be on another page."""
    by_hand.add(by_hand.text, reviewed=False)
    for review in reviews:
        by_hand.standin.review(7, **{"login": "grace", "commit": HEAD, **review})

    ran = by_hand.decide()

    assert 4 == ran.code
    assert reason in ran.err


def test_a_review_by_a_member_who_may_not_write_does_not_count(by_hand: ByHand) -> None:
    """Of an organisation all members are MEMBER, also those who may only read."""
    by_hand.add(by_hand.text)
    for permission in ("read", "none"):
        by_hand.standin.documents["permission"] = {"grace": permission}
        ran = by_hand.decide()
        assert (4, {}) == (ran.code, by_hand.written())
        assert "#7 was merged without a review: grace approved it, and may not write to the repository" in ran.err

    by_hand.standin.documents["permission"] = {"grace": "admin"}
    assert 0 == by_hand.decide().code


def test_a_file_in_a_pull_request_of_a_bot_approves_nothing(by_hand: ByHand) -> None:
    """The person who had it opened could approve it."""
    by_hand.add(by_hand.text)
    pull_of(by_hand)["user"] |= {"login": "helper[bot]", "type": "Bot"}

    ran = by_hand.decide()

    assert (4, {}) == (ran.code, by_hand.written())
    assert "#7 was opened by helper[bot], which is no person" in ran.err


def test_a_run_on_a_tag_with_the_name_of_the_branch_made_no_plan(by_hand: ByHand) -> None:
    """A tag can be pushed by everybody who can push, with a workflow of its own, and be started by hand."""
    by_hand.store()
    path = by_hand.path
    by_hand.add(by_hand.text + f"run: {by_hand.run['id']}\n")
    by_hand.standin.documents["status"] = {by_hand.run["head_sha"]: "diverged"}

    [found] = by_hand.gather(path)

    assert found.text is None
    assert "is not on main (a tag can have the name of a branch)" in found.reviewed.reason


def test_a_commit_that_is_not_on_the_default_branch_approves_nothing(by_hand: ByHand) -> None:
    """A branch may hold any file."""
    commit = by_hand.add(by_hand.text)
    by_hand.standin.documents["status"] = {commit: "ahead"}

    ran = by_hand.decide()

    assert 4 == ran.code
    assert f"{commit[:12]} is not on the default branch main" in ran.err


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            ("plan:", "plna:"),
            ["1: approval.plna: this key is unknown (did you mean", "approval.plan: this key is missing"],
        ),
        (("reason: it was agreed", "reason:"), ["3: approval.reason: null is not text"]),
        (("tenant: sandbox", "tenant: qa"), ['2: this approves a plan for "qa", not for "sandbox"']),
        ((f"expires: {TOMORROW}", "expires: 2026-01-31"), ["4: the approval expired on 2026-01-31"]),
        ((f"expires: {TOMORROW}", "expires: soon"), ["4: approval.expires: 'soon' is not a date", "write it like"]),
        ((f"expires: {TOMORROW}", "run: '7'"), ["4: approval.run: '7' is not a whole number"]),
        (("plan: sha256:", "plan: sha256:0000"), ["1: approval.plan: "]),
        (("plan: sha256:", "- sha256: "), ["yaml"]),
        (("plan: sha256:", "# "), ["approval.plan: this key is missing"]),
    ],
)
def test_a_file_with_a_fault_is_refused_with_file_and_line(
    written: tuple[str, str], expected: list[str], by_hand: ByHand
) -> None:
    """All faults at once."""
    by_hand.add(by_hand.text.replace(*written))

    ran = by_hand.decide()

    assert 4 == ran.code
    assert [] == [one for one in expected if one not in ran.err], ran.err
    assert by_hand.path in ran.err


def test_a_file_for_another_plan_is_refused(by_hand: ByHand) -> None:
    """Its name and its `plan` must agree."""
    other = "sha256:" + "0" * 64
    by_hand.add(by_hand.text.replace(by_hand.digest, other))

    assert "1: this is another plan than in the file's name" in by_hand.decide().err


@pytest.mark.parametrize("written", [(".yaml", ".yml"), (".yaml", ".YAML"), ("-sandbox", "-SANDBOX")])
def test_a_file_with_nearly_the_name_is_named(written: tuple[str, str], by_hand: ByHand) -> None:
    """With the name that it must have."""
    path = by_hand.path.replace(*written)
    by_hand.add(by_hand.text, path)

    assert f"{path} is: rename it to {by_hand.path}" in by_hand.decide().err


def test_the_tenant_in_the_name_may_be_left_out(by_hand: ByHand) -> None:
    """Then the file with the tenant in its name decides, if there is one."""
    short = by_hand.path.replace("-sandbox", "")
    by_hand.add(by_hand.text, short)
    assert 0 == by_hand.decide().code

    by_hand.add(by_hand.text.replace(TOMORROW, "2026-01-01"), number=8)
    assert "the approval expired on 2026-01-01" in by_hand.decide().err


def test_a_file_of_another_tenant_is_no_file_of_this_one(by_hand: ByHand) -> None:
    """Its tenant stands in the name and in the file, and a copy that was changed in one place only is refused."""
    by_hand.add(by_hand.text.replace("tenant: sandbox", "tenant: qa"), by_hand.path.replace("-sandbox", "-qa"))
    assert "…-sandbox.yaml is not in" in by_hand.decide().err

    by_hand.add(by_hand.text.replace("tenant: sandbox", "tenant: qa"), number=8)
    refused = by_hand.decide().err

    assert f"{by_hand.path}:2: this is another tenant than in the file's name, sandbox" in refused
    assert "rename" not in refused


def test_a_link_is_no_file(by_hand: ByHand) -> None:
    """What it leads to was not reviewed as this."""
    by_hand.project.write(by_hand.text, "elsewhere.yaml")
    link = by_hand.project.root / by_hand.path
    link.parent.mkdir()
    link.symlink_to("../elsewhere.yaml")
    by_hand.project.git("add", "--all", "approvals")
    by_hand.project.commit()

    ran = by_hand.decide()

    assert 4 == ran.code
    assert "this is a link" in ran.err


def test_what_is_only_in_the_working_tree_approves_nothing(by_hand: ByHand) -> None:
    """Another step of the job could have written it."""
    by_hand.project.write(by_hand.text, by_hand.path)

    assert "yaml is not in" in by_hand.decide().err


def test_the_last_version_of_a_file_is_the_one_that_must_be_reviewed(by_hand: ByHand) -> None:
    """A later push could have made it valid for longer."""
    by_hand.add(by_hand.text)
    by_hand.project.write(by_hand.text + "# longer\n", by_hand.path)
    by_hand.project.git("add", "--all", "approvals")
    pushed = by_hand.project.commit()

    assert f"{pushed[:12]} came to main without a pull request" in by_hand.decide().err


def test_a_shallow_clone_is_refused(by_hand: ByHand) -> None:
    """Its first commit seems to have brought every file."""
    commit = by_hand.add(by_hand.text)
    by_hand.project.write(commit + "\n", ".git/shallow")

    ran = by_hand.decide()

    assert 4 == ran.code
    assert "this clone is shallow" in ran.err
    assert "fetch-depth: 0" in ran.err


def test_a_file_approves_one_apply(by_hand: ByHand) -> None:
    """When the same change is needed again, another review is."""
    by_hand.add(by_hand.text)
    assert 0 == by_hand.project.run("apply", "plan.json").code
    with by_hand.project.account() as store:
        store.seed([{key: one for key, one in by_hand.project.users()["ann"].items() if key != "title"}])
    before = by_hand.digest
    by_hand.plan()
    assert before == by_hand.digest

    ran = by_hand.decide()

    assert 4 == ran.code
    assert f"the apply #2 has used {by_hand.path}" in ran.err
    by_hand.add(by_hand.text.replace("it was agreed", "and again"), number=8)
    assert 0 == by_hand.decide().code


@pytest.mark.parametrize(
    ("left", "code"),
    [((OpenAtom(effect="0" * 16, outcome="1" * 16, serial=1, date=TOMORROW),), 0), ("all", 0), ((), 4)],
)
def test_what_an_apply_of_the_file_left_open_may_run_without_another_review(
    left: Any, code: int, by_hand: ByHand
) -> None:
    """It was approved, is needed, and was not done: no plan is needed. With `all`, the plan stays in force."""
    commit = by_hand.add(by_hand.text)
    merged = by_hand.merged
    [last] = read_history(merged.branch).last_applies()
    stopped = {"serial": 2, "commit": commit, "whole": False, "open": left, "plans": (by_hand.digest,)}
    write_record(merged.branch, last.record.model_copy(update=stopped), [last.id], last.id)

    ran = by_hand.decide()

    assert code == ran.code
    used = f"the apply #2 has used {by_hand.path}"
    assert (used in ran.err) == (left != "all")
    assert {"all": 2, (): 0}.get(left, 1) == len(by_hand.written())


def test_an_apply_of_a_commit_that_this_clone_lacks_counts_as_one_after_the_merge(by_hand: ByHand) -> None:
    """Missing information is never good news; an apply before the merge is none."""
    merged = by_hand.merged
    [last] = read_history(merged.branch).last_applies()
    by_hand.add(by_hand.text)
    before = last.record.model_copy(update={"serial": 2, "plans": (by_hand.digest,)})
    write_record(merged.branch, before, [last.id], last.id)
    assert 0 == by_hand.decide().code

    file = find_approval_file(merged.repository, "HEAD", by_hand.digest, "sandbox", now_in_utc().date())
    lacking = RecordEntry("f" * 40, (), before.model_copy(update={"serial": 3, "commit": "e" * 40}))

    assert 3 == find_use(merged, ApplyHistory((lacking,)), file)


def test_another_tenant_or_address_is_refused(by_hand: ByHand) -> None:
    """Before anything is asked at GitHub."""
    plan = json.loads((by_hand.project.root / "plan.json").read_text())
    for name, value in (("tenant", "production"), ("url", "https://other.example")):
        by_hand.project.write(json.dumps({**plan, name: value}), "plan.json")
        ran = by_hand.decide()
        assert (4, []) == (ran.code, by_hand.standin.calls)
        assert value in ran.err
    by_hand.project.write("{}", "plan.json")
    assert 4 == by_hand.decide().code


def test_a_token_without_permission_says_which(by_hand: ByHand) -> None:
    """Exit code 5: nothing was found out."""
    by_hand.standin.tokens[TOKEN] = Token({"contents": "write", "pull_requests": "read"})

    ran = by_hand.decide()

    assert 5 == ran.code
    assert "give the job `actions: read`" in ran.err


def test_outside_a_workflow_only_a_file_can_approve(by_hand: ByHand) -> None:
    """There is no run that a reviewer could have approved."""
    del by_hand.project.environment["GITHUB_RUN_ID"]
    by_hand.project.monkeypatch.delenv("GITHUB_RUN_ID", raising=False)
    ran = by_hand.decide()
    assert "this is no run of a workflow" in ran.err
    assert "\nThen run Apply by hand again" in ran.out
    assert "\nrun: " not in ran.out

    by_hand.add(by_hand.text)

    assert 0 == by_hand.decide().code
    assert "plan-by-hand.json" in by_hand.written()


# On merge, by the run that made the plan


def with_run(by_hand: ByHand) -> str:
    return by_hand.text + f"run: {by_hand.run['id']}\n"


def test_the_merge_of_a_file_with_its_run_brings_the_plan(by_hand: ByHand) -> None:
    """As it was stored by that run."""
    by_hand.store()
    commit = by_hand.add(with_run(by_hand))
    files = find_added_files(by_hand.merged.repository, [by_hand.project.git("rev-parse", "HEAD^").strip(), commit])

    [gathered] = by_hand.gather(*files)

    assert (by_hand.path,) == files
    assert (by_hand.project.root / "plan.json").read_text() == gathered.text
    assert (by_hand.run["id"], f"plan-by-hand-{by_hand.run['id']}.json") == (
        gathered.reviewed.run,
        gathered.reviewed.plan,
    )
    assert "which grace approved" in gathered.reviewed.review


def test_a_push_gathers_the_plan_that_the_merge_of_a_file_approves(by_hand: ByHand) -> None:
    """Beside the plans of pull requests; a file without `run` is named with the reason."""
    by_hand.store()
    by_hand.add(with_run(by_hand))

    ran = by_hand.project.run("github", "approved-plans", "-o", "approvals-folder")

    assert 0 == ran.code
    assert "A plan by hand (approvals/" in ran.err
    assert ", which grace approved) is approved\n" in ran.err
    name = f"plan-by-hand-{by_hand.run['id']}.json"
    written = by_hand.written()
    assert by_hand.digest == written[name]["digest"]
    assert [name] == [one["plan"] for one in written["approvals.json"]["by_hand"]]

    by_hand.add(by_hand.text, number=8)
    ran = by_hand.project.run("github", "approved-plans", "-o", "approvals-folder")
    assert ") does not count: it names no `run`" in ran.err


def test_the_two_options_of_a_plan_by_hand_go_together(by_hand: ByHand) -> None:
    """One without the other means nothing."""
    for options in (("--by-hand", "plan.json"), ("--environment", "sandbox")):
        ran = by_hand.project.run("github", "approved-plans", "-o", "approvals-folder", *options)
        assert 2 == ran.code
        assert "go together" in ran.err


def run_is(**fields: object) -> Change:
    return lambda one: one.run.update(fields)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (run_is(path=".github/workflows/evil.yml"), "its workflow is .github/workflows/evil.yml, not apply.yml"),
        (run_is(event="push"), "it was started by push, not by hand"),
        (run_is(head_branch="change"), "it ran on change, not on main"),
        (run_is(head_branch=None), "it ran on a deleted branch, not on main"),
        (run_is(head_repository={"full_name": "mallory/people"}), "it is of another repository"),
        (run_is(head_repository=None), "it is of another repository"),
        (lambda one: one.store({"plan sandbox": "failure"}), 'the job "plan sandbox" of the run'),
        (lambda one: one.store({}), "did not run"),
        (lambda one: one.standin.runs.clear(), "does not exist in this repository"),
        (lambda one: one.standin.artifacts.clear(), "has no artifact plan-sandbox"),
        (lambda one: one.standin.artifacts[0].update(expired=True), "has expired"),
        (lambda one: one.standin.documents["/pulls/7/reviews"].items.clear(), "nobody approved it"),
    ],
)
def test_a_run_that_can_not_have_made_the_plan_brings_none(change: Change, reason: str, by_hand: ByHand) -> None:
    """The reason is in `approvals.json`; the plans of pull requests are not affected."""
    by_hand.store()
    by_hand.add(with_run(by_hand))
    change(by_hand)

    [gathered] = by_hand.gather(by_hand.path)

    assert (None, None) == (gathered.text, gathered.reviewed.plan)
    assert by_hand.path == gathered.reviewed.review
    assert reason in gathered.reviewed.reason


def test_the_plan_of_the_run_must_be_the_approved_one(by_hand: ByHand) -> None:
    """By its digest."""
    approved = with_run(by_hand)
    by_hand.add(approved)
    path = by_hand.path
    by_hand.project.commit(SANDBOX + CHIEF.replace("Chief", "Clerk"))
    by_hand.plan()
    by_hand.store()

    [gathered] = by_hand.gather(path)

    assert f"has the digest {by_hand.digest}: correct `run`, or the file" in gathered.reviewed.reason


def test_files_that_say_nothing_of_this_merge_are_left_out(by_hand: ByHand) -> None:
    """Of another tenant, or removed again; a file without `run` waits for a run by hand."""
    assert () == by_hand.gather()
    assert () == by_hand.gather(by_hand.path)
    other = by_hand.path.replace("-sandbox", "-qa")
    for number, text in enumerate((by_hand.text.replace("tenant: sandbox", "tenant: qa"), "plan: [\n"), start=5):
        by_hand.add(text, other, number=number)
        assert () == by_hand.gather(other), "its faults are reported for its tenant"
    by_hand.add(by_hand.text, number=8)
    [gathered] = by_hand.gather(by_hand.path)
    assert "it names no `run`" in gathered.reviewed.reason


def test_a_file_that_was_used_brings_no_plan(by_hand: ByHand) -> None:
    """An approval runs once."""
    by_hand.store()
    by_hand.add(with_run(by_hand))
    assert 0 == by_hand.project.run("apply", "plan.json").code

    [gathered] = by_hand.gather(by_hand.path)

    assert "the apply #2 has used it" in gathered.reviewed.reason


def test_a_reviewer_sees_what_the_file_approves(by_hand: ByHand) -> None:
    """On the pull request that adds it, before anybody approved it."""
    by_hand.store()
    by_hand.add(with_run(by_hand), reviewed=False)

    text = by_hand.describe()

    assert text.startswith(f"### Merging this also approves the plan of run {by_hand.run['id']}\n")
    assert "Chief" in text
    assert "There is no room here for the plan" in by_hand.describe(limit=5_000)


def test_the_comment_on_the_pull_request_has_it_below_the_plan(by_hand: ByHand) -> None:
    """And so has the summary of the job, whatever the pull request itself changes."""
    by_hand.store()
    by_hand.add(with_run(by_hand), reviewed=False)
    summary = by_hand.project.write("", "summary.md")
    by_hand.project.environment["GITHUB_STEP_SUMMARY"] = str(summary)

    ran = by_hand.project.run("github", "comment", "plan.json", "--pull", "7")

    assert 0 == ran.code, ran.err
    [comment] = by_hand.standin.comments[7]
    for text in (comment["body"], summary.read_text()):
        assert text.index("Chief") < text.index("### Merging this also approves the plan of run")
        assert f"`{by_hand.path}` approves these changes" in text


def test_of_very_many_files_the_others_are_counted() -> None:
    """A comment has a limit at GitHub."""
    many = [ApprovedPlan(f"approvals/{number:064}.yaml", reason="it is broken") for number in range(500)]

    text = render_approved_plans(many, 1_000)

    assert len(text) < 5_000
    assert re.search(r"### Merging this adds 4\d\d more such files\n\nThere is no room", text)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda one: one.add(one.text), "it names no `run`"),
        (lambda one: one.add("plan: [\n"), "approvals/"),
        (lambda one: one.standin.artifacts.clear(), "has no artifact"),
        (
            lambda one: one.standin.tokens.update({TOKEN: Token({"contents": "read", "pull_requests": "read"})}),
            "actions",
        ),
    ],
)
def test_a_file_whose_plan_can_not_be_shown_is_named(change: Change, reason: str, by_hand: ByHand) -> None:
    """A reviewer must not approve a digest unseen."""
    by_hand.store()
    by_hand.add(with_run(by_hand))
    change(by_hand)

    text = by_hand.describe()

    assert f"### Merging this adds `{by_hand.path}`" in text
    assert "Do not approve what you can't see" in text
    assert reason in text


def test_a_pull_request_without_such_files_has_no_section(by_hand: ByHand) -> None:
    """Nor has one whose files are for another tenant."""
    by_hand.standin.open_pull(7, HEAD)
    assert "" == by_hand.describe()
    by_hand.add(by_hand.text.replace("tenant: sandbox", "tenant: qa"), by_hand.path.replace("-sandbox", "-qa"))
    assert "" == by_hand.describe()
