"""Sections and problems of a view → parts of a Markdown page, which fold, and can be cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.core.plan import Action
from reconciler.report.cut import Cut, within
from reconciler.report.markdown import MINUS, in_alert, in_details, problem_item, row_item
from reconciler.report.quote import code
from reconciler.report.rows import Row
from reconciler.report.view import Section, Told
from reconciler.report.words import Voice, count, count_whom, few, make_verdict, tell_action

MOST_OPEN = 20  # rows that are read without unfolding
BOXES = {"blocking": "CAUTION", "error": "WARNING", "filters": "WARNING"}
WORDS = {"blocking": "**Refused**", "filters": "**Scoping filters**"}


@dataclass(frozen=True, slots=True)
class Written:
    """A section whose rows are written down: what shrinks, and the rest."""

    section: Section
    shrinking: tuple[str, ...]
    other: tuple[str, ...]


def tell(told: Told, budget: int) -> str:
    """The problems of one weight in about so many characters; in a box where they matter."""
    items = [problem_item(one, WORDS.get(told.weight)) for one in told.shown]
    kept = within(items, budget)
    cut = len(items) - len(kept)
    more = [*([("problem", cut)] if cut else []), *told.more]
    listed = "".join([*kept, *(f"- and {number:,} more of {code(name)}\n" for name, number in more)])
    if told.weight in BOXES:
        return in_alert(BOXES[told.weight], listed)
    if told.weight == "warning":
        return listed + "\n"
    return in_details(count(len(told.shown) + sum(number for _name, number in told.more), "note"), listed, opened=False)


def write(section: Section) -> Written:
    """The rows of a section as items of a list."""
    return Written(section, tuple(map(row_item, section.shrinking)), tuple(map(row_item, section.other)))


def fold(written: Written, cut: Cut) -> str:
    """A section that folds: what shrinks in sight, the rest too unless it is long."""
    section = written.section
    shrinking = "".join(written.shrinking) if cut.names is None else _compress(section, cut.names)
    kept = written.other if cut.rows is None else written.other[: cut.rows]
    rest = section.other[len(kept) :]
    other = "".join(kept) + (f"- and {_sum_up(rest)}\n" if rest else "")
    many = len(written.other) > MOST_OPEN
    if many:
        other = "\n" + in_details(_sum_up(section.other), other, opened=False)
    opened = bool(shrinking) or not many or section.cause == "conflict"
    return in_details(f"<b>{section.title}</b>: {section.verdict}", shrinking + other, opened=opened)


def _sum_up(rows: Sequence[Row]) -> str:
    """`312 more changes: 40 people get access, 272 people change`."""
    changes = [change for row in rows for change in row.changes]
    return f"{count(len(changes), 'change')}: {make_verdict(changes)}"


def _compress(section: Section, most: int) -> str:
    """What shrinks by what becomes of it: how many, and as many keys as there is room for."""
    by_action: dict[Action, list[Row]] = {}
    for row in section.shrinking:
        by_action.setdefault(row.changes[0].action, []).append(row)
    return "".join(_compressed(action, rows, section.voice, most) for action, rows in by_action.items())


def _compressed(action: Action, rows: Sequence[Row], voice: Voice, most: int) -> str:
    keys = [one.key for row in rows for one in row.whom]
    left = {part for row in rows for one in row.details for part in one.parts if action == "deactivate_user"}
    leave = f", and leave {count(len(left), 'group')}" if left else ""
    names = f": {few(list(map(code, keys)), most)}" if most else ""
    return f"- **{MINUS}** **{count_whom(keys)}** {tell_action(action, voice, len(keys))}{leave}{names}\n"
