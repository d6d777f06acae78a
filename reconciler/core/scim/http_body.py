"""Bodies of HTTP answers: unfolds a compressed one piece by piece, and reads JSON, both within bounds.

5 kB can unfold to gigabytes, and three bytes of JSON can take seventy in memory. So the size is bounded while a body
unfolds, and the number of values is counted before they are made.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from dataclasses import dataclass, field
from typing import Any, NoReturn

LARGEST_BODY = 64 * 1024 * 1024
MOST_VALUES = 2_000_000  # of a document; a page of 100 groups with 6,000 members each has fewer
CODINGS = frozenset({"gzip", "x-gzip", "deflate"})
DEEPEST = 64  # brackets in brackets; SCIM has six
MOST_DIGITS = 40
STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)  # to the end of the body, if one does not end
NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
GZIP_OR_ZLIB = 47  # zlib's name for: find out which of the two it is


class UnreadableBody(ValueError):
    """A body that can't be unfolded, or is too large; the text follows "answers"."""


@dataclass(slots=True)
class Unfolding:
    """The unfolded start of a body that arrives in pieces, compressed at most once (RFC 9110 section 8.4)."""

    coding: str
    most: int = LARGEST_BODY
    body: bytearray = field(default_factory=bytearray)
    _received: int = 0
    _unfolds: Any = None  # the type of zlib's objects has no public name

    def __post_init__(self) -> None:
        self.coding = self.coding.strip().lower()
        if self.coding not in CODINGS | {"", "identity"}:
            raise UnreadableBody("in a coding that was not asked for: only gzip, once, is read")

    def add(self, piece: bytes) -> None:
        """Unfolds one more piece; raises UnreadableBody if the body is damaged or larger than `most`."""
        self._received += len(piece)
        if self.coding in CODINGS:
            self._unfold(piece)
        else:
            self.body += piece
        if max(self._received, len(self.body)) > self.most:
            raise UnreadableBody(f"more than {self.most // 1024 // 1024} MiB to one request")

    def end(self) -> bytes:
        """Returns the whole body; raises UnreadableBody if a compressed one is cut off."""
        if self._unfolds is not None and not self._unfolds.eof:
            raise UnreadableBody("a compressed body that is cut off")
        return bytes(self.body)

    def _unfold(self, piece: bytes) -> None:
        """Unfolds the members of the piece, because gzip may have several (RFC 1952 section 2.2)."""
        try:
            while piece and len(self.body) <= self.most:
                if self._unfolds is None or self._unfolds.eof:
                    self._unfolds = zlib.decompressobj(GZIP_OR_ZLIB)
                self.body += self._unfolds.decompress(piece, self.most + 1 - len(self.body))
                piece = self._unfolds.unused_data
        except zlib.error as error:
            raise UnreadableBody("a compressed body that is damaged") from error


def read_json(content: bytes) -> object:
    """Returns the document, or None for an empty body; raises ValueError if it is not JSON by RFC 8259, or too large.

    Lone surrogates are replaced, because no file or terminal can hold them.
    """
    if not content.strip():
        return None
    if content.count(b",") + content.count(b"[") + content.count(b"{") > MOST_VALUES:
        raise ValueError(f"holds more than {MOST_VALUES:,} values")
    if _is_deep(content):
        raise ValueError("is nested too deeply")
    document = json.loads(content, parse_int=_read_int, parse_float=_read_float, parse_constant=_refuse_constant)
    return _with_whole_letters(document) if b"\\u" in content else document


def _is_deep(content: bytes) -> bool:
    """Checks for brackets in brackets, by removing the innermost pairs until none is left; Python reads a thousand."""
    left = STRINGS.sub(b"", content).translate(None, NO_BRACKETS)
    for _ in range(DEEPEST):
        fewer = left.replace(b"[]", b"").replace(b"{}", b"")
        if len(fewer) == len(left):
            return len(left) > DEEPEST
        left = fewer
    return bool(left)


def _read_int(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"holds a number of {len(digits):,} digits")
    return int(digits)


def _read_float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("holds a number that is too large")
    return number


def _refuse_constant(name: str) -> NoReturn:
    """Refuses NaN and Infinity, which only Python reads as JSON."""
    raise ValueError(f"holds {name}, which is not JSON")


def _with_whole_letters(value: object) -> object:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case dict():
            return {_with_whole_letters(key): _with_whole_letters(item) for key, item in value.items()}
        case list():
            return [_with_whole_letters(item) for item in value]
        case _:
            return value
