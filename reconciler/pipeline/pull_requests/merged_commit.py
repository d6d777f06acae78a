"""Finds the merged commit and its pull request, from git, the workflow's event and GitHub."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from reconciler.desired.git.repository import Repository, find_repository
from reconciler.desired.records.branch import RecordBranch
from reconciler.errors import UsageError
from reconciler.github.client import GitHub
from reconciler.github.merged_pulls import find_merged_pull
from reconciler.pipeline.desired.current_state import choose_tenant, load_tenants
from reconciler.pipeline.record.applies import open_repository
from reconciler.pipeline.record.tenant_record import find_branch
from reconciler.pipeline.workspace import Workspace


@dataclass(frozen=True, slots=True)
class MergedCommit:
    """A commit, and the tenant as declared in it; `branch` has its record, `approvals` is how long approvals last."""

    repository: Repository
    commit: str
    tenant: str
    url: str
    approvals: timedelta
    branch: RecordBranch


def find_merged_commit(workspace: Workspace, commit: str | None) -> MergedCommit:
    """Returns the merged commit: the named one, or the one that is checked out."""
    repository = open_repository(workspace)
    tenants = load_tenants(workspace, repository).declarations
    name = choose_tenant(tenants, workspace.tenant)
    declared = tenants.tenants[name].tenant
    sha = repository.commit_named(commit or "HEAD")
    branch = find_branch(repository, name, tenants.tenants)
    return MergedCommit(repository, sha, name, declared.url, declared.approvals, branch)


def find_pull_of_commit(client: GitHub, workspace: Workspace, commit: str | None) -> int:
    """Returns the number of the pull request that merged the named commit, or the commit that is checked out."""
    repository = find_repository(workspace.folder)
    sha = repository.resolve(commit or "HEAD") if repository else commit
    if sha is None:
        raise UsageError("which pull request? Name it with --pull NUMBER, or the merged commit with --commit SHA")
    return find_merged_pull(client, sha).number
