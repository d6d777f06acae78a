"""One value of a YAML text → another, by replacing no more than what differs. Knows layout; decides no value.

Everything is a replacement at places of the text as it was, so that many can be made at once. Whoever uses it reads the
result again: what could not be done well is refused here, and what was not done right is found there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, Final

from reconciler.desired.yaml.layout import Replacement, SourceText
from reconciler.desired.yaml.nodes import Node
from reconciler.desired.yaml.spell import Style, same, spell, spell_key, spell_literal, tell

STYLES: Final[Mapping[str, Style]] = {"'": "single", '"': "double"}
COLON = re.compile(r"[ \t]*:")
COMMA = re.compile(r"[ \t]*,")
COMMENT = re.compile(r"(?:^|(?<=[ \t]))#[^\n\r]*", re.MULTILINE)
DASH = re.compile(r"(?:^|(?<=[ \t]))-(?=[ \t\r\n]|$)", re.MULTILINE)
LONGEST_LINE: Final = 120
MERGE: Final = "<<"
OTHER_FORM: Final = "it has another form in the account than here"
SHARED_LINE: Final = "it stands on a line with something else"
_ABSENT: Final = object()


class CantEdit(Exception):
    """Why a value can't be edited on its own, and the offset at which it stands."""

    def __init__(self, reason: str, mark: int) -> None:
        super().__init__(reason)
        self.mark = mark


@dataclass(slots=True)
class Rewriter:
    """Collects the replacements that make one value of the page another; `rank` says where a new key belongs."""

    page: SourceText
    rank: Mapping[str, int]
    replacements: list[Replacement] = field(default_factory=list)

    def rewrite(self, node: Node, old: object, new: object, *, flow: bool = False) -> None:
        """Makes the value at the node read as `new`; `flow` where it stands between brackets."""
        if same(old, new):
            return
        if node.kind == "mapping" and isinstance(old, Mapping) and isinstance(new, Mapping) and self._is_open(node):
            self._mapping(node, old, new)
        elif node.kind == "list" and isinstance(old, list) and isinstance(new, list) and old and new:
            self._list(node, old, new)
        elif _is_block(node):
            raise CantEdit(OTHER_FORM, node.start)
        elif node.style in {"|", ">"}:
            self._block_scalar(node, new)
        else:
            self._on_one_line(node, new, flow=flow)

    def add_item(self, node: Node, after: int, item: Mapping[str, Any]) -> None:
        """A mapping as a new item of a list, a line for each key, set apart as others are; `after` -1: at the end."""
        after = after if after >= 0 else len(node.items) - 1
        if node.flow or after < 0:
            self._insert_items(node, after, [item])
            return
        indent = " " * self.page.column(self._dash(node, 0))
        pairs = [f"{spell_key(name)}: {spell(value)}" for name, value in item.items()]
        lines = [f"{indent}{'  ' if number else '- '}{pair}" for number, pair in enumerate(pairs)]
        self._add(self.page.insert_lines(node.items[after].end, ["", *lines] if self._are_apart(node) else lines))

    def remove_item(self, node: Node, index: int) -> None:
        """An item of a list: from between its commas, or its lines; the last one leaves `[]`, or nothing."""
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

    def _is_open(self, node: Node) -> bool:
        """Whether keys can be put into the mapping: the one that `[a: 1]` makes has no brackets for them."""
        return not node.flow or self.page.text[node.end - 1] == "}"

    def _on_one_line(self, node: Node, new: object, *, flow: bool) -> None:
        """The value spelled anew where it stands, in the quotes that it had; its anchor stays."""
        anchor = f"&{node.anchor} " if node.anchor else ""
        spelled = anchor + spell(new, flow=flow, style=STYLES.get(node.style, "plain"))
        was_empty = node.start == node.end
        needs_space = was_empty and self.page.text[node.start - 1 : node.start] not in {" ", "\t", "\n", ""}
        self._replace(node.start, node.end, f" {spelled}" if needs_space else spelled)

    def _block_scalar(self, node: Node, new: object) -> None:
        """A text of several lines stays one where it can; the comment and the empty lines after it stay."""
        body = self.page.text[node.start : node.end]
        head, *lines = body.splitlines(keepends=True)
        comment = f"  {found[0]}" if (found := COMMENT.search(head)) else ""
        written = [line for line in lines if line.strip()]
        tail = "".join(lines[len(lines) - next((n for n, line in enumerate(reversed(lines)) if line.strip()), 0) :])
        anchor = f"&{node.anchor} " if node.anchor else ""
        newline = self.page.newline
        indent = written[0][: len(written[0]) - len(written[0].lstrip(" "))] if written else ""
        literal = spell_literal(new) if node.style == "|" and indent else None
        first, *rest = literal or (spell(new),)
        text = newline.join([f"{anchor}{first}{comment}", *(f"{indent}{line}" for line in rest)])
        self._replace(node.start, node.end, text + (newline if body.endswith("\n") else "") + tail)

    def _mapping(self, node: Node, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        own = [key.name for key in node.keys]
        if merged := old.keys() - {*own} - new.keys():
            raise CantEdit(f"{min(merged)} comes by a merge, and can't be taken out here alone", node.start)
        gone = [index for index, name in enumerate(own) if name != MERGE and name not in new]
        if gone and len(gone) == len(own):
            self._anew(node, new)
            return
        self._remove_pairs(node, gone)
        for key, value in zip(node.keys, node.items, strict=True):
            if key.name in new:
                self._value(node, (key, value), old.get(key.name), new[key.name])
        added = {name: one for name, one in new.items() if name not in own and not same(old.get(name, _ABSENT), one)}
        staying = [index for index in range(len(own)) if index not in gone]
        for after, names in self._places(node, added, staying).items():
            self._insert_pairs(node, after, {name: added[name] for name in names})

    def _value(self, node: Node, pair: tuple[Node, Node], old: object, new: object) -> None:
        """The value of a pair; a block that gives way to something on one line moves up behind its key."""
        key, value = pair
        colon = COLON.match(self.page.text, key.end)
        stays = (isinstance(old, Mapping) and isinstance(new, Mapping)) or (isinstance(new, list) and bool(new and old))
        if colon and _is_block(value) and not stays:
            comment = COMMENT.search(self.page.text[colon.end() : value.start])
            spelled = f" {spell(new)}" + (f"  {comment[0]}" if comment else "")
            ended = self.page.newline if self.page.begins_line(value.end) else ""
            self._replace(colon.end(), value.end, spelled + ended)
        elif value.start == value.end and colon is None and not same(old, new):  # `{a}`: a key alone
            self._replace(value.start, value.end, f": {spell(new, flow=node.flow)}")
        else:
            self.rewrite(value, old, new, flow=node.flow)

    def _rank(self, name: str) -> int:
        return self.rank.get(name, len(self.rank))

    def _anew(self, node: Node, new: object) -> None:
        """A mapping of which nothing stays, between brackets."""
        if not node.flow and self.page.begins_line(node.end):
            raise CantEdit(OTHER_FORM, node.start)
        self._replace(node.start, node.end, (f"&{node.anchor} " if node.anchor else "") + spell(new, flow=node.flow))

    def _places(self, node: Node, names: Iterable[str], staying: Sequence[int]) -> dict[int, list[str]]:
        """After which pair (-1: before the first) each new key belongs, by the contract's order."""
        places: dict[int, list[str]] = {}
        for name in sorted(names, key=self._rank):
            before = [(self._rank(node.keys[index].name), index) for index in staying]
            after = max((one for one in before if one[0] <= self._rank(name)), default=(0, -1))[1]
            if after < 0 and not node.flow and not self.page.is_first(node.keys[0].start):
                after = staying[-1]
            places.setdefault(after, []).append(name)
        return places

    def _insert_pairs(self, node: Node, after: int, pairs: Mapping[str, Any]) -> None:
        spelled = [f"{spell_key(name)}: {spell(value, flow=node.flow)}" for name, value in pairs.items()]
        if not node.flow:
            indent = " " * self.page.column(node.keys[0].start)
            lines = [f"{indent}{pair}" for pair in spelled]
            if after < 0:
                self._add(self.page.insert_lines_before(node.keys[0].start, lines))
            else:
                self._add(self.page.insert_lines(max(node.items[after].end, node.keys[after].end), lines))
        elif not node.keys:
            self._replace(node.end - 1, node.end - 1, ", ".join(spelled))
        elif after < 0:
            self._replace(node.keys[0].start, node.keys[0].start, "".join(f"{pair}, " for pair in spelled))
        else:
            self._replace(node.items[after].end, node.items[after].end, "".join(f", {pair}" for pair in spelled))

    def _remove_pairs(self, node: Node, indexes: Sequence[int]) -> None:
        for start, end in _runs(indexes):
            if node.flow:
                self._cut(node.keys, node.items, start, end)
            elif self.page.is_first(node.keys[start].start):
                self._add(self.page.cut_lines(node.keys[start].start, node.items[end - 1].end))
            else:
                raise CantEdit(SHARED_LINE, node.keys[start].start)

    def _cut(self, firsts: Sequence[Node], lasts: Sequence[Node], start: int, end: int) -> None:
        """The elements from `start` to before `end` between brackets, with commas on one side; comments stay."""
        text, first, last = self.page.text, firsts[start].start, lasts[end - 1].end
        if start and "#" not in text[lasts[start - 1].end : first]:
            self._replace(lasts[start - 1].end, last, "")
        elif end < len(firsts) and "#" not in text[last : firsts[end].start]:
            self._replace(first, firsts[end].start, "")
        else:
            comma = COMMA.match(text, last)
            self._replace(first, comma.end() if comma else last, "")

    def _list(self, node: Node, old: Sequence[Any], new: Sequence[Any]) -> None:
        """The items that came and went, and within those that stayed what differs."""
        matcher = SequenceMatcher(None, list(map(tell, old)), list(map(tell, new)), autojunk=False)
        for tag, start, end, new_start, new_end in matcher.get_opcodes():
            if tag == "equal":
                continue
            whole = not node.flow and not isinstance(new[0], Mapping)  # what is said behind an item goes with it
            stay = 0 if whole else min(end - start, new_end - new_start)
            for index in range(stay):
                self._item(node, start + index, old[start + index], new[new_start + index])
            if node.flow and start + stay < end:
                self._cut(node.items, node.items, start + stay, end)
            for index in range(start + stay, end if not node.flow else 0):
                self.remove_item(node, index)
            self._insert_items(node, start + stay - 1, new[new_start + stay : new_end])

    def _item(self, node: Node, index: int, old: object, new: object) -> None:
        """An item that stays; a block whose first key goes is spelled anew, for that stands behind the dash."""
        item = node.items[index]
        loses_first = isinstance(new, Mapping) and item.kind == "mapping" and item.keys[0].name not in new
        if _is_block(item) and (loses_first or not isinstance(new, Mapping)):
            self._replace(item.start, item.end, spell(new))
        else:
            self.rewrite(item, old, new, flow=node.flow)

    def _insert_items(self, node: Node, after: int, items: Sequence[Any]) -> None:
        """Items after the one of that index (-1: before the first), on lines of their own or between the commas."""
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
            place = node.items[after].end
            spelled = ", ".join(spell(item, flow=True) for item in items)
            self._replace(place, place, self._between(node, after, len(spelled)) + spelled)

    def _between(self, node: Node, after: int, length: int) -> str:
        """A comma, and a new line where the items have lines of their own, or this one would be too long."""
        place, page = node.items[after].end, self.page
        is_long = page.column(place) + length + page.width_after(place) > LONGEST_LINE
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
        """Whether an empty line stands between the items."""
        between = [
            self.page.text[one.end : other.start] for one, other in zip(node.items, node.items[1:], strict=False)
        ]
        return not between or any(re.search(r"\n[ \t]*\r?\n", gap) for gap in between)

    def _dash(self, node: Node, index: int) -> int:
        """The dash of a block list's item: the last one before it that is not in a comment."""
        earliest = node.items[index - 1].end if index else node.start
        found = [
            match.start()
            for match in DASH.finditer(self.page.text, earliest, node.items[index].start)
            if "#" not in self.page.text[self.page.line_start(match.start()) : match.start()]
        ]
        if not found:
            raise CantEdit(OTHER_FORM, node.start)
        return found[-1]


def _is_block(node: Node) -> bool:
    return node.kind in {"list", "mapping"} and not node.flow


def _runs(indexes: Sequence[int]) -> list[tuple[int, int]]:
    """Indexes that follow each other, as ranges."""
    runs: list[tuple[int, int]] = []
    for index in indexes:
        if runs and runs[-1][1] == index:
            runs[-1] = (runs[-1][0], index + 1)
        else:
            runs.append((index, index + 1))
    return runs
