"""Finds which candidates the added and removed lines name: where in history a declaration of each may have ended.

A line that names a candidate proves nothing; that no line does proves that it was not declared there.
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
    """Where the lines name each candidate, by its number, the newest first.

    `ended` are commits after which a line that names it was taken away, `settled` those of them where the line may be
    one of `released:` or `left:`. `rules` are commits after which a mapping changed: what matched before may match no
    more. `indexes` hold the words that were looked for.
    """

    ended: dict[int, dict[str, None]] = field(default_factory=dict)
    settled: dict[int, dict[str, None]] = field(default_factory=dict)
    rules: dict[str, None] = field(default_factory=dict)
    indexes: list[MentionIndex] = field(default_factory=list)

    def find(self, text: str) -> frozenset[int]:
        """Returns the numbers of the candidates that a text names."""
        return frozenset[int]().union(*(index.find(text) for index in self.indexes))


def find_mentions(lines: Lines, candidates: Mapping[int, Candidate]) -> Mentions:
    """Reads all lines once, and once more for names where a mapping computes an attribute."""
    words = [(word, number) for number, one in candidates.items() for word in (*one.words, one.id)]
    names = [(name, number) for number, one in candidates.items() for name in one.names]
    mentions = Mentions()
    if _read(lines, MentionIndex(words), mentions) and names:
        _read(lines, MentionIndex(names), mentions)
    for found in (mentions.ended, mentions.settled):
        for number, commits in found.items():
            found[number] = dict.fromkeys(lines.graph.newest_first(commits))
    return mentions


def _read(lines: Lines, index: MentionIndex, mentions: Mentions) -> bool:
    """Adds what the index finds; whether any mapping was ever an expression."""
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
    """Reads files of which a changed line may alter what others mean: all that they declare may have ended there."""
    names = dict.fromkeys(file.before for _edges, file in changed if file.before)
    found = {name: index.find(text) for name, text in read_texts(lines.repository, list(names))}
    for edges, file in changed:
        settles = any(map(SECTIONS.search, (*file.removed, *file.added)))
        for number in found[file.before or ""]:
            mentions.ended.setdefault(number, {}).update(dict.fromkeys(edges.parents))
            if settles:
                mentions.settled.setdefault(number, {}).update(dict.fromkeys(edges.parents))


def read_texts(repository: Repository, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yields the text of each blob with its name; raises Refused where git has lost one, or can't fetch it."""
    for start in range(0, len(names), READ_AT_ONCE):
        some = names[start : start + READ_AT_ONCE]
        try:
            contents = repository.read_blobs(some)
        except UsageError as error:
            raise Refused(REFETCH) from error
        for name, content in zip(some, contents, strict=True):
            yield name, content.decode(errors="replace")
