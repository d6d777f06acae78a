"""YAML text → its comments and their positions. Knows from libyaml's tokens which `#` begins a comment."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from yaml import tokens
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # its own module's name for it

COMMENT: Final = re.compile(r"#[^\n]*")


@dataclass(frozen=True, slots=True)
class YamlComment:
    """A comment's text, the index of its line, and its column; `is_alone` if the line has nothing else."""

    text: str
    line: int
    column: int
    is_alone: bool


def find_comments(text: str) -> list[YamlComment]:
    """Returns the comments of a text, in order; the text is valid YAML and its lines end with a line feed."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    if "#" not in text:
        return []
    comments: list[YamlComment] = []
    for begin, end in _between_tokens(text):
        for match in COMMENT.finditer(text, begin, end):
            line = bisect_right(starts, match.start()) - 1
            is_alone = not text[starts[line] : match.start()].strip()
            comments.append(YamlComment(match[0].rstrip(), line, match.start() - starts[line], is_alone))
    return comments


def _between_tokens(text: str) -> Iterator[tuple[int, int]]:
    """Yields the ranges between tokens, and the first line of each block text (`|  # note`)."""
    after_last = 0
    for token in _tokens(text):
        start, end = token.start_mark.index, token.end_mark.index
        yield after_last, start
        if isinstance(token, tokens.ScalarToken) and token.style in {"|", ">"}:
            yield start, text.find("\n", start)
        after_last = max(after_last, end)
    yield after_last, len(text)


def _tokens(text: str) -> Iterator[tokens.Token]:
    parser = CParser(text)
    while (token := parser.get_token()) is not None and not isinstance(token, tokens.StreamEndToken):
        yield token
