"""Where the commits of the evidence are now: do they lead to HEAD, to another ref, or to none? Asks git."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from reconciler.core.ownership.evidence import Place
from reconciler.desired.evidence.graph import CommitGraph
from reconciler.desired.git.repository import Repository
from reconciler.desired.records.branch import NAMESPACE


@dataclass(frozen=True, slots=True)
class CommitPlaces:
    """The place of each commit, and the commits that lead to HEAD and have the same folder (or are the commit)."""

    places: Mapping[str, Place]
    equals: Mapping[str, tuple[str, ...]]

    def nodes(self, commit: str) -> tuple[str, ...]:
        """Returns the commit and those that it is equal to."""
        return commit, *self.equals.get(commit, ())


def find_places(repository: Repository, graph: CommitGraph, commits: Collection[str]) -> CommitPlaces:
    """Finds the place of each commit; refs are asked for only where one neither leads to HEAD nor equals one that does.

    The branches of the record count as no ref, because they lead to every commit that was ever applied.
    """
    apart = [commit for commit in commits if commit not in graph.here]
    equals = _find_equals(graph, apart)
    lost = [commit for commit in apart if commit not in equals]
    elsewhere = _on_other_refs(repository, graph.head) if lost else frozenset()
    places: dict[str, Place] = dict.fromkeys(commits, "here")
    places |= {commit: "elsewhere" if commit in elsewhere else "gone" for commit in lost}
    return CommitPlaces(places, equals)


def _find_equals(graph: CommitGraph, apart: Collection[str]) -> dict[str, tuple[str, ...]]:
    wanted = {graph.trees[commit] for commit in apart if commit in graph.trees}
    same: dict[str, list[str]] = {}
    for commit in graph.parents if wanted else ():
        tree = graph.trees.get(commit)
        if commit in graph.here and tree is not None and tree in wanted:
            same.setdefault(tree, []).append(commit)
    found = {commit: tuple(same.get(graph.trees.get(commit, ""), ())) for commit in apart}
    return {commit: others for commit, others in found.items() if others}


def _on_other_refs(repository: Repository, head: str) -> frozenset[str]:
    listed = repository.ask("for-each-ref", "--format=%(refname)").decode(errors="surrogateescape").splitlines()
    names = [f"{name}^{{commit}}\n" for name in listed if not is_record(name) and not name.startswith("refs/notes/")]
    if not names:
        return frozenset()
    asked = "".join((*names, f"^{head}\n")).encode(errors="surrogateescape")
    told = repository.ask("rev-list", "--ignore-missing", "--stdin", stdin=asked)
    return frozenset(told.decode().split())


def is_record(ref: str) -> bool:
    """Whether a ref is a branch of the record of applies, here or as a remote has it."""
    parts = ref.split("/")
    if parts[:2] == ["refs", "heads"]:
        return parts[2] == NAMESPACE and len(parts) > len(("refs", "heads", NAMESPACE))
    return parts[:2] == ["refs", "remotes"] and NAMESPACE in parts[3:-1]
