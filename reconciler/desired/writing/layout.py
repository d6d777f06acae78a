"""A text by its lines and columns, and what is put in place of parts of it. Knows no YAML."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Replacement:
    """What stands in place of the text from `start` to `end`."""

    start: int
    end: int
    text: str


def apply_replacements(text: str, replacements: Iterable[Replacement]) -> str | None:
    """The text with all of them, those at one place in their order; None where two would touch the same."""
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
    """The text, asked about its lines; places are offsets."""

    text: str

    @property
    def newline(self) -> str:
        """How its lines end."""
        return "\r\n" if "\r\n" in self.text else "\n"

    def line_start(self, place: int) -> int:
        """Where the line of a place begins."""
        return self.text.rfind("\n", 0, place) + 1

    def line_end(self, place: int) -> int:
        """After the end of the line of a place; the place itself where a line begins there already."""
        if self.begins_line(place):
            return place
        end = self.text.find("\n", place)
        return len(self.text) if end < 0 else end + 1

    def begins_line(self, place: int) -> bool:
        """Whether something ended with its line just before the place."""
        return place > 0 and self.text[place - 1] == "\n"

    def column(self, place: int) -> int:
        """How many characters of its line stand before the place."""
        return place - self.line_start(place)

    def is_first(self, place: int) -> bool:
        """Whether nothing but white space stands before the place on its line."""
        return not self.text[self.line_start(place) : place].strip()

    def is_empty(self, place: int) -> bool:
        """Whether the line of the place is empty."""
        return not self.text[self.line_start(place) : self._next_line(place)].strip()

    def _next_line(self, place: int) -> int:
        end = self.text.find("\n", place)
        return len(self.text) if end < 0 else end + 1

    def width_after(self, place: int) -> int:
        """How many characters stand after the place on its line."""
        return len(self.text[place : self._next_line(place)].rstrip())

    def replace_lines(self, place: int, start: int, end: int, lines: Iterable[str]) -> Replacement:
        """Whole lines in place of those from the index `start` to before `end`, counted from the line of a place."""
        first = self.line_start(place)
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
        """Whole lines, after the line on which something ends."""
        end = self.line_end(after)
        if end == len(self.text) and not self.begins_line(end):
            return Replacement(end, end, "".join(f"{self.newline}{line}" for line in lines))
        return Replacement(end, end, "".join(f"{line}{self.newline}" for line in lines))

    def insert_lines_before(self, place: int, lines: Iterable[str]) -> Replacement:
        """Whole lines, before the line of a place."""
        start = self.line_start(place)
        return Replacement(start, start, "".join(f"{line}{self.newline}" for line in lines))

    def cut_lines(self, start: int, end: int) -> Replacement:
        """The lines on which something stands, and one of two empty lines around them."""
        first, after = self.line_start(start), self.line_end(end)
        is_apart = first == 0 or self.is_empty(first - 1)
        if is_apart and after < len(self.text) and self.is_empty(after):
            after = self._next_line(after)
        return Replacement(first, after, "")
