"""The one pass over the lines that the folder lost and gained, at work beside the read of the account.

Every edge between two commits counts, those of merges too: whatever a commit declares and HEAD does not stood on a line
that some edge took away. What git prints goes to a file without a name, and is read only if somebody needs evidence.
"""

from __future__ import annotations

import subprocess
import tempfile
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Self

from reconciler.desired.evidence.graph import REFETCH, CommitGraph, read_graph
from reconciler.desired.evidence.patch import TreeLines, read_patches
from reconciler.desired.git import Repository
from reconciler.desired.git_process import GIT
from reconciler.errors import Refused, UsageError
from reconciler.settings import environment_for_git

DIFF_TREE = (
    *("--no-literal-pathspecs", "-c", "core.quotePath=false", "diff-tree", "--stdin", "-r", "--patch"),
    *("--unified=0", "--full-index", "--no-renames", "--text", "--no-ext-diff", "--no-textconv", "--no-color"),
    *("--", "*.yaml"),
)


@dataclass(frozen=True, slots=True)
class Edges:
    """The commits between which the folder changed from one tree to another, the newest first.

    A first commit has no `parents`: all that it declares came with it.
    """

    parents: tuple[str, ...]
    children: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """What the pass found: the graph, and for each pair of trees (before, after) its edges and its lines."""

    repository: Repository
    graph: CommitGraph
    edges: Mapping[tuple[str, str], Edges]
    patches: IO[bytes] = field(repr=False)

    def read(self) -> Iterator[tuple[Edges, TreeLines]]:
        """Yields the lines that came and went on each change of the folder; may be read again."""
        self.patches.seek(0)
        for trees in read_patches(self.patches):
            yield self.edges[trees.before, trees.after], trees


class LinePass:
    """The pass in the making: started early, joined where evidence is needed, and stopped at the end of `with`."""

    def __init__(self, repository: Repository, recorded: Collection[str]) -> None:
        self._repository = repository
        self._recorded = recorded
        self._lines: Lines | None = None
        self._graph: CommitGraph | None = None
        self._has_graph = threading.Event()
        self._failure: Refused | UsageError | None = None
        self._git: subprocess.Popen[bytes] | None = None
        self._patches = tempfile.TemporaryFile()  # noqa: SIM115  # `stop` closes it
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @classmethod
    def start(cls, repository: Repository, recorded: Collection[str]) -> LinePass:
        """Starts the pass over all that leads to HEAD or to one of the commits on record."""
        one = cls(repository, recorded)
        one._thread.start()
        return one

    def graph(self) -> CommitGraph:
        """Waits for the graph, which comes long before the lines; raises Refused as `join` does."""
        self._has_graph.wait()
        if self._graph is None:
            self._thread.join()
        if self._graph is None and self._failure is not None:
            raise self._failure
        assert self._graph is not None  # noqa: S101  # it was read, or there was a failure
        return self._graph

    def join(self) -> Lines:
        """Waits for the pass; raises Refused, with the way out, where a part of the history is not to be had."""
        self._thread.join()
        if self._failure is not None:
            raise self._failure
        assert self._lines is not None  # noqa: S101  # it ended without a failure
        return self._lines

    def stop(self) -> None:
        """Ends the pass, and forgets what it found; what `join` returned can't be read any more."""
        self._stopped.set()
        if self._git is not None:
            self._git.kill()
        self._thread.join()
        self._patches.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            self._lines = self._read()
        except (Refused, UsageError) as error:
            self._failure = error
        finally:
            self._has_graph.set()

    def _read(self) -> Lines:
        graph = self._graph = read_graph(self._repository, self._recorded)
        self._has_graph.set()
        edges = find_edges(graph, self._repository.ask("hash-object", "-t", "tree", "--stdin").decode().strip())
        if not self._stopped.is_set():
            self._write_patches(edges)
        return Lines(self._repository, graph, edges, self._patches)

    def _write_patches(self, edges: Mapping[tuple[str, str], Edges]) -> None:
        asked = "".join(f"{before} {after}\n" for before, after in edges).encode()
        with tempfile.TemporaryFile() as pairs:
            pairs.write(asked)
            pairs.seek(0)
            self._git = subprocess.Popen(  # noqa: S603  # our own arguments; trees are named on stdin
                [*GIT, *DIFF_TREE],
                cwd=self._repository.root,
                env=environment_for_git(),
                stdin=pairs,
                stdout=self._patches,
                stderr=subprocess.DEVNULL,
            )
            if self._stopped.is_set():
                self._git.kill()
            if self._git.wait() and not self._stopped.is_set():
                raise Refused(REFETCH)


def find_edges(graph: CommitGraph, empty: str) -> dict[tuple[str, str], Edges]:
    """Returns the edges on which the folder changed, by its trees before and after; `empty` is git's empty tree."""
    parents: dict[tuple[str, str], dict[str, None]] = {}
    children: dict[tuple[str, str], dict[str, None]] = {}
    for parent, child in graph.edges():
        before = graph.trees.get(parent, empty) if parent is not None else empty
        pair = before, graph.trees.get(child, empty)
        if pair[0] != pair[1]:
            children.setdefault(pair, {})[child] = None
            parents.setdefault(pair, {}).update({parent: None} if parent is not None else {})
    return {pair: Edges(tuple(graph.newest_first(parents[pair])), tuple(children[pair])) for pair in children}
