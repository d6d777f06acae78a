"""Reads the graph of HEAD, the commits on record and their ancestors: their order, and the folder's tree id at each.

Runs git a fixed number of times, independent of the number of commits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

from reconciler.core.record.ancestors import find_ancestors
from reconciler.desired.git.folder_renames import find_folder_at
from reconciler.desired.git.repository import Repository
from reconciler.errors import Refused

MOST_MOVES = 8
UNSHALLOW = "this clone is shallow, so users who left git can't be found: run git fetch --unshallow"
REFETCH = "this clone lacks history that is needed to find users who left git: run git fetch --refetch"


@dataclass(frozen=True, slots=True)
class CommitGraph:
    """Commits by id, newest first, each after all its descendants.

    `trees` has the tree id of the desired-state folder at each commit that has the folder. `here` are HEAD and its
    ancestors. `missing` are commits on record that this clone lacks.
    """

    head: str
    parents: Mapping[str, tuple[str, ...]]
    trees: Mapping[str, str]
    here: frozenset[str]
    missing: frozenset[str] = frozenset()
    order: Mapping[str, int] = field(default_factory=dict)

    def edges(self) -> Iterator[tuple[str | None, str]]:
        """Yields (parent, child) for all commits, with None as the parent of a first commit.

        A commit on record outside HEAD's history gets HEAD as a child, so that its lines count as removed.
        """
        followed: set[str] = set()
        for commit, parents in self.parents.items():
            followed.update(parents)
            for parent in parents:
                yield parent, commit
            if not parents:
                yield None, commit
        for commit in self.parents:
            if commit not in followed and commit not in self.here:
                yield commit, self.head

    def newest_first(self, commits: Iterable[str]) -> list[str]:
        """Returns the commits in the order of the graph."""
        return sorted(commits, key=self.order.__getitem__)

    def marks_before(self, marks: Mapping[str, int]) -> dict[str, int]:
        """Returns for each commit the union of the marks of its ancestors, without its own."""
        before: dict[str, int] = {}
        for commit in reversed(tuple(self.parents)):
            parents = self.parents[commit]
            before[commit] = reduce(or_, (before.get(parent, 0) | marks.get(parent, 0) for parent in parents), 0)
        return before


def read_graph(repository: Repository, recorded: Collection[str]) -> CommitGraph:
    """Reads the graph of HEAD and of the commits on record. Raises Refused if history is cut off or lost."""
    if repository.is_shallow():
        raise Refused(UNSHALLOW)
    head = repository.commit_named("HEAD")
    requested = sorted(set(recorded))
    existing = _existing(repository, requested)
    starts = "".join(f"{commit}\n" for commit in (head, *existing)).encode()
    listed = repository.attempt("rev-list", "--topo-order", "--parents", "--stdin", stdin=starts)
    if listed is None:
        raise Refused(REFETCH)
    parents = {commit: tuple(before) for commit, *before in (line.split() for line in listed.decode().splitlines())}
    return CommitGraph(
        head=head,
        parents=parents,
        trees=_read_trees(repository, parents),
        here=frozenset(find_ancestors((head,), parents.__getitem__)),
        missing=frozenset(requested) - frozenset(existing),
        order={commit: number for number, commit in enumerate(parents)},
    )


def _existing(repository: Repository, commits: Sequence[str]) -> list[str]:
    types = _check(repository, commits) if commits else []
    return [commit for commit, (_id, kind) in zip(commits, types, strict=True) if kind == "commit"]


def _read_trees(repository: Repository, commits: Iterable[str]) -> dict[str, str]:
    """Returns the folder's tree at each commit; before a rename, the tree of the folder's former path."""
    found: dict[str, str] = {}
    missing, folder, folders = list(commits), repository.folder, {repository.folder}
    for _move in range(MOST_MOVES):
        found |= _trees_below(repository, missing, folder)
        missing = [commit for commit in missing if commit not in found]
        if not missing:
            break
        folder = find_folder_at(repository, missing[0])
        if folder in folders:
            break
        folders.add(folder)
    return found


def _trees_below(repository: Repository, commits: list[str], folder: str) -> dict[str, str]:
    suffix = "^{tree}" if folder == "." else f":{folder}"
    answers = _check(repository, [commit + suffix for commit in commits])
    return {commit: tree for commit, (tree, kind) in zip(commits, answers, strict=True) if kind == "tree"}


def _check(repository: Repository, names: Iterable[str]) -> list[tuple[str, str]]:
    """Returns the id and type of each object, from one process; for a missing object, its name and `missing`."""
    queries = "".join(f"{name}\n" for name in names).encode(errors="surrogateescape")
    listed = repository.ask("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=queries)
    answers = (line.rpartition(" ") for line in listed.decode(errors="surrogateescape").split("\n")[:-1])
    return [(name, kind) for name, _, kind in answers]
