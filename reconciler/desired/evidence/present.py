"""Finds the candidates that the files of a commit mention, which is cheaper than compiling it. Reads git."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from reconciler.desired.evidence.mentions import Mentions, read_texts
from reconciler.desired.git.repository import Repository

SETTLING_SECTION = re.compile(r"\b(?:released|left)[\"']?\s*:")


@dataclass(slots=True)
class PresentNames:
    """The candidates that files mention, by tree; each tree and each file is read once."""

    repository: Repository
    mentions: Mentions
    _by_blob: dict[str, frozenset[int]] = field(default_factory=dict)
    _by_tree: dict[str, frozenset[int]] = field(default_factory=dict)
    _settling: set[str] = field(default_factory=set)

    def at(self, tree: str) -> frozenset[int]:
        """Returns the numbers of the candidates that the files of a tree mention."""
        if tree not in self._by_tree:
            blobs = self._read(tree)
            self._by_tree[tree] = frozenset[int]().union(*(self._by_blob[blob] for blob in blobs))
        return self._by_tree[tree]

    def settles(self, tree: str) -> bool:
        """Returns whether the text of any file of a tree has a section `released:` or `left:`."""
        return not self._settling.isdisjoint(self._read(tree))

    def _read(self, tree: str) -> list[str]:
        blobs = [entry.blob for entry in self.repository.list_tree(tree, ".") if entry.is_yaml]
        new = [blob for blob in dict.fromkeys(blobs) if blob not in self._by_blob]
        for blob, text in read_texts(self.repository, new):
            self._by_blob[blob] = self.mentions.find(text)
            if SETTLING_SECTION.search(text):
                self._settling.add(blob)
        return blobs
