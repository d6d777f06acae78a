"""Gathers where HEAD stands to the commits on record: behind, beside or on top of them. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.core.ownership.history import ApplyHistory
from reconciler.desired.git import Repository


@dataclass(frozen=True, slots=True)
class LineFacts:
    """Of the commits on record: `line` lead to HEAD or are it, `ahead` are those that HEAD leads to.

    `trees` are git's names of the desired-state folder at commits of HEAD's line, looked up only where some last apply
    is neither; `present` are the folders on record that HEAD has. `cut`: the clone is shallow, and an apply is on no
    line that it shows.
    """

    line: frozenset[str] = frozenset()
    ahead: frozenset[str] = frozenset()
    trees: frozenset[str] = frozenset()
    present: frozenset[str] = frozenset()
    cut: bool = False


def gather_line(repository: Repository, history: ApplyHistory) -> LineFacts:
    """Returns where HEAD stands to the last applies and the front of a history."""
    last = history.last_applies()
    commits = {entry.record.commit for entry in (*history.front(), *last)}
    if not commits or repository.head() is None:
        return LineFacts()
    line = _find_before_head(repository, commits)
    ahead = _find_after_head(repository, commits - line)
    present = _find_folders(repository, {entry.record.folder for entry in last})
    beside = {entry.record.commit for entry in last} - line - ahead
    trees = _read_trees(repository) if beside else frozenset[str]()
    return LineFacts(line, ahead, trees, present, cut=bool(beside) and repository.is_shallow())


def _find_before_head(repository: Repository, commits: set[str]) -> frozenset[str]:
    found: set[str] = set()
    with repository.start("rev-list", "HEAD") as listing:
        assert listing.stdout is not None  # noqa: S101  # it was piped
        for answer in listing.stdout:
            commit = answer.decode().strip()
            if commit in commits:
                found.add(commit)
            if len(found) == len(commits):
                break
        listing.kill()
    return frozenset(found)


def _find_after_head(repository: Repository, commits: frozenset[str] | set[str]) -> frozenset[str]:
    if not commits:
        return frozenset()
    listed = repository.attempt("rev-list", "--ignore-missing", "--ancestry-path", "^HEAD", *sorted(commits))
    return frozenset((listed or b"").decode().split()) & commits


def _find_folders(repository: Repository, folders: Iterable[str]) -> frozenset[str]:
    """Those of some folders that HEAD has; no question has a line break, so one that has is asked for as none."""
    asked = sorted(folder for folder in folders if "\n" not in folder)
    return frozenset(
        folder
        for folder, name in zip(asked, _name_trees(repository, ["HEAD"] * len(asked), asked), strict=True)
        if name
    )


def _read_trees(repository: Repository) -> frozenset[str]:
    """Git's names of the folder wherever HEAD's line changed it, lines that were merged too."""
    path = () if repository.folder == "." else ("--", repository.folder)
    commits = repository.ask("--literal-pathspecs", "rev-list", "--full-history", "HEAD", *path).decode().split()
    return frozenset(name for name in _name_trees(repository, commits, [repository.folder] * len(commits)) if name)


def _name_trees(repository: Repository, commits: list[str], folders: list[str]) -> list[str | None]:
    names = (f"{commit}:{'' if folder == '.' else folder}\n" for commit, folder in zip(commits, folders, strict=True))
    answers = repository.ask("cat-file", "--batch-check=%(objectname)", stdin="".join(names).encode())
    return [None if b" " in answer else answer.decode() for answer in answers.split(b"\n")[:-1]]
