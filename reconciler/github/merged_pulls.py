"""Finds the pull requests that were merged with a commit. Asks again where GitHub's list lags behind a push."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from reconciler.errors import Refused
from reconciler.github.client import GitHub
from reconciler.github.models import PullRequest, parse

WAITS = (1.0, 2.0, 4.0, 8.0)  # seconds; the list lags behind a push by seconds


def find_merged_pull(github: GitHub, commit: str) -> PullRequest:
    """Finds the pull request of a merge commit, a squash, or the last commit of a rebase. Raises Refused."""
    merged = list_merged(github, commit)
    exact = [pull for pull in merged if pull.merge_commit_sha == commit]
    if len(exact) == 1:
        return exact[0]
    if not merged:
        raise Refused(f"{commit[:12]} was pushed without a pull request")
    numbers = ", ".join(f"#{pull.number}" for pull in exact or merged)
    raise Refused(f"{commit[:12]} is not the merge of one pull request (it belongs to {numbers})")


def list_merged(github: GitHub, commit: str) -> tuple[PullRequest, ...]:
    """Returns the pull requests of a commit that were merged into this repository; GitHub lists those of forks too."""
    listed = [parse(PullRequest, one) for one in github.get_all(f"/commits/{commit}/pulls")]
    return tuple(pull for pull in listed if pull.merged_at is not None and _is_here(github, pull))


def list_merged_of(
    github: GitHub, commits: Sequence[str], recent: Collection[str]
) -> Mapping[str, tuple[PullRequest, ...]]:
    """Returns the merged pull requests of each commit. Those of `recent` commits that have none are asked for again."""
    found = {commit: list_merged(github, commit) for commit in commits}
    for wait in WAITS:
        missing = [commit for commit in commits if commit in recent and not found[commit]]
        if not missing:
            break
        github.wait(wait)
        found |= {commit: list_merged(github, commit) for commit in missing}
    return found


def _is_here(github: GitHub, pull: PullRequest) -> bool:
    return pull.base.repo is not None and pull.base.repo.full_name.lower() == github.repository.lower()
