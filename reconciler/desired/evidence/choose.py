"""Which commits are compiled for a candidate: until the verdict on it can't change, or a limit is reached.

First every commit whose line about it may have settled it; then the newest applied commits that lead to one after which
a line that named it was taken away; then those commits themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from itertools import chain
from operator import or_

from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key
from reconciler.core.ownership.candidates import Candidate
from reconciler.core.record.applied import AppliedCommits
from reconciler.desired.evidence.compiled import CompiledCommit, CompiledCommits
from reconciler.desired.evidence.graph import CommitGraph
from reconciler.desired.evidence.mentions import Mentions
from reconciler.desired.evidence.present import PresentNames

MOST_FOR_ONE = 20
MOST_FOR_SCOPE = 10
MOST_LOOKED_AT = 200


@dataclass(slots=True)
class ChosenStates:
    """The choice so far: states by commit, the keys that git knew each candidate by, and what could not be known.

    `last` has the applied commit that is the last word on a candidate. `settled` are candidates that a line of
    `released:` or `left:` may name, `doubtful` those of them where that commit does not compile; `cut` are candidates
    for whom a limit was reached.
    """

    states: dict[str, CompiledCommit] = field(default_factory=dict)
    keys: dict[int, set[Key]] = field(default_factory=dict)
    cut: set[int] = field(default_factory=set)
    last: dict[int, str] = field(default_factory=dict)
    settled: set[int] = field(default_factory=set)
    doubtful: set[int] = field(default_factory=set)


@dataclass(slots=True)
class SearchBudget:
    """The trees that were compiled for one candidate, against the limit of `MOST_FOR_ONE`."""

    trees: set[str] = field(default_factory=set)

    def takes(self, tree: str) -> bool:
        """Counts a tree; false where it would be one too many."""
        if tree not in self.trees and len(self.trees) >= MOST_FOR_ONE:
            return False
        self.trees.add(tree)
        return True


@dataclass(frozen=True, slots=True)
class Chooser:
    """All that the choice depends on, and the choice. `here` are applied commits that count as leading to HEAD.

    `leads_to` has, for each commit, the bits of the applied commits that lead to it or are it, by their position.
    """

    graph: CommitGraph
    compiled: CompiledCommits
    applied: AppliedCommits
    here: Collection[str]
    leads_to: Mapping[str, int]
    chosen: ChosenStates = field(default_factory=ChosenStates)

    def choose(self, number: int, candidate: Candidate, mentions: Mentions, present: PresentNames) -> None:
        """Chooses for one candidate, by its number."""
        self.chosen.cut.discard(number)
        for commit in mentions.settled.get(number, ()):
            self._choose_settled(number, commit, present)
        if candidate.linked is not None:
            self._choose_for_scope(number, candidate)
            return
        if not mentions.ended.get(number) and not mentions.rules:
            return
        ended = self.graph.newest_first({**mentions.ended.get(number, {}), **mentions.rules})
        before = reduce(or_, (self.leads_to.get(commit, 0) for commit in ended), 0)
        applied = [one for position, one in enumerate(self.applied.records) if before >> position & 1]
        if self._is_settled_by_chosen(number, candidate):
            return
        spent = SearchBudget()
        if not self._choose_applied(number, candidate, self._named(number, applied, present), spent):
            self._choose_ended(number, candidate, self._named(number, ended, present), spent)

    def _named(self, number: int, commits: Iterable[str], present: PresentNames) -> Iterator[str]:
        """Those of the commits that can say anything of a candidate."""
        looked: set[str] = set()
        for commit in commits:
            tree = self.graph.trees.get(commit)
            if len(looked) >= MOST_LOOKED_AT:
                self.chosen.cut.add(number)
                return
            if tree is None:
                continue
            looked.add(tree)
            if number in present.at(tree):
                yield commit

    def _choose_applied(self, number: int, candidate: Candidate, commits: Iterable[str], spent: SearchBudget) -> bool:
        """The applied commits, until one is the last word; whether there is nothing left to look for."""
        for commit in commits:
            if not spent.takes(self.graph.trees[commit]):
                self.chosen.cut.add(number)
                break
            found = self.compiled.at(commit)
            if self.compiled.spent:
                self.chosen.cut.add(number)
            if found is not None and self._take(number, candidate, found):
                self.chosen.last[number] = commit
                return number not in self.chosen.settled
        return number in self.chosen.keys and number not in self.chosen.settled

    def _choose_ended(self, number: int, candidate: Candidate, commits: Iterable[str], spent: SearchBudget) -> None:
        """The commits before lines about it went, until one declares it: that is the last that does."""
        for commit in commits:
            if not spent.takes(self.graph.trees[commit]):
                self.chosen.cut.add(number)
                return
            found = self.compiled.near(commit)
            if found is not None and found.matches.of(candidate):
                self._take(number, candidate, found)
                return

    def _is_settled_by_chosen(self, number: int, candidate: Candidate) -> bool:
        """Whether a state chosen for another user is the last word here too: many leavers cost few states.

        Of a group the newest covered state decides about its members, so that any other would not do.
        """
        if candidate.kind == "group" or number in self.chosen.settled:
            return False
        for commit, found in list(self.chosen.states.items()):
            if self._take(number, candidate, found):
                self.chosen.last[number] = commit
                return True
        return False

    def _choose_settled(self, number: int, commit: str, present: PresentNames) -> None:
        found = self.compiled.near(commit)
        if found is not None and (found.desired.released or found.desired.left):
            self.chosen.states.setdefault(found.commit, found)
            self.chosen.settled.add(number)
        tree = self.graph.trees.get(commit)
        if tree is not None and (found is None or found.commit != commit) and present.settles(tree):
            self.chosen.doubtful.add(number)

    def _choose_for_scope(self, number: int, candidate: Candidate) -> None:
        """Chooses the newest applied commits, until one has it in scope: no line names a user that a filter lets in."""
        front = set(self.applied.front())
        trees: set[str] = set()
        for commit in self.applied.records:
            if commit not in self.here:
                continue
            if len(trees) >= MOST_FOR_SCOPE and commit not in front:
                self.chosen.cut.add(number)
                return
            trees.add(self.graph.trees.get(commit, ""))
            found = self.compiled.at(commit)
            if found is not None and self._take(number, candidate, found):
                self.chosen.last[number] = commit
                return

    def _take(self, number: int, candidate: Candidate, found: CompiledCommit) -> bool:
        """Keeps a state that declares it; whether it is the last word: declared here, in scope, covered."""
        declared = found.matches.of(candidate)
        if not declared:
            return False
        self.chosen.states.setdefault(found.commit, found)
        self.chosen.keys.setdefault(number, set()).update(_names(found, declared))
        return any(self._is_last(found, one) for one in declared)

    def _is_last(self, found: CompiledCommit, declared: DesiredUser | DesiredGroup) -> bool:
        return declared.in_scope and found.commit in self.here and self.applied.covers(found.commit, declared.key)


def _names(found: CompiledCommit, declared: Iterable[DesiredUser | DesiredGroup]) -> set[Key]:
    """The keys of the declarations, those that they had before, and those that came after them."""
    keys = {one.key for one in declared}
    before = set(chain.from_iterable(found.desired.was.get(key, ()) for key in keys))
    after = {key for key, olds in found.desired.was.items() if keys & set(olds)}
    return keys | before | after
