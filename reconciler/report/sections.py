"""Sections and problems of a view → parts of a Markdown page, which fold, and can be cut."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from reconciler.core.changes.plan import Action
from reconciler.core.model.amounts import and_more, count, more_of
from reconciler.report.format.cut import Cut, within
from reconciler.report.format.quote import code
from reconciler.report.format.words import NO_TALLY, Tally, count_resources, describe_action, describe_tally, tally_each
from reconciler.report.markdown import MINUS, in_alert, in_details, problem_item, row_item
from reconciler.report.view.plan_view import ProblemGroup, Section
from reconciler.report.view.rows import Row

MOST_OPEN = 20  # rows that are read without unfolding
BOXES = {"blocking": "CAUTION", "error": "WARNING", "filters": "WARNING"}
WORDS = {"blocking": "**Refused**", "filters": "**Scoping filters**"}


@dataclass(frozen=True, slots=True)
class RenderedSection:
    """A section whose rows are written down, what shrinks and the rest: as many as a page can hold, and one more.

    `shrunk` has what shrinks by what becomes of it; `tallies` what the last rows come to: none, one, two, up to all.
    """

    section: Section
    shrinking: tuple[str, ...]
    other: tuple[str, ...]
    shrunk: tuple[Shrunk, ...]
    tallies: tuple[Tally, ...]

    def sum_up(self, left_out: int) -> str:
        """`312 changes: 40 people get access, 272 people change`: the rest without its first so many rows."""
        tally = self.tallies[len(self.section.other) - left_out]
        return f"{count(tally.changes, 'change')}: {describe_tally(tally)}"


@dataclass(frozen=True, slots=True)
class Shrunk:
    """All who lose alike: how many, in words who and what; by key as many as a page can hold, and one more."""

    number: int
    who: str
    what: str
    names: tuple[str, ...]


def tell(told: ProblemGroup, budget: int) -> str:
    """The problems of one weight in about so many characters; in a box where they matter."""
    items = [problem_item(one, WORDS.get(told.weight)) for one in told.shown]
    kept = within(items, budget)
    cut = len(items) - len(kept)
    more = [*([("problem", cut)] if cut else []), *told.more]
    named = [line for name, number in more for line in more_of(number, f" of {code(name)}")]
    listed = "".join([*kept, *(f"- {line}\n" for line in named)])
    if told.weight in BOXES:
        return in_alert(BOXES[told.weight], listed)
    if told.weight == "warning":
        return listed + "\n"
    return in_details(count(len(told.shown) + sum(number for _name, number in told.more), "note"), listed, opened=False)


def write(section: Section, limit: int) -> RenderedSection:
    """The rows of a section as items of a list, for a page within the limit."""
    return RenderedSection(
        section,
        tuple(_first(map(row_item, section.shrinking), limit)),
        tuple(_first(map(row_item, section.other), limit)),
        tuple(_shrunk(section, limit)),
        tuple(_tally_last(section.other)),
    )


def _first(items: Iterable[str], limit: int) -> Iterable[str]:
    """The items up to the one that is more than the limit holds: what comes after it is not even written."""
    for item in items:
        yield item
        limit -= len(item)
        if limit < 0:
            return


def _tally_last(rows: Sequence[Row]) -> Iterable[Tally]:
    """What no row comes to, the last one, the last two, up to all of them."""
    tallies = tally_each(change for row in reversed(rows) for change in row.changes)
    yield NO_TALLY
    yield from (deque(islice(tallies, len(row.changes)), maxlen=1).pop() for row in reversed(rows))


def fold(written: RenderedSection, cut: Cut) -> str:
    """A section that folds: what shrinks in sight, the rest too unless it is long."""
    section = written.section
    shrinking = "".join(written.shrinking if cut.names is None else (_name(one, cut.names) for one in written.shrunk))
    kept = written.other if cut.rows is None else written.other[: cut.rows]
    cut_away = len(kept) < len(section.other)
    other = "".join(kept) + (f"- and {written.sum_up(len(kept))}\n" if cut_away else "")
    many = len(section.other) > MOST_OPEN
    if many:
        other = "\n" + in_details(written.sum_up(0), other, opened=False)
    opened = bool(shrinking) or not many or section.cause == "conflict"
    return in_details(f"<b>{section.title}</b>: {section.verdict}", shrinking + other, opened=opened)


def _shrunk(section: Section, limit: int) -> Iterable[Shrunk]:
    by_action: dict[Action, list[Row]] = {}
    for row in section.shrinking:
        by_action.setdefault(row.changes[0].action, []).append(row)
    for action, rows in by_action.items():
        keys = tuple(one.key for row in rows for one in row.whom)
        left = {part for row in rows for one in row.details for part in one.parts if action == "deactivate_user"}
        leave = f", and leave {count(len(left), 'group')}" if left else ""
        what = f"{describe_action(action, section.voice, len(keys))}{leave}"
        yield Shrunk(len(keys), count_resources(keys), what, tuple(_first(map(code, keys), limit)))


def _name(one: Shrunk, most: int) -> str:
    """How many, and as many keys as there is room for."""
    names = f": {', '.join(one.names[:most])}{and_more(one.number - most)}" if most else ""
    return f"- **{MINUS}** **{one.who}** {one.what}{names}\n"
