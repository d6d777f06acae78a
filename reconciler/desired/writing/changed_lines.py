"""The lines of one entry, and a change of its value → the lines that differ, as ruamel writes them.

ruamel writes the entry twice, before and after the change; only lines that differ between the two are edited. So a
line that ruamel would only format differently stays as its author wrote it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from textwrap import dedent
from typing import TypeAlias

from yaml import YAMLError

from reconciler.desired.writing.branches import YamlBranch, read_branch
from reconciler.desired.writing.comments import find_comments
from reconciler.desired.writing.round_trip import emit_events, parse_events

Places: TypeAlias = Sequence[tuple[int, bool] | None]


@dataclass(frozen=True, slots=True)
class Hunk:
    """New lines for `start` to before `end`; `is_exact` if ruamel writes the old lines as the file has them."""

    start: int
    end: int
    lines: tuple[str, ...]
    is_exact: bool


def find_changed_lines(lines: Sequence[str], change: Callable[[YamlBranch], None]) -> list[Hunk] | None:
    """Returns the hunks, or None if they would break the entry or lose a comment outside the change.

    `change` gets the tree of the entry and changes it. Raises ruamel's `YAMLError`, and every error of `change`.
    """
    text = dedent("\n".join(lines) + "\n")
    head, root, tail = _read(text)
    before = emit_events([*head, *root.events(), *tail])
    head, root, tail = _read(text)
    change(root)
    after = emit_events([*head, *root.events(), *tail])

    hunks = _find_hunks(lines, before.splitlines(), after.splitlines())
    try:
        kept = _comments(dedent("\n".join(apply_hunks(lines, hunks)) + "\n"))
    except YAMLError:
        return None  # ruamel's lines and the file's lines are no YAML together
    return None if _comments(text) - kept - (_comments(before) - _comments(after)) else hunks


def apply_hunks(lines: Sequence[str], hunks: Sequence[Hunk]) -> list[str]:
    """Returns the lines with the hunks applied; the hunks are in order."""
    result: list[str] = []
    at = 0
    for hunk in hunks:
        result += [*lines[at : hunk.start], *hunk.lines]
        at = hunk.end
    return [*result, *lines[at:]]


def _read(text: str) -> tuple[list[object], YamlBranch, list[object]]:
    """Returns the events before the value, the value, and the events after it."""
    events = parse_events(text)
    root = read_branch(iter(events[2:-2]))
    assert isinstance(root, YamlBranch)  # noqa: S101  # a text begins with no end
    return events[:2], root, events[-2:]


def _comments(text: str) -> Counter[str]:
    return Counter(comment.text for comment in find_comments(text))


def _find_hunks(lines: Sequence[str], before: Sequence[str], after: Sequence[str]) -> list[Hunk]:
    places = _find_places(before, lines)
    hunks: list[Hunk] = []
    for tag, start, end, new_start, new_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        first, is_exact = _range(places, start, end, len(lines))
        written = tuple(_indent(line, before, end, lines, places) for line in after[new_start:new_end])
        hunks.append(Hunk(*first, written, is_exact))
    return hunks


def _find_places(before: Sequence[str], lines: Sequence[str]) -> list[tuple[int, bool] | None]:
    """Returns the line of the file for each line of ruamel's, and whether the two differ at most in indentation."""
    places: list[tuple[int, bool] | None] = [None] * len(before)
    ours, theirs = [line.strip() for line in before], [line.strip() for line in lines]
    for tag, start, end, file_start, file_end in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if tag == "equal" or end - start == file_end - file_start:
            for offset in range(end - start):
                places[start + offset] = file_start + offset, tag == "equal"
    return places


def _range(places: Places, start: int, end: int, count: int) -> tuple[tuple[int, int], bool]:
    """Returns the file's lines for ruamel's lines from `start` to before `end`, and whether they match exactly."""
    inside = [place for place in places[start:end] if place is not None and place[1]]
    above = next((place[0] for place in reversed(places[:start]) if place is not None), -1) + 1
    below = next((place[0] for place in places[end:] if place is not None), count)
    is_exact = len(inside) == end - start == (inside[-1][0] + 1 - inside[0][0] if inside else 0)
    if is_exact and inside:
        return (inside[0][0], inside[-1][0] + 1), True
    return (above, above if start == end else below), start == end


def _indent(line: str, before: Sequence[str], end: int, lines: Sequence[str], places: Places) -> str:
    """Returns the line, indented like the nearest line with ruamel's same indent; else shifted like the nearest."""
    text = line.lstrip(" ")
    numbers = [number for number in (*reversed(range(end)), *range(end, len(before))) if before[number].strip()]
    shifts = [
        (_column(before[number]), _column(lines[place[0]]) - _column(before[number]))
        for number in numbers
        if (place := places[number]) is not None
    ]
    shift = next((shift for at, shift in shifts if at == _column(line)), shifts[0][1] if shifts else 0)
    return " " * (_column(line) + shift) + text if text else ""


def _column(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
