"""A text by its lines and columns, and replacements of its parts. Knows no YAML."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Replacement:
    """The new text for the part from `start` to before `end`."""

    start: int
    end: int
    text: str


def apply_replacements(text: str, replacements: Iterable[Replacement]) -> str | None:
    """Returns the text with all replacements, at one offset in the given order; None if two of them overlap."""
    parts: list[str] = []
    at = 0
    for one in sorted(replacements, key=lambda one: (one.start, one.end)):
        if one.start < at:
            return None
        parts += [text[at : one.start], one.text]
        at = one.end
    return "".join([*parts, text[at:]])


@dataclass(frozen=True, slots=True)
class SourceText:
    """A text and the positions of its lines."""

    text: str

    @property
    def newline(self) -> str:
        """The line ending of the text."""
        return "\r\n" if "\r\n" in self.text else "\n"

    def line_start(self, offset: int) -> int:
        """Returns the offset at which the line begins."""
        return self.text.rfind("\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """Returns the offset after the line's end; the offset itself if a line begins there."""
        if self.begins_line(offset):
            return offset
        end = self.text.find("\n", offset)
        return len(self.text) if end < 0 else end + 1

    def begins_line(self, offset: int) -> bool:
        """Whether a line ends just before the offset."""
        return offset > 0 and self.text[offset - 1] == "\n"

    def column(self, offset: int) -> int:
        """Returns the number of characters before the offset on its line."""
        return offset - self.line_start(offset)

    def is_first(self, offset: int) -> bool:
        """Whether its line has only white space before the offset."""
        return not self.text[self.line_start(offset) : offset].strip()

    def is_empty(self, offset: int) -> bool:
        """Whether the line of the offset is empty."""
        return not self.text[self.line_start(offset) : self._next_line(offset)].strip()

    def _next_line(self, offset: int) -> int:
        end = self.text.find("\n", offset)
        return len(self.text) if end < 0 else end + 1

    def width_after(self, offset: int) -> int:
        """Returns the number of characters after the offset on its line, without white space at the end."""
        return len(self.text[offset : self._next_line(offset)].rstrip())

    def replace_lines(self, offset: int, start: int, end: int, lines: Iterable[str]) -> Replacement:
        """Replaces whole lines, from index `start` to before `end`, counted from the line of the offset."""
        first = self.line_start(offset)
        for _line in range(start):
            first = self._next_line(first)
        last = first
        for _line in range(end - start):
            last = self._next_line(last)
        text = "".join(f"{line}{self.newline}" for line in lines)
        if last == len(self.text) and not self.begins_line(last):
            text = text.removesuffix(self.newline)
            text = f"{self.newline}{text}" if first == last else text
        return Replacement(first, last, text)

    def insert_lines(self, after: int, lines: Iterable[str]) -> Replacement:
        """Inserts whole lines after the line in which a value ends, at the offset `after`."""
        end = self.line_end(after)
        if end == len(self.text) and not self.begins_line(end):
            return Replacement(end, end, "".join(f"{self.newline}{line}" for line in lines))
        return Replacement(end, end, "".join(f"{line}{self.newline}" for line in lines))

    def insert_lines_before(self, offset: int, lines: Iterable[str]) -> Replacement:
        """Inserts whole lines before the line of the offset."""
        start = self.line_start(offset)
        return Replacement(start, start, "".join(f"{line}{self.newline}" for line in lines))

    def cut_lines(self, start: int, end: int) -> Replacement:
        """Removes the lines of a value, and one of two empty lines around them."""
        first, after = self.line_start(start), self.line_end(end)
        is_apart = first == 0 or self.is_empty(first - 1)
        if is_apart and after < len(self.text) and self.is_empty(after):
            after = self._next_line(after)
        return Replacement(first, after, "")
