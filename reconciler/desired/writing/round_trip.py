"""YAML text → ruamel's events with their comments, and events → text. Knows layout, not what values mean.

Uses events instead of values, so that ruamel types no word, resolves no merge and drops no anchor. Words are spelled by
`spell`, because ruamel writes characters that are invisible (docs/decisions/0024-ruamel-writes.md).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import chain, pairwise
from typing import Any, Final, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.emitter import RoundTripEmitter
from ruamel.yaml.error import CommentMark
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)
from ruamel.yaml.tokens import CommentToken

from reconciler.desired.writing.spell import Style, spell, spell_word
from reconciler.desired.yaml.reader import MERGE_KEY

Event: TypeAlias = Any  # ruamel has no type for "an event with its comments"
WIDTH: Final = 112
NO_WIDTH: Final = 1_000_000  # so that ruamel folds nothing; `_fits` decides whether brackets fit on a line
RUAMEL_FAILS: Final = (AssertionError, AttributeError, IndexError, TypeError, ValueError)  # on rare forms
BLOCK_STYLES: Final = frozenset("|>")
FOLD: Final = "\a"  # ruamel's mark for a line break in a folded text


def parse_events(text: str) -> list[Event]:
    """Returns the events of a text, each with the comments beside it. Raises ruamel's `YAMLError`."""
    events = list(YAML(typ="rt").parse(StringIO(text)))
    for event, following in pairwise(events):
        if isinstance(event, AliasEvent | DocumentStartEvent):
            _take_comments(event, following)
        if isinstance(event, CollectionStartEvent):
            _keep_comment_behind_anchor(event)
        elif isinstance(event, ScalarEvent) and event.style == ">":
            event.value = _mark_folds(event.value)
    return events


def emit_events(events: Iterable[Event]) -> str:
    """Returns the text: two spaces a level, brackets only if they fit on one line, and no value folded."""
    stream = StringIO()
    _Emitter(stream).write(events)
    return stream.getvalue()


@dataclass(frozen=True, slots=True)
class YamlPair:
    """A key and the events of its value; `above` has whole lines, `behind` a comment on the value's last line."""

    name: str
    value: Sequence[Event]
    above: str = ""
    behind: str = ""


def make_value(value: object) -> list[Event]:
    """Makes the events of a value; a mapping or list is in brackets, or on several lines if it does not fit."""
    match value:
        case Mapping():
            pairs = [(_make_scalar(str(name)), *make_value(one)) for name, one in value.items()]
            opening = MappingStartEvent(None, None, implicit=True, flow_style=True)
            return [opening, *chain.from_iterable(pairs), MappingEndEvent()]
        case list() | tuple():
            start = SequenceStartEvent(None, None, implicit=True, flow_style=True)
            return [start, *chain.from_iterable(map(make_value, value)), SequenceEndEvent()]
        case _:
            return [_make_scalar(value)]


def make_mapping(entries: Iterable[YamlPair]) -> list[Event]:
    """Makes the events of a block mapping."""
    events: list[Event] = [MappingStartEvent(None, None, implicit=True, flow_style=False)]
    for entry in entries:
        key = _make_scalar(entry.name)
        if entry.above:
            key.comment = [None, [make_comments(entry.above)]]
        events += [key, *entry.value]
        if entry.behind:
            events[-1].comment = [make_comments(f" {entry.behind}\n"), None]
    return [*events, MappingEndEvent()]


def make_list(items: Iterable[list[Event]]) -> list[Event]:
    """Makes the events of a block list, with an empty line between the items."""
    events: list[Event] = [SequenceStartEvent(None, None, implicit=True, flow_style=False)]
    for number, (first, *rest) in enumerate(items):
        if number:
            first.comment = [None, [make_comments("\n")]]
        events += [first, *rest]
    return [*events, SequenceEndEvent()]


def write_document(root: Iterable[Event]) -> str:
    """Returns the text of a file with this value."""
    start = (StreamStartEvent(), DocumentStartEvent(explicit=False))
    return emit_events([*start, *root, DocumentEndEvent(explicit=False), StreamEndEvent()])


def _make_scalar(value: object) -> Event:
    text, style = (value, "'") if isinstance(value, str) else (spell(value), None)
    return ScalarEvent(None, None, (True, True), text, style=style)


def make_comments(text: str, column: int = 0) -> CommentToken:
    """Makes ruamel's token for comments and empty lines beside an event; the text ends with a line feed."""
    return CommentToken(text, CommentMark(column), None)


def _take_comments(event: Event, following: Event) -> None:
    """Moves comments to events for which the emitter writes them: an alias, and the value below `---`."""
    behind, before = following.comment or (None, None)
    if isinstance(event, DocumentStartEvent) and event.comment and event.comment[1]:
        following.comment = [behind, [*event.comment[1], *(before or ())]]
    elif isinstance(event, AliasEvent) and before and before[0].start_mark.line == event.end_mark.line:
        event.comment = [before[0], None]
        following.comment = [behind, before[1:] or None]


def _keep_comment_behind_anchor(event: Event) -> None:
    """Keeps the note of `ann: &model  # note` on its line; ruamel would move it to a line above the first key."""
    before = event.comment[1] if event.comment else None
    if before and event.anchor and not event.comment[0] and before[0].start_mark.line == event.start_mark.line:
        first, *rest = before
        event.comment = [first, rest or None]


def _mark_folds(value: str) -> str:
    """Removes the marks of ruamel's scanner at which its emitter can't break the line."""
    parts = value.split(FOLD)
    text = parts[0]
    for part in parts[1:]:
        is_between_words = part[:1] == " " and not text[-1:].isspace() and part[1:2] and not part[1].isspace()
        text += (FOLD if is_between_words and text else "") + part
    return text


class _Emitter(RoundTripEmitter):
    """Holds all events at once, because the length of brackets decides whether they become lines."""

    use_version = (1, 2)

    def __init__(self, stream: StringIO) -> None:
        super().__init__(stream, width=NO_WIDTH, block_seq_indent=2)
        self.best_map_indent, self.best_sequence_indent = 2, 4

    def write(self, events: Iterable[Event]) -> None:
        waiting = deque(events)
        self.events = waiting  # type: ignore[assignment]  # a list in ruamel; events are taken from its front
        self.ends = _find_ends(waiting)
        while waiting:
            self.event = waiting.popleft()
            self.state()

    def expect_node(self, **context: bool) -> None:  # type: ignore[override]  # it is called by name only
        """Turns brackets that don't fit into lines; `context` shows whether the event is a key, value or item."""
        event = self.event
        is_inside = self.flow_level or context.get("simple_key")
        if isinstance(event, CollectionStartEvent) and event.flow_style and not is_inside and not self._fits(event):
            _open(event, self.ends[id(event)], self.column + 2)
        super().expect_node(**context)

    def expect_alias(self) -> None:
        """Writes also the comment behind an alias, which ruamel leaves out."""
        event = self.event
        super().expect_alias()
        self.no_newline = False
        if event.comment and event.comment[0]:
            self.write_comment(event.comment[0])

    def process_tag(self) -> None:
        """Writes no tag: the reader accepts only tags that change nothing, or make text, which is quoted instead."""

    def process_scalar(self) -> None:
        """Writes a block text as ruamel does, and any other scalar as `spell` does.

        Resets `no_newline` (directly behind a dash): ruamel sometimes keeps it, and writes two keys on one line.
        """
        event = self.event
        is_in_line = bool(self.flow_level or self.simple_key_context)
        if event.style in BLOCK_STYLES and event.value and not is_in_line:
            self.style = event.style
            super().process_scalar()
        else:
            self._write_word(event)
        self.no_newline = False

    def _write_word(self, event: Event) -> None:
        if self.sequence_context and not self.flow_level:
            self.write_indent()
        word = _spell(event, flow=bool(self.flow_level), key=self.simple_key_context)
        self.write_indicator(word, need_whitespace=True)
        self.analysis = None
        if event.comment:
            self.write_post_comment(event)

    def _fits(self, event: Event) -> bool:
        """Whether a collection in brackets ends within the width, if it begins at the current column."""
        end = self.column + (not self.whitespace) + _anchor(event) + 1
        firsts = [True]
        for inner in self.events:
            if end > WIDTH:
                return False
            if isinstance(inner, CollectionEndEvent):
                end += 1
                firsts.pop()
                if not firsts:
                    return end <= WIDTH
                continue
            end += (0 if firsts[-1] else 2) + _anchor(inner)
            firsts[-1] = False
            if isinstance(inner, CollectionStartEvent):
                end += 1
                firsts.append(True)
            elif isinstance(inner, ScalarEvent):
                end += len(_spell(inner, flow=True, key=False))
        return True


def _find_ends(events: Iterable[Event]) -> dict[int, Event]:
    """Returns the event that ends each collection, by the identity of its first event."""
    ends: dict[int, Event] = {}
    opened: list[Event] = []
    for event in events:
        if isinstance(event, CollectionStartEvent):
            opened.append(event)
        elif isinstance(event, CollectionEndEvent):
            ends[id(opened.pop())] = event
    return ends


def _open(start: Event, end: Event, column: int) -> None:
    """Turns brackets into lines; the comment behind the closing bracket moves to `column`, lines below stay."""
    start.flow_style = False
    if not (end.comment and end.comment[0]):
        return
    behind, _, below = end.comment[0].value.partition("\n")
    if behind:
        start.comment = [make_comments(f"{behind}\n", column), None]
    end.comment = [None, [make_comments(below)]] if below else None


def _anchor(event: Event) -> int:
    """Returns the length of an anchor or alias with the space behind it."""
    if not event.anchor:
        return 0
    return len(event.anchor) + (1 if isinstance(event, AliasEvent) else 2)


def _spell(event: Event, *, flow: bool, key: bool) -> str:
    is_plain = not event.style and not event.tag
    if key and is_plain and event.value == MERGE_KEY:
        return MERGE_KEY
    style: Style = "double" if event.style == '"' else "single"
    return spell_word(event.value.replace(FOLD, ""), is_plain=is_plain, quotes=style, flow=flow, key=key)
