"""What the record of applies has against the commit that is checked out, by the facts that git knows."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import RecordEntry
from reconciler.core.record.refusals import RecordRefusal, check_behind, check_beside, check_folder
from reconciler.desired.evidence.graph import CommitGraph
from reconciler.desired.git.repository import Repository

HEAD_MARK = 1


def check_line(graph: CommitGraph, history: ApplyHistory) -> RecordRefusal | None:
    """Returns why HEAD may not be applied: it is in a commit that was applied later, or beside the last apply."""
    before = graph.marks_before({graph.head: HEAD_MARK})
    ahead = {commit for commit, marks in before.items() if marks}
    recorded = {entry.record.commit for entry in history.entries}
    return check_behind(history, ahead) or check_beside(history, ahead | (recorded & graph.here), trees_here(graph))


def check_own_folder(repository: Repository, name: str, history: ApplyHistory) -> RecordRefusal | None:
    """Returns why the folder may not go on with the record: another folder does, and HEAD has that one too."""
    others = {entry.record.folder for entry in history.last_applies()} - {repository.folder}
    present = {folder for folder in others if repository.tree_of("HEAD", folder) is not None}
    return check_folder(history, repository.folder, present, name)


def find_last_whole(graph: CommitGraph, history: ApplyHistory) -> RecordEntry | None:
    """Returns the newest whole apply of a commit that leads to HEAD, or whose folder equals that of one that does."""
    return _find_last(graph, [entry for entry in history.counted() if entry.record.moves_front])


def find_last_full(graph: CommitGraph, history: ApplyHistory) -> RecordEntry | None:
    """Returns the newest whole full apply of HEAD's line."""
    return _find_last(graph, [entry for entry in history.counted() if entry.record.full])


def find_last_apply(graph: CommitGraph, history: ApplyHistory) -> RecordEntry | None:
    """Returns the newest apply of all, of a commit that leads to HEAD or equals one that does."""
    return _find_last(graph, [entry for entry in history.counted() if entry.record.state != "recovered"])


def _find_last(graph: CommitGraph, entries: Sequence[RecordEntry]) -> RecordEntry | None:
    trees = trees_here(graph)
    return next((one for one in reversed(entries) if one.is_on(graph.here, trees)), None)


def trees_here(graph: CommitGraph) -> frozenset[str]:
    """Returns git's names of the folder at all commits that lead to HEAD."""
    return frozenset(graph.trees[commit] for commit in graph.here if commit in graph.trees)
