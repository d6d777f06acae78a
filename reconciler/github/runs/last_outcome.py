"""Finds the outcome of the last apply of a commit: the run that applied it, then its artifact.

It is only reported: no apply depends on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.github.client import GitHub
from reconciler.github.models import Artifact, WorkflowRun, parse
from reconciler.github.runs.artifacts import fetch_files, find_artifact

OUTCOME_FILE, STDERR_FILE, APPROVALS_FILE = "outcome.json", "said.txt", "approvals.json"
EVENTS = frozenset({"push", "workflow_dispatch"})
MOST_RUNS = 5  # each costs a request


@dataclass(frozen=True, slots=True)
class OutcomeQuery:
    """Identifies an apply: by tenant, commit and workflow file."""

    tenant: str
    commit: str
    workflow: str


@dataclass(frozen=True, slots=True)
class StoredOutcome:
    """The files of an apply and its run. `outcome` is empty if the apply refused; `stderr` is its error output."""

    run: int
    outcome: str
    stderr: str


def fetch_last_outcome(github: GitHub, query: OutcomeQuery) -> StoredOutcome | None:
    """Fetches the outcome of the newest finished apply of the commit to the tenant; None if there was none.

    Raises Refused if its artifact is gone or holds other files.
    """
    found = next(_stored(github, query), None)
    if found is None:
        return None
    run, artifact = found
    files = fetch_files(github, artifact, (), (OUTCOME_FILE, STDERR_FILE, APPROVALS_FILE))
    return StoredOutcome(run.id, files.get(OUTCOME_FILE, ""), files.get(STDERR_FILE, ""))


def _stored(github: GitHub, query: OutcomeQuery) -> Iterator[tuple[WorkflowRun, Artifact]]:
    """Yields runs with their artifact, newest first; a run for other tenants has no artifact of this one."""
    listed = github.get_all(f"/actions/workflows/{query.workflow}/runs?head_sha={query.commit}", "workflow_runs")
    runs = [run for run in (parse(WorkflowRun, one) for one in listed) if _is_of(github, run, query)]
    for run in sorted(runs, key=lambda one: -one.id)[:MOST_RUNS]:
        artifact = find_artifact(github, run, f"outcome-{query.tenant}")
        if artifact is not None:
            yield run, artifact


def _is_of(github: GitHub, run: WorkflowRun, query: OutcomeQuery) -> bool:
    """Whether a run is a finished apply of the commit by this workflow; runs for pull requests apply nothing."""
    known = (run.workflow, run.head_sha, run.status)
    wanted = (f".github/workflows/{query.workflow}", query.commit, "completed")
    return run.is_within(github.repository) and known == wanted and run.event in EVENTS
