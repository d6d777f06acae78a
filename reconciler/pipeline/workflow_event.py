"""Reads the event of a workflow: the JSON file that GitHub writes for each run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.errors import UsageError
from reconciler.github.comments.pull_head import PullHead
from reconciler.pipeline.private_files import read_text
from reconciler.settings import Job


@dataclass(frozen=True, slots=True)
class PullEvent:
    """The pull request of an event; `head` is its head and base then, or None if the event does not have them."""

    number: int
    head: PullHead | None = None


def read_event(job: Job) -> Mapping[str, object]:
    """Returns the event; raises UsageError if there is none, or if it can't be read."""
    if job.event_file is None:
        raise UsageError("this command needs the event of a workflow, and GITHUB_EVENT_PATH is not set")
    try:
        event = json.loads(read_text(job.event_file))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the event file {job.event_file} is not JSON ({error})") from error
    if not isinstance(event, dict):
        raise UsageError(f"the event file {job.event_file} is not a JSON object")
    return event


def find_event(job: Job) -> Mapping[str, object]:
    """Returns the event; an empty one if there is none, or if it can't be read."""
    try:
        return read_event(job)
    except UsageError:
        return {}


def member_of(document: object, *names: str) -> object:
    """Returns a nested member of a document; None if it is missing."""
    for name in names:
        document = document.get(name) if isinstance(document, dict) else None
    return document


def find_pull_event(job: Job) -> PullEvent | None:
    """Returns the pull request in the event, or None."""
    pull = member_of(find_event(job), "pull_request")
    number = member_of(pull, "number")
    if not isinstance(number, int):
        return None
    head, base = member_of(pull, "head", "sha"), member_of(pull, "base", "ref")
    known = isinstance(head, str) and isinstance(base, str)
    return PullEvent(number, PullHead(str(head), str(base)) if known else None)
