"""Applies on record written down: for people, machines and spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

from reconciler.core.record.record import ApplyRecord, Covers
from reconciler.report.applies import FIELDS, AppliedCommit, render_applies
from reconciler.report.format.spreadsheet import cell

RECORD = ApplyRecord(
    serial=12,
    state="ended",
    commit="c0ffee" * 6 + "c0ff",
    tree="beef" * 10,
    folder="desired-state",
    run="1",
    at="2026-03-31T12:00:00+00:00",
    as_of="2026-03-31",
    mode="full",
    whole=True,
    digest="sha256:0",
    counts={"applied": 3, "already": 1},
    population=1204,
    salt="5a17",
    covers=Covers(kind="all"),
)
WHOLE = AppliedCommit(
    "production", RECORD, "Ann | joins\x1b[31m @team", "Ada\u202e", "2026-03-31T11:00:00+00:00", leads_here=True
)
ELSEWHERE = replace(WHOLE, leads_here=False, subject='=HYPERLINK("x")', author="-Ada")
GONE = AppliedCommit("qa", RECORD.model_copy(update={"whole": False, "counts": {}, "population": 1}))
BEGUN = AppliedCommit("qa", RECORD.model_copy(update={"state": "begun", "until": "2026-03-31T13:00:00+00:00"}))


def test_people_read_two_lines_for_each() -> None:
    """Aligned, and with everything foreign made harmless."""
    expected = """\
#12   2026-03-31 12:00  production  complete   c0ffeec0ffee  Ann | joins\\u001b[31m @team (Ada\\u202e)
      3 applied, 1 already; 1,204 active users after it; sha256:0
#12   2026-03-31 12:00  production  complete   c0ffeec0ffee  =HYPERLINK("x") (-Ada)
      3 applied, 1 already; 1,204 active users after it; not in the history of HEAD; sha256:0
#12   2026-03-31 12:00  qa          partial    c0ffeec0ffee  (a commit that this clone does not have)
      nothing to do; 1 active user after it; sha256:0
#12   2026-03-31 12:00  qa          begun      c0ffeec0ffee  (a commit that this clone does not have)
      not ended; may send requests until 2026-03-31 13:00 UTC
"""

    assert expected == render_applies([WHOLE, ELSEWHERE, GONE, BEGUN], "text")


def test_people_are_spared_long_subjects_and_digests() -> None:
    """Which machines get whole."""
    long = RECORD.model_copy(update={"digest": "sha256:" + "a1" * 32})
    text = render_applies([replace(WHOLE, subject="x" * 300, record=long)], "text")

    assert f"c0ffeec0ffee  {'x' * 72}… (Ada" in text
    assert text.endswith("; sha256:a1a1a1a1a1a1\n")


def test_where_there_is_none_it_says_what_to_do() -> None:
    """For people; an empty list tells a machine enough."""
    assert "reconciler ownership fetch" in render_applies([], "text")
    assert [] == json.loads(render_applies([], "json"))
    assert 1 == len(render_applies([], "csv").splitlines())


def test_machines_read_every_field_but_the_hashes_of_users() -> None:
    """As it is, in the same order as people."""
    whole, gone = json.loads(render_applies([WHOLE, GONE], "json"))

    assert {"tenant", *FIELDS, "subject", "author", "committed", "leads_here"} == set(whole)
    assert [None, None, None, False] == [gone[name] for name in ("subject", "author", "committed", "leads_here")]


def test_a_spreadsheet_calculates_nothing() -> None:
    """A text that begins like a formula is marked as a text."""
    rows = list(csv.DictReader(io.StringIO(render_applies([WHOLE, ELSEWHERE, GONE], "csv"))))

    assert [cell(WHOLE.subject), "'" + str(ELSEWHERE.subject), ""] == [row["subject"] for row in rows]
    assert [cell(WHOLE.author), "'-Ada", ""] == [row["author"] for row in rows]
    assert ["3 applied, 1 already", "1204", "true"] == [
        rows[0][name] for name in ("counts", "population", "leads_here")
    ]
