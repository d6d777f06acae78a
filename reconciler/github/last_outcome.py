"""What the last apply of a commit came to: from the commit to the run that applied it, to what that stored.

It is read to be told, and for nothing else: no apply depends on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.github.artifacts import fetch_files, find_artifact
from reconciler.github.client import GitHub
from reconciler.github.models import Artifact, WorkflowRun, parse

OUTCOME_FILE, SAID_FILE = "outcome.json", "said.txt"
EVENTS = frozenset({"push", "workflow_dispatch"})
MOST_RUNS = 5  # each of them is another request


@dataclass(frozen=True, slots=True)
class OutcomeQuery:
    """Which apply: to which tenant, of which commit, by which workflow file."""

    tenant: str
    commit: str
    workflow: str


@dataclass(frozen=True, slots=True)
class StoredOutcome:
    """What an apply left, and which run it was; `outcome` is empty where it refused to begin, and `said` tells why."""

    run: int
    outcome: str
    said: str


def fetch_last_outcome(github: GitHub, asked: OutcomeQuery) -> StoredOutcome | None:
    """What the newest finished apply of the commit to the tenant stored; None where there was no such apply.

    Raises Refused where what it stored is not there any more, or is something else.
    """
    found = next(_stored(github, asked), None)
    if found is None:
        return None
    run, artifact = found
    files = fetch_files(github, artifact, (), (OUTCOME_FILE, SAID_FILE))
    return StoredOutcome(run.id, files.get(OUTCOME_FILE, ""), files.get(SAID_FILE, ""))


def _stored(github: GitHub, asked: OutcomeQuery) -> Iterator[tuple[WorkflowRun, Artifact]]:
    """The newest first. A run that was of other tenants alone stored nothing about this one."""
    listed = github.get_all(f"/actions/workflows/{asked.workflow}/runs?head_sha={asked.commit}", "workflow_runs")
    runs = [run for run in (parse(WorkflowRun, one) for one in listed) if _is_of(github, run, asked)]
    for run in sorted(runs, key=lambda one: -one.id)[:MOST_RUNS]:
        artifact = find_artifact(github, run, f"outcome-{asked.tenant}")
        if artifact is not None:
            yield run, artifact


def _is_of(github: GitHub, run: WorkflowRun, asked: OutcomeQuery) -> bool:
    """Every part of the question is checked against the answer; a run for a pull request applies nothing."""
    path = f".github/workflows/{asked.workflow}"
    origin = run.head_repository.full_name.lower() if run.head_repository else None
    here = github.repository.lower()
    known = (run.path.partition("@")[0], run.head_sha, run.repository.full_name.lower(), origin)
    return known == (path, asked.commit, here, here) and run.event in EVENTS and run.status == "completed"
