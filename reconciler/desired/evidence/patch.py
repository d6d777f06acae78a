"""Parses a stream of patches into removed and added lines, by tree and file. Does not interpret YAML.

The counts of hunks separate lines from headers, because a removed line may look like a header.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

TREES = re.compile(rb"([0-9a-f]{40,64}) ([0-9a-f]{40,64})\n")
INDEX = re.compile(rb"index ([0-9a-f]+)\.\.([0-9a-f]+)")
HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")
REACHES_FURTHER = re.compile(
    r"""^[^\s#-]           # text without indent: a section, or a file on one line
      | ^---               # a new document
      | (?:^|[\s,\[{:])[&*!]\S | <<[ \t]*:   # anchors, aliases and tags
      | [|>][+-]?\d?(?:[ \t]+\#.*)?[ \t\r]*$   # a text of many lines
    """,
    re.MULTILINE | re.VERBOSE,
)


@dataclass(slots=True)
class FileLines:
    """The removed and added lines of a file between two trees. `before` and `after` are its blobs, or None."""

    before: str | None = None
    after: str | None = None
    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)

    @property
    def reaches_further(self) -> bool:
        """Whether the change may alter the meaning of unchanged lines, so that the whole file counts."""
        if self.before is None or self.after is None:
            return False
        lines = [*self.removed, *self.added]
        return REACHES_FURTHER.search("\n".join(lines)) is not None or _is_any_open_ended(lines)


def _is_any_open_ended(lines: Sequence[str]) -> bool:
    """Decides whether a quote or bracket is open at the end of any line."""
    text = "".join(lines)
    quotes = [quote for quote in ('"', "'") if quote in text]
    brackets = [pair for pair in (("{", "}"), ("[", "]")) if pair[0] in text or pair[1] in text]
    if any(line.count(quote) % 2 for quote in quotes for line in lines):
        return True
    return any(line.count(opened) != line.count(closed) for opened, closed in brackets for line in lines)


@dataclass(slots=True)
class TreeLines:
    """The removed and added lines of all files between two trees of the folder."""

    before: str
    after: str
    files: list[FileLines] = field(default_factory=list)


def read_patches(stream: Iterable[bytes]) -> Iterator[TreeLines]:
    """Parses the output of `git diff-tree --stdin --patch --unified=0 --full-index`, and yields each pair of trees."""
    lines = iter(stream)
    trees: TreeLines | None = None
    for line in lines:
        if found := TREES.fullmatch(line):
            if trees is not None:
                yield trees
            trees = TreeLines(found[1].decode(), found[2].decode())
        elif trees is not None and line.startswith(b"diff --git "):
            trees.files.append(FileLines())
        elif trees is not None and (found := INDEX.match(line)):
            trees.files[-1].before, trees.files[-1].after = (_blob(name) for name in found.groups())
        elif trees is not None and (found := HUNK.match(line)):
            _read_hunk(lines, trees.files[-1], *(1 if count is None else int(count) for count in found.groups()))
    if trees is not None:
        yield trees


def _blob(name: bytes) -> str | None:
    return name.decode() if name.strip(b"0") else None


def _read_hunk(lines: Iterator[bytes], file: FileLines, removed: int, added: int) -> None:
    while removed or added:
        line = next(lines).decode(errors="replace")
        if line.startswith("-"):
            file.removed.append(line[1:])
            removed -= 1
        elif line.startswith("+"):
            file.added.append(line[1:])
            added -= 1
