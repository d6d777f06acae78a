"""Replaces a scalar or a list item of a YAML text in its place. Knows layout; decides no value.

Serves files whose lines have another form than ruamel's (docs/decisions/0024-ruamel-writes.md). The offsets of all
replacements refer to the original text, so many can be made at once. The caller reads the result again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from textwrap import dedent
from typing import Any, Final

from reconciler.desired.writing.layout import Replacement, SourceText
from reconciler.desired.writing.nodes import Node
from reconciler.desired.writing.round_trip import YamlPair, make_list, make_mapping, make_value, write_document
from reconciler.desired.writing.spell import Style, same, spell, spell_with_type

STYLES: Final[Mapping[str, Style]] = {"'": "single", '"': "double"}
COMMA = re.compile(r"[ \t]*,")
DASH = re.compile(r"(?:^|(?<=[ \t]))-(?=[ \t\r\n]|$)", re.MULTILINE)
LONGEST_LINE: Final = 120
MERGE: Final = "<<"
OTHER_FORM: Final = "the account's value has another form than this one"
SHARED_LINE: Final = "its line contains another value too"
_ABSENT: Final = object()


class CantEdit(Exception):
    """The reason why a value can't be edited on its own, and its offset."""

    def __init__(self, reason: str, mark: int) -> None:
        super().__init__(reason)
        self.mark = mark


@dataclass(slots=True)
class Rewriter:
    """Collects the replacements that change one value of a text."""

    page: SourceText
    replacements: list[Replacement] = field(default_factory=list)

    def rewrite(self, node: Node, old: object, new: object, *, flow: bool = False) -> None:
        """Changes the value at the node from `old` to `new`; `flow` if it is in brackets. Raises CantEdit."""
        if same(old, new):
            return
        if node.kind == "mapping" and isinstance(old, Mapping) and isinstance(new, Mapping):
            self._rewrite_mapping(node, old, new)
        elif node.kind == "list" and isinstance(old, list) and isinstance(new, list) and old and new:
            self._rewrite_list(node, old, new)
        elif (node.kind in {"list", "mapping"} and not node.flow) or node.style in {"|", ">"}:
            raise CantEdit(OTHER_FORM, node.start)
        else:
            self._rewrite_line(node, new, flow=flow)

    def add_item(self, node: Node, after: int, item: Mapping[str, Any]) -> None:
        """Adds a mapping to a list, a line for each key, with an empty line if others have one; `after` -1: last."""
        after = after if after >= 0 else len(node.items) - 1
        if node.flow or after < 0:
            self._insert_items(node, after, [item])
            return
        written = make_list([make_mapping(YamlPair(name, make_value(value)) for name, value in item.items())])
        indent = " " * self.page.column(self._dash(node, 0))
        lines = [f"{indent}{line}" for line in dedent(write_document(written)).splitlines()]
        self._add(self.page.insert_lines(node.items[after].end, ["", *lines] if self._are_apart(node) else lines))

    def remove_item(self, node: Node, index: int) -> None:
        """Removes an item of a list, with its comma or its lines; if it is the only item, `[]` or nothing remains."""
        if node.flow:
            self._cut(node.items, node.items, index, index + 1)
            return
        dash = self._dash(node, index)
        if not self.page.is_first(dash):
            raise CantEdit(SHARED_LINE, dash)
        self._add(self.page.cut_lines(dash, max(node.items[index].end, dash + 1)))

    def _add(self, replacement: Replacement) -> None:
        self.replacements.append(replacement)

    def _replace(self, start: int, end: int, text: str) -> None:
        self._add(Replacement(start, end, text))

    def _rewrite_line(self, node: Node, new: object, *, flow: bool) -> None:
        """Replaces a value on one line, in the same quotes; its anchor stays."""
        anchor = f"&{node.anchor} " if node.anchor else ""
        spelled = anchor + spell(new, flow=flow, style=STYLES.get(node.style, "plain"))
        was_empty = node.start == node.end
        needs_space = was_empty and self.page.text[node.start - 1 : node.start] not in {" ", "\t", "\n", ""}
        self._replace(node.start, node.end, f" {spelled}" if needs_space else spelled)

    def _rewrite_mapping(self, node: Node, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        """Rewrites the values; raises CantEdit if a key is added or removed, because that changes whole lines."""
        own = {key.name for key in node.keys} - {MERGE}
        added = [name for name, one in new.items() if name not in own and not same(old.get(name, _ABSENT), one)]
        if added or own - new.keys():
            raise CantEdit(OTHER_FORM, node.start)
        for key, value in zip(node.keys, node.items, strict=True):
            if value.start == value.end and ":" not in self.page.text[key.end : value.start]:
                raise CantEdit(OTHER_FORM, node.start)  # `{a}`: a key without a colon
            self.rewrite(value, old.get(key.name), new.get(key.name), flow=node.flow)

    def _cut(self, firsts: Sequence[Node], lasts: Sequence[Node], start: int, end: int) -> None:
        """Removes elements in brackets, from `start` to before `end`, with the commas on one side; comments stay."""
        text, first, last = self.page.text, firsts[start].start, lasts[end - 1].end
        if start and "#" not in text[lasts[start - 1].end : first]:
            self._replace(lasts[start - 1].end, last, "")
        elif end < len(firsts) and "#" not in text[last : firsts[end].start]:
            self._replace(first, firsts[end].start, "")
        else:
            comma = COMMA.match(text, last)
            self._replace(first, comma.end() if comma else last, "")

    def _rewrite_list(self, node: Node, old: Sequence[Any], new: Sequence[Any]) -> None:
        """Inserts and removes items, and replaces the values that differ in the others."""
        matcher = SequenceMatcher(
            None, list(map(spell_with_type, old)), list(map(spell_with_type, new)), autojunk=False
        )
        for tag, start, end, new_start, new_end in matcher.get_opcodes():
            if tag == "equal":
                continue
            whole = not node.flow and not isinstance(new[0], Mapping)  # a comment behind an item goes with it
            stay = 0 if whole else min(end - start, new_end - new_start)
            for index in range(stay):
                self.rewrite(node.items[start + index], old[start + index], new[new_start + index], flow=node.flow)
            if node.flow and start + stay < end:
                self._cut(node.items, node.items, start + stay, end)
            for index in range(start + stay, end if not node.flow else 0):
                self.remove_item(node, index)
            self._insert_items(node, start + stay - 1, new[new_start + stay : new_end])

    def _insert_items(self, node: Node, after: int, items: Sequence[Any]) -> None:
        """Inserts items after an index (-1: before the first), on lines of their own or with commas."""
        if not items:
            return
        if not node.flow:
            self._insert_in_block(node, after, items)
        elif after < 0 and not node.items:
            self._replace(node.end - 1, node.end - 1, ", ".join(spell(item, flow=True) for item in items))
        elif after < 0:
            first = node.items[0].start
            self._replace(first, first, "".join(f"{spell(item, flow=True)}, " for item in items))
        else:
            end = node.items[after].end
            spelled = ", ".join(spell(item, flow=True) for item in items)
            self._replace(end, end, self._make_separator(node, after, len(spelled)) + spelled)

    def _make_separator(self, node: Node, after: int, length: int) -> str:
        """Returns a comma, and a line break if the items have lines of their own or the line would be too long."""
        end, page = node.items[after].end, self.page
        is_long = page.column(end) + length + page.width_after(end) > LONGEST_LINE
        own_lines = after > 0 and "\n" in page.text[node.items[after - 1].end : node.items[after].start]
        first = " " * page.column(node.items[0].start)
        return f",{page.newline}{first}" if is_long or own_lines else ", "

    def _insert_in_block(self, node: Node, after: int, items: Sequence[Any]) -> None:
        first = self._dash(node, 0)
        lines = [f"{' ' * self.page.column(first)}- {spell(item)}" for item in items]
        if after >= 0:
            self._add(self.page.insert_lines(max(node.items[after].end, self._dash(node, after) + 1), lines))
        elif self.page.is_first(first):
            self._add(self.page.insert_lines_before(first, lines))
        else:
            raise CantEdit(SHARED_LINE, first)

    def _are_apart(self, node: Node) -> bool:
        """Whether the items are separated by empty lines."""
        between = [
            self.page.text[one.end : other.start] for one, other in zip(node.items, node.items[1:], strict=False)
        ]
        return not between or any(re.search(r"\n[ \t]*\r?\n", gap) for gap in between)

    def _dash(self, node: Node, index: int) -> int:
        """Returns the offset of a block item's dash: the last dash before it that is not in a comment."""
        earliest = node.items[index - 1].end if index else node.start
        found = [
            match.start()
            for match in DASH.finditer(self.page.text, earliest, node.items[index].start)
            if "#" not in self.page.text[self.page.line_start(match.start()) : match.start()]
        ]
        if not found:
            raise CantEdit(OTHER_FORM, node.start)
        return found[-1]
