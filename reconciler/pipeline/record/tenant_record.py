"""Reads the record of applies to the current tenant: its branch, its content, or the reason if it is unknown.

`core/ownership` decides what follows from a record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from reconciler.core.declarations.declared import DeclaredTenant
from reconciler.core.declarations.tenant import SANDBOX
from reconciler.core.declarations.tenant_names import record_name
from reconciler.core.record.history import ApplyHistory, Sample
from reconciler.desired.git.repository import Repository
from reconciler.desired.records.branch import RecordBranch, choose_remote, list_record_names
from reconciler.desired.records.exchange import fetch_record
from reconciler.desired.records.load import load_history
from reconciler.errors import NotARecord, Problem, RecordUnknown, Refused
from reconciler.pipeline.desired.current_state import CurrentState

RecordMode: TypeAlias = Literal["remote", "local"]
NOT_FETCHED = "the record of applies was not fetched, so ownership is unknown"
FETCH_IT = "run `reconciler ownership fetch` before a command with --record local"


@dataclass(frozen=True, slots=True)
class TenantRecord:
    """The record of applies to one tenant; `branch` is None if the repository has no commit.

    `unknown` is the reason if the record can't be read. `mode` is `local` if separate steps fetch and push it.
    """

    branch: RecordBranch | None
    history: ApplyHistory = field(default_factory=ApplyHistory)
    unknown: Problem | None = None
    mode: RecordMode = "remote"


def read_record(current: CurrentState, mode: RecordMode) -> TenantRecord:
    """Fetches and reads the record of the current tenant. A failure is returned in `unknown`, not raised."""
    if current.repository is None or current.repository.head() is None:
        return TenantRecord(None, mode=mode)
    return read_branch(find_branch(current.repository, current.tenant_name, current.loaded.declarations.tenants), mode)


def read_branch(branch: RecordBranch, mode: RecordMode) -> TenantRecord:
    """Fetches and reads the record on a branch. A failure is returned in `unknown`, not raised."""
    try:
        if mode == "remote":
            fetch_record(branch)
        elif not branch.is_known():
            return TenantRecord(branch, unknown=Problem("record_unknown", NOT_FETCHED, hint=FETCH_IT), mode=mode)
        return TenantRecord(branch, load_history(branch), mode=mode)
    except (RecordUnknown, NotARecord) as error:
        return TenantRecord(branch, unknown=describe_refusal(error), mode=mode)


def describe_refusal(error: Refused) -> Problem:
    """Returns the problem that a plan shows for a refusal."""
    return error.problems[0] if error.problems else Problem("record_unknown", str(error))


def find_branch(repository: Repository, tenant: str, declared: Mapping[str, DeclaredTenant]) -> RecordBranch:
    """Returns the branch of a tenant's record. For the embedded 4me, account and record are in this clone only."""
    settings = declared[tenant].tenant
    remote = None if settings.url == SANDBOX else choose_remote(repository)
    name = record_name(tenant, settings, list_record_names(repository, remote))
    return RecordBranch(repository, name, remote)


def find_other_samples(current: CurrentState, record: TenantRecord) -> Mapping[str, Sample]:
    """Returns the samples of the other tenants on the same host whose records are in this clone."""
    if current.repository is None or record.branch is None:
        return {}
    return dict(_read_other_samples(current, current.repository))


def _read_other_samples(current: CurrentState, repository: Repository) -> Iterator[tuple[str, Sample]]:
    tenants = current.loaded.declarations.tenants
    host = urlsplit(current.tenant.url).netloc.casefold()
    for name, declared in tenants.items():
        url = declared.tenant.url
        if name == current.tenant_name or url == SANDBOX or urlsplit(url).netloc.casefold() != host:
            continue
        try:
            sample = load_history(find_branch(repository, name, tenants)).last_sample()
        except (RecordUnknown, NotARecord):
            continue  # a run for that tenant reports its unreadable record
        if sample is not None:
            yield name, sample
