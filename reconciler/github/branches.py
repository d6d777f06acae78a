"""Reads the branches of a repository: the default one, and whether one has a commit."""

from __future__ import annotations

from urllib.parse import quote

from reconciler.errors import NotFound
from reconciler.github.client import GitHub
from reconciler.github.models import GitHubModel, parse


class RepositorySettings(GitHubModel):
    """The settings of a repository."""

    default_branch: str


class Comparison(GitHubModel):
    """How a commit stands to a branch: `ahead`, `behind`, `diverged` or `identical`."""

    status: str


class TipCommit(GitHubModel):
    """The commit of a branch."""

    sha: str


class NamedBranch(GitHubModel):
    """A branch that was asked for by its name."""

    commit: TipCommit


def is_on_branch(github: GitHub, commit: str, branch: str) -> bool:
    """Whether the branch at GitHub has the commit; a commit that GitHub does not know is on none.

    The branch is compared by its commit, because its name could be that of a tag too.
    """
    tip = parse(NamedBranch, github.get(f"/branches/{quote(branch, safe='')}")).commit.sha
    try:
        compared = parse(Comparison, github.get(f"/compare/{tip}...{commit}"))
    except NotFound:
        return False
    return compared.status in {"behind", "identical"}


def find_default_branch(github: GitHub) -> str:
    """Returns the default branch of the repository."""
    return parse(RepositorySettings, github.get("")).default_branch
