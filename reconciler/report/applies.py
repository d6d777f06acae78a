"""Renders the record of applies, with the applied commits, as text, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

from reconciler.core.model.amounts import count
from reconciler.core.record.record import ApplyRecord
from reconciler.report.format.quote import plain
from reconciler.report.format.spreadsheet import cell

ApplyFormat: TypeAlias = Literal["text", "json", "csv"]
MINUTES = len("2026-03-31T12:00")
SHORT = 12
SHORT_DIGEST = len("sha256:") + SHORT  # JSON and CSV have the whole digest
LONGEST_SUBJECT = 72
FIELDS = ("serial", "state", "at", "whole", "mode", "counts", "population", "digest", "commit", "folder", "run")
COLUMNS = ("tenant", *FIELDS, "committed", "author", "subject", "leads_here")
NONE_YET = "No apply is on record in this clone: fetch the record with `reconciler ownership fetch`, or apply\n"


@dataclass(frozen=True, slots=True)
class AppliedCommit:
    """A record of an apply and its commit; the fields of the commit are None if this clone does not have it."""

    tenant: str
    record: ApplyRecord
    subject: str | None = None
    author: str | None = None
    committed: str | None = None
    leads_here: bool = False


def render_applies(applies: Sequence[AppliedCommit], form: ApplyFormat) -> str:
    """Renders the applies in a format, in the given order."""
    match form:
        case "json":
            return json.dumps([_fields(applied) for applied in applies], indent=2, ensure_ascii=False) + "\n"
        case "csv":
            return _csv(applies)
        case "text":
            return _text(applies)


def _fields(applied: AppliedCommit) -> dict[str, object]:
    """Returns one flat row: the commit, and the record without the hashes of users."""
    commit = {name: value for name, value in asdict(applied).items() if name not in {"record", "tenant"}}
    return {"tenant": applied.tenant, **applied.record.model_dump(include=set(FIELDS)), **commit}


def _csv(applies: Iterable[AppliedCommit]) -> str:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(COLUMNS)
    for applied in applies:
        fields = {**_fields(applied), "counts": _counts(applied.record.counts)}
        writer.writerow([cell(fields[name]) for name in COLUMNS])
    return written.getvalue()


def _text(applies: Sequence[AppliedCommit]) -> str:
    """Returns two lines for each apply: number, time, state and commit; then the result."""
    if not applies:
        return NONE_YET
    widest = max(len(plain(applied.tenant)) for applied in applies)
    return "".join(f"{line}\n" for applied in applies for line in _lines(applied, widest))


def _lines(applied: AppliedCommit, widest: int) -> Iterable[str]:
    record = applied.record
    when = plain(record.at[:MINUTES].replace("T", " "))
    state = describe_state(record)
    tenant, commit = plain(applied.tenant), f"{record.commit[:SHORT]}  {_commit(applied)}"
    yield f"#{record.serial:<4} {when}  {tenant:{widest}}  {state:9}  {commit}"
    if record.state == "begun":
        yield f"      not ended; may send requests until {plain((record.until or '')[:MINUTES].replace('T', ' '))} UTC"
        return
    if record.state == "recovered":
        yield "      nothing was sent: the record starts anew from this commit and the account at that time"
        return
    people = "" if record.population is None else f"; {count(record.population, 'active user')} after it"
    aside = "" if applied.leads_here or applied.subject is None else "; not in the history of HEAD"
    digest = f"; {plain(record.digest[:SHORT_DIGEST])}" if record.digest else ""
    yield f"      {_counts(record.counts)}{people}{aside}{digest}"


def describe_state(record: ApplyRecord) -> str:
    """Returns the state of an apply in one word: complete, partial, begun or recovered."""
    if record.state != "ended":
        return record.state
    return "complete" if record.whole else "partial"


def _commit(applied: AppliedCommit) -> str:
    if applied.subject is None or applied.author is None:
        return "(a commit that this clone does not have)"
    return f"{plain(applied.subject, LONGEST_SUBJECT)} ({plain(applied.author)})"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {plain(status)}" for status, number in counts.items()) or "nothing to do"
