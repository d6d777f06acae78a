"""Commits as people know them: subject, author, date, and whether they lead to what is checked out. Asks git."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.desired.git.repository import Repository


@dataclass(frozen=True, slots=True)
class Commit:
    """What git says of a commit; the author is a name without an address."""

    id: str
    author: str
    at: str
    subject: str
    leads_here: bool


def describe_commits(repository: Repository, ids: Iterable[str]) -> Mapping[str, Commit]:
    """Those of the commits that are here, by id. Two processes, however many there are."""
    wanted = "".join(f"{one}\n" for one in dict.fromkeys(ids))
    if not wanted:
        return {}
    listed = repository.ask(
        *("log", "--ignore-missing", "--no-walk=unsorted", "--stdin", "--encoding=UTF-8"),
        *("-z", "--format=%H%x1f%aN%x1f%cI%x1f%s"),
        stdin=wanted.encode(),
    )
    described = [entry.split("\x1f", 3) for entry in listed.decode(errors="replace").split("\0") if entry]
    elsewhere = _not_leading_here(repository, wanted)
    return {
        commit: Commit(commit, author, at, subject, leads_here=commit not in elsewhere)
        for commit, author, at, subject in described
    }


def _not_leading_here(repository: Repository, wanted: str) -> frozenset[str]:
    head = repository.head()
    but = f"^{head}\n" if head else ""
    listed = repository.ask("rev-list", "--ignore-missing", "--stdin", stdin=f"{wanted}{but}".encode())
    return frozenset(listed.decode().split())
