"""Reads the pull request in the event of a workflow."""

from __future__ import annotations

import json
from dataclasses import dataclass

from reconciler.github.comments.comment import PullHead
from reconciler.pipeline.private_files import read_text
from reconciler.settings import Job


@dataclass(frozen=True, slots=True)
class PullEvent:
    """The pull request of an event; `head` is its head and base then, or None if the event does not have them."""

    number: int
    head: PullHead | None = None


def read_pull_event(job: Job) -> PullEvent | None:
    """Returns the pull request in the workflow's event, or None."""
    pull = _member(_read_event(job), "pull_request")
    number = _member(pull, "number")
    if not isinstance(number, int):
        return None
    head, base = _member(_member(pull, "head"), "sha"), _member(_member(pull, "base"), "ref")
    known = isinstance(head, str) and isinstance(base, str)
    return PullEvent(number, PullHead(str(head), str(base)) if known else None)


def _read_event(job: Job) -> object:
    if job.event_file is None:
        return None
    try:
        return json.loads(read_text(job.event_file))
    except (ValueError, RecursionError):
        return None


def _member(document: object, name: str) -> object:
    return document.get(name) if isinstance(document, dict) else None
