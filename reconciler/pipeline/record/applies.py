"""Opens the record of the named tenant, and lists the applies on record in this clone with the applied commits."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.record.history import ApplyHistory
from reconciler.desired.git.commits import describe_commits
from reconciler.desired.git.repository import Repository, explain_absence, find_repository
from reconciler.desired.records.branch import RecordBranch
from reconciler.desired.records.load import load_history
from reconciler.errors import UsageError
from reconciler.pipeline.desired.current_state import choose_tenant, load_tenants
from reconciler.pipeline.record.tenant_record import find_branch
from reconciler.pipeline.workspace import Workspace
from reconciler.report.applies import AppliedCommit


def list_applies(workspace: Workspace) -> list[AppliedCommit]:
    """Returns the applies on record, newest first, for the named tenant or for all."""
    repository = open_repository(workspace)
    declared = load_tenants(workspace, repository).declarations.tenants
    found = [
        applied
        for tenant in declared
        if workspace.tenant in {None, tenant}
        for applied in _describe(load_history(find_branch(repository, tenant, declared)), tenant, repository)
    ]
    return sorted(found, key=lambda applied: (applied.record.at, applied.record.serial), reverse=True)


def open_repository(workspace: Workspace) -> Repository:
    """Returns the repository of the desired state; raises UsageError without a repository."""
    repository = find_repository(workspace.folder)
    if repository is None:
        raise UsageError(
            f"the record of applies is kept in git, and {explain_absence()}: run this command in the repository"
        )
    return repository


def open_branch(workspace: Workspace) -> RecordBranch:
    """Returns the branch of the record of the named tenant, or of the only one."""
    repository = open_repository(workspace)
    declarations = load_tenants(workspace, repository).declarations
    return find_branch(repository, choose_tenant(declarations, workspace.tenant), declarations.tenants)


def _describe(history: ApplyHistory, tenant: str, repository: Repository) -> Iterator[AppliedCommit]:
    records = [entry.record for entry in history.steps()]
    commits = describe_commits(repository, [record.commit for record in records])
    for record in records:
        commit = commits.get(record.commit)
        if commit is None:
            yield AppliedCommit(tenant, record)
        else:
            yield AppliedCommit(tenant, record, commit.subject, commit.author, commit.at, commit.leads_here)
