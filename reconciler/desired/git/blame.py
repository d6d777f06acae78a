"""Who wrote a line last: commit and author, from git. One blame for each file, of the lines asked about alone."""

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
    """The places with who wrote them, as a commit has them, or the working tree where there is none.

    A line that is not committed has no commit, and is newer than all that have one. Where a clone is cut off, whoever
    wrote what was there already is not known.
    """
    cut_off = _cut_off(repository)
    found: dict[Source, BlamedLine] = {}
    in_order = sorted({place for place in places if place.line}, key=lambda place: (place.file, place.line))
    for file, in_file in groupby(in_order, attrgetter("file")):
        listed = list(in_file)
        lines = _blame_file(repository, commit, file, [place.line for place in listed])
        for place in listed:
            touch = lines.get(place.line)
            if touch is not None and touch.commit not in cut_off:
                found[place] = _touched(place, touch)
    return found


@dataclass(frozen=True, slots=True)
class _Touch:
    commit: str
    author: str
    at: int


def _touched(place: Source, touch: _Touch) -> BlamedLine:
    if not touch.commit.strip("0"):
        return BlamedLine(place, NOT_COMMITTED)
    return BlamedLine(replace(place, commit=touch.commit, author=touch.author), touch.at)


def _blame_file(repository: Repository, commit: str | None, file: str, lines: Sequence[int]) -> dict[int, _Touch]:
    ranges = [f"-L{first},{last}" for first, last in _ranges(lines)]
    told = repository.attempt(
        *("-c", "blame.ignoreRevsFile=", "blame", "--porcelain", "--encoding=UTF-8"),
        *(ranges if len(ranges) <= MOST_RANGES else ()),
        *((commit,) if commit else ()),
        *("--", file),
    )
    return _read_porcelain(told.decode(errors="replace") if told is not None else "")


def _ranges(lines: Sequence[int]) -> list[tuple[int, int]]:
    """Lines in order, those that follow each other as one range."""
    ranges: list[tuple[int, int]] = []
    for line in lines:
        if ranges and line == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], line)
        else:
            ranges.append((line, line))
    return ranges


def _read_porcelain(told: str) -> dict[int, _Touch]:
    """Each line is told as `<commit> <line then> <line now> …`, what is not known yet of the commit, and its text."""
    lines: dict[int, str] = {}
    headers: dict[str, dict[str, str]] = {}
    commit, expects_line = "", True
    for text in told.split("\n"):
        if text.startswith("\t"):
            expects_line = True
        elif expects_line and text:
            commit, _then, now, *_ = text.split(" ")
            lines[int(now)] = commit
            expects_line = False
        elif text:
            name, _, value = text.partition(" ")
            headers.setdefault(commit, {})[name] = value
    known = {one: _Touch(one, told["author"], int(told["committer-time"])) for one, told in headers.items()}
    return {line: known[one] for line, one in lines.items()}


def _cut_off(repository: Repository) -> frozenset[str]:
    """The commits at which a shallow clone ends: git takes all that was there for theirs."""
    if not repository.is_shallow():
        return frozenset()
    listed = repository.ask("rev-parse", "--git-path", "shallow").decode().removesuffix("\n")
    return frozenset((repository.root / Path(listed)).read_text().split())
