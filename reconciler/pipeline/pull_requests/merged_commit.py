"""Finds the merged commit and its pull request, from git, the workflow's event and GitHub."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.desired.git.repository import find_repository
from reconciler.errors import UsageError
from reconciler.github.approved_plan import find_merged_pull
from reconciler.github.client import GitHub
from reconciler.pipeline.desired.current_state import choose_tenant, load_tenants
from reconciler.pipeline.workspace import Workspace


@dataclass(frozen=True, slots=True)
class MergedCommit:
    """A commit, and the tenant as declared in it; `tree` is git's hash of the desired-state folder."""

    commit: str
    tenant: str
    url: str
    tree: str | None


def find_merged_commit(workspace: Workspace, commit: str | None) -> MergedCommit:
    """Returns the merged commit: the named one, or the one that is checked out."""
    repository = find_repository(workspace.folder)
    if repository is None:
        raise UsageError("this command needs the git repository of the merged commit: check it out")
    declarations = load_tenants(workspace, repository).declarations
    tenant = choose_tenant(declarations, workspace.tenant)
    sha = repository.commit_named(commit or "HEAD")
    return MergedCommit(sha, tenant, declarations.tenants[tenant].tenant.url, repository.tree_of(sha))


def find_pull_of_commit(client: GitHub, workspace: Workspace, commit: str | None) -> int:
    """Returns the number of the pull request that merged the named commit, or the commit that is checked out."""
    repository = find_repository(workspace.folder)
    sha = repository.resolve(commit or "HEAD") if repository else commit
    if sha is None:
        raise UsageError("which pull request? Name it with --pull NUMBER, or the merged commit with --commit SHA")
    return find_merged_pull(client, sha).number
