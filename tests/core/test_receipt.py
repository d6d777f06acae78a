"""What a note says: receipts, and lines of others."""

from __future__ import annotations

from reconciler.core.receipt import Receipt, parse_receipts

FIRST = Receipt(
    at="2026-03-01T00:00:00+00:00",
    tenant="qa",
    url="sandbox",
    commit="c0ffee",
    digest="sha256:0",
    outcome="partial",
    counts={"applied": 2, "failed": 1},
    population=40,
)
SECOND = FIRST.model_copy(update={"at": "2026-03-02T00:00:00+00:00", "outcome": "whole"})


def test_receipts_are_read_oldest_first_whatever_stands_between_them() -> None:
    """Lines that people write, empty ones, and JSON of another shape."""
    lines = [SECOND.model_dump_json(), "", "approved by Bob", "{", '{"format": 2}', "[]", FIRST.model_dump_json()]

    assert [FIRST, SECOND] == parse_receipts("\n".join(lines), "c0ffee")


def test_a_receipt_of_another_commit_is_none() -> None:
    """Git copies notes when it rewrites a commit; what it made of it was never applied."""
    assert [] == parse_receipts(FIRST.model_dump_json(), "decade")
