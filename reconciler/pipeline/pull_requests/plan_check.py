"""Reads the facts about a run of the plan workflow: its kind from the event, the results of its jobs from `needs`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reconciler.core.approval.plan_check import PlanCheck, PlanRunKind, check_plan_run
from reconciler.errors import UsageError
from reconciler.pipeline.private_files import read_text
from reconciler.settings import Job

DEPENDABOT = "dependabot[bot]"
NEEDS = "give --needs the JSON of GitHub's expression `toJSON(needs)`"


def judge_plan_run(job: Job, needs: str) -> PlanCheck:
    """Decides the check of this run; raises UsageError if the event or `needs` can't be read."""
    jobs = _read_object(needs, NEEDS)
    unread = [name for name, one in jobs.items() if not isinstance(_member(one, "result"), str)]
    if unread:
        raise UsageError(f"{', '.join(map(repr, unread))} has no result: {NEEDS}")
    results = {name: one["result"] for name, one in jobs.items()}
    return check_plan_run(find_kind(job), results, _count_tenants(jobs))


def find_kind(job: Job) -> PlanRunKind:
    """Finds whether a run is for a pull request, of a fork or of Dependabot, open or not, or for a group of a queue."""
    if job.event == "merge_group":
        return "merge_group"
    if job.event != "pull_request" or job.event_file is None or job.repository is None:
        raise UsageError("this command needs a workflow that runs on `pull_request` or `merge_group`, as plan.yml does")
    event = _read_object(read_text(job.event_file), "the event of this job can't be read")
    pull = _member(event, "pull_request")
    if not isinstance(pull, dict):
        raise UsageError("the event of this job has no pull request")
    if _member(pull, "state") == "closed":
        return "merged" if _member(pull, "merged") is True else "closed"
    origin = _member(pull, "head", "repo", "full_name")
    if not isinstance(origin, str) or origin.lower() != job.repository.lower():
        return "fork"  # a fork that was deleted has no name
    people = (_member(pull, "user", "login"), _member(event, "sender", "login"))
    return "dependabot" if DEPENDABOT in people else "pull_request"


def _count_tenants(jobs: Mapping[str, Any]) -> int | None:
    """Returns the number of tenants in the matrix that the job `tenants` made, or None if it made none."""
    written = _member(jobs, "tenants", "outputs", "matrix")
    try:
        listed = _member(json.loads(written), "include") if isinstance(written, str) else None
    except (ValueError, RecursionError):
        return None
    return len(listed) if isinstance(listed, list) else None


def _read_object(text: str, message: str) -> dict[str, Any]:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(message) from error
    if not isinstance(read, dict):
        raise UsageError(message)
    return read


def _member(value: object, *names: str) -> object:
    """Returns a nested member; None if it is missing."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value
