"""Chooses the commits to compile for a candidate, until its verdict can't change or a limit is reached.

First come commits with a line of `released:` or `left:` that may be about it. Then come the newest applied commits that
are ancestors of a commit before the removal of a line that mentions it. Last come the commits before such removals.
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
MOST_SEARCHED = 200


@dataclass(slots=True)
class ChosenStates:
    """The choice so far: the states by commit, the declared keys of each candidate, and the gaps.

    `last` has the applied commit that decides on each candidate. `settled` are candidates that a line of `released:` or
    `left:` may mention; `doubtful` are those of them whose commit does not compile. `cut` are candidates for which a
    limit was reached.
    """

    states: dict[str, CompiledCommit] = field(default_factory=dict)
    keys: dict[int, set[Key]] = field(default_factory=dict)
    cut: set[int] = field(default_factory=set)
    last: dict[int, str] = field(default_factory=dict)
    settled: set[int] = field(default_factory=set)
    doubtful: set[int] = field(default_factory=set)


@dataclass(slots=True)
class SearchBudget:
    """The trees that were compiled for one candidate, at most `MOST_FOR_ONE`."""

    trees: set[str] = field(default_factory=set)

    def takes(self, tree: str) -> bool:
        """Counts a tree and returns true, or returns false if the limit is reached."""
        if tree not in self.trees and len(self.trees) >= MOST_FOR_ONE:
            return False
        self.trees.add(tree)
        return True


@dataclass(frozen=True, slots=True)
class Chooser:
    """The facts for the choice, and the choice. `here` are applied commits that count as part of HEAD's history.

    `leads_to` has, for each commit, a bit for each applied commit (by position) that is the commit or its ancestor.
    """

    graph: CommitGraph
    compiled: CompiledCommits
    applied: AppliedCommits
    here: Collection[str]
    leads_to: Mapping[str, int]
    chosen: ChosenStates = field(default_factory=ChosenStates)

    def choose(self, number: int, candidate: Candidate, mentions: Mentions, present: PresentNames) -> None:
        """Chooses the commits for a candidate, by its number."""
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
        applied = [commit for position, commit in enumerate(self.applied.records) if before >> position & 1]
        if self._is_settled_by_chosen(number, candidate):
            return
        spent = SearchBudget()
        if not self._choose_applied(number, candidate, self._named(number, applied, present), spent):
            self._choose_ended(number, candidate, self._named(number, ended, present), spent)

    def _named(self, number: int, commits: Iterable[str], present: PresentNames) -> Iterator[str]:
        """Yields the commits whose files mention the candidate."""
        searched: set[str] = set()
        for commit in commits:
            tree = self.graph.trees.get(commit)
            if len(searched) >= MOST_SEARCHED:
                self.chosen.cut.add(number)
                return
            if tree is None:
                continue
            searched.add(tree)
            if number in present.at(tree):
                yield commit

    def _choose_applied(self, number: int, candidate: Candidate, commits: Iterable[str], spent: SearchBudget) -> bool:
        """Chooses applied commits until one is decisive; returns whether the search is complete."""
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
        """Chooses the first of the commits before a removal that declares the candidate: its last declaration."""
        for commit in commits:
            if not spent.takes(self.graph.trees[commit]):
                self.chosen.cut.add(number)
                return
            found = self.compiled.near(commit)
            if found is not None and found.matches.of(candidate):
                self._take(number, candidate, found)
                return

    def _is_settled_by_chosen(self, number: int, candidate: Candidate) -> bool:
        """Decides whether a state chosen for another user is decisive here too, so that many leavers need few states.

        A group needs its newest covered state, which decides on its members.
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
        """Chooses the newest applied commits until one has the user in scope; no line mentions users in a filter."""
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
        """Keeps a state that declares the candidate; returns whether it is decisive: in HEAD's history and covered."""
        declared = found.matches.of(candidate)
        if not declared:
            return False
        self.chosen.states.setdefault(found.commit, found)
        self.chosen.keys.setdefault(number, set()).update(_names(found, declared))
        return any(self._is_decisive(found, resource) for resource in declared)

    def _is_decisive(self, found: CompiledCommit, declared: DesiredUser | DesiredGroup) -> bool:
        return declared.in_scope and found.commit in self.here and self.applied.covers(found.commit, declared.key)


def _names(found: CompiledCommit, declared: Iterable[DesiredUser | DesiredGroup]) -> set[Key]:
    """Returns the keys of the declarations, their former keys, and the keys that replaced them."""
    keys = {resource.key for resource in declared}
    before = set(chain.from_iterable(found.desired.was.get(key, ()) for key in keys))
    after = {key for key, olds in found.desired.was.items() if keys & set(olds)}
    return keys | before | after
