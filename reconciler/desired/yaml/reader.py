"""YAML 1.2 text → values that remember their positions. Knows YAML, not what the values mean.

Built on libyaml's events, typed here by the rules of YAML 1.2: a loader that keeps positions takes twenty times as
long for the same values (docs/decisions/0006-yaml-loader.md). A test compares the values with ruamel's.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any, Final

from yaml import YAMLError, events
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # its own module's name for it

from reconciler.desired.yaml.syntax_problems import (
    MAX_DEPTH,
    MAX_FILE_BYTES,
    TOO_DEEP,
    explain_encoding,
    explain_size,
    explain_yaml_error,
)
from reconciler.desired.yaml.words import read_word
from reconciler.errors import Problem, Source

MAX_SCALAR = 64 * 1024
MAX_ALIASED_NODES = 100_000
ODD_LINE_BREAK = re.compile("[\x85\u2028\u2029]")


class YamlMapping(dict[str, object]):
    """A YAML mapping; `marks` holds the offset of each key, in order."""

    __slots__ = ("mark", "marks")

    def __init__(self, mark: int) -> None:
        self.mark = mark
        self.marks: list[int] = []


class YamlSequence(list[object]):
    """A YAML sequence; `marks` holds the offset of each item, in order."""

    __slots__ = ("mark", "marks")

    def __init__(self, mark: int) -> None:
        self.mark = mark
        self.marks: list[int] = []


@dataclass(slots=True)
class Document:
    """A file as YAML: its text, its value (None if it is empty or unreadable) and its problems."""

    file: str
    text: str = ""
    value: object = None
    problems: list[Problem] = field(default_factory=list)
    _line_starts: list[int] = field(default_factory=list)

    def source(self, mark: int) -> Source:
        """Returns the file and line of an offset."""
        if not self._line_starts:
            self._line_starts.extend(match.end() for match in re.finditer("\n", self.text))
        return Source(self.file, bisect_right(self._line_starts, mark) + 1)

    def mark_of(self, container: object, key: object) -> int:
        """Returns the offset of a mapping's key or a sequence's index; of the container itself, if it lacks the key.

        The offset is 0 if `container` is neither.
        """
        match container:
            case YamlMapping() if key in container:
                return container.marks[list(container).index(str(key))]
            case YamlSequence() if isinstance(key, int) and key < len(container):
                return container.marks[key]
            case YamlMapping() | YamlSequence():
                return container.mark
            case _:
                return 0

    def written(self, mark: int) -> str:
        """Returns the spelling of the plain value at an offset, or after the key at the offset: `0123`, `no`."""
        match = re.compile(r"(?:[^:\n]*:[ \t]+)?([^,}\]\n#]*)").match(self.text, mark)
        return match[1].strip() if match else ""


def read_yaml(file: str, content: bytes) -> Document:
    """Reads every value of a file, with its position. Raises nothing: the document has the problems."""
    document = Document(file)
    if len(content) > MAX_FILE_BYTES:
        document.problems.append(explain_size(file))
        return document
    try:
        document.text = decode(content)
    except UnicodeDecodeError as error:
        document.problems.append(explain_encoding(file, content, error))
        return document
    if odd := ODD_LINE_BREAK.search(document.text):
        hint = "write it in double quotes as \\N, \\L or \\P"
        message = "contains a line break that editors do not show (U+0085, U+2028 or U+2029)"
        document.problems.append(Problem("yaml", message, document.source(odd.start()), hint))
        return document
    try:
        document.value = _Builder(document).build()
    except _Unreadable as error:
        document.problems.append(error.problem)
    except YAMLError as error:
        document.problems.append(explain_yaml_error(file, document.text, error))
    return document


def decode(content: bytes) -> str:
    """Returns the text of a file, in which offsets count: without the byte order mark of some editors."""
    return content.decode("utf-8-sig")


class _Unreadable(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(slots=True)
class _Open:
    """A container that is not read to its end yet; `key` is the key whose value comes next."""

    value: YamlMapping | YamlSequence
    anchor: str | None
    nodes: int = 1
    key: str | None = None
    merges: list[YamlMapping] = field(default_factory=list)


MERGE_KEY = "<<"
_MERGE: Final = "\0merge"  # no YAML text holds this character, so no key equals it


class _Builder:
    """Builds the values of one document from its events; `aliased` counts the values that aliases expand to."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[object, int]] = {}
        self.aliased = 0
        self.root: object = None
        self.documents = 0

    def build(self) -> object:
        parser = CParser(self.document.text)
        while True:
            event: Any = parser.get_event()
            kind = type(event)
            if kind is events.ScalarEvent:
                self._scalar(event, event.start_mark.index)
            elif kind is events.MappingStartEvent:
                self._open(event, YamlMapping(event.start_mark.index))
            elif kind is events.SequenceStartEvent:
                self._open(event, YamlSequence(event.start_mark.index))
            elif kind is events.MappingEndEvent or kind is events.SequenceEndEvent:
                self._close()
            elif kind is events.AliasEvent:
                self._alias(event.anchor, event.start_mark.index)
            elif kind is events.DocumentStartEvent:
                self._count_documents(event.start_mark.index)
            elif kind is events.StreamEndEvent:
                return self.root

    def _scalar(self, event: events.ScalarEvent, mark: int) -> None:
        text = event.value
        if event.tag or event.anchor or text == MERGE_KEY or len(text) > MAX_SCALAR:
            self._special_scalar(event, mark)
        else:
            self._put(text if event.style else read_word(text), mark, 1)

    def _special_scalar(self, event: events.ScalarEvent, mark: int) -> None:
        if len(event.value) > MAX_SCALAR:
            message = f"the value has {len(event.value):,} characters; at most {MAX_SCALAR:,} are read"
            raise self._unreadable(mark, message, "shorten it")
        if event.tag and event.tag not in {"!", "tag:yaml.org,2002:str"}:
            raise self._unreadable(mark, f"the tag {event.tag!r} is not allowed here", "write the value without it")
        plain = not event.style and not event.tag
        value = read_word(event.value) if plain else event.value
        if plain and value == MERGE_KEY and self._expects_a_key():
            self.stack[-1].key = _MERGE
            return
        if event.anchor:
            self.anchors[event.anchor] = (value, 1)
        self._put(value, mark, 1)

    def _open(self, event: events.CollectionStartEvent, value: YamlMapping | YamlSequence) -> None:
        if event.tag and event.tag not in {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}:
            message = f"the tag {event.tag!r} is not allowed here"
            raise self._unreadable(value.mark, message, "write the value without it")
        if len(self.stack) >= MAX_DEPTH:
            raise self._unreadable(value.mark, TOO_DEEP)
        self.stack.append(_Open(value, event.anchor))

    def _close(self) -> None:
        done = self.stack.pop()
        if done.merges and isinstance(done.value, YamlMapping):
            _merge(done.value, done.merges)
        if done.anchor:
            self.anchors[done.anchor] = (done.value, done.nodes)
        self._put(done.value, done.value.mark, done.nodes)

    def _alias(self, anchor: str, mark: int) -> None:
        if anchor not in self.anchors:
            message = f"the alias *{anchor} has no finished anchor &{anchor} above it"
            raise self._unreadable(mark, message, "write the value itself, or quote the text if it is no alias")
        value, nodes = self.anchors[anchor]
        self.aliased += nodes
        if self.aliased > MAX_ALIASED_NODES:
            message = f"the aliases expand to more than {MAX_ALIASED_NODES:,} values"
            raise self._unreadable(mark, message, "use fewer aliases")
        self._put(value, mark, nodes)

    def _put(self, value: object, mark: int, nodes: int) -> None:
        """Adds a finished value to the container around it."""
        if not self.stack:
            self.root = value
            return
        parent = self.stack[-1]
        parent.nodes += nodes
        if isinstance(parent.value, YamlSequence):
            parent.value.append(value)
            parent.value.marks.append(mark)
        elif parent.key is None:
            parent.key = self._key(parent.value, value, mark)
        else:
            self._pair(parent, parent.value, value)

    def _key(self, mapping: YamlMapping, value: object, mark: int) -> str:
        if not isinstance(value, str):
            written = self.document.text[mark:].split(":", 1)[0].strip()
            raise self._unreadable(mark, f"the key {written[:60]!r} is not text", f'quote it: "{written[:60]}"')
        if value in mapping:
            first = self.document.source(self.document.mark_of(mapping, value))
            self.document.problems.append(
                Problem(
                    "duplicate_key",
                    f'"{value}" is declared a second time; the first is at {first}',
                    self.document.source(mark),
                    "keep one of the two",
                )
            )
        else:
            mapping.marks.append(mark)
        return value

    def _expects_a_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].value, YamlMapping) and self.stack[-1].key is None

    def _pair(self, parent: _Open, mapping: YamlMapping, value: object) -> None:
        key, parent.key = parent.key, None
        if key == _MERGE:
            merged = value if isinstance(value, YamlSequence) else [value]
            if not all(isinstance(one, YamlMapping) for one in merged):
                message = "`<<` merges a value that is not a mapping"
                raise self._unreadable(mapping.mark, message, "merge the alias of a mapping, or quote the key")
            parent.merges.extend(one for one in merged if isinstance(one, YamlMapping))
        elif key is not None:
            mapping.setdefault(key, value)

    def _count_documents(self, mark: int) -> None:
        self.documents += 1
        if self.documents > 1:
            raise self._unreadable(mark, "a second document (`---`) in one file", "move it to a file of its own")

    def _unreadable(self, mark: int, message: str, hint: str | None = None) -> _Unreadable:
        return _Unreadable(Problem("yaml", message, self.document.source(mark), hint))


def _merge(mapping: YamlMapping, merges: list[YamlMapping]) -> None:
    """Adds the keys that the mapping lacks; if two merged mappings have a key, the earlier mapping wins."""
    for merged in merges:
        for (key, value), mark in zip(merged.items(), merged.marks, strict=True):
            if key not in mapping:
                mapping[key] = value
                mapping.marks.append(mark)
