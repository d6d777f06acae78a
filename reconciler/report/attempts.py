"""Renders the provisioning log as text, JSON and CSV. Quotes every foreign value."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Literal, TypeAlias

from reconciler.core.changes.attempt import Attempt
from reconciler.core.changes.plan import AttributeChange
from reconciler.core.model.amounts import count
from reconciler.core.model.diff import show_change, show_value
from reconciler.report.format.quote import plain, plain_line
from reconciler.report.format.spreadsheet import cell

AttemptFormat: TypeAlias = Literal["text", "json", "csv"]
WIDTH = 110
SHORT = 12
CREATING = ("create_user", "create_group")
COLUMNS = (
    *("at", "run", "tenant", "status", "action", "key", "name", "target_id", "attributes", "members", "roles"),
    *("detail", "seconds", "requests", "cause", "reason", "who", "commit", "url", "change", "digest"),
)


def render_attempts(attempts: Sequence[Attempt], form: AttemptFormat) -> Iterator[str]:
    """Renders attempts in the given order, piece by piece; JSON has one object on each line."""
    match form:
        case "json":
            return (f"{attempt.model_dump_json()}\n" for attempt in attempts)
        case "csv":
            return _csv(attempts)
        case "text":
            return (f"{line}\n" for line in _text(attempts))


def _csv(attempts: Iterable[Attempt]) -> Iterator[str]:
    yield _row(COLUMNS)
    for attempt in attempts:
        fields = {
            **attempt.model_dump(exclude={"attributes", "members", "roles"}),
            "attributes": "\n".join(f"{change.path}: {_change(change)}" for change in attempt.attributes),
            "members": " ".join(attempt.members),
            "roles": " ".join(attempt.roles),
        }
        yield _row([cell(fields[name]) for name in COLUMNS])


def _row(cells: Iterable[str]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow(cells)  # a bare \r would end a row
    return written.getvalue()


def _text(attempts: Iterable[Attempt]) -> Iterator[str]:
    """Yields a heading for each run, then each attempt with its content and its result."""
    for number, (_run, of_run) in enumerate(groupby(attempts, key=lambda attempt: attempt.run)):
        listed = list(of_run)
        yield from [""] if number else []
        yield _heading(listed[0])
        for attempt in listed:
            yield from _lines(attempt)


def _heading(attempt: Attempt) -> str:
    commit = f"commit {plain(attempt.commit[:SHORT])}" if attempt.commit else "not committed"
    return f"{plain(attempt.tenant)}, run {plain(attempt.run)}, {commit}, by {plain(attempt.who)}"


def _lines(attempt: Attempt) -> Iterator[str]:
    requests = count(attempt.requests or 0, "request")
    took = "" if attempt.seconds is None else f"  {attempt.seconds:.3f} s, {requests}"
    when = plain(attempt.at[:19].replace("T", " "))
    yield f"  {when}  {attempt.status:9}  {attempt.action}  {plain(attempt.name)} ({plain(attempt.key)}){took}"
    for line in [*_subjects(attempt), *([f"because {plain_line(attempt.reason)}"] if attempt.reason else [])]:
        yield from textwrap.wrap(
            line,
            WIDTH,
            initial_indent=" " * 6,
            subsequent_indent=" " * 8,
            break_on_hyphens=False,
            break_long_words=False,
        )
    if attempt.detail:
        yield f"      ! {plain_line(attempt.detail)}"
    elif attempt.status == "started":
        yield "      ! the result is unknown, because the run stopped first; the next plan shows what is still to do"


def _subjects(attempt: Attempt) -> Iterator[str]:
    """Yields the content of an attempt: a line for each attribute; for a creation one line for all."""
    changes = [f"{plain(change.path)}: {plain_line(_change(change))}" for change in attempt.attributes]
    yield from ["; ".join(changes)] if attempt.action in CREATING and changes else changes
    if attempt.roles:
        yield f"roles: {plain_line(', '.join(attempt.roles))}"
    if attempt.members:
        yield f"members: {plain_line(', '.join(attempt.members))}"


def _change(change: AttributeChange) -> str:
    if change.before is None:
        return show_value(change.after)
    return " → ".join(show_change(change.before, change.after, change.path))
