"""Each row of the table in docs/pull-requests.md: a plan that does not count, with the sentence of the row."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.github.client import GitHub
from reconciler.github.runs.approved_plans import NoPlan, PlanQuery, fetch_plan_of
from reconciler.pipeline.pull_requests.gather_approvals import read_stored_plan
from tests.github.standin import StandIn
from tests.report.plans import leaver, make

HEAD, OTHER = "a" * 40, "d" * 40
PAGE = (Path(__file__).parents[2] / "docs" / "pull-requests.md").read_text(encoding="utf-8")
PLAN = json.loads(make(*leaver().changes, commit=OTHER).model_dump_json())
JOBS = {"plan qa": "success", "comment qa": "success"}


@dataclass
class Planned:
    """Pull request 7, which was planned and merged; `plan` is stored last."""

    standin: StandIn
    pull: dict[str, Any] = field(default_factory=dict)
    run: dict[str, Any] = field(default_factory=dict)
    artifact: dict[str, Any] = field(default_factory=dict)
    query: PlanQuery = PlanQuery("qa", "plan.yml", "main", "desired-state")  # noqa: RUF009  # frozen

    def __post_init__(self) -> None:
        self.pull = self.standin.open_pull(7, HEAD)
        self.run = self.standin.start_run(HEAD)
        self.store(PLAN)
        self.standin.finish_run(self.run, JOBS)
        self.standin.merge(7, "c" * 40)

    def store(self, plan: Any, **more: str) -> None:
        self.artifact = self.standin.store(self.run, "plan-qa", {"plan.json": json.dumps(plan), **more})

    def change(self, name: str) -> None:
        self.standin.files[7] = [{"filename": name}]

    def use(self, **query: Any) -> None:
        self.query = replace(self.query, **query)

    def retarget(self) -> None:
        self.standin.change_base(7, "2026-11-25T09:30:00Z")

    def sibling(self, head: str = HEAD) -> None:
        self.standin.open_pull(8, head)["base"]["ref"] = "release"


def edits(**about: object) -> Callable[[Planned], object]:
    """A plan of something else."""
    return lambda one: one.store(PLAN | about)


def ends(job: str, conclusion: str | None) -> Callable[[Planned], object]:
    """A job that ended so; None if it did not run."""
    jobs = {name: became for name, became in {**JOBS, job: conclusion}.items() if became is not None}
    return lambda one: one.standin.finish_run(one.run, jobs)


CASES: dict[str, Callable[[Planned], object]] = {
    "it comes from a fork, and forks get no plan": lambda one: one.pull["head"].update(repo=None),
    "it goes into …, and only pull requests into … approve": lambda one: one.use(branch="trunk"),
    "it changes …, so its own program made its plan": lambda one: one.change(".github/workflows/plan.yml"),
    "it changes … files, and GitHub lists … of them": lambda one: one.pull.update(changed_files=3_001),
    "this repository has no workflow …": lambda one: one.use(workflow="planning.yml"),
    "no run of … planned its head …": lambda one: one.pull["head"].update(sha=OTHER),
    "its plan run … had not finished": lambda one: one.standin.start_run(HEAD),
    "its plan run … was started again after the merge": lambda one: one.run.update(
        run_attempt=2, run_started_at="2026-11-25T10:30:00Z"
    ),
    "#… from the same branch was open when its last plan run … began, and had another base": lambda one: one.sibling(
        OTHER
    ),
    "… has the same head and goes into …, so their plan runs can't be told apart": Planned.sibling,
    "its base branch was changed after its last plan run …, or less than a minute before": lambda one: (
        one.standin.change_base(7, "2026-11-25T09:30:00Z")
    ),
    "the job … of its last plan run … ended in …": ends("plan qa", "failure"),
    "the job … of its last plan run … did not run": ends("comment qa", None),
    "the run … has no artifact …": lambda one: one.standin.artifacts.clear(),
    "the artifact … of the run … has expired": lambda one: one.artifact.update(expired=True),
    "the artifact … no longer exists": lambda one: one.standin.archives.clear(),
    "the artifact … was changed after it was stored": lambda one: one.artifact.update(digest="sha256:00"),
    "the artifact … belongs to another run than …": lambda one: one.artifact["workflow_run"].update(head_sha=OTHER),
    "the artifact … can't be read": lambda one: (
        one.artifact.update(digest=None),
        one.standin.archives.update({one.artifact["id"]: b"<html>"}),
    ),
    "the artifact … does not hold the expected files": lambda one: one.store(PLAN, evil="x"),
    "the plan that run … stored is not a plan file": lambda one: one.store([]),
    "the plan that run … stored has format …": edits(format=9),
    "its plan does not match the merge: it is for the tenant …, not …": edits(tenant="production"),
    "its plan does not match the merge: it is for …, and … is at …": edits(url="https://acme.example"),
    "its plan does not match the merge: it was made from files that were not committed": edits(commit=None),
    "its plan does not match the merge: it could not be applied when it was made": edits(applyable=False),
}


def list_rows() -> Iterator[str]:
    """Yields the messages of the table."""
    table = PAGE.partition("**Why a plan does not count.**")[2].partition("*By hand*")[0]
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and cells[0] != "message":
            assert 3 == len(cells), line
            yield cells[0]


def test_the_table_has_these_rows_and_no_others() -> None:
    assert list(CASES) == list(list_rows())


@pytest.mark.parametrize("row", CASES)
def test_each_row_is_the_sentence_of_its_case(row: str, standin: StandIn, github: GitHub) -> None:
    """It names the pull request, and nothing is written. Only a plan that is not done yet has a way of its own."""
    planned = Planned(standin)
    assert isinstance(read_stored_plan(fetch_plan_of(github, 7, planned.query), "qa", "sandbox"), tuple)
    CASES[row](planned)

    found = read_stored_plan(fetch_plan_of(github, 7, planned.query), "qa", "sandbox")

    assert isinstance(found, NoPlan)
    assert 7 == found.pull
    assert re.match(".+".join(map(re.escape, row.split("…"))), found.reason), found.reason
    assert ("had not finished" in row) == found.reason.endswith(": re-run this job when it is done")
    assert [] == standin.written
