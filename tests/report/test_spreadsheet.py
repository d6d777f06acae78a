"""Values for spreadsheets."""

from __future__ import annotations

import pytest

from reconciler.report.spreadsheet import cell


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
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
    ],
)
def test_only_a_text_that_begins_like_a_formula_is_changed(value: object, expected: str) -> None:
    """Numbers may be negative."""
    assert expected == cell(value)
