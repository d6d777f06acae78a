"""Finds the pull requests between the last apply and the head of a merge group: those of the queue, and merged ones.

A queue's commits belong to no pull request at GitHub until they are merged. The refs of the queue name the last commit
of each; a rebase has several commits for one pull request, which are copies of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from reconciler.core.approval.merge_approvals import BranchCommit
from reconciler.desired.git.repository import Repository
from reconciler.errors import NotFound
from reconciler.github.client import GitHub
from reconciler.github.merge_queue import MergeGroup, list_queue
from reconciler.github.merged_pulls import list_merged
from reconciler.github.models import PullRequest, parse

ORIGIN = "refs/remotes/origin/"  # where actions/checkout puts the branches
IDENTITY = "%an%x1f%ae%x1f%at%x1f%s"  # a rebase keeps author, date and subject


@dataclass(frozen=True, slots=True)
class QueueLine:
    """The commits after the last apply, oldest first: those on the base branch, then those of the queue.

    `merged` are on the base branch, where GitHub knows their pull requests. `queued` are not, each with its pull
    request, or None if it belongs to none.
    """

    merged: tuple[str, ...]
    queued: tuple[BranchCommit, ...]

    @property
    def pulls(self) -> tuple[int, ...]:
        """The pull requests of the queue, in its order."""
        return tuple(dict.fromkeys(one.pull for one in self.queued if one.pull is not None))


def find_queue_line(github: GitHub, repository: Repository, group: MergeGroup, line: Sequence[str]) -> QueueLine:
    """Sorts the first-parent line of a group's head, oldest first, into merged and queued commits."""
    ahead = _find_ahead(repository, group, line)
    tips = {**list_queue(github, group.base), group.head: group.pull}
    copies = _Copies(github, repository, group)
    queued = [one for one in line if one in ahead]
    owners = assign_pulls(queued, tips, copies.has)
    missing = [one for one in queued if owners[one] is None]
    owners |= {one: _find_just_merged(github, group, one) for one in missing}
    return QueueLine(
        merged=tuple(one for one in line if one not in ahead),
        queued=tuple(BranchCommit(commit=one, pull=owners[one]) for one in queued),
    )


def assign_pulls(
    line: Sequence[str], tips: Mapping[str, int], is_copy: Callable[[str, int], bool]
) -> dict[str, int | None]:
    """Returns the pull request of each commit of a queue's line, oldest first; None for a commit of none.

    `tips` are the last commits of the pull requests. A commit before a tip belongs to the same pull request if it is a
    copy of one of its commits.
    """
    owners: dict[str, int | None] = {}
    pull: int | None = None
    for commit in reversed(line):
        if commit in tips:
            pull = tips[commit]
        elif pull is not None and not is_copy(commit, pull):
            pull = None
        owners[commit] = pull
    return owners


def _find_ahead(repository: Repository, group: MergeGroup, line: Sequence[str]) -> Collection[str]:
    """Returns the commits that this clone's base branch does not have: all, if the clone has no such branch."""
    tip = repository.resolve(f"{ORIGIN}{group.base}")
    if tip is None:
        return frozenset(line)
    return frozenset(repository.ask("rev-list", "--first-parent", group.head, f"^{tip}").decode().split())


def _find_just_merged(github: GitHub, group: MergeGroup, commit: str) -> int | None:
    """Returns the pull request of a commit that was merged, with its ref deleted, after this clone was made."""
    merged = [pull.number for pull in list_merged(github, commit) if pull.base.ref == group.base]
    return min(merged, default=None)


@dataclass(frozen=True)  # without slots, because the identities are cached
class _Copies:
    """Compares commits of a queue with the commits of a pull request, by author, date and subject."""

    github: GitHub
    repository: Repository
    group: MergeGroup
    found: dict[int, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def identities(self) -> Mapping[str, str]:
        """The identity of each commit of the line that may be a copy."""
        return dict(_read_identities(self.repository, self.group.head, "--first-parent"))

    def has(self, commit: str, pull: int) -> bool:
        """Whether a commit is a copy of a commit of the pull request. This clone may lack the latter."""
        if pull not in self.found:
            self.found[pull] = frozenset(self._identities_of(pull))
        return self.identities.get(commit) in self.found[pull]

    def _identities_of(self, pull: int) -> Collection[str]:
        try:
            head = parse(PullRequest, self.github.get(f"/pulls/{pull}")).head.sha
        except NotFound:
            return ()
        return dict(_read_identities(self.repository, head, "--no-merges")).values()


def _read_identities(repository: Repository, revision: str, kind: str) -> list[tuple[str, str]]:
    """Returns the newest commits of a revision with their identities; none if this clone lacks it."""
    format_ = f"--format=%H%x1e{IDENTITY}"
    listed = repository.attempt("log", "-z", "--max-count=1000", kind, format_, "--end-of-options", revision)
    entries = listed.decode(errors="replace").split("\0") if listed else []
    return [(commit, identity) for commit, _, identity in (entry.partition("\x1e") for entry in entries if entry)]
