"""Lines → the commit and author that changed each last. Runs one `git blame` for each file, on the given lines only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from reconciler.core.explanation.origin import BlamedLine
from reconciler.desired.git.repository import Repository
from reconciler.errors import Source

MOST_RANGES = 500
NOT_COMMITTED = 2**62


def blame(repository: Repository, commit: str | None, places: Iterable[Source]) -> dict[Source, BlamedLine]:
    """Returns the last change of each line, as of a commit, or of the working tree if `commit` is None.

    An uncommitted line has no commit and counts as newer than all others. A shallow clone has no author for the lines
    of its first commits: they are left out.
    """
    boundary = _read_boundary(repository)
    found: dict[Source, BlamedLine] = {}
    in_order = sorted({place for place in places if place.line}, key=lambda place: (place.file, place.line))
    for file, in_file in groupby(in_order, attrgetter("file")):
        sources = list(in_file)
        lines = _blame_file(repository, commit, file, [source.line for source in sources])
        for source in sources:
            line_change = lines.get(source.line)
            if line_change is not None and line_change.commit not in boundary:
                found[source] = _make_blamed_line(source, line_change)
    return found


@dataclass(frozen=True, slots=True)
class _LineChange:
    commit: str
    author: str
    at: int


def _make_blamed_line(source: Source, change: _LineChange) -> BlamedLine:
    if not change.commit.strip("0"):
        return BlamedLine(source, NOT_COMMITTED)
    return BlamedLine(replace(source, commit=change.commit, author=change.author), change.at)


def _blame_file(repository: Repository, commit: str | None, file: str, lines: Sequence[int]) -> dict[int, _LineChange]:
    ranges = [f"-L{first},{last}" for first, last in _join_ranges(lines)]
    output = repository.attempt(
        *("-c", "blame.ignoreRevsFile=", "blame", "--porcelain", "--encoding=UTF-8"),
        *(ranges if len(ranges) <= MOST_RANGES else ()),
        *((commit,) if commit else ()),
        *("--", file),
    )
    return _read_porcelain(output.decode(errors="replace") if output is not None else "")


def _join_ranges(lines: Sequence[int]) -> list[tuple[int, int]]:
    """Joins consecutive lines, which are in order, to ranges."""
    ranges: list[tuple[int, int]] = []
    for line in lines:
        if ranges and line == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], line)
        else:
            ranges.append((line, line))
    return ranges


def _read_porcelain(output: str) -> dict[int, _LineChange]:
    """Reads `<commit> <old line> <new line> …` for each line, then the commit's headers (once), then the text."""
    lines: dict[int, str] = {}
    headers: dict[str, dict[str, str]] = {}
    commit, expects_line = "", True
    for text in output.split("\n"):
        if text.startswith("\t"):
            expects_line = True
        elif expects_line and text:
            commit, _old, new, *_ = text.split(" ")
            lines[int(new)] = commit
            expects_line = False
        elif text:
            name, _, value = text.partition(" ")
            headers.setdefault(commit, {})[name] = value
    changes = {
        commit: _LineChange(commit, header["author"], int(header["committer-time"]))
        for commit, header in headers.items()
    }
    return {line: changes[commit] for line, commit in lines.items()}


def _read_boundary(repository: Repository) -> frozenset[str]:
    """Returns the first commits of a shallow clone, to which git attributes every older line."""
    if not repository.is_shallow():
        return frozenset()
    listed = repository.ask("rev-parse", "--git-path", "shallow").decode().removesuffix("\n")
    return frozenset((repository.root / Path(listed)).read_text().split())
