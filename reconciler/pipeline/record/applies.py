"""Lists the applies on record in this clone, with the commits that were applied."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.record.history import ApplyHistory
from reconciler.desired.git.commits import describe_commits
from reconciler.desired.git.repository import Repository, explain_absence, find_repository
from reconciler.desired.records.load import load_history
from reconciler.errors import InvalidInput, UsageError
from reconciler.pipeline.desired.current_state import load_folder
from reconciler.pipeline.record.tenant_record import find_branch
from reconciler.pipeline.workspace import Workspace
from reconciler.report.applies import AppliedCommit


def list_applies(workspace: Workspace) -> list[AppliedCommit]:
    """Returns the applies on record, newest first, for the named tenant or for all."""
    repository = open_repository(workspace)
    loaded = load_folder(workspace, repository)
    if not loaded.declarations.tenants and loaded.problems:
        raise InvalidInput(loaded.problems)
    declared = loaded.declarations.tenants
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


def _describe(history: ApplyHistory, tenant: str, repository: Repository) -> Iterator[AppliedCommit]:
    records = [entry.record for entry in history.steps()]
    commits = describe_commits(repository, [record.commit for record in records])
    for record in records:
        commit = commits.get(record.commit)
        if commit is None:
            yield AppliedCommit(tenant, record)
        else:
            yield AppliedCommit(tenant, record, commit.subject, commit.author, commit.at, commit.leads_here)
