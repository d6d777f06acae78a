"""The jobs of plan.yml, apply.yml and drift.yml as commands, for a team whose workflows run in this process.

A job that is killed leaves what it had stored or pushed until then, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.github.standin import REPOSITORY
from tests.github.team import Job, Team

MATRIX = json.dumps({"include": [{"tenant": "qa"}]})
HERE = {"full_name": REPOSITORY, "default_branch": "main"}
QA = ("--tenant", "qa")


@dataclass(frozen=True)
class Planned:
    """The run of plan.yml for a pull request: the trial merge, the code of the plan, that of the check."""

    commit: str
    code: int | None
    verdict: int


@dataclass
class PushRun:
    """The run of apply.yml for a push to main, with its attempts so far."""

    commit: str
    run: int
    attempts: int = 0


@dataclass(frozen=True)
class Applied:
    """The run of apply.yml: its code, whether the apply has begun and ended on record, its outcomes, its pulls."""

    code: int
    begun: bool
    ended: bool = False
    statuses: frozenset[str] = frozenset()
    pulls: tuple[int, ...] = ()
    said: str = ""


def plan_pull(team: Team, number: int, fate: str, during: Callable[[], None] | None = None) -> Planned | None:
    """Runs plan.yml on the trial merge of a pull request; None if it conflicts, for then GitHub starts no run.

    The plan job dies if the fate is `killed`, and the comment job if it is `unshown`; `during` happens between them.
    """
    sha = team.merge(number, "merge")
    if sha is None:
        return None
    pull = json.loads(json.dumps(team.pull(number)))
    payload = {"pull_request": {**pull, "state": "open"}, "repository": HERE, "sender": {"login": "ada"}}
    run = team.standin.start_run(team.heads[number])
    run |= {"created_at": team.moment(), "head_branch": pull["head"]["ref"]}
    results = {"tenants": "failure", "plan": "skipped", "comment": "skipped", "group": "skipped"}
    code: int | None = None
    with team.job(sha, "pull_request", run["id"], payload) as job:
        if job.run("validate", "--format", "github").code == 0:
            results["tenants"] = "success"
            code = None if fate == "killed" else _plan(team, job, run, "HEAD^1")
            results["plan"] = "success" if code == 0 else "failure"
            if during:
                during()
            results["comment"] = "failure" if fate == "unshown" else _comment(job, was_stored=fate != "killed")
        elif during:
            during()
        needs = {name: {"result": result, "outputs": {}} for name, result in results.items()}
        needs["tenants"]["outputs"] = {"matrix": MATRIX}
        verdict = job.run("github", "verdict", "--needs", json.dumps(needs)).code
        assert 0 == job.run("github", "mark-outdated").code
    named = {f"{name} qa": result for name, result in results.items() if name in {"plan", "comment"}}
    team.standin.finish_run(run, {name: result for name, result in named.items() if result != "skipped"})
    return Planned(sha, code, verdict)


def _plan(team: Team, job: Job, run: dict[str, Any], base: str) -> int:
    assert 0 == job.run(*QA, "ownership", "fetch").code
    ran = job.run(*QA, "plan", "--base", base, "--record", "local", "-o", job.out / "plan.json")
    (job.out / "said.txt").write_text(ran.err)
    team.standin.store(run, "plan-qa", {path.name: path.read_bytes() for path in job.out.iterdir()})
    return ran.code


def _comment(job: Job, *, was_stored: bool) -> str:
    said = job.out / ("said.txt" if was_stored else "none.txt")
    ran = job.run(*QA, "github", "comment", job.out / "plan.json", "--said", said)
    assert 0 == ran.code, ran.said
    return "success"


def check_group(team: Team, merges: Sequence[tuple[int, str]], base: str) -> int | None:
    """Runs plan.yml on the last group of a queue. Returns the code of its check; None if git is not valid."""
    onto = team.main
    for number, commit in merges:
        team.standin.refs[f"refs/heads/gh-readonly-queue/main/pr-{number}-{onto}"] = commit
        onto = commit
    number, head = merges[-1]
    ref = f"refs/heads/gh-readonly-queue/main/pr-{number}-{base}"
    group = {"base_ref": "refs/heads/main", "base_sha": base, "head_ref": ref, "head_sha": head}
    run = team.standin.start_run(head, event="merge_group")
    try:
        payload = {"merge_group": group, "repository": HERE}
        with team.job(head, "merge_group", run["id"], payload, ref=ref) as job:
            if job.run("validate", "--format", "github").code != 0:
                return None
            assert 0 == _plan(team, job, run, base), job.ran[-1].said
            assert 0 == job.run(*QA, "ownership", "fetch").code
            said = job.out / "said.txt"
            return job.run(*QA, "github", "merge-group", job.out / "plan.json", "--said", said).code
    finally:
        team.standin.refs.clear()
        team.standin.finish_run(run, {})


def apply_merge(team: Team, run: PushRun, fate: str, at: int) -> Applied:
    """Runs apply.yml for a push; of its requests, those from `at` on are refused, or never sent if it is killed."""
    run.attempts += 1
    with team.job(run.commit, "push", run.run, {"repository": HERE}, run.attempts) as job:
        applied = _apply(team, job, fate, at)
        killed = fate.startswith("killed") and applied.begun
        if not killed:
            outcome = ("--outcome", job.out / "outcome.json", "--said", job.out / "said.txt", "--approvals", job.out)
            assert 0 == job.run(*QA, "github", "comment", *outcome).code, job.ran[-1].said
    if killed:
        team.age_record()
    return applied


def _apply(team: Team, job: Job, fate: str, at: int) -> Applied:
    assert 0 == job.run(*QA, "ownership", "fetch").code
    gathered = job.run(*QA, "github", "approved-plans", "--record", "local", "-o", job.out)
    assert 0 == gathered.code, gathered.said
    pulls = tuple(one["number"] for one in json.loads((job.out / "approvals.json").read_text())["pulls"])
    assert 0 == job.run(*QA, "ownership", "fetch").code
    begun = job.run(*QA, "ownership", "begin", "--approvals", job.out, "--max-duration", "6600")
    (job.out / "said.txt").write_text(begun.err)
    if begun.code != 0:
        return Applied(begun.code, begun=False, pulls=pulls, said=begun.said)
    if fate == "killed at begin":
        return Applied(1, begun=True, pulls=pulls)
    if fate != "whole":
        team.service.writes_left = 9 if fate == "killed at end" else at
        team.service.refuses_with = 401 if fate == "killed" else 422 if fate == "refused" else 0
    arguments = ("--approvals", job.out, "--record", "local", "--max-duration", "6600", "--format", "json")
    ran = job.run(*QA, "apply", *arguments)
    team.service.refuses_with = 0
    (job.out / "said.txt").write_text(ran.err)
    if ran.out:
        (job.out / "outcome.json").write_text(ran.out)
    if fate.startswith("killed"):
        return Applied(1, begun=True, pulls=pulls, said=ran.said)
    pushed = job.run(*QA, "ownership", "push")
    assert 0 == pushed.code, pushed.said
    if not ran.out:
        return Applied(ran.code, begun=False, pulls=pulls, said=ran.said)
    statuses = frozenset(one["status"] for one in ran.document["outcomes"])
    return Applied(ran.code, begun=True, ended=True, statuses=statuses, pulls=pulls, said=ran.said)


def look_for_drift(team: Team) -> tuple[int, int]:
    """Runs drift.yml. Returns the codes of the drift and of its issue."""
    with team.job(team.main, "schedule", 9_000 + team.jobs, {"repository": HERE}) as job:
        assert 0 == job.run(*QA, "ownership", "fetch").code
        ran = job.run(*QA, "drift", "--record", "local", "--format", "json")
        (job.out / "drift.json").write_text(ran.out)
        (job.out / "said.txt").write_text(ran.err)
        assert 0 == job.run(*QA, "ownership", "fetch").code
        issue = job.run(*QA, "github", "drift-issue", job.out / "drift.json", "--said", job.out / "said.txt")
        return ran.code, issue.code
