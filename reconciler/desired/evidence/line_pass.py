"""The pass over the removed and added lines of the folder, in a thread beside the read of the account.

Every edge between two commits counts, also of merges: if a commit declares a user and HEAD does not, some edge removed
the line. Git's output goes to a temporary file, which is read only if evidence is needed.
"""

from __future__ import annotations

import subprocess
import tempfile
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Self, TypeVar

from reconciler.core.record.ancestors import find_ancestors
from reconciler.desired.evidence.graph import REFETCH, CommitGraph, read_graph
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
    """The commits between which the folder changed from one tree to another, newest first.

    `parents` is empty for a first commit, which adds all its lines.
    """

    parents: tuple[str, ...]
    children: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """The result of the pass: the graph, and for each pair of trees (before, after) its edges and lines.

    `since` are the commits after which all edges were read; None if all of history was read.
    """

    repository: Repository
    graph: CommitGraph
    edges: Mapping[tuple[str, str], FolderCommits]
    patches: tuple[IO[bytes], ...] = field(repr=False)
    since: frozenset[str] | None = None

    def read(self) -> Iterator[tuple[FolderCommits, TreeLines]]:
        """Yields the removed and added lines of each change of the folder; can be called again."""
        for patches in self.patches:
            patches.seek(0)
            for trees in read_patches(patches):
                yield self.edges[trees.before, trees.after], trees


class LinePass:
    """A running pass: started early, joined when evidence is needed, and stopped at the end of `with`.

    Changes since a commit are read first, because they are few and usually enough.
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
        """Starts the pass over HEAD, the commits on record, and their ancestors."""
        line_pass = cls(repository, recorded, since)
        line_pass._thread.start()
        return line_pass

    def graph(self) -> CommitGraph:
        """Waits for the graph, which is ready before the lines; raises the errors of `join_recent`."""
        self._has_graph.wait()
        return self._found(self._graph)

    def join_recent(self) -> Lines:
        """Waits for the lines changed since the commit given to `start` (all lines without one).

        Raises Refused, with what to do, if a part of the history is missing.
        """
        self._has_recent.wait()
        return self._found(self._recent)

    def join(self) -> Lines:
        """Waits for all lines; raises the errors of `join_recent`."""
        self._thread.join()
        return self._found(self._all)

    def _found(self, found: Found | None) -> Found:
        if self._failure is not None:
            raise self._failure
        assert found is not None  # noqa: S101  # it ended without a failure
        return found

    def stop(self) -> None:
        """Stops the pass and closes its files; its lines can't be read afterwards."""
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
        before = find_ancestors(ends, graph.parents.__getitem__)
        recent = {pair: commits for pair, commits in edges.items() if not before.issuperset(commits.children)}
        first, second = self._patches
        self._write_patches(recent, first)
        self._recent = Lines(self._repository, graph, edges, (first,), ends)
        self._has_recent.set()
        self._write_patches([pair for pair in edges if pair not in recent], second)
        self._all = Lines(self._repository, graph, edges, self._patches)

    def _write_patches(self, edges: Iterable[tuple[str, str]], patches: IO[bytes]) -> None:
        names = "".join(f"{before} {after}\n" for before, after in edges).encode()
        if self._stopped.is_set() or not names:
            return
        with tempfile.TemporaryFile() as pairs:
            pairs.write(names)
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
    """Returns the commit if it is in HEAD's history, else the commits there with an equal folder."""
    if commit is None or commit in graph.here:
        return frozenset(() if commit is None else (commit,))
    tree = graph.trees.get(commit)
    return frozenset(other for other in graph.here if tree is not None and graph.trees.get(other) == tree)


def find_edges(graph: CommitGraph, empty: str) -> dict[tuple[str, str], FolderCommits]:
    """Returns the edges that change the folder, by its trees before and after; `empty` is the id of the empty tree."""
    parents: dict[tuple[str, str], dict[str, None]] = {}
    children: dict[tuple[str, str], dict[str, None]] = {}
    for parent, child in graph.edges():
        before = graph.trees.get(parent, empty) if parent is not None else empty
        pair = before, graph.trees.get(child, empty)
        if pair[0] != pair[1]:
            children.setdefault(pair, {})[child] = None
            parents.setdefault(pair, {}).update({parent: None} if parent is not None else {})
    return {pair: FolderCommits(tuple(graph.newest_first(parents[pair])), tuple(children[pair])) for pair in children}
