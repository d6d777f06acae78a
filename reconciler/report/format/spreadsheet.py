"""Values for spreadsheets, made harmless: a text that begins like a formula is a text."""

from __future__ import annotations

from typing import Final

from reconciler.report.format.quote import plain_line

LIKE_A_FORMULA: Final = ("=", "+", "-", "@", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # and the same signs, wide


def cell(value: object) -> str:
    """The value as a cell of CSV; an apostrophe before what a spreadsheet would calculate.

    What can't be seen, but for the ends of lines, is spelled by its number: a terminal would obey it.
    """
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            shown = "\n".join(map(plain_line, value.split("\n")))
            return f"'{shown}" if shown.startswith(LIKE_A_FORMULA) else shown
        case _:
            return str(value)
