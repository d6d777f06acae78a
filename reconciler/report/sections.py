"""Renders sections and problems of a view as parts of a Markdown page, which fold and can be cut."""

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

MOST_OPEN = 20  # rows that are not folded
BOXES = {"blocking": "CAUTION", "error": "WARNING", "filters": "WARNING"}
WORDS = {"blocking": "**Refused**", "filters": "**Scoping filters**"}


@dataclass(frozen=True, slots=True)
class RenderedSection:
    """A section with its rendered rows, removals and others: as many as a page can hold, plus one.

    `shrunk` has the removals by action. `tallies[n]` counts the changes of the last n rows of `other`.
    """

    section: Section
    shrinking: tuple[str, ...]
    other: tuple[str, ...]
    shrunk: tuple[Shrunk, ...]
    tallies: tuple[Tally, ...]

    def sum_up(self, left_out: int) -> str:
        """Returns `312 changes: 40 people get access, 272 people change`, without the first `left_out` rows."""
        tally = self.tallies[len(self.section.other) - left_out]
        return f"{count(tally.changes, 'change')}: {describe_tally(tally)}"


@dataclass(frozen=True, slots=True)
class Shrunk:
    """All removals of one action: their number, who and what in words, and as many keys as a page holds, plus one."""

    number: int
    who: str
    what: str
    names: tuple[str, ...]


def render_group(group: ProblemGroup, budget: int) -> str:
    """Renders the problems of one weight in about `budget` characters; refusals and errors in a box."""
    items = [problem_item(one, WORDS.get(group.weight)) for one in group.shown]
    shown = within(items, budget)
    cut = len(items) - len(shown)
    more = [*([("problem", cut)] if cut else []), *group.more]
    named = [line for name, number in more for line in more_of(number, f" of {code(name)}")]
    listed = "".join([*shown, *(f"- {line}\n" for line in named)])
    if group.weight in BOXES:
        return in_alert(BOXES[group.weight], listed)
    if group.weight == "warning":
        return listed + "\n"
    return in_details(
        count(len(group.shown) + sum(number for _name, number in group.more), "note"), listed, opened=False
    )


def render_section(section: Section, limit: int) -> RenderedSection:
    """Renders the rows of a section as list items, for a page within the limit."""
    return RenderedSection(
        section,
        tuple(_first(map(row_item, section.shrinking), limit)),
        tuple(_first(map(row_item, section.other), limit)),
        tuple(_shrunk(section, limit)),
        tuple(_tally_last(section.other)),
    )


def _first(items: Iterable[str], limit: int) -> Iterable[str]:
    """Yields items up to the first one beyond the limit, so that no more are rendered."""
    for item in items:
        yield item
        limit -= len(item)
        if limit < 0:
            return


def _tally_last(rows: Sequence[Row]) -> Iterable[Tally]:
    """Yields the tallies of the last 0, 1, 2, … rows, up to all."""
    tallies = tally_each(change for row in reversed(rows) for change in row.changes)
    yield NO_TALLY
    yield from (deque(islice(tallies, len(row.changes)), maxlen=1).pop() for row in reversed(rows))


def fold(written: RenderedSection, cut: Cut) -> str:
    """Returns a section that folds; its removals are always visible, and its other rows unless they are many."""
    section = written.section
    shrinking = "".join(written.shrinking if cut.names is None else (_name(one, cut.names) for one in written.shrunk))
    shown = written.other if cut.rows is None else written.other[: cut.rows]
    cut_away = len(shown) < len(section.other)
    other = "".join(shown) + (f"- and {written.sum_up(len(shown))}\n" if cut_away else "")
    many = len(section.other) > MOST_OPEN
    if many:
        other = "\n" + in_details(written.sum_up(0), other, opened=False)
    opened = bool(shrinking) or not many or section.cause == "conflict"
    verdict = f": {section.verdict}" if section.verdict else ""
    return in_details(f"<b>{section.title}</b>{verdict}", shrinking + other, opened=opened)


def _shrunk(section: Section, limit: int) -> Iterable[Shrunk]:
    by_action: dict[Action, list[Row]] = {}
    for row in section.shrinking:
        by_action.setdefault(row.changes[0].action, []).append(row)
    for action, rows in by_action.items():
        keys = tuple(one.key for row in rows for one in row.resources)
        left = {part for row in rows for one in row.details for part in one.parts if action == "deactivate_user"}
        leave = f", and leave {count(len(left), 'group')}" if left else ""
        what = f"{describe_action(action, section.voice, len(keys))}{leave}"
        yield Shrunk(len(keys), count_resources(keys), what, tuple(_first(map(code, keys), limit)))


def _name(one: Shrunk, most: int) -> str:
    """Returns the number of removals, and at most `most` keys."""
    names = f": {', '.join(one.names[:most])}{and_more(one.number - most)}" if most else ""
    return f"- **{MINUS}** **{one.who}** {one.what}{names}\n"
