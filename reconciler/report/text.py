"""Renders rows and problems as lines of a terminal: quoted, and at most 100 columns wide."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from reconciler.core.model.amounts import count, few, more_of
from reconciler.report.format.quote import plain, plain_line
from reconciler.report.format.words import count_resources
from reconciler.report.view.named import SETTLE, NamedGroup
from reconciler.report.view.plan_view import Omission, ProblemGroup
from reconciler.report.view.rows import LONGEST_VALUE, Detail, ResourceName, Row
from reconciler.report.view.run_view import OutcomeLine

WIDTH = 100
EXAMPLES = 10  # names in a row that removes nothing
MOST_REASONS = 3
MOST_NAMED = 20  # unresolved users and groups of one verdict
INDENT = " " * 6
MARKS = {"blocking": "!", "error": "!", "filters": "?", "warning": "?", "info": "i"}


def wrap(text: str, first: str = "", rest: str = "") -> list[str]:
    """Wraps the text at the page's width; a longer word stays whole."""
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def row_lines(row: Row) -> list[str]:
    """Returns the lines of a row: who and what happens, then what changes and why."""
    most = None if row.sign == "-" else EXAMPLES
    return [
        *wrap(_head(row, most), f"  {row.sign} ", INDENT),
        *(line for detail in _body(row, most) for line in wrap(detail, INDENT, INDENT + "  ")),
    ]


def _head(row: Row, most: int | None) -> str:
    who = (
        _resource(row.resources[0]) if len(row.resources) == 1 else count_resources([one.key for one in row.resources])
    )
    return f"{who} {row.verb}" + (f": {few(row.what, most, plain)}" if row.what else "")


def _resource(resource: ResourceName) -> str:
    return f"{plain(resource.name)} ({plain(resource.key)})" if resource.name else plain(resource.key)


def _body(row: Row, most: int | None) -> Iterable[str]:
    if len(row.resources) > 1:
        yield few(row.resources, most, _resource)
    changed = [one for one in row.details if one.before is not None]
    given = [one for one in row.details if one.before is None]
    yield from (f"{plain(one.label)}: {_value(one.before or '')} → {_value(one.after)}" for one in changed)
    if given:
        yield "; ".join(_given(one, most) for one in given)
    why = f"because {plain_line(_reasons(row.reasons))}" if row.reasons else "declared"
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


def problem_lines(group: ProblemGroup) -> list[str]:
    """Returns each problem after its mark, and how many more there are of a code."""
    mark = MARKS[group.weight]
    lines = [line for one in group.shown for line in wrap(plain_line(str(one)), f"{mark} ", "  ")]
    return [
        *lines,
        *(f"{mark} {line}" for code, number in group.more for line in more_of(number, f" of {plain(code)}")),
    ]


def left_lines(left: Omission) -> list[str]:
    """Returns the users and groups that are skipped for one reason, and the reason."""
    return wrap(f"{few(left.keys, EXAMPLES, plain)}: {plain_line(left.reason)}", "    ", INDENT)


def named_lines(group: NamedGroup) -> list[str]:
    """Returns the unresolved users and groups of one verdict: the evidence, and the whole YAML line to copy."""
    lines = wrap(f"{group.title} ({len(group.resources):,}): {group.meaning}. {SETTLE}", "", "  ")
    for one in group.resources[:MOST_NAMED]:
        who = f"{_resource(ResourceName(one.name, one.key))}, id {plain(one.id)}: {plain_line(one.witnesses)}"
        lines += [*wrap(who, "  ? ", INDENT), f"{INDENT}{plain_line(one.settle)}"]
    more = more_of(len(group.resources) - MOST_NAMED, ", all in the HTML page (--format html)")
    return [*lines, *(f"  ? {line}" for line in more)]


def lines_of(texts: Sequence[str], mark: str) -> list[str]:
    """Returns sentences, each after a mark."""
    return [line for text in texts for line in wrap(plain_line(text), f"{mark} ", "  ")]


def fate_lines(fate: OutcomeLine) -> list[str]:
    """Returns the outcome of one change or of equal ones, and why; all that are not done are named."""
    who = few(fate.resources, EXAMPLES if fate.done else None, _resource)
    why = f": {plain_line(fate.detail)}" if fate.detail else ""
    return wrap(f"{fate.status} {fate.action.replace('_', ' ')}: {who}{why}", "  ", INDENT)
