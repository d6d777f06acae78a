"""The snapshot of a tenant in the private folder: where it is, and reading an account with it. Decides nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler import __version__
from reconciler.core.model.states import LiveState
from reconciler.core.scim.increment import Binding, IncrementalSnapshot, NotCertain, find_obstacle
from reconciler.core.scim.wire import DIALECTS
from reconciler.errors import UsageError
from reconciler.live.snapshot import Snapshot, to_live_state
from reconciler.pipeline.desired.current_state import Head, now_in_utc, say
from reconciler.pipeline.output import make_private_folder, write_private
from reconciler.pipeline.workspace import Options
from reconciler.settings import read_settings

if TYPE_CHECKING:
    from reconciler.live.client import Client
    from reconciler.live.incremental import Read


def snapshot_path(options: Options, tenant: str) -> Path:
    """Where the snapshot of a tenant is, or will be."""
    return read_settings().private_folder(options.folder) / f"{tenant}.snapshot"


async def read_incrementally(client: Client, options: Options, head: Head, record: str) -> tuple[LiveState, Snapshot]:
    """The whole account, from its snapshot and what changed since; everything is read, and why is told, where not."""
    from reconciler.live.incremental import read_on

    now, before = now_in_utc(), client.requests
    try:
        kept = _load(options, head, record, now)
        read = await read_on(client, DIALECTS[head.tenant.dialect], kept, now)
    except NotCertain as error:
        say(options, f"Everything is read: {error}")
        return await read_and_keep(client, options, head, record, client.requests - before)
    return _keep(options, head, read)


async def read_and_keep(
    client: Client, options: Options, head: Head, record: str, before: int = 0
) -> tuple[LiveState, Snapshot]:
    """The whole account, all of it read, and kept for the next time; `before` are the requests made in vain."""
    from reconciler.live.incremental import read_to_keep

    read = await read_to_keep(client, DIALECTS[head.tenant.dialect], _binding(head, record), now_in_utc())
    return _keep(options, head, read, before)


def _load(options: Options, head: Head, record: str, now: datetime) -> IncrementalSnapshot:
    from reconciler.live.incremental_snapshot import parse_snapshot

    path = snapshot_path(options, head.tenant_name)
    try:
        kept = parse_snapshot(path.read_bytes())
    except FileNotFoundError:
        raise NotCertain(f"there is no snapshot of {head.tenant_name} yet") from None
    except OSError as error:
        raise NotCertain(f"the snapshot {path} can't be read: {error.strerror}") from error
    if obstacle := find_obstacle(kept, _binding(head, record), now):
        raise NotCertain(obstacle)
    return kept


def _keep(options: Options, head: Head, read: Read, before: int = 0) -> tuple[LiveState, Snapshot]:
    """What was read as values, and written down for the next time if it is complete."""
    from reconciler.live.incremental_snapshot import snapshot_to_text

    state = to_live_state(read.snapshot, replace(read.certificate, requests=read.certificate.requests + before))
    if read.kept and state.certificate.complete:
        path = snapshot_path(options, head.tenant_name)
        try:
            make_private_folder(path.parent)
            write_private(path, snapshot_to_text(read.kept))
        except UsageError as error:
            say(options, f"No snapshot is kept, and the next read will be of everything: {error}")
    return state, read.snapshot


def _binding(head: Head, record: str) -> Binding:
    return Binding(head.tenant_name, head.tenant.url, __version__, record)
