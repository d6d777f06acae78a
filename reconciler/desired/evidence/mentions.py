"""Finds the candidates that added and removed lines mention, and so the commits where a declaration may have ended.

A line that mentions a candidate proves nothing. Without such a line, the candidate was not declared there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.core.ownership.candidates import Candidate
from reconciler.core.ownership.mention import MentionIndex
from reconciler.desired.evidence.graph import REFETCH
from reconciler.desired.evidence.line_pass import FolderCommits, Lines
from reconciler.desired.evidence.patch import FileLines
from reconciler.desired.git.repository import Repository
from reconciler.errors import Refused, UsageError

READ_AT_ONCE = 100

SETTLES = re.compile(r"\b(?:released|left|key|id)\b|(?:user|group)/")
RULES = re.compile(r"attribute_mappings|\b(?:matching|target|source|expression|default|constant)[\"']?\s*:")
SECTIONS = re.compile(r"\b(?:released|left)\b")


@dataclass(slots=True)
class Mentions:
    """The commits before removals of lines that mention each candidate, by its number, newest first.

    `ended` are the commits before such a removal; `settled` are those of them where the line may belong to `released:`
    or `left:`. `rules` are the commits before a change of a mapping, after which a match may have ended. `indexes` have
    the searched words.
    """

    ended: dict[int, dict[str, None]] = field(default_factory=dict)
    settled: dict[int, dict[str, None]] = field(default_factory=dict)
    rules: dict[str, None] = field(default_factory=dict)
    indexes: list[MentionIndex] = field(default_factory=list)

    def find(self, text: str) -> frozenset[int]:
        """Returns the numbers of the candidates that a text mentions."""
        return frozenset[int]().union(*(index.find(text) for index in self.indexes))


def find_mentions(lines: Lines, candidates: Mapping[int, Candidate]) -> Mentions:
    """Reads all lines once, and a second time for names if a mapping computes an attribute."""
    words = [(word, number) for number, candidate in candidates.items() for word in (*candidate.words, candidate.id)]
    names = [(name, number) for number, candidate in candidates.items() for name in candidate.names]
    mentions = Mentions()
    if _read(lines, MentionIndex(words), mentions) and names:
        _read(lines, MentionIndex(names), mentions)
    for found in (mentions.ended, mentions.settled):
        for number, commits in found.items():
            found[number] = dict.fromkeys(lines.graph.newest_first(commits))
    return mentions


def _read(lines: Lines, index: MentionIndex, mentions: Mentions) -> bool:
    """Adds the mentions that the index finds, and returns whether any mapping was ever an expression."""
    computed = False
    whole: list[tuple[FolderCommits, FileLines]] = []
    mentions.indexes.append(index)
    for edges, trees in lines.read():
        for file in trees.files:
            computed = computed or any("expression" in line for line in file.added)
            _add_ended(mentions, edges, index, "".join(file.removed))
            if file.reaches_further:
                whole.append((edges, file))
    _read_whole(lines, whole, index, mentions)
    return computed


def _add_ended(mentions: Mentions, edges: FolderCommits, index: MentionIndex, removed: str) -> None:
    if RULES.search(removed):
        mentions.rules.update(dict.fromkeys(edges.parents))
    numbers = index.find(removed)
    for number in numbers:
        mentions.ended.setdefault(number, {}).update(dict.fromkeys(edges.parents))
    if numbers and SETTLES.search(removed):
        settling = "".join(line for line in removed.splitlines(keepends=True) if SETTLES.search(line))
        for number in index.find(settling):
            mentions.settled.setdefault(number, {}).update(dict.fromkeys(edges.parents))


def _read_whole(
    lines: Lines, changed: Sequence[tuple[FolderCommits, FileLines]], index: MentionIndex, mentions: Mentions
) -> None:
    """Reads whole files if a changed line may alter other lines: any of their declarations may have ended there."""
    names = dict.fromkeys(file.before for _edges, file in changed if file.before)
    found = {name: index.find(text) for name, text in read_texts(lines.repository, list(names))}
    for edges, file in changed:
        settles = any(map(SECTIONS.search, (*file.removed, *file.added)))
        for number in found[file.before or ""]:
            mentions.ended.setdefault(number, {}).update(dict.fromkeys(edges.parents))
            if settles:
                mentions.settled.setdefault(number, {}).update(dict.fromkeys(edges.parents))


def read_texts(repository: Repository, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yields the text of each blob with its name. Raises Refused if a blob is missing and can't be fetched."""
    for start in range(0, len(names), READ_AT_ONCE):
        some = names[start : start + READ_AT_ONCE]
        try:
            contents = repository.read_blobs(some)
        except UsageError as error:
            raise Refused(REFETCH) from error
        for name, content in zip(some, contents, strict=True):
            yield name, content.decode(errors="replace")
