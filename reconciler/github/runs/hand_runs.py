"""Fetches the plan that a run of the workflow Apply made by hand, on the default branch.

Refuses every other run, with the reason. The plan is returned as text: its digest is compared by the caller.
"""

from __future__ import annotations

import re

from reconciler.errors import NotFound, Refused
from reconciler.github.branches import is_on_branch
from reconciler.github.client import GitHub
from reconciler.github.models import WorkflowRun, parse
from reconciler.github.runs.artifacts import fetch_plan
from reconciler.github.runs.plan_runs import find_worst, list_jobs

APPLY = re.compile(r"\.github/workflows/apply(?:-\d+)?\.yml")  # one file for each 256 tenants


def fetch_plan_by_hand(github: GitHub, number: int, tenant: str, branch: str) -> str:
    """Fetches the plan of a tenant from a run. Raises Refused if the run can't have made it for the branch."""
    try:
        run = parse(WorkflowRun, github.get(f"/actions/runs/{number}"))
    except NotFound as error:
        raise Refused(f"the run {number} does not exist in this repository, or was deleted") from error
    faults = list(_find_faults(github, run, branch))
    if not faults and not is_on_branch(github, run.head_sha, branch):
        faults = [f"its commit {run.head_sha[:12]} is not on {branch} (a tag can have the name of a branch)"]
    if faults:
        raise Refused(f"the run {number} can't have made a plan to approve: {'; '.join(faults)}")
    name = f"plan {tenant}"
    became = find_worst(list_jobs(github, number), name)
    if became != "success":
        raise Refused(f'the job "{name}" of the run {number} did not succeed ({became or "did not run"})')
    return fetch_plan(github, run, tenant)


def _find_faults(github: GitHub, run: WorkflowRun, branch: str) -> list[str]:
    return [
        fault
        for fault, found in (
            (f"its workflow is {run.workflow}, not apply.yml", APPLY.fullmatch(run.workflow) is None),
            (f"it was started by {run.event}, not by hand", run.event != "workflow_dispatch"),
            (f"it ran on {run.head_branch or 'a deleted branch'}, not on {branch}", run.head_branch != branch),
            ("it is of another repository", not run.is_within(github.repository)),
        )
        if found
    ]
