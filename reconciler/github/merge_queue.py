"""Reads a merge queue: the event of a group, and the refs of the groups in the same queue.

A group's commit belongs to no pull request at GitHub until it is merged. The group's ref has the number of its last
pull request: `gh-readonly-queue/<base>/pr-<number>-<sha>`, where the name of the base branch may contain slashes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from reconciler.core.model.branches import HEADS
from reconciler.errors import Failed, UsageError
from reconciler.github.client import GitHub
from reconciler.github.models import GitHubModel, parse

QUEUE = "gh-readonly-queue/"
GROUP = re.compile(r"pr-([0-9]{1,18})-[0-9a-f]{40,64}", re.ASCII)
COMMIT = re.compile(r"[0-9a-f]{40,64}", re.ASCII)


class QueuedGroup(GitHubModel):
    """The group in the event: its commit, its ref, and the ref of the base branch."""

    head_sha: str
    head_ref: str
    base_ref: str


class _Event(GitHubModel):
    merge_group: QueuedGroup


class _Tip(GitHubModel):
    sha: str


class _Ref(GitHubModel):
    ref: str
    object: _Tip


@dataclass(frozen=True, slots=True)
class MergeGroup:
    """A group of a merge queue: its commit, the base branch, its last pull request."""

    head: str
    base: str
    pull: int


def read_group(event: object) -> MergeGroup:
    """Returns the group of a merge_group event. Raises UsageError for any other event."""
    try:
        group = parse(_Event, event).merge_group
    except Failed as error:
        raise UsageError(
            f"this is not the event of a merge group ({error}): run this command on merge_group"
        ) from error
    base = group.base_ref.removeprefix(HEADS)
    pull = _find_pull(group.head_ref, base)
    if pull is None or not COMMIT.fullmatch(group.head_sha):
        raise UsageError(
            f"the merge group's ref {group.head_ref!r} is not of the form {QUEUE}{base}/pr-NUMBER-COMMIT, so its pull "
            "request is not known"
        )
    return MergeGroup(group.head_sha, base, pull)


def list_queue(github: GitHub, base: str) -> Mapping[str, int]:
    """Returns the pull request of each group in the queue of a base branch, by the group's commit.

    GitHub lists every ref that starts alike: the queue of `main/x` is not that of `main`. A commit with the refs of two
    pull requests is in none: a person who can push may have made one of them.
    """
    listed = github.get_list(f"/git/matching-refs/heads/{QUEUE}{quote(base, safe='/')}/")
    refs = [parse(_Ref, one) for one in listed]
    found = [(one.object.sha, number) for one in refs if (number := _find_pull(one.ref, base)) is not None]
    named: dict[str, set[int]] = {}
    for commit, number in found:
        named.setdefault(commit, set()).add(number)
    return {commit: numbers.pop() for commit, numbers in named.items() if len(numbers) == 1}


def _find_pull(ref: str, base: str) -> int | None:
    start = f"{QUEUE}{base}/"
    name = ref.removeprefix(HEADS)
    found = GROUP.fullmatch(name.removeprefix(start)) if name.startswith(start) else None
    return int(found[1]) if found else None
