"""Reads CODEOWNERS: which paths it covers, as GitHub matches them.

The last matching line decides, and a line without an owner takes a path out. Patterns are those of .gitignore, without
`!`, `[ ]` and an escaped `#`; `docs/*` covers the files of that folder alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

LOCATIONS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")  # the first that exists counts
ANY_DEPTH, FOLDERS, IN_FOLDER, ONE = "**", "**/", "*", "?"
DEEP = frozenset({ANY_DEPTH, FOLDERS})
_TOKENS = re.compile(r"(?<![^/])\*\*/|(?<![^/])\*\*\Z|(?P<stars>\*+)|.", re.DOTALL)


def has_owner(text: str, path: str) -> bool:
    """Whether CODEOWNERS gives the file an owner."""
    owned = False
    for pattern, owners in _read(text):
        if matches(pattern, path):
            owned = bool(owners)
    return owned


def _read(text: str) -> Iterator[tuple[str, Sequence[str]]]:
    for line in text.splitlines():
        words = line.partition(" #")[0].split()
        if words and not words[0].startswith("#"):
            yield words[0], words[1:]


def matches(pattern: str, path: str) -> bool:
    """Whether a pattern covers the file of that path. Takes time proportional to both lengths."""
    anchored = "/" in pattern.rstrip("/")
    body = pattern.strip("/")
    tokens = list(_split(body if anchored else f"**/{body}"))
    if pattern.endswith("/"):
        tokens += ["/", ANY_DEPTH]
    elif not body.endswith("*"):
        return _match(tokens, path) or _match([*tokens, "/", ANY_DEPTH], path)
    return _match(tokens, path)


def _split(body: str) -> Iterator[str]:
    """Yields the tokens of a pattern. Two stars that are a folder's whole name match any folders, or none."""
    for found in _TOKENS.finditer(body):
        yield IN_FOLDER if found.lastgroup == "stars" else found[0]


def _match(tokens: Sequence[str], path: str) -> bool:
    """Matches by the set of positions that the tokens so far can end at."""
    ends = {0}
    for token in tokens:
        ends = (
            {end for start in ends for end in _ends(token, path, start)}
            if token not in _WIDE
            else _widen(token, path, ends)
        )
    return len(path) in ends


_WIDE = DEEP | {IN_FOLDER}


def _ends(token: str, path: str, start: int) -> Iterator[int]:
    if start < len(path) and (path[start] == token or (token == ONE and path[start] != "/")):
        yield start + 1


def _widen(token: str, path: str, starts: set[int]) -> set[int]:
    """Returns the ends of a token of any length, from the first of the starts on."""
    found: set[int] = set()
    reached = False
    for end in range(len(path) + 1):
        if token not in DEEP and end and path[end - 1] == "/":
            reached = False
        reached = reached or end in starts
        if not reached:
            continue
        if token != FOLDERS or end in starts or path[end - 1] == "/":
            found.add(end)
    return found
