"""Rows and problems → lines of a terminal, each quoted, and none wider than a page."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from reconciler.core.model.amounts import count, few, more_of
from reconciler.errors import Problem
from reconciler.report.format.quote import plain, plain_line
from reconciler.report.format.words import count_resources
from reconciler.report.view.named import SETTLE, NamedGroup
from reconciler.report.view.plan_view import Omission, ProblemGroup
from reconciler.report.view.rows import LONGEST_VALUE, Detail, ResourceName, Row
from reconciler.report.view.run_view import OutcomeLine

WIDTH = 100
EXAMPLES = 10  # of those who are alike, and lose nothing
MOST_REASONS = 3
MOST_NAMED = 20  # users whom a plan names and leaves untouched, of one verdict
INDENT = " " * 6
MARKS = {"blocking": "!", "error": "!", "filters": "?", "warning": "?", "info": "i"}


def wrap(text: str, first: str = "", rest: str = "") -> list[str]:
    """The text on lines of the page's width; a word that is longer stays whole."""
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def row_lines(row: Row) -> list[str]:
    """Who, what becomes of them, and under it what changes and why."""
    most = None if row.sign == "-" else EXAMPLES
    return [
        *wrap(_head(row, most), f"  {row.sign} ", INDENT),
        *(line for detail in _body(row, most) for line in wrap(detail, INDENT, INDENT + "  ")),
    ]


def _head(row: Row, most: int | None) -> str:
    who = _whom(row.whom[0]) if len(row.whom) == 1 else count_resources([one.key for one in row.whom])
    return f"{who} {row.verb}" + (f": {few(row.what, most, plain)}" if row.what else "")


def _whom(one: ResourceName) -> str:
    return f"{plain(one.name)} ({plain(one.key)})" if one.name else plain(one.key)


def _body(row: Row, most: int | None) -> Iterable[str]:
    if len(row.whom) > 1:
        yield few(row.whom, most, _whom)
    changed = [one for one in row.details if one.before is not None]
    given = [one for one in row.details if one.before is None]
    yield from (f"{plain(one.label)}: {_value(one.before or '')} → {_value(one.after)}" for one in changed)
    if given:
        yield "; ".join(_given(one, most) for one in given)
    why = f"because {plain_line(_reasons(row.reasons))}" if row.reasons else "asked for"
    where = few(row.sources, 2, plain)
    if row.reasons or where:
        yield why + (f" [{where}]" if where else "")


def _reasons(reasons: Sequence[str]) -> str:
    more = len(reasons) - MOST_REASONS
    return "; or ".join([*reasons[:MOST_REASONS], *([f"{count(more, 'more reason')}"] if more > 0 else [])])


def _given(one: Detail, most: int | None) -> str:
    return f"{plain(one.label)}: {few(one.parts, None if one.whole else most, plain_line)}"


def _value(text: str) -> str:
    return plain(text, LONGEST_VALUE)


def problem_lines(told: ProblemGroup) -> list[str]:
    """Each problem after its mark, and of many alike how many there are."""
    mark = MARKS[told.weight]
    lines = [line for one in told.shown for line in wrap(_problem(one), f"{mark} ", "  ")]
    return [*lines, *(f"{mark} {line}" for code, number in told.more for line in more_of(number, f" of {plain(code)}"))]


def _problem(one: Problem) -> str:
    return plain_line(str(one))


def left_lines(left: Omission) -> list[str]:
    """Who is left alone, and why."""
    return wrap(f"{few(left.keys, EXAMPLES, plain)}: {plain_line(left.reason)}", "    ", INDENT)


def named_lines(group: NamedGroup) -> list[str]:
    """The named users and groups of one verdict: what is known of each, and the YAML line, whole, that settles it."""
    lines = wrap(f"{group.title} ({len(group.resources):,}): {group.meaning}. {SETTLE}", "", "  ")
    for one in group.resources[:MOST_NAMED]:
        who = f"{_whom(ResourceName(one.name, one.key))}, id {plain(one.id)}: {plain_line(one.witnesses)}"
        lines += [*wrap(who, "  ? ", INDENT), f"{INDENT}{plain_line(one.settle)}"]
    more = more_of(len(group.resources) - MOST_NAMED, ", all of them in the HTML page (--format html)")
    return [*lines, *(f"  ? {line}" for line in more)]


def lines_of(texts: Sequence[str], mark: str) -> list[str]:
    """Sentences of ours, each after a mark."""
    return [line for text in texts for line in wrap(plain_line(text), f"{mark} ", "  ")]


def fate_lines(fate: OutcomeLine) -> list[str]:
    """What became of a change, or of many in the same words, and why; who is not done is named, whoever it is."""
    who = few(fate.whom, EXAMPLES if fate.done else None, _whom)
    why = f": {plain_line(fate.detail)}" if fate.detail else ""
    return wrap(f"{fate.status} {fate.action.replace('_', ' ')}: {who}{why}", "  ", INDENT)
