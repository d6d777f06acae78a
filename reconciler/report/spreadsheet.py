"""Values for spreadsheets, made harmless: a text that begins like a formula is a text."""

from __future__ import annotations

from typing import Final

LIKE_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def cell(value: object) -> str:
    """The value as a cell of CSV; an apostrophe before what a spreadsheet would calculate."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return f"'{value}" if value.startswith(LIKE_A_FORMULA) else value
        case _:
            return str(value)
