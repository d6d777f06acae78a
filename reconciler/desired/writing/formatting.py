"""YAML text → its canonical form, or the reason why it has none. Knows nothing of what the file declares.

ruamel does the round trip. Its output is read again and compared with the file: values, comments, anchors. A file that
would lose any of them is refused with its line, and never written (docs/decisions/0024-ruamel-writes.md).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import DocumentEndEvent, DocumentStartEvent
from yaml import events
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # its own module's name for it

from reconciler.desired.writing.comments import find_comments
from reconciler.desired.writing.round_trip import RUAMEL_FAILS, emit_events, parse_events
from reconciler.desired.writing.spell import same
from reconciler.desired.yaml.reader import Document, read_yaml
from reconciler.errors import Problem, Source

CODE: Final = "not_formatted"
HAS_VALUE: Final = re.compile(r" *[^ #]")
DASH: Final = re.compile(r"- +|-$")
EMPTY_LINES_ABOVE: Final = re.compile(r"\A(?:[ \t]*\n)+")
PASSES: Final = 3  # of ruamel over its own output, until the output no longer changes


@dataclass(frozen=True, slots=True)
class Formatted:
    """The canonical form of each file that differs from it, and the problems of files that have none."""

    files: Mapping[str, bytes]
    problems: tuple[Problem, ...]


class CantFormat(Exception):
    """The reason why a file can't be formatted."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


def format_files(contents: Mapping[str, bytes]) -> Formatted:
    """Formats every file that can be formatted. Touches no disk."""
    files: dict[str, bytes] = {}
    problems: list[Problem] = []
    for file, content in contents.items():
        try:
            formatted = format_file(file, content)
        except CantFormat as error:
            problems.extend(error.problems)
        else:
            files |= {file: formatted} if formatted != content else {}
    return Formatted(files, tuple(problems))


def format_file(file: str, content: bytes) -> bytes:
    """Returns the canonical form of a file: it has the same values, and formatting it again changes nothing.

    Raises CantFormat if the file is not valid YAML, or the canonical form would lose a part of it.
    """
    document = read_yaml(file, content)
    if document.problems:
        raise CantFormat(*document.problems)
    text = document.text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        formatted = _format(document, text)
        if formatted != text:
            _check_kept(document, text, formatted)
    except yaml.YAMLError as error:
        raise _refuse(document, 0, "ruamel's output would not be valid YAML") from error
    newline = "\r\n" if "\r\n" in document.text else "\n"
    return formatted.replace("\n", newline).encode()


def _format(document: Document, text: str) -> str:
    for _pass in range(PASSES):
        written = EMPTY_LINES_ABOVE.sub("", _move_comments(text, _write(document, text)))
        formatted = _strip_last_lines(document, written)
        if formatted == text:
            return formatted
        text = formatted
    raise _refuse(document, 0, "ruamel writes it differently each time")


def _write(document: Document, text: str) -> str:
    """Reads a text with ruamel and writes it again, without `---`, `...` and directives, which change no value."""
    try:
        parsed = parse_events(text)
        if not any(isinstance(event, DocumentStartEvent) for event in parsed):
            return text  # comments only
        for event in parsed:
            if isinstance(event, DocumentStartEvent):
                event.explicit, event.version, event.tags = False, None, None
            elif isinstance(event, DocumentEndEvent):
                event.explicit = False
        return emit_events(parsed)
    except YAMLError as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        reason = (error.problem if isinstance(error, MarkedYAMLError) else None) or str(error).splitlines()[0]
        source = Source(document.file, mark.line + 1 if mark else 1)
        raise CantFormat(Problem(CODE, f"is not formatted: {reason}", source)) from error
    except RUAMEL_FAILS as error:
        raise _refuse(document, 0, "ruamel fails on its form") from error


def _strip_last_lines(document: Document, text: str) -> str:
    """Returns the text without empty lines at its end, unless they belong to a value."""
    if not text.endswith("\n\n"):
        return text
    shorter = text.rstrip("\n") + "\n"
    return shorter if same(document.value, read_yaml(document.file, shorter.encode()).value) else text


def _move_comments(before: str, after: str) -> str:
    """Indents each comment that has a line of its own like the value to which it was aligned before."""
    old_comments, new_comments = find_comments(before), find_comments(after)
    old_lines, new_lines = before.split("\n"), after.split("\n")
    if [one.text for one in old_comments] != [one.text for one in new_comments]:
        return after
    for old, new in zip(old_comments, new_comments, strict=True):
        new_lines[new.line] = new_lines[new.line].rstrip()
        if new.is_alone:
            new_columns = _columns_around(new_lines, new.line)
            columns = zip(_columns_around(old_lines, old.line), new_columns, strict=False)
            column = next((now for was, now in columns if was == old.column), new.column)
            new_lines[new.line] = " " * (column if old.is_alone else new_columns[0]) + new.text
    return "\n".join(new_lines)


def _columns_around(lines: Sequence[str], line: int) -> list[int]:
    """Returns the column of the next line with a value, then of each key, dash and value around the last value."""
    below = next((one for one in lines[line + 1 :] if HAS_VALUE.match(one)), "")
    columns = [len(below) - len(below.lstrip(" "))]
    last, is_dash = sys.maxsize, False
    for number in range(line - 1, -1, -1):
        if not last:
            break
        if not HAS_VALUE.match(lines[number]):
            continue
        for column, begins_item in reversed(list(_starts(lines[number]))):
            if column < last or (column == last and is_dash and not begins_item):
                columns.append(column)
                last, is_dash = column, begins_item
    return columns


def _starts(line: str) -> Iterator[tuple[int, bool]]:
    """Yields the column of each dash at the start of a line (True), and of the value after them (False)."""
    column = len(line) - len(line.lstrip(" "))
    while dash := DASH.match(line, column):
        yield column, True
        column = dash.end()
    yield column, False


def _check_kept(document: Document, text: str, formatted: str) -> None:
    """Raises CantFormat, with the first line that differs, if the formatted text lost or changed a part."""
    before, after = find_comments(text), find_comments(formatted)
    for number, comment in enumerate(before):
        if number >= len(after) or comment.text != after[number].text:
            hint = "put it on a line of its own above the value, or write the value on several lines without brackets"
            message = f"the comment {comment.text[:60]!r} would be lost or moved"
            raise _refuse(document, comment.line, message, hint)
    read = read_yaml(document.file, formatted.encode())
    if read.problems or not same(document.value, read.value):
        line = _first_difference(document, read)
        message = "ruamel would change this value"
        raise _refuse(document, line, message, "write it in another form, such as in quotes")
    if _find_anchors(text) != _find_anchors(formatted):
        raise _refuse(document, 0, "an anchor or an alias would be lost")


def _first_difference(document: Document, read: Document) -> int:
    """Returns the index of the line of the first value that differs; 0 if it can't be found."""
    old: Any = document.value
    new: Any = read.value
    mark = 0
    while True:
        known = set(_list_keys(new))
        wrong = next((key for key in _list_keys(old) if key not in known or not same(old[key], new[key])), None)
        if wrong is None:
            return (document.source(mark).line or 1) - 1
        mark = document.mark_of(old, wrong)
        old, new = old[wrong], new[wrong] if wrong in known else None


def _list_keys(value: object) -> Iterable[Any]:
    """Returns the keys of a mapping or the indexes of a list; nothing for a scalar."""
    return value if isinstance(value, Mapping) else range(len(value)) if isinstance(value, list) else ()


def _find_anchors(text: str) -> list[tuple[str, str]]:
    """Returns every anchor and alias, in order."""
    parser = CParser(text)
    found: list[tuple[str, str]] = []
    while not isinstance(event := parser.get_event(), events.StreamEndEvent):
        if isinstance(event, events.NodeEvent) and event.anchor:
            found.append((type(event).__name__ if isinstance(event, events.AliasEvent) else "", event.anchor))
    return found


def _refuse(document: Document, line: int, message: str, hint: str | None = None) -> CantFormat:
    return CantFormat(Problem(CODE, f"is not formatted: {message}", Source(document.file, line + 1), hint))
