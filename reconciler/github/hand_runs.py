"""Fetches the plan that a run of the workflow Apply made by hand, on the default branch.

Refuses every other run, with the reason. The plan is returned as text: its digest is compared by the caller.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from reconciler.errors import NotFound, Refused
from reconciler.github.artifacts import fetch_files, find_artifact
from reconciler.github.client import GitHub
from reconciler.github.models import GitHubModel, WorkflowRun, parse
from reconciler.github.plan_runs import find_worst, list_jobs

PLAN_FILE, TREE_FILE, STDERR_FILE = "plan.json", "tree", "said.txt"
APPLY = re.compile(r"\.github/workflows/apply(?:-\d+)?\.yml")  # one file for each 256 tenants


class HandRun(WorkflowRun):
    """A run with its branch, which is None if the branch was deleted."""

    head_branch: str | None = None


class Comparison(GitHubModel):
    """How a commit stands to a branch: `ahead`, `behind`, `diverged` or `identical`."""

    status: str


class BranchTip(GitHubModel):
    """The commit of a branch."""

    sha: str


class NamedBranch(GitHubModel):
    """A branch that was asked for by its name."""

    commit: BranchTip


def is_on_branch(github: GitHub, commit: str, branch: str) -> bool:
    """Whether the branch at GitHub has the commit; a commit that GitHub does not know is on none.

    The branch is compared by its commit, because its name could be that of a tag too.
    """
    tip = parse(NamedBranch, github.get(f"/branches/{quote(branch, safe='')}")).commit.sha
    try:
        compared = parse(Comparison, github.get(f"/compare/{tip}...{commit}"))
    except NotFound:
        return False
    return compared.status in {"behind", "identical"}


def fetch_plan_by_hand(github: GitHub, number: int, tenant: str, branch: str) -> str:
    """Fetches the plan of a tenant from a run. Raises Refused if the run can't have made it for the branch."""
    try:
        run = parse(HandRun, github.get(f"/actions/runs/{number}"))
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
    artifact = find_artifact(github, run, f"plan-{tenant}")
    if artifact is None:
        raise Refused(f"the run {number} has no artifact plan-{tenant} (was it deleted?)")
    return fetch_files(github, artifact, (PLAN_FILE,), (TREE_FILE, STDERR_FILE))[PLAN_FILE]


def _find_faults(github: GitHub, run: HandRun, branch: str) -> list[str]:
    here = github.repository.lower()
    origin = run.head_repository.full_name.lower() if run.head_repository else None
    path = run.path.partition("@")[0]
    return [
        fault
        for fault, found in (
            (f"its workflow is {path}, not apply.yml", APPLY.fullmatch(path) is None),
            (f"it was started by {run.event}, not by hand", run.event != "workflow_dispatch"),
            (f"it ran on {run.head_branch or 'a deleted branch'}, not on {branch}", run.head_branch != branch),
            ("it is of another repository", (run.repository.full_name.lower(), origin) != (here, here)),
        )
        if found
    ]
