"""YAML 1.2 text → values that remember where they stand. Knows YAML, and nothing of what the values mean.

Built on libyaml's events, typed here by the rules of YAML 1.2: a loader that keeps positions takes twenty times as
long for the same values (docs/decisions/0006-yaml-loader.md). A test holds the values equal to ruamel's.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any, Final

from yaml import MarkedYAMLError, YAMLError, events
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # its own module's name for it
from yaml.reader import ReaderError

from reconciler.desired.yaml.words import read_word
from reconciler.errors import Problem, Source

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_SCALAR = 64 * 1024
MAX_DEPTH = 32
TOO_DEEP: Final = f"nested more than {MAX_DEPTH} deep"
TOO_DEEP_FOR_LIBYAML: Final = "exceeded maximum nesting depth"  # of PyYAML 6.0.4, beyond 1,000, before the first event
MAX_ALIASED_NODES = 100_000
ODD_LINE_BREAK = re.compile("[\x85\u2028\u2029]")


class YamlMapping(dict[str, object]):
    """A YAML mapping; `marks` holds, in order, the offset at which each key stands."""

    __slots__ = ("mark", "marks")

    def __init__(self, mark: int) -> None:
        self.mark = mark
        self.marks: list[int] = []


class YamlSequence(list[object]):
    """A YAML sequence; `marks` holds, in order, the offset at which each item stands."""

    __slots__ = ("mark", "marks")

    def __init__(self, mark: int) -> None:
        self.mark = mark
        self.marks: list[int] = []


@dataclass(slots=True)
class Document:
    """One file, read: its value (None where it is empty or could not be read) and what was wrong with it as YAML."""

    file: str
    text: str = ""
    value: object = None
    problems: list[Problem] = field(default_factory=list)
    _line_starts: list[int] = field(default_factory=list)

    def source(self, mark: int) -> Source:
        """The file and line of an offset."""
        if not self._line_starts:
            self._line_starts.extend(match.end() for match in re.finditer("\n", self.text))
        return Source(self.file, bisect_right(self._line_starts, mark) + 1)

    def mark_of(self, container: object, key: object) -> int:
        """The offset of a key in a mapping or of an index in a sequence, or of the container itself."""
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
        """How the plain value at an offset (or after the key there) is written: `0123`, `no`."""
        match = re.compile(r"(?:[^:\n]*:[ \t]+)?([^,}\]\n#]*)").match(self.text, mark)
        return match[1].strip() if match else ""


def read_yaml(file: str, content: bytes) -> Document:
    """Every value of the file with its position. Never raises: what is wrong is in the document's problems."""
    document = Document(file)
    if len(content) > MAX_FILE_BYTES:
        document.problems.append(_too_large(file))
        return document
    try:
        document.text = decode(content)
    except UnicodeDecodeError as error:
        document.problems.append(_not_utf8(file, content, error))
        return document
    if odd := ODD_LINE_BREAK.search(document.text):
        hint = "write it in double quotes as \\N, \\L or \\P"
        message = "a line break that editors do not show (U+0085, U+2028 or U+2029)"
        document.problems.append(Problem("yaml", message, document.source(odd.start()), hint))
        return document
    try:
        document.value = _Builder(document).build()
    except _Unreadable as error:
        document.problems.append(error.problem)
    except MarkedYAMLError as error:
        document.problems.append(_not_yaml(document, error))
    except ReaderError as error:
        message = f"is not YAML: the character U+{error.character:04X} can't stand there"
        document.problems.append(Problem("yaml", message, document.source(error.position)))
    except YAMLError as error:
        document.problems.append(Problem("yaml", f"is not YAML: {_first_line(error)}", Source(file, 1)))
    return document


def decode(content: bytes) -> str:
    """The text of a file, in which offsets count: without the mark that some editors put before it."""
    return content.decode("utf-8-sig")


class _Unreadable(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(slots=True)
class _Open:
    """A container that is being read; `key` is the one whose value comes next."""

    value: YamlMapping | YamlSequence
    anchor: str | None
    nodes: int = 1
    key: str | None = None
    merges: list[YamlMapping] = field(default_factory=list)


MERGE_KEY = "<<"
_MERGE: Final = "\0merge"  # no YAML text holds this character, so no key is taken for it


class _Builder:
    """Builds the values of one document from its events; `aliased` counts what aliases would unfold to."""

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
            raise self._unreadable(mark, f"a value of {len(event.value):,} characters; at most {MAX_SCALAR:,} are read")
        if event.tag and event.tag not in {"!", "tag:yaml.org,2002:str"}:
            raise self._unreadable(mark, f"the tag {event.tag!r} is not allowed here", "write the plain value")
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
            raise self._unreadable(value.mark, f"the tag {event.tag!r} is not allowed here", "write the plain value")
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
            raise self._unreadable(mark, f"the alias *{anchor} names no finished anchor &{anchor}")
        value, nodes = self.anchors[anchor]
        self.aliased += nodes
        if self.aliased > MAX_ALIASED_NODES:
            raise self._unreadable(mark, f"aliases that unfold to more than {MAX_ALIASED_NODES:,} values")
        self._put(value, mark, nodes)

    def _put(self, value: object, mark: int, nodes: int) -> None:
        """Hands a finished value to the container that it stands in."""
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
                raise self._unreadable(mapping.mark, "`<<` merges something that is not a mapping")
            parent.merges.extend(one for one in merged if isinstance(one, YamlMapping))
        elif key is not None:
            mapping.setdefault(key, value)

    def _count_documents(self, mark: int) -> None:
        self.documents += 1
        if self.documents > 1:
            raise self._unreadable(mark, "a second document (`---`) in one file", "put it in a file of its own")

    def _unreadable(self, mark: int, message: str, hint: str | None = None) -> _Unreadable:
        return _Unreadable(Problem("yaml", message, self.document.source(mark), hint))


def _merge(mapping: YamlMapping, merges: list[YamlMapping]) -> None:
    """What the mapping says itself wins; of two that are merged, the earlier one."""
    for merged in merges:
        for (key, value), mark in zip(merged.items(), merged.marks, strict=True):
            if key not in mapping:
                mapping[key] = value
                mapping.marks.append(mark)


def _too_large(file: str) -> Problem:
    message = f"is larger than {MAX_FILE_BYTES // 1024 // 1024} MiB, which is the most that is read"
    return Problem("file_too_large", message, Source(file), "split it: every *.yaml below the folder is read")


def _not_utf8(file: str, content: bytes, error: UnicodeDecodeError) -> Problem:
    line = content[: error.start].count(b"\n") + 1
    return Problem(
        "encoding", f"is not UTF-8: the byte 0x{content[error.start]:02x}", Source(file, line), "save it as UTF-8"
    )


def _not_yaml(document: Document, error: MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    source = Source(document.file, mark.line + 1 if mark else 1)
    if error.problem == TOO_DEEP_FOR_LIBYAML:
        return Problem("yaml", TOO_DEEP, source)
    return Problem("yaml", f"is not YAML: {error.problem or error.context}", source)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
