"""ruamel's events as a tree, in which values are replaced. Decides no value; knows which comments to keep.

A comment behind a removed value is removed with it. The lines above and below it stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, Final

from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, MappingStartEvent, ScalarEvent

from reconciler.desired.writing.round_trip import BLOCK_STYLES, Event, make_comments, make_value
from reconciler.desired.writing.spell import same, spell_with_type
from reconciler.desired.yaml.reader import MERGE_KEY

ABSENT: Final = object()


class CantChange(Exception):
    """The reason why a value can't be changed in its place."""


@dataclass(slots=True)
class YamlBranch:
    """A value: its event; for a collection also its parts (keys and values in turn) and the event that ends it."""

    start: Event
    inner: list[YamlBranch] = field(default_factory=list)
    end: Event | None = None

    @property
    def is_block(self) -> bool:
        """Whether it is a collection in block style, on lines of its own."""
        return self.end is not None and not self.start.flow_style

    def events(self) -> Iterator[Event]:
        """Yields its events in order."""
        yield self.start
        for one in self.inner:
            yield from one.events()
        if self.end is not None:
            yield self.end


def read_branch(events: Iterator[Event]) -> YamlBranch | CollectionEndEvent:
    """Reads the next value of the events, or the event that ends the collection around it."""
    event = next(events)
    if not isinstance(event, CollectionStartEvent):
        return event if isinstance(event, CollectionEndEvent) else YamlBranch(event)
    branch = YamlBranch(event)
    while isinstance(one := read_branch(events), YamlBranch):
        branch.inner.append(one)
    branch.end = one
    return branch


def make_branch(value: object) -> YamlBranch:
    """Makes a value in brackets; the emitter writes it on several lines if it does not fit on one."""
    branch = read_branch(iter(make_value(value)))
    assert isinstance(branch, YamlBranch)  # noqa: S101  # a value begins with no end
    return branch


@dataclass(frozen=True, slots=True)
class Changer:
    """Changes values of a tree; `rank` gives the position of a new key. Raises CantChange."""

    rank: Mapping[str, int]

    def change(self, branch: YamlBranch, old: object, new: object) -> YamlBranch:
        """Returns a branch with the value `new`: the same branch, changed, or another in its place."""
        if same(old, new):
            return branch
        if isinstance(branch.start, MappingStartEvent) and isinstance(old, Mapping) and isinstance(new, Mapping):
            own = {_name(key) for key in branch.inner[::2]}
            if own & new.keys() or not own or not new:
                self._change_mapping(branch, old, new)
                return branch if branch.inner else _replace(branch, new)
        if branch.inner and isinstance(old, list) and isinstance(new, list) and new:
            self._change_list(branch, old, new)
            return branch
        return _replace(branch, new)

    def _change_mapping(self, branch: YamlBranch, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        own = [_name(key) for key in branch.inner[::2]]
        if merged := old.keys() - {*own} - new.keys():
            raise CantChange(f"{min(merged)} comes from a merge (<<), and can't be removed in this entry only")
        for index in reversed(range(len(own))):
            name = own[index]
            if name in new:
                branch.inner[2 * index + 1] = self.change(branch.inner[2 * index + 1], old.get(name), new[name])
            elif name != MERGE_KEY:
                _remove(branch, 2 * index, 2 * index + 2)
        added = [name for name, one in new.items() if name not in own and not same(old.get(name, ABSENT), one)]
        for name in sorted(added, key=self._rank):
            ranks = [(self._rank(_name(key)), at) for at, key in enumerate(branch.inner[::2])]
            after = max((one for one in ranks if one[0] <= self._rank(name)), default=(0, -1))[1]
            _insert(branch, 2 * after + 2, [make_branch(name), make_branch(new[name])])

    def _rank(self, name: str) -> int:
        return self.rank.get(name, len(self.rank))

    def _change_list(self, branch: YamlBranch, old: Sequence[Any], new: Sequence[Any]) -> None:
        """Inserts and removes items, from the end, and changes the values that differ in the others."""
        goes_whole = branch.is_block and not isinstance(new[0], Mapping)  # a comment behind an item goes with it
        matcher = SequenceMatcher(
            None, list(map(spell_with_type, old)), list(map(spell_with_type, new)), autojunk=False
        )
        for tag, start, end, new_start, new_end in reversed(matcher.get_opcodes()):
            if tag == "equal":
                continue
            stay = 0 if goes_whole else min(end - start, new_end - new_start)
            for item in reversed(new[new_start + stay : new_end]):
                _insert(branch, end, [make_branch(item)])
            if start + stay < end:
                _remove(branch, start + stay, end)
            for index in range(stay):
                item = self.change(branch.inner[start + index], old[start + index], new[new_start + index])
                branch.inner[start + index] = item


def _name(key: YamlBranch) -> str:
    """Returns the text of a key; an alias has none, and no edit names an alias."""
    return str(key.start.value) if isinstance(key.start, ScalarEvent) else ""


def _last(branch: YamlBranch) -> Event:
    """Returns the event that has the comment behind a value."""
    while branch.is_block and branch.inner:
        branch = branch.inner[-1]
    return branch.end or branch.start


def _replace(branch: YamlBranch, new: object) -> YamlBranch:
    """Returns a branch of the new value, with the anchor, the comment and the lines below of the old branch."""
    fresh = make_branch(new)
    fresh.start.anchor = None if isinstance(branch.start, AliasEvent) else branch.start.anchor
    if _is_in_lines(branch.start) and branch.start.style == "|" and _is_literal(new):
        fresh.start.style, fresh.start.comment = "|", branch.start.comment
        return fresh
    behind, below = _split(_last(branch))
    head = branch.start.comment or [None, None]
    if branch.is_block:
        behind = head[0].value.partition("\n")[0] if head[0] else ""
    elif _is_in_lines(branch.start):
        behind = str(head[1][0]) if head[1] else ""
    _set_comment(_last(fresh), behind.strip(), below)
    return fresh


def _is_literal(value: object) -> bool:
    """Whether a text can be written as a literal block (`|`)."""
    if not isinstance(value, str) or "\n" not in value:
        return False
    lines = value.removesuffix("\n").split("\n")
    return all(line and line.isprintable() and line == line.strip(" ") for line in lines)


def _split(event: Event) -> tuple[str, str]:
    """Returns the comment on the line where an event ends, and the lines below it."""
    comment = event.comment[0] if event.comment else None
    if comment is None:
        return "", ""
    if _is_in_lines(event):
        return "", str(comment.value)
    behind, _, below = comment.value.partition("\n")
    return behind, below


def _set_comment(event: Event, behind: str, below: str) -> None:
    column = event.comment[0].start_mark.column if event.comment and event.comment[0] else 0
    rest = event.comment[1:] if event.comment else [None]
    text = f" {behind}" if behind and not column else behind
    line = "" if _is_in_lines(event) else f"{text}\n"
    event.comment = [make_comments(f"{line}{below}", column) if behind or below else None, *rest]


def _is_in_lines(event: Event) -> bool:
    """Whether it is a block text (`|` or `>`), which ends with its last line."""
    return isinstance(event, ScalarEvent) and event.style in BLOCK_STYLES


def _remove(branch: YamlBranch, start: int, end: int) -> None:
    """Removes the branches from `start` to before `end`; the lines below them stay, but no double empty line."""
    _behind, below = _split(_last(branch.inner[end - 1]))
    del branch.inner[start:end]
    if not (below and branch.is_block):
        return
    if start:
        last = _last(branch.inner[start - 1])
        behind, already = _split(last)
        is_apart = f"\n{already}".endswith("\n\n")
        _set_comment(last, behind, already + (below.removeprefix("\n") if is_apart else below))
    else:
        following: Event = branch.inner[0].start if branch.inner else branch.end
        before = following.comment or [None, None]
        following.comment = [before[0], [make_comments(below, 0), *(before[1] or ())]]


def _insert(branch: YamlBranch, at: int, branches: list[YamlBranch]) -> None:
    """Inserts branches before the index, above the comments and empty lines there."""
    if at and branch.is_block:
        last = _last(branch.inner[at - 1])
        behind, below = _split(last)
        _set_comment(last, behind, "")
        _set_comment(_last(branches[-1]), "", below)
    branch.inner[at:at] = branches
