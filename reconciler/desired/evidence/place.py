"""Finds the place of each commit of the evidence: in HEAD's history, in another ref's, or in none. Reads git's refs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from reconciler.core.ownership.evidence import Place
from reconciler.desired.evidence.graph import CommitGraph
from reconciler.desired.git.repository import Repository
from reconciler.desired.records.branch import NAMESPACE


@dataclass(frozen=True, slots=True)
class CommitPlaces:
    """The place of each commit; `equals` has, for a commit elsewhere, those in HEAD's history with an equal folder."""

    places: Mapping[str, Place]
    equals: Mapping[str, tuple[str, ...]]

    def nodes(self, commit: str) -> tuple[str, ...]:
        """Returns the commit and the commits with an equal folder."""
        return commit, *self.equals.get(commit, ())


def find_places(repository: Repository, graph: CommitGraph, commits: Collection[str]) -> CommitPlaces:
    """Finds the place of each commit; reads refs only for commits outside HEAD's history without an equal folder there.

    Ignores the branches of the record, because they contain every applied commit.
    """
    apart = [commit for commit in commits if commit not in graph.here]
    equals = _find_equals(graph, apart)
    lost = [commit for commit in apart if commit not in equals]
    elsewhere = _on_other_refs(repository, graph.head) if lost else frozenset()
    places: dict[str, Place] = dict.fromkeys(commits, "here")
    places |= {commit: "elsewhere" if commit in elsewhere else "gone" for commit in lost}
    return CommitPlaces(places, equals)


def _find_equals(graph: CommitGraph, apart: Collection[str]) -> dict[str, tuple[str, ...]]:
    trees = {graph.trees[commit] for commit in apart if commit in graph.trees}
    same: dict[str, list[str]] = {}
    for commit in graph.parents if trees else ():
        tree = graph.trees.get(commit)
        if commit in graph.here and tree is not None and tree in trees:
            same.setdefault(tree, []).append(commit)
    found = {commit: tuple(same.get(graph.trees.get(commit, ""), ())) for commit in apart}
    return {commit: others for commit, others in found.items() if others}


def _on_other_refs(repository: Repository, head: str) -> frozenset[str]:
    listed = repository.ask("for-each-ref", "--format=%(refname)").decode(errors="surrogateescape").splitlines()
    names = [f"{name}^{{commit}}\n" for name in listed if not is_record(name) and not name.startswith("refs/notes/")]
    if not names:
        return frozenset()
    revisions = "".join((*names, f"^{head}\n")).encode(errors="surrogateescape")
    commits = repository.ask("rev-list", "--ignore-missing", "--stdin", stdin=revisions)
    return frozenset(commits.decode().split())


def is_record(ref: str) -> bool:
    """Returns whether a ref is a local or remote branch of a record of applies."""
    parts = ref.split("/")
    if parts[:2] == ["refs", "heads"]:
        return parts[2] == NAMESPACE and len(parts) > len(("refs", "heads", NAMESPACE))
    return parts[:2] == ["refs", "remotes"] and NAMESPACE in parts[3:-1]
