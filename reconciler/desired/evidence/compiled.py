"""Compiles the states of commits, up to a limit, and keeps the messages of those that do not compile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from reconciler.core.model.states import DesiredState
from reconciler.core.ownership.candidates import DeclaredMatches
from reconciler.desired.evidence.graph import CommitGraph
from reconciler.errors import Problem

CompileAt: TypeAlias = Callable[[str], DesiredState | Problem]
MOST_STEPS_BACK = 5


@dataclass(frozen=True, slots=True)
class CompiledCommit:
    """The state of a commit, and its declarations by matching attribute."""

    commit: str
    desired: DesiredState
    matches: DeclaredMatches


@dataclass(slots=True)
class CompiledCommits:
    """Compiles each tree once. `most` limits the number of trees; `refused` has the messages of failures."""

    graph: CommitGraph
    compile_at: CompileAt
    most: int
    refused: dict[str, None] = field(default_factory=dict)
    spent: bool = False
    _by_tree: dict[str, CompiledCommit | None] = field(default_factory=dict)

    def at(self, commit: str) -> CompiledCommit | None:
        """Returns the state of a commit; None if it does not compile, has no folder, or the limit is reached."""
        tree = self.graph.trees.get(commit)
        if tree is None:
            return None
        if tree not in self._by_tree:
            if len(self._by_tree) >= self.most:
                self.spent = True
                return None
            self._by_tree[tree] = self._compile(commit)
        known = self._by_tree[tree]
        return CompiledCommit(commit, known.desired, known.matches) if known is not None else None

    def near(self, commit: str) -> CompiledCommit | None:
        """Returns the state of a commit, or of its nearest ancestor that compiles; None after five commits."""
        waiting, seen = [commit], {commit}
        for _step in range(MOST_STEPS_BACK):
            if not waiting:
                return None
            nearest = waiting.pop(0)
            if (found := self.at(nearest)) is not None:
                return found
            new = [parent for parent in self.graph.parents.get(nearest, ()) if parent not in seen]
            seen.update(new)
            waiting += new
        return None

    def _compile(self, commit: str) -> CompiledCommit | None:
        state = self.compile_at(commit)
        if isinstance(state, Problem):
            self.refused[state.message] = None
            return None
        return CompiledCommit(commit, state, DeclaredMatches(state))
