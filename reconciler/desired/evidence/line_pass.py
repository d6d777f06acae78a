"""The one pass over the lines that the folder lost and gained, at work beside the read of the account.

Every edge between two commits counts, those of merges too: whatever a commit declares and HEAD does not stood on a line
that some edge took away. What git prints goes to a file without a name, and is read only where evidence is needed.
"""

from __future__ import annotations

import subprocess
import tempfile
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Self, TypeVar

from reconciler.desired.evidence.graph import REFETCH, CommitGraph, find_leading, read_graph
from reconciler.desired.evidence.patch import TreeLines, read_patches
from reconciler.desired.git.process import GIT
from reconciler.desired.git.repository import Repository
from reconciler.errors import Refused, UsageError
from reconciler.settings import environment_for_git

Found = TypeVar("Found")

DIFF_TREE = (
    *("--no-literal-pathspecs", "-c", "core.quotePath=false", "diff-tree", "--stdin", "-r", "--patch"),
    *("--unified=0", "--full-index", "--no-renames", "--text", "--no-ext-diff", "--no-textconv", "--no-color"),
    *("--", "*.yaml"),
)


@dataclass(frozen=True, slots=True)
class FolderCommits:
    """The commits between which the folder changed from one tree to another, the newest first.

    A first commit has no `parents`: all that it declares came with it.
    """

    parents: tuple[str, ...]
    children: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """What the pass found: the graph, and for each pair of trees (before, after) its edges and its lines.

    `since` are the commits after which every edge counts, where not all of history was read; None where it was.
    """

    repository: Repository
    graph: CommitGraph
    edges: Mapping[tuple[str, str], FolderCommits]
    patches: tuple[IO[bytes], ...] = field(repr=False)
    since: frozenset[str] | None = None

    def read(self) -> Iterator[tuple[FolderCommits, TreeLines]]:
        """Yields the lines that came and went on each change of the folder; may be read again."""
        for patches in self.patches:
            patches.seek(0)
            for trees in read_patches(patches):
                yield self.edges[trees.before, trees.after], trees


class LinePass:
    """The pass in the making: started early, joined where evidence is needed, and stopped at the end of `with`.

    What changed since a commit is read first: it is little, and mostly enough.
    """

    def __init__(self, repository: Repository, recorded: Collection[str], since: str | None) -> None:
        self._repository = repository
        self._recorded = recorded
        self._since = since
        self._graph: CommitGraph | None = None
        self._recent: Lines | None = None
        self._all: Lines | None = None
        self._failure: Refused | UsageError | None = None
        self._git: subprocess.Popen[bytes] | None = None
        self._patches = (tempfile.TemporaryFile(), tempfile.TemporaryFile())  # noqa: SIM115  # `stop` closes them
        self._stopped = threading.Event()
        self._has_graph = threading.Event()
        self._has_recent = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @classmethod
    def start(cls, repository: Repository, recorded: Collection[str], since: str | None = None) -> LinePass:
        """Starts the pass over all that leads to HEAD or to one of the commits on record."""
        one = cls(repository, recorded, since)
        one._thread.start()
        return one

    def graph(self) -> CommitGraph:
        """Waits for the graph, which comes before the lines; raises Refused as `join_recent` does."""
        self._has_graph.wait()
        return self._found(self._graph)

    def join_recent(self) -> Lines:
        """Waits for the lines that came and went since the commit that was named (all, without one).

        Raises Refused, with the way out, where a part of the history is not to be had.
        """
        self._has_recent.wait()
        return self._found(self._recent)

    def join(self) -> Lines:
        """Waits for all lines; raises Refused as `join_recent` does."""
        self._thread.join()
        return self._found(self._all)

    def _found(self, found: Found | None) -> Found:
        if self._failure is not None:
            raise self._failure
        assert found is not None  # noqa: S101  # it ended without a failure
        return found

    def stop(self) -> None:
        """Ends the pass, and forgets what it found; what was joined can't be read any more."""
        self._stopped.set()
        if self._git is not None:
            self._git.kill()
        self._thread.join()
        for patches in self._patches:
            patches.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            self._read()
        except (Refused, UsageError) as error:
            self._failure = error
        finally:
            self._has_graph.set()
            self._has_recent.set()

    def _read(self) -> None:
        graph = self._graph = read_graph(self._repository, self._recorded)
        self._has_graph.set()
        edges = find_edges(graph, self._repository.ask("hash-object", "-t", "tree", "--stdin").decode().strip())
        ends = _equal_here(graph, self._since)
        before = find_leading(ends, graph.parents)
        recent = {pair: one for pair, one in edges.items() if not before.issuperset(one.children)}
        first, second = self._patches
        self._write_patches(recent, first)
        self._recent = Lines(self._repository, graph, edges, (first,), ends)
        self._has_recent.set()
        self._write_patches([pair for pair in edges if pair not in recent], second)
        self._all = Lines(self._repository, graph, edges, self._patches)

    def _write_patches(self, edges: Iterable[tuple[str, str]], patches: IO[bytes]) -> None:
        asked = "".join(f"{before} {after}\n" for before, after in edges).encode()
        if self._stopped.is_set() or not asked:
            return
        with tempfile.TemporaryFile() as pairs:
            pairs.write(asked)
            pairs.seek(0)
            self._git = subprocess.Popen(  # noqa: S603  # our own arguments; trees are named on stdin
                [*GIT, *DIFF_TREE],
                cwd=self._repository.root,
                env=environment_for_git(),
                stdin=pairs,
                stdout=patches,
                stderr=subprocess.DEVNULL,
            )
            if self._stopped.is_set():
                self._git.kill()
            if self._git.wait() and not self._stopped.is_set():
                raise Refused(REFETCH)


def _equal_here(graph: CommitGraph, commit: str | None) -> frozenset[str]:
    """The commit, or those that lead to HEAD with the same folder where it does not."""
    if commit is None or commit in graph.here:
        return frozenset(() if commit is None else (commit,))
    tree = graph.trees.get(commit)
    return frozenset(one for one in graph.here if tree is not None and graph.trees.get(one) == tree)


def find_edges(graph: CommitGraph, empty: str) -> dict[tuple[str, str], FolderCommits]:
    """Returns the edges on which the folder changed, by its trees before and after; `empty` is git's empty tree."""
    parents: dict[tuple[str, str], dict[str, None]] = {}
    children: dict[tuple[str, str], dict[str, None]] = {}
    for parent, child in graph.edges():
        before = graph.trees.get(parent, empty) if parent is not None else empty
        pair = before, graph.trees.get(child, empty)
        if pair[0] != pair[1]:
            children.setdefault(pair, {})[child] = None
            parents.setdefault(pair, {}).update({parent: None} if parent is not None else {})
    return {pair: FolderCommits(tuple(graph.newest_first(parents[pair])), tuple(children[pair])) for pair in children}
