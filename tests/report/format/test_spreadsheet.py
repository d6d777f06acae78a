"""Values for spreadsheets."""

from __future__ import annotations

import pytest

from reconciler.report.format.spreadsheet import cell


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (-3, "-3"),
        (2.5, "2.5"),
        ("Ann", "Ann"),
        ("a=b", "a=b"),
        ("=1+1", "'=1+1"),
        ("+31 20", "'+31 20"),
        ("-x", "'-x"),
        ("@team", "'@team"),
        ("\t=1", "\\t=1"),
        ("\r=1", "\\r=1"),
        ("\n=1", "'\n=1"),
        ("\uff1d1", "'\uff1d1"),
        ("one\ntwo", "one\ntwo"),
        ("\x1b]0;x\x07\x9b31m\u202e", "\\u001b]0;x\\u0007\\u009b31m\\u202e"),
    ],
)
def test_only_what_a_spreadsheet_calculates_or_a_terminal_obeys_is_changed(value: object, expected: str) -> None:
    """Numbers may be negative."""
    assert expected == cell(value)
