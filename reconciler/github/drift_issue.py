"""Keeps one issue on the drift of a tenant: opens it, updates it, closes it when nothing is left to report, reopens it.

The first day of each drift is kept in the issue itself, hidden, and nowhere else. Knows names of drift and days, and
nothing of accounts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, TypeAlias

from reconciler.github.client import GitHub
from reconciler.github.comment import CommentMark, same_text
from reconciler.github.models import Issue, parse

LABEL = "reconciler-drift"
MOST_HIDDEN = 30_000  # characters of days; GitHub accepts 65,536 in a body
_SINCE = "<!-- since: "
_END = " -->"

Since: TypeAlias = Mapping[str, str]
IssueResult: TypeAlias = Literal["opened", "opened again", "updated", "closed", "unchanged", "nothing to report"]


@dataclass(frozen=True, slots=True)
class Report:
    """The content of the issue. `text` is empty without anything to report; `since` has the first day of each drift."""

    title: str
    text: str
    since: Since


def find_issue(github: GitHub, author: str, mark: CommentMark) -> Issue | None:
    """Finds the oldest issue by the author with the label and the mark, open or closed; None if there is none."""
    listed = github.get_all(f"/issues?state=all&labels={LABEL}")
    issues = sorted((parse(Issue, one) for one in listed), key=lambda one: one.number)
    own = (one for one in issues if one.user is not None and one.user.login == author and one.pull_request is None)
    return next((one for one in own if mark.is_on(one.body)), None)


def carry_on(issue: Issue | None, now: Iterable[str], today: str) -> Since:
    """Returns the first day of each current drift: the day in the open issue, else today."""
    known = read_since(issue.body or "") if issue is not None and issue.state == "open" else {}
    return {name: known.get(name, today) for name in sorted(now)}


def read_since(body: str) -> Since:
    """Reads the days hidden in a body; empty if they were edited away."""
    line = next((line for line in body.splitlines() if line.startswith(_SINCE) and line.endswith(_END)), None)
    if line is None:
        return {}
    try:
        document = json.loads(line.removeprefix(_SINCE).removesuffix(_END))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(document, dict):
        return {}
    return {str(name): day for name, day in document.items() if isinstance(day, str)}


def write_since(since: Since) -> str:
    """Returns the hidden line, which can't end its HTML comment. Of too many days the oldest are kept."""
    oldest = sorted(since.items(), key=lambda one: (one[1], one[0]))
    sizes = accumulate(len(_hide({name: day})) for name, day in oldest)
    kept = [one for one, size in zip(oldest, sizes, strict=True) if size <= MOST_HIDDEN]
    return f"{_SINCE}{_hide(dict(kept))}{_END}"


def _hide(since: Since) -> str:
    return json.dumps(dict(since), sort_keys=True).replace("-", r"\u002d").replace(">", r"\u003e")


def keep_issue(github: GitHub, issue: Issue | None, mark: CommentMark, report: Report) -> IssueResult:
    """Creates, edits, closes or opens the issue so that it has the report, with at most one request."""
    body = mark.on(f"{report.text.rstrip()}\n\n{write_since(report.since)}")
    if issue is None:
        if not report.text:
            return "nothing to report"
        github.post("/issues", {"title": report.title, "body": body, "labels": [LABEL]})
        return "opened"

    changes = _changes(issue, report, body)
    if changes:
        github.patch(f"/issues/{issue.number}", changes)
    return _describe_changes(issue, changes)


def _changes(issue: Issue, report: Report, body: str) -> dict[str, object]:
    """Returns what to edit. A closed issue keeps its last text, as the record of what was repaired."""
    if not report.text:
        return {"state": "closed", "state_reason": "completed"} if issue.state == "open" else {}
    changes: dict[str, object] = {}
    if issue.state != "open":
        changes["state"] = "open"
    if issue.title != report.title:
        changes["title"] = report.title
    if not same_text(issue.body, body):
        changes["body"] = body
    return changes


def _describe_changes(issue: Issue, changes: Mapping[str, object]) -> IssueResult:
    match changes.get("state"):
        case "closed":
            return "closed"
        case "open":
            return "opened again"
        case _ if changes:
            return "updated"
        case _:
            return "unchanged" if issue.state == "open" else "nothing to report"
