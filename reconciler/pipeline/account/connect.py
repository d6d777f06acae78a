"""Connects to the account of a tenant, and reads the whole account.

`pipeline/plan/reading` reads a part of an account.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.tenant import SANDBOX
from reconciler.core.declarations.token_expiry import days_left, how_to_renew
from reconciler.core.model.states import LiveState
from reconciler.core.scim.dialect import dialect_of
from reconciler.errors import Refused, Unreachable
from reconciler.live.snapshot import Snapshot, load_snapshot, to_live_state
from reconciler.pipeline.account.roles import connect_rest, read_roles
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.desired.current_state import CurrentState
from reconciler.pipeline.progress import watch_reading

if TYPE_CHECKING:
    from reconciler.live.client import Client


def refuse_expired_token(current: CurrentState) -> None:
    """Raises Unreachable, before any request, if the token's last day is over."""
    left = days_left(current.tenant, now_in_utc().date())  # from today, also if the plan is for another day
    if current.tenant.token and left is not None and left < 0:
        how_to = how_to_renew(current.tenant)
        raise Unreachable(f"the token of {current.tenant_name} expired on {current.tenant.token.expires}: {how_to}")


def read_token(current: CurrentState) -> str:
    """Returns the tenant's token; raises Unreachable if it has expired or its variable holds no token."""
    refuse_expired_token(current)
    return current.workspace.settings.secret(current.tenant.token) if current.tenant.token else ""


async def connect(stack: AsyncExitStack, current: CurrentState) -> Client:
    """Opens a client of the tenant's address or embedded 4me, which the stack closes."""
    from reconciler.live.client import Client, in_process
    from reconciler.live.profile import profile_of

    profile = profile_of(current.tenant)
    if current.tenant.url == SANDBOX:
        from reconciler.pipeline.account.embedded import EMBEDDED_URL, open_store
        from reconciler.sandbox.app import make_app

        store = stack.enter_context(open_store(current.workspace, current.tenant_name))
        transport = in_process(make_app(store, now=now_in_utc))
        embedded = Client(EMBEDDED_URL, "sandbox", current.tenant.windows, transport=transport, profile=profile)
        return await _enter(stack, embedded, current)
    client = Client(current.tenant.url, read_token(current), current.tenant.windows, profile=profile)
    return await _enter(stack, client, current)


async def _enter(stack: AsyncExitStack, client: Client, current: CurrentState) -> Client:
    await stack.enter_async_context(client)
    client.refuses_count = "count_refused" in current.tenant.quirks
    await stack.enter_async_context(watch_reading(client, current.workspace.progress))
    return client


async def read_live(client: Client, current: CurrentState) -> tuple[LiveState, Snapshot]:
    """Reads the whole account over a client; the live state contains a certificate of the read."""
    from reconciler.live.read import read_snapshot

    snapshot, certificate = await read_snapshot(client, dialect_of(current.tenant))
    return to_live_state(snapshot, certificate), snapshot


def read_account(current: CurrentState, earlier: Earlier | None = None) -> tuple[LiveState, Snapshot]:
    """Connects, and reads the whole account.

    Over REST, the roles of the users that a plan with `earlier` needs are read; without `earlier`, of all users.
    """
    import asyncio

    async def read() -> tuple[LiveState, Snapshot]:
        async with AsyncExitStack() as stack:
            client = await connect(stack, current)
            rest = await connect_rest(stack, current, client)
            return await read_roles(rest, current, earlier, await read_live(client, current))

    return asyncio.run(read())


def read_whole(current: CurrentState, live: Path | None) -> LiveState:
    """Reads the whole account; raises Refused if the read is incomplete, because missing users would look gone."""
    state = load_snapshot(live) if live else read_account(current)[0]
    if not state.certificate.complete:
        raise Refused(
            f"the read is not complete ({'; '.join(state.certificate.faults)}): nothing was written; try again"
        )
    return state
