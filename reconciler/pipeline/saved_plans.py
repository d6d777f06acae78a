"""Reads plan files and outcomes of this program. An edited file, or a change that deletes, does not parse."""

from __future__ import annotations

import json

from pydantic import ValidationError

from reconciler.core.changes.outcome import Run
from reconciler.core.changes.plan import Plan
from reconciler.errors import UsageError

FORMAT = 1


def read_saved(text: str, name: str) -> Plan | Run:
    """Reads a plan or an outcome; raises UsageError, with the first reason, if the text is neither."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name} is not a plan file: it is not JSON ({error})") from error
    if not isinstance(document, dict) or not ({"changes", "outcomes"} & document.keys()):
        raise UsageError(
            f"{name} is not a plan file, and not the outcome of an apply: make a plan file with `plan -o FILE`"
        )
    if document.get("format") != FORMAT:
        raise UsageError(
            f"{name} has format {document.get('format')!r}, and this version reads format {FORMAT}: plan again"
        )
    try:
        return Plan.model_validate_json(text) if "changes" in document else Run.model_validate_json(text)
    except ValidationError as error:
        raise UsageError(f"{name} is not a plan file that can be trusted: {_describe_first(error)}") from error


def read_plan(text: str, name: str) -> Plan:
    """Reads a plan, as `read_saved` does; raises UsageError for an outcome."""
    saved = read_saved(text, name)
    if not isinstance(saved, Plan):
        raise UsageError(f"{name} is the outcome of an apply, not a plan: make a plan file with `plan -o FILE`")
    return saved


def _describe_first(error: ValidationError) -> str:
    detail = error.errors(include_url=False)[0]
    path = ".".join(map(str, detail["loc"]))
    return f"{path}: {detail['msg']}" if path else detail["msg"]
