"""Commit ids → subject, author, date, and whether each commit is an ancestor of HEAD. Runs git."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.desired.git.repository import Repository


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit; the author is a name without an e-mail address, and `leads_here` is true of HEAD and its ancestors."""

    id: str
    author: str
    at: str
    subject: str
    leads_here: bool


def describe_commits(repository: Repository, ids: Iterable[str]) -> Mapping[str, Commit]:
    """Returns the commits that this clone has, by id. Starts two processes, whatever the number of ids."""
    lines = "".join(f"{commit}\n" for commit in dict.fromkeys(ids))
    if not lines:
        return {}
    listed = repository.ask(
        *("log", "--ignore-missing", "--no-walk=unsorted", "--stdin", "--encoding=UTF-8"),
        *("-z", "--format=%H%x1f%aN%x1f%cI%x1f%s"),
        stdin=lines.encode(),
    )
    described = [entry.split("\x1f", 3) for entry in listed.decode(errors="replace").split("\0") if entry]
    elsewhere = _list_not_in_head(repository, lines)
    return {
        commit: Commit(commit, author, at, subject, leads_here=commit not in elsewhere)
        for commit, author, at, subject in described
    }


def _list_not_in_head(repository: Repository, lines: str) -> frozenset[str]:
    head = repository.head()
    without_head = f"^{head}\n" if head else ""
    listed = repository.ask("rev-list", "--ignore-missing", "--stdin", stdin=f"{lines}{without_head}".encode())
    return frozenset(listed.decode().split())
