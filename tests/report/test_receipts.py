"""Receipts written down: for people, machines and spreadsheets."""

from __future__ import annotations

import csv
import io
import json

from reconciler.core.receipt import Receipt, Recorded
from reconciler.report.receipts import render_receipts
from reconciler.report.spreadsheet import cell

WHOLE = Recorded(
    receipt=Receipt(
        at="2026-03-31T12:00:00+00:00",
        tenant="production",
        url="https://api.xurrent.com/scim/v2",
        commit="c0ffee" * 6 + "c0ff",
        digest="sha256:0",
        outcome="whole",
        counts={"applied": 3, "already": 1},
        population=1204,
    ),
    subject="Ann | joins\x1b[31m @team",
    author="Ada\u202e",
    committed="2026-03-31T11:00:00+00:00",
    leads_here=True,
)
ELSEWHERE = WHOLE.model_copy(update={"leads_here": False, "subject": '=HYPERLINK("x")', "author": "-Ada"})
GONE = Recorded(
    receipt=WHOLE.receipt.model_copy(update={"tenant": "qa", "outcome": "partial", "counts": {}, "population": 1}),
    subject=None,
    author=None,
    committed=None,
    leads_here=False,
)


def test_people_read_two_lines_for_each() -> None:
    """Aligned, and with whatever comes from outside made harmless."""
    expected = """\
2026-03-31 12:00  production  whole    c0ffeec0ffee  Ann | joins\\u001b[31m @team (Ada\\u202e)
    3 applied, 1 already; 1,204 active users after it; sha256:0
2026-03-31 12:00  production  whole    c0ffeec0ffee  =HYPERLINK("x") (-Ada)
    3 applied, 1 already; 1,204 active users after it; not in the history of what is checked out; sha256:0
2026-03-31 12:00  qa          partial  c0ffeec0ffee  (a commit that is not here)
    nothing to do; 1 active user after it; sha256:0
"""

    assert expected == render_receipts([WHOLE, ELSEWHERE, GONE], "text")


def test_people_are_spared_long_subjects_and_digests() -> None:
    """Which machines get whole."""
    long = WHOLE.receipt.model_copy(update={"digest": "sha256:" + "a1" * 32})
    told = render_receipts([WHOLE.model_copy(update={"subject": "x" * 300, "receipt": long})], "text")

    assert f"c0ffeec0ffee  {'x' * 72}… (Ada" in told
    assert told.endswith("; sha256:a1a1a1a1a1a1\n")


def test_where_there_is_none_it_says_what_to_do() -> None:
    """For people; a machine is told nothing by an empty list."""
    assert "reconciler receipts fetch" in render_receipts([], "text")
    assert [] == json.loads(render_receipts([], "json"))
    assert 1 == len(render_receipts([], "csv").splitlines())


def test_machines_read_every_field() -> None:
    """As it is, in the same order as people."""
    whole, gone = json.loads(render_receipts([WHOLE, GONE], "json"))

    assert {**WHOLE.receipt.model_dump(exclude={"format"}), **WHOLE.model_dump(exclude={"receipt"})} == whole
    assert [None, None, None, False] == [gone[name] for name in ("subject", "author", "committed", "leads_here")]


def test_a_spreadsheet_calculates_nothing() -> None:
    """A text that begins like a formula is told to be a text."""
    rows = list(csv.DictReader(io.StringIO(render_receipts([WHOLE, ELSEWHERE, GONE], "csv"))))

    assert [cell(WHOLE.subject), "'" + str(ELSEWHERE.subject), ""] == [row["subject"] for row in rows]
    assert [cell(WHOLE.author), "'-Ada", ""] == [row["author"] for row in rows]
    assert ["3 applied, 1 already", "1204", "true"] == [
        rows[0][name] for name in ("counts", "population", "leads_here")
    ]
