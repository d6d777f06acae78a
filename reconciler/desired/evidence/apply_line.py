"""Compares HEAD with the record of applies: whether HEAD may be applied, and which applies its history contains."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import RecordEntry
from reconciler.core.record.refusals import RecordRefusal, check_behind, check_beside, check_folder
from reconciler.desired.evidence.graph import CommitGraph
from reconciler.desired.git.repository import Repository

HEAD_MARK = 1


def check_line(graph: CommitGraph, history: ApplyHistory) -> RecordRefusal | None:
    """Returns why HEAD may not be applied: a later commit is applied already, or HEAD lacks the last applied commit."""
    before = graph.marks_before({graph.head: HEAD_MARK})
    ahead = {commit for commit, marks in before.items() if marks}
    recorded = {entry.record.commit for entry in history.entries}
    return check_behind(history, ahead) or check_beside(history, ahead | (recorded & graph.here), trees_here(graph))


def check_own_folder(repository: Repository, name: str, history: ApplyHistory) -> RecordRefusal | None:
    """Returns why this folder may not use the record: another folder uses it, and HEAD still has that folder."""
    others = {entry.record.folder for entry in history.last_applies()} - {repository.folder}
    present = {folder for folder in others if repository.tree_of("HEAD", folder) is not None}
    return check_folder(history, repository.folder, present, name)


def find_last_whole(graph: CommitGraph, history: ApplyHistory) -> RecordEntry | None:
    """Returns the newest complete apply in HEAD's history; an apply of an equal folder counts as in the history."""
    return _find_last(graph, [entry for entry in history.counted() if entry.record.moves_front])


def find_last_full(graph: CommitGraph, history: ApplyHistory) -> RecordEntry | None:
    """Returns the newest complete apply with a full read in HEAD's history."""
    return _find_last(graph, [entry for entry in history.counted() if entry.record.full])


def find_last_apply(graph: CommitGraph, history: ApplyHistory) -> RecordEntry | None:
    """Returns the newest apply in HEAD's history, complete or partial."""
    return _find_last(graph, [entry for entry in history.counted() if entry.record.state != "recovered"])


def _find_last(graph: CommitGraph, entries: Sequence[RecordEntry]) -> RecordEntry | None:
    trees = trees_here(graph)
    return next((one for one in reversed(entries) if one.is_on(graph.here, trees)), None)


def trees_here(graph: CommitGraph) -> frozenset[str]:
    """Returns the folder's tree ids at all commits in HEAD's history."""
    return frozenset(graph.trees[commit] for commit in graph.here if commit in graph.trees)
