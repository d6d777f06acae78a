"""The commits that lead to HEAD or are on record: their order, and git's name of the folder at each.

Asks git, a fixed number of times however many commits there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

from reconciler.core.record.ancestors import find_ancestors
from reconciler.desired.git.folder_renames import find_folder_at
from reconciler.desired.git.repository import Repository
from reconciler.errors import Refused

MOST_MOVES = 8
UNSHALLOW = "the history is cut off in this clone, so who left git can't be known: git fetch --unshallow"
REFETCH = "git lacks a part of the history that is needed to know who left git: git fetch --refetch"


@dataclass(frozen=True, slots=True)
class CommitGraph:
    """Commits by id, the newest first, each after all that follow it.

    `trees` is git's name of the desired-state folder at a commit, absent where there is no such folder. `here` are the
    commits that lead to HEAD, and HEAD. `missing` are commits on record that this clone does not have.
    """

    head: str
    parents: Mapping[str, tuple[str, ...]]
    trees: Mapping[str, str]
    here: frozenset[str]
    missing: frozenset[str] = frozenset()
    order: Mapping[str, int] = field(default_factory=dict)

    def edges(self) -> Iterator[tuple[str | None, str]]:
        """Yields (parent, child) of all commits, with None as the parent of a first commit.

        HEAD follows each commit on record that does not lead to it: what stood there and is not in HEAD went away.
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
        """Returns for each commit the union of the marks of the commits that lead to it, without its own."""
        before: dict[str, int] = {}
        for commit in reversed(tuple(self.parents)):
            parents = self.parents[commit]
            before[commit] = reduce(or_, (before.get(one, 0) | marks.get(one, 0) for one in parents), 0)
        return before


def read_graph(repository: Repository, recorded: Collection[str]) -> CommitGraph:
    """Reads the graph of HEAD and of the commits on record; raises Refused where history is cut off or lost."""
    if repository.is_shallow():
        raise Refused(UNSHALLOW)
    head = repository.commit_named("HEAD")
    wanted = sorted(set(recorded))
    there = _existing(repository, wanted)
    listed = repository.attempt(
        "rev-list", "--topo-order", "--parents", "--stdin", stdin="".join(f"{one}\n" for one in (head, *there)).encode()
    )
    if listed is None:
        raise Refused(REFETCH)
    parents = {commit: tuple(before) for commit, *before in (line.split() for line in listed.decode().splitlines())}
    return CommitGraph(
        head=head,
        parents=parents,
        trees=_read_trees(repository, parents),
        here=frozenset(find_leading((head,), parents)),
        missing=frozenset(wanted) - frozenset(there),
        order={commit: number for number, commit in enumerate(parents)},
    )


def _existing(repository: Repository, commits: Iterable[str]) -> list[str]:
    wanted = list(commits)
    if not wanted:
        return []
    types = _check(repository, wanted)
    return [commit for commit, (_id, kind) in zip(wanted, types, strict=True) if kind == "commit"]


def find_leading(commits: Iterable[str], parents: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Returns the commits, and all that lead to them."""
    return find_ancestors(commits, parents.__getitem__)


def _read_trees(repository: Repository, commits: Iterable[str]) -> dict[str, str]:
    """The folder's tree at each commit; where the folder was not there yet, that of the folder it came from."""
    found: dict[str, str] = {}
    lacking, folder, folders = list(commits), repository.folder, {repository.folder}
    for _move in range(MOST_MOVES):
        found |= _trees_below(repository, lacking, folder)
        lacking = [commit for commit in lacking if commit not in found]
        if not lacking:
            break
        folder = find_folder_at(repository, lacking[0])
        if folder in folders:
            break
        folders.add(folder)
    return found


def _trees_below(repository: Repository, commits: list[str], folder: str) -> dict[str, str]:
    suffix = "^{tree}" if folder == "." else f":{folder}"
    answers = _check(repository, [commit + suffix for commit in commits])
    return {commit: tree for commit, (tree, kind) in zip(commits, answers, strict=True) if kind == "tree"}


def _check(repository: Repository, names: Iterable[str]) -> list[tuple[str, str]]:
    """The id and the type of each object, from one process; for what is not there, its name and `missing`."""
    asked = "".join(f"{name}\n" for name in names).encode(errors="surrogateescape")
    told = repository.ask("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=asked)
    answers = (line.rpartition(" ") for line in told.decode(errors="surrogateescape").split("\n")[:-1])
    return [(name, kind) for name, _, kind in answers]
