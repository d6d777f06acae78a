"""The connection to 4me's REST API: the account in a header, tokens from their own address. Knows no people."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.core.declarations.tenant import Window
from reconciler.live.client import Client, ServiceProfile
from reconciler.live.oauth import RENEWAL, TOKEN_ADDRESS, ClientCredentials, Credentials
from reconciler.live.rate_limiter import REAL_CLOCK, PaceClock

if TYPE_CHECKING:
    from reconciler.live.client import Transport


@dataclass(frozen=True, slots=True)
class RestAddress:
    """The addresses of the API and its tokens, the account, and the rate of the API."""

    url: str
    account: str
    token_url: str
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class RestLine:
    """4me's REST API for one account; `tokens` is the client of the token address."""

    client: Client
    tokens: Client
    account: str

    @property
    def requests(self) -> int:
        """The number of requests sent, those for tokens included."""
        return self.client.requests + self.tokens.requests

    def hurry(self, event: asyncio.Event) -> None:
        """Makes the event end all waiting of both clients."""
        self.client.waiting.hurry = self.tokens.waiting.hurry = event

    def end_within(self, seconds: float) -> None:
        """Ends all waits of both clients for answers in so many seconds."""
        self.client.waiting.end_within(seconds)
        self.tokens.waiting.end_within(seconds)


async def open_rest_line(
    stack: AsyncExitStack,
    address: RestAddress,
    credentials: Credentials,
    transport: Transport | None = None,
    clock: PaceClock = REAL_CLOCK,
) -> RestLine:
    """Opens a connection that closes with the stack; the first request also fetches the token."""
    tokens = await stack.enter_async_context(
        Client(address.token_url, None, (), transport=transport, clock=clock, profile=TOKEN_ADDRESS)
    )
    profile = ServiceProfile(
        expects="4me's REST API",
        refused=RENEWAL,
        setting="the tenant's permissions.url",
        sends="application/json",
        headers={"X-Xurrent-Account": address.account},
    )
    source = ClientCredentials(tokens, credentials, clock)
    client = Client(address.url, source, address.windows, transport=transport, clock=clock, profile=profile)
    return RestLine(await stack.enter_async_context(client), tokens, address.account)
