"""Reads an account from the snapshot in the private folder and the changes since, and saves a new snapshot."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.core.model.states import LiveState
from reconciler.core.scim.dialect import dialect_of
from reconciler.core.scim.increment import Binding, IncrementalSnapshot, NotCertain, find_obstacle
from reconciler.errors import UsageError
from reconciler.live.snapshot import Snapshot, to_live_state
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.desired.current_state import CurrentState
from reconciler.pipeline.private_files import make_private_folder, write_private
from reconciler.pipeline.workspace import Workspace
from reconciler.private_store import find_private_fault
from reconciler.version import __version__

if TYPE_CHECKING:
    from reconciler.live.client import Client
    from reconciler.live.incremental import Read


def snapshot_path(workspace: Workspace, tenant: str) -> Path:
    """Returns the path of a tenant's snapshot, which may not exist yet."""
    return workspace.private_folder / f"{tenant}.snapshot"


async def read_incrementally(client: Client, current: CurrentState, record: str) -> tuple[LiveState, Snapshot]:
    """Reads the whole account from its snapshot and the changes since.

    Without a usable snapshot, reads everything and logs the reason.
    """
    from reconciler.live.incremental import read_on

    now, before = now_in_utc(), client.requests
    try:
        saved = _load(current, record, now)
        read = await read_on(client, dialect_of(current.tenant), saved, now)
    except NotCertain as error:
        current.workspace.log(f"Full read: {error}")
        return await read_and_save(client, current, record, client.requests - before)
    return _save(current, read)


async def read_and_save(
    client: Client, current: CurrentState, record: str, before: int = 0
) -> tuple[LiveState, Snapshot]:
    """Reads the whole account and saves a snapshot; `before` counts requests of a failed incremental read."""
    from reconciler.live.incremental import read_to_keep

    read = await read_to_keep(client, dialect_of(current.tenant), _binding(current, record), now_in_utc())
    return _save(current, read, before)


def _load(current: CurrentState, record: str, now: datetime) -> IncrementalSnapshot:
    from reconciler.live.incremental_snapshot import parse_snapshot

    path = snapshot_path(current.workspace, current.tenant_name)
    if fault := find_private_fault(path):
        raise NotCertain(f"the snapshot {path} is not used: {fault}")
    try:
        make_private_folder(path.parent)
        saved = parse_snapshot(path.read_bytes())
    except UsageError as error:
        raise NotCertain(str(error)) from error
    except FileNotFoundError:
        raise NotCertain(f"{current.tenant_name} has no snapshot yet") from None
    except OSError as error:
        raise NotCertain(f"the snapshot {path} can't be read: {error.strerror}") from error
    if obstacle := find_obstacle(saved, _binding(current, record), now):
        raise NotCertain(obstacle)
    return saved


def _save(current: CurrentState, read: Read, before: int = 0) -> tuple[LiveState, Snapshot]:
    """Returns the read account, and writes its snapshot if the read is complete."""
    from reconciler.live.incremental_snapshot import snapshot_to_text

    state = to_live_state(read.snapshot, replace(read.certificate, requests=read.certificate.requests + before))
    if read.kept and state.certificate.complete:
        path = snapshot_path(current.workspace, current.tenant_name)
        try:
            make_private_folder(path.parent)
            write_private(path, snapshot_to_text(read.kept))
        except UsageError as error:
            current.workspace.log(f"The snapshot can't be kept, so the next read is a full read: {error}")
    return state, read.snapshot


def _binding(current: CurrentState, record: str) -> Binding:
    return Binding(current.tenant_name, current.tenant.url, __version__, record)
