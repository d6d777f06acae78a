"""The account's end of the line: a client of the tenant that a command is about, and the whole account read by it.

Gathers and hands over. What is read of an account where less than the whole is asked for is in `reading`.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.tenant import SANDBOX
from reconciler.core.declarations.token_expiry import HOW_TO, days_left
from reconciler.core.model.states import LiveState
from reconciler.core.scim.wire import DIALECTS
from reconciler.errors import Refused, Unreachable
from reconciler.live.snapshot import Snapshot, load_snapshot, to_live_state
from reconciler.pipeline.account.roles import connect_rest, read_roles
from reconciler.pipeline.desired.current_state import Head, now_in_utc
from reconciler.pipeline.progress import watched
from reconciler.pipeline.workspace import Options
from reconciler.settings import Settings, read_settings

if TYPE_CHECKING:
    from reconciler.live.client import Client


def refuse_expired_token(head: Head) -> None:
    """Raises Unreachable, before anything is sent, where the token's last day is over."""
    left = days_left(head.tenant, now_in_utc().date())  # of this day, whatever day is planned for
    if head.tenant.token and left is not None and left < 0:
        raise Unreachable(f"the token of {head.tenant_name} expired on {head.tenant.token.expires}: {HOW_TO}")


def read_token(head: Head, settings: Settings) -> str:
    """Returns the tenant's token; raises Unreachable where it has expired, or its variable holds none."""
    refuse_expired_token(head)
    return settings.secret(head.tenant.token) if head.tenant.token else ""


async def connect(stack: AsyncExitStack, options: Options, head: Head, settings: Settings) -> Client:
    """A client of the tenant, closed with the stack: of the embedded 4me, or of an address with the token's help."""
    from reconciler.live.client import Client, in_process

    if head.tenant.url == SANDBOX:
        from reconciler.pipeline.account.embedded import EMBEDDED_URL, open_store
        from reconciler.sandbox.app import make_app

        store = stack.enter_context(open_store(options, head.tenant_name, settings))
        transport = in_process(make_app(store, now=now_in_utc))
        embedded = Client(EMBEDDED_URL, "sandbox", head.tenant.windows, transport=transport)
        return await _enter(stack, embedded, options)
    return await _enter(stack, Client(head.tenant.url, read_token(head, settings), head.tenant.windows), options)


async def _enter(stack: AsyncExitStack, client: Client, options: Options) -> Client:
    await stack.enter_async_context(client)
    await stack.enter_async_context(watched(client, options.verbosity))
    return client


async def read_live(client: Client, head: Head) -> tuple[LiveState, Snapshot]:
    """The whole account, certified."""
    from reconciler.live.read import read_snapshot

    snapshot, certificate = await read_snapshot(client, DIALECTS[head.tenant.dialect])
    return to_live_state(snapshot, certificate), snapshot


def read_account(options: Options, head: Head, earlier: Earlier | None = None) -> tuple[LiveState, Snapshot]:
    """The whole account, read by clients of its own.

    Where roles take effect over REST, `earlier` says with the desired state whose are needed; without it, everybody's.
    """
    import asyncio

    async def read() -> tuple[LiveState, Snapshot]:
        async with AsyncExitStack() as stack:
            settings = read_settings()
            client = await connect(stack, options, head, settings)
            rest = await connect_rest(stack, head, settings, client)
            return await read_roles(rest, head, earlier, await read_live(client, head))

    return asyncio.run(read())


def read_whole(options: Options, head: Head, live: Path | None) -> LiveState:
    """The whole account; raises Refused where the read does not add up: who is missing would seem not to be there."""
    state = load_snapshot(live) if live else read_account(options, head)[0]
    if not state.certificate.complete:
        raise Refused(
            f"the read is not complete ({'; '.join(state.certificate.faults)}): nothing was written; try again"
        )
    return state
