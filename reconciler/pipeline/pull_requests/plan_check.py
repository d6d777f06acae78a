"""Reads the facts about a run of the plan workflow: its kind from the event, the results of its jobs from `needs`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reconciler.core.approval.plan_check import PlanCheck, PlanRunKind, check_plan_run
from reconciler.errors import UsageError
from reconciler.pipeline.workflow_event import member_of, read_event
from reconciler.settings import Job

DEPENDABOT = "dependabot[bot]"
NEEDS = "give --needs the JSON of GitHub's expression `toJSON(needs)`"


def judge_plan_run(job: Job, needs: str) -> PlanCheck:
    """Decides the check of this run; raises UsageError if the event or `needs` can't be read."""
    jobs = _read_needs(needs)
    unread = [name for name, one in jobs.items() if not isinstance(member_of(one, "result"), str)]
    if unread:
        raise UsageError(f"{', '.join(map(repr, unread))} has no result: {NEEDS}")
    results = {name: one["result"] for name, one in jobs.items()}
    return check_plan_run(find_kind(job), results, _count_tenants(jobs))


def find_kind(job: Job) -> PlanRunKind:
    """Finds whether a run is for a pull request, of a fork or of Dependabot, open or not, or for a group of a queue."""
    if job.event == "merge_group":
        return "merge_group"
    if job.event != "pull_request" or job.repository is None:
        raise UsageError("this command needs a workflow that runs on `pull_request` or `merge_group`, as plan.yml does")
    event = read_event(job)
    pull = member_of(event, "pull_request")
    if not isinstance(pull, dict):
        raise UsageError("the event of this job has no pull request")
    if member_of(pull, "state") == "closed":
        return "merged" if member_of(pull, "merged") is True else "closed"
    origin = member_of(pull, "head", "repo", "full_name")
    if not isinstance(origin, str) or origin.lower() != job.repository.lower():
        return "fork"  # a fork that was deleted has no name
    people = (member_of(pull, "user", "login"), member_of(event, "sender", "login"))
    return "dependabot" if DEPENDABOT in people else "pull_request"


def _count_tenants(jobs: Mapping[str, Any]) -> int | None:
    """Returns the number of tenants in the matrix that the job `tenants` made, or None if it made none."""
    written = member_of(jobs, "tenants", "outputs", "matrix")
    try:
        listed = member_of(json.loads(written), "include") if isinstance(written, str) else None
    except (ValueError, RecursionError):
        return None
    return len(listed) if isinstance(listed, list) else None


def _read_needs(text: str) -> dict[str, Any]:
    try:
        jobs = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(NEEDS) from error
    if not isinstance(jobs, dict):
        raise UsageError(NEEDS)
    return jobs
