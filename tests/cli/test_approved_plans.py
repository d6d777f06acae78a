"""`github approved-plans`, as a workflow runs it: the folder that it writes, its log and its exit codes."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.core.approval.merge_approvals import MergeApprovals
from tests.cli.project import SANDBOX, Ran
from tests.cli.test_github import CHIEF, TOKEN, Reviewed, reviewed  # noqa: F401  # a fixture
from tests.github.standin import Token


@pytest.fixture(autouse=True)
def an_hour_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commits are so old that GitHub's lists do not lag any more, so that the command does not wait for them."""
    monkeypatch.setenv("GIT_COMMITTER_DATE", (datetime.now(UTC) - timedelta(hours=1)).isoformat())


def gather(reviewed: Reviewed, *more: str) -> Ran:  # noqa: F811
    return reviewed.run("approved-plans", "-o", "approved", *more)


def approvals_of(reviewed: Reviewed) -> MergeApprovals:  # noqa: F811
    return MergeApprovals.model_validate_json((reviewed.project.root / "approved/approvals.json").read_text())


def test_the_plan_of_a_merge_is_gathered_and_applied(reviewed: Reviewed) -> None:  # noqa: F811
    """By the commit, here a squash. Both files are private: there are users in them."""
    applied = reviewed.project.git("rev-parse", "HEAD").strip()
    artifact = reviewed.propose(SANDBOX + CHIEF)
    reviewed.project.git("reset", "--quiet", "--hard", applied)
    reviewed.project.write(SANDBOX + CHIEF)
    commit = reviewed.merge()

    ran = gather(reviewed)

    found = approvals_of(reviewed)
    run = artifact["workflow_run"]["id"]
    assert 0 == ran.code
    assert ran.err.endswith(
        f"Pull requests merged into main since the last apply ({applied[:12]}): 1; with a plan: #7\n"
    )
    assert ("sandbox", commit, applied) == (found.tenant, found.commit, found.since)
    assert [(7, run, "plan-7.json", "")] == [(one.number, one.run, one.plan, one.reason) for one in found.pulls]
    assert [(commit, 7)] == [(one.commit, one.pull) for one in found.line]
    folder = reviewed.project.root / "approved"
    assert {"approvals.json": 0o600, "plan-7.json": 0o600} == {
        path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()
    }
    assert 0 == reviewed.project.run("apply", "approved/plan-7.json").code
    assert "Chief" == reviewed.project.users()["ann"]["title"]


def test_a_moved_base_is_no_reason_any_more(reviewed: Reviewed) -> None:  # noqa: F811
    """Approvals are effects: another merge came after the plan was made, and the plan still counts."""
    applied = reviewed.project.git("rev-parse", "HEAD").strip()
    reviewed.propose(SANDBOX + CHIEF)
    reviewed.project.git("reset", "--quiet", "--hard", applied)
    other = reviewed.project.commit(SANDBOX + CHIEF.replace("title: Clerk", "title: Head Clerk"))
    reviewed.merge()

    ran = gather(reviewed)

    assert (0, "plan-7.json") == (ran.code, approvals_of(reviewed).pulls[0].plan)
    assert f"Pushed without a pull request, so approved by none: {other[:12]}\n" in ran.err


def test_without_any_plan_it_is_gathered_all_the_same(reviewed: Reviewed) -> None:  # noqa: F811
    """Exit code 0: the others could have plans. The reason is in the log and in the file, with what to do."""
    reviewed.propose(SANDBOX + CHIEF)
    reviewed.standin.artifacts.clear()
    reviewed.merge()

    ran = gather(reviewed)

    [pull] = approvals_of(reviewed).pulls
    assert (0, None) == (ran.code, pull.plan)
    assert f"#7 does not count: {pull.reason}\n" in ran.err
    assert "has no artifact plan-sandbox (was it deleted?)" in pull.reason
    assert "If the apply refuses a change because of that: merge another pull request, whose plan shows" in ran.err
    assert ["approvals.json"] == [path.name for path in (reviewed.project.root / "approved").iterdir()]


def test_a_late_plan_run_counts_when_the_job_runs_again(reviewed: Reviewed) -> None:  # noqa: F811
    """The first apply of this commit ended without that plan; its end does not close the window for the second."""
    reviewed.propose(SANDBOX + CHIEF)
    reviewed.merge()
    run = reviewed.standin.runs[0]
    reviewed.standin.runs[0] = {**run, "status": "in_progress"}
    assert f"its plan run {run['id']} had not finished: re-run this job when it is done" in gather(reviewed).err
    assert 0 == reviewed.project.run("apply", "--yes").code
    reviewed.standin.runs[0] = run

    again = gather(reviewed)

    assert (0, True) == (again.code, "with a plan: #7" in again.err)


def test_what_changed_the_url_is_the_reason(reviewed: Reviewed) -> None:  # noqa: F811
    """The pull request moved the tenant to another account; no plan of that account was reviewed."""
    reviewed.propose(SANDBOX + CHIEF)
    moved = SANDBOX.replace("url: sandbox", "url: https://acme.example/scim/v2, token: {env: T}")
    reviewed.project.write(moved + CHIEF)
    reviewed.merge()

    ran = gather(reviewed)

    assert (0, True) == (ran.code, "it is for sandbox, and sandbox is at https://acme.example/scim/v2" in ran.err)


def test_the_commit_can_be_named(reviewed: Reviewed) -> None:  # noqa: F811
    """An earlier one, whose later merges are not looked at."""
    reviewed.propose(SANDBOX + CHIEF)
    commit = reviewed.merge()
    reviewed.project.commit(SANDBOX + CHIEF.replace("title: Clerk", "title: Head Clerk"))

    gather(reviewed, "--commit", commit)

    found = approvals_of(reviewed)
    assert (commit, commit) == (found.commit, found.line[-1].commit)


def test_a_record_that_was_not_fetched_leaves_the_window_unknown(
    reviewed: Reviewed,  # noqa: F811
    tmp_path: Path,
) -> None:
    """Exit code 4 with `--record local`; the other commands fetch it, and this one does too."""
    reviewed.propose(SANDBOX + CHIEF)
    away = SANDBOX.replace("url: sandbox", "url: https://acme.example/scim/v2, token: {env: T}")
    reviewed.project.write(away + CHIEF)
    reviewed.merge()
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "origin.git"], check=True)  # noqa: S603, S607
    reviewed.project.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    reviewed.project.git("update-ref", "-d", "refs/heads/reconciler/sandbox")
    reviewed.standin.commits |= {one: [7] for one in reviewed.project.git("rev-list", "HEAD").split()}

    ran = gather(reviewed, "--record", "local")

    assert (4, True) == (ran.code, "the record of applies was not fetched" in ran.err)
    assert not (reviewed.project.root / "approved").exists()
    assert [] == reviewed.standin.calls
    assert 0 == gather(reviewed).code
    reviewed.project.git("remote", "set-url", "origin", str(tmp_path / "gone.git"))
    assert 4 == gather(reviewed).code


def test_a_token_without_permission_stops_it(reviewed: Reviewed) -> None:  # noqa: F811
    """Exit code 5, the permission by name, and no folder."""
    reviewed.propose(SANDBOX + CHIEF)
    reviewed.merge()
    reviewed.standin.tokens[TOKEN] = Token({"contents": "read", "pull_requests": "read"})

    ran = gather(reviewed)

    assert (5, True) == (ran.code, "`actions: read`" in ran.err)
    assert not (reviewed.project.root / "approved").exists()


def test_it_needs_the_repository(tmp_path: Path, reviewed: Reviewed) -> None:  # noqa: F811
    """Exit code 2: without git it is unknown what was merged."""
    (tmp_path / "elsewhere").mkdir()
    reviewed.project.environment["GIT_CEILING_DIRECTORIES"] = str(tmp_path)

    ran = reviewed.project.run("--dir", tmp_path / "elsewhere", "github", "approved-plans", "-o", "x")

    assert (2, True) == (ran.code, "run this command in the repository" in ran.err)


def test_a_late_plan_is_applied_once_when_the_job_runs_again(reviewed: Reviewed) -> None:  # noqa: F811
    """The first apply refuses its effects, the second carries them out, and a third overwrites no change by hand."""
    start = reviewed.project.git("rev-parse", "HEAD").strip()
    reviewed.propose(SANDBOX + CHIEF)
    reviewed.project.git("reset", "--quiet", "--hard", start)
    reviewed.project.write(SANDBOX + CHIEF)
    reviewed.merge()
    run = reviewed.standin.runs[0]
    reviewed.standin.runs[0] = {**run, "status": "in_progress"}

    def again() -> int:
        assert 0 == gather(reviewed).code
        return reviewed.project.run("apply", "--approvals", "approved").code

    assert 4 == again()
    reviewed.standin.runs[0] = run
    assert (0, "Chief") == (again(), reviewed.project.users()["ann"]["title"])
    with reviewed.project.account() as store:
        store.seed([{**reviewed.project.users()["ann"], "title": "Queen"}])
    assert (0, "Queen") == (again(), reviewed.project.users()["ann"]["title"])
