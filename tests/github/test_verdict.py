"""The command `github verdict`, from the event and the results that GitHub gives a job."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.project import Project, Ran

MATRIX = json.dumps({"include": [{"tenant": "qa"}]})
HERE = {"full_name": "acme/people"}


@dataclass
class CheckJob:
    """The job that runs the command: its event, and the summary that it writes."""

    project: Project
    monkeypatch: pytest.MonkeyPatch

    @property
    def summary(self) -> str:
        return (self.project.root.parent / "summary.md").read_text().strip()

    def judge(self, name: str, payload: Any, written: str) -> Ran:
        self.monkeypatch.setenv("GITHUB_EVENT_NAME", name)
        (self.project.root.parent / "event.json").write_text(json.dumps(payload))
        return self.project.run("github", "verdict", "--needs", written)


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CheckJob:
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/people")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    return CheckJob(Project(tmp_path / "project", monkeypatch), monkeypatch)


def pull(repo: Any = HERE, login: str = "ada", sender: str = "ada") -> dict[str, Any]:
    return {"pull_request": {"head": {"repo": repo}, "user": {"login": login}}, "sender": {"login": sender}}


def ended(*, merged: bool) -> dict[str, Any]:
    payload = pull()
    payload["pull_request"] |= {"state": "closed", "merged": merged}
    return payload


def needs(matrix: str | None = MATRIX, **results: str) -> str:
    jobs: dict[str, Any] = {name: {"result": result, "outputs": {}} for name, result in results.items()}
    if matrix is not None and results.get("tenants") == "success":
        jobs["tenants"]["outputs"]["matrix"] = matrix
    return json.dumps(jobs, indent=2)


VALID = {"tenants": "success", "plan": "skipped", "comment": "skipped", "group": "skipped"}
SKIPPED = {**VALID, "tenants": "skipped"}
PLANNED = {**VALID, "plan": "success", "comment": "success"}
GROUPED = {**VALID, "plan": "success", "group": "success"}


@pytest.mark.parametrize(
    ("name", "payload", "results", "headline"),
    [
        ("pull_request", pull(), PLANNED, "Every tenant has a plan, and it is shown"),
        ("pull_request", pull({"full_name": "ACME/People"}), PLANNED, "Every tenant has a plan, and it is shown"),
        ("pull_request", pull({"full_name": "mallory/people"}), VALID, "Valid, but not planned, because it comes from"),
        ("pull_request", pull(None), VALID, "Valid, but not planned, because it comes from a fork"),
        ("pull_request", pull(login="dependabot[bot]"), VALID, "Valid, but not planned, because it comes from Depend"),
        ("pull_request", pull(sender="dependabot[bot]"), VALID, "Valid, but not planned, because it comes from Depend"),
        ("pull_request", ended(merged=True), SKIPPED, "Merged already, so nothing was planned"),
        ("merge_group", {"merge_group": {}}, GROUPED, "The group changes what its pull requests show, and nothing"),
    ],
)
def test_it_passes(name: str, payload: Any, results: dict[str, str], headline: str, job: CheckJob) -> None:
    """And the summary of the job has the same text; no token is asked for."""
    ran = job.judge(name, payload, needs(**results))

    assert 0 == ran.code, ran.err
    assert ran.out.startswith(f"### {headline}")
    assert "\nThis check passes.\n" in ran.out
    assert ran.out.strip() == job.summary


@pytest.mark.parametrize("name", ["pull_request", "merge_group"])
@pytest.mark.parametrize("matrix", [None, "", "[]", "{}", '{"include": 1}', "[" * 100_000])
def test_it_fails_without_a_list_of_tenants(name: str, matrix: str | None, job: CheckJob) -> None:
    """Because nobody knows then which plans are missing."""
    ran = job.judge(name, pull(), needs(matrix, **VALID))

    assert 1 == ran.code
    assert "gave no list of tenants" in ran.out


def test_it_fails_with_the_job_to_blame(job: CheckJob) -> None:
    """A skipped plan is no good news for a pull request of this repository; foreign names are quoted."""
    ran = job.judge("pull_request", pull(), needs(**{**VALID, "x`@all <b>": "failure"}))

    assert 1 == ran.code
    assert ran.out.startswith("### Don't merge this pull request\n\n- A job `plan TENANT` did not run: ")
    assert "This check fails.\n" in ran.out
    assert "- The job `` `x`@all <b>` `` failed: " in ran.out


def test_it_fails_for_a_pull_request_that_was_closed_without_a_merge(job: CheckJob) -> None:
    """An edit of it must not turn green what another pull request of the same commit needs."""
    ran = job.judge("pull_request", ended(merged=False), needs(None, **SKIPPED))

    assert (1, True) == (ran.code, "is closed, so nothing was planned: reopen it" in ran.out)


@pytest.mark.parametrize(
    ("name", "payload", "written", "message"),
    [
        ("push", {}, needs(**VALID), "needs a workflow that runs on `pull_request` or `merge_group`"),
        ("pull_request", {}, needs(**VALID), "the event of this job has no pull request"),
        ("pull_request", [], needs(**VALID), "is not a JSON object"),
        ("pull_request", pull(), "", "give --needs the JSON"),
        ("pull_request", pull(), "[]", "give --needs the JSON"),
        ("pull_request", pull(), "[" * 100_000, "give --needs the JSON"),
        ("pull_request", pull(), '{"plan": "success"}', "'plan' has no result: give --needs the JSON"),
    ],
)
def test_what_it_can_not_read_is_no_pass(name: str, payload: Any, written: str, message: str, job: CheckJob) -> None:
    """Exit code 2, and what to give."""
    ran = job.judge(name, payload, written)

    assert 2 == ran.code
    assert message in ran.err
