"""Receipts as people and spreadsheets read them, beside the commits that they are of."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

from reconciler.core.receipt import Recorded
from reconciler.report.quote import plain
from reconciler.report.spreadsheet import cell
from reconciler.report.words import count

ReceiptFormat: TypeAlias = Literal["text", "json", "csv"]
MINUTES = len("2026-03-31T12:00")
SHORT = 12
SHORT_DIGEST = len("sha256:") + SHORT  # JSON and CSV have all of it
LONGEST_SUBJECT = 72


def render_receipts(receipts: Sequence[Recorded], form: ReceiptFormat) -> str:
    """The receipts in a format, in the order they come in."""
    match form:
        case "json":
            return json.dumps([_fields(one) for one in receipts], indent=2, ensure_ascii=False) + "\n"
        case "csv":
            return _csv(receipts)
        case "text":
            return _text(receipts)


def _fields(one: Recorded) -> dict[str, object]:
    """One flat record: what the receipt says, and the commit."""
    beside = one.model_dump(exclude={"receipt"})
    return {**one.receipt.model_dump(exclude={"format"}), **beside}


def _csv(receipts: Iterable[Recorded]) -> str:
    names = ("at", "tenant", "outcome", "counts", "population", "digest", "commit", "committed", "author", "subject")
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow([*names, "leads_here", "url"])
    for one in receipts:
        fields = {**_fields(one), "counts": _counts(one.receipt.counts)}
        writer.writerow([cell(fields[name]) for name in (*names, "leads_here", "url")])
    return written.getvalue()


def _text(receipts: Sequence[Recorded]) -> str:
    """Two lines for each: when, where, how and which commit; what it came to."""
    if not receipts:
        return "No receipts here: nothing was applied yet, or they are to be fetched (reconciler receipts fetch)\n"
    widest = max(len(plain(one.receipt.tenant)) for one in receipts)
    return "".join(f"{line}\n" for one in receipts for line in _lines(one, widest))


def _lines(one: Recorded, widest: int) -> Iterable[str]:
    receipt = one.receipt
    when = plain(receipt.at[:MINUTES].replace("T", " "))
    yield f"{when}  {plain(receipt.tenant):{widest}}  {receipt.outcome:7}  {receipt.commit[:SHORT]}  {_commit(one)}"
    people = "" if receipt.population is None else f"; {count(receipt.population, 'active user')} after it"
    aside = "" if one.leads_here or one.subject is None else "; not in the history of what is checked out"
    yield f"    {_counts(receipt.counts)}{people}{aside}; {plain(receipt.digest[:SHORT_DIGEST])}"


def _commit(one: Recorded) -> str:
    if one.subject is None or one.author is None:
        return "(a commit that is not here)"
    return f"{plain(one.subject, LONGEST_SUBJECT)} ({plain(one.author)})"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {plain(status)}" for status, number in counts.items()) or "nothing to do"
