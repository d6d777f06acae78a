"""Escapes values for spreadsheets: a text that begins like a formula stays a text."""

from __future__ import annotations

from typing import Final

from reconciler.report.format.quote import plain_line

LIKE_A_FORMULA: Final = (
    "=",
    "+",
    "-",
    "@",
    "\n",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)  # the last four are the same signs, full width


def cell(value: object) -> str:
    """Returns the value as a cell of CSV; text that a spreadsheet would calculate gets an apostrophe in front.

    Invisible characters, except line ends, are shown as code points, because a terminal would obey them.
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
