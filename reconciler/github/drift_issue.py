"""Keeps one issue on the drift of a tenant: opens it, updates it, closes it when nothing is left to report, reopens it.

The first day of each drift is kept in the issue itself, hidden, and nowhere else. Knows names of drift and days, and
nothing of accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, TypeAlias

from reconciler.github.client import GitHub
from reconciler.github.comments.comment import CommentMark, OwnAuthor, same_text
from reconciler.github.comments.embedded import escape_json, hide, read_hidden
from reconciler.github.models import Issue, parse

LABEL = "reconciler-drift"
MOST_HIDDEN = 30_000  # characters of days; GitHub accepts 65,536 in a body
SINCE = "since"
MOST_PAGES = 10  # of open issues and pull requests, where no issue has the label

Since: TypeAlias = Mapping[str, str]
IssueResult: TypeAlias = Literal["opened", "opened again", "updated", "closed", "unchanged", "nothing to report"]


@dataclass(frozen=True, slots=True)
class Report:
    """The content of the issue. `text` is empty without anything to report; `since` has the first day of each drift."""

    title: str
    text: str
    since: Since


@dataclass(frozen=True, slots=True)
class FoundIssues:
    """The issue to keep, and further issues with the same mark that are open."""

    kept: Issue | None = None
    further: tuple[Issue, ...] = ()


def find_issues(github: GitHub, author: OwnAuthor, mark: CommentMark) -> FoundIssues:
    """Finds the issues with the mark: by the label, and without an open one there, among all open issues.

    The oldest open issue is kept, else the newest closed one. A closed issue that lost its label is not looked for: a
    new one does as well.
    """
    own = _choose(github.get_all(f"/issues?state=all&labels={LABEL}"), author, mark)
    if not any(one.state == "open" for one in own):
        own += _choose(github.get_all("/issues?state=open", most_pages=MOST_PAGES), author, mark)

    is_open = [one for one in own if one.state == "open"]
    closed = [one for one in own if one.state != "open"]
    return FoundIssues(next(iter(is_open or closed[-1:]), None), tuple(is_open[1:]))


def _choose(listed: Iterable[object], author: OwnAuthor, mark: CommentMark) -> list[Issue]:
    """Returns the issues by the author that have the mark, oldest first."""
    issues = sorted((parse(Issue, one) for one in listed), key=lambda one: one.number)
    own = (one for one in issues if one.pull_request is None and author.wrote(one.user))
    return [one for one in own if mark.is_on(one.body)]


def close_further(github: GitHub, found: FoundIssues) -> None:
    """Closes further open issues with the same mark, without a comment, so that one remains."""
    for issue in found.further:
        github.patch(f"/issues/{issue.number}", {"state": "closed", "state_reason": "not_planned"})


def carry_on(issue: Issue | None, now: Iterable[str], today: str) -> Since:
    """Returns the first day of each current drift: the day in the open issue, else today."""
    known = read_since(issue.body or "") if issue is not None and issue.state == "open" else {}
    return {name: known.get(name, today) for name in sorted(now)}


def read_since(body: str) -> Since:
    """Reads the days hidden in a body; empty if they were edited away."""
    found = (read_hidden(SINCE, line) for line in body.splitlines() if line.startswith(f"<!-- {SINCE}: "))
    return next(found, {})


def write_since(since: Since) -> str:
    """Returns the hidden line, which can't end its HTML comment. Of too many days the oldest are kept."""
    oldest = sorted(since.items(), key=lambda one: (one[1], one[0]))
    sizes = accumulate(len(escape_json({name: day})) for name, day in oldest)
    kept = [one for one, size in zip(oldest, sizes, strict=True) if size <= MOST_HIDDEN]
    return hide(SINCE, dict(kept))


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
    changes: dict[str, object] = {} if LABEL in issue.label_names else {"labels": [*issue.label_names, LABEL]}
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
