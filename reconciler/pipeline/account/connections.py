"""The connections to an account: SCIM, and REST if roles take effect there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from reconciler.live.client import Client
    from reconciler.live.rest import RestLine


@dataclass(frozen=True, slots=True)
class Connections:
    """The connections of one command; `rest` is None if roles are written over SCIM."""

    scim: Client
    rest: RestLine | None

    @property
    def requests(self) -> int:
        """The number of requests sent until now."""
        return self.scim.requests + (self.rest.requests if self.rest else 0)

    @property
    def clients(self) -> list[Client]:
        """The clients of SCIM and REST."""
        return [self.scim, *([self.rest.client] if self.rest else [])]

    def hurry(self, event: asyncio.Event) -> None:
        """Makes the clients end every wait once the event is set."""
        self.scim.waiting.hurry = event
        if self.rest:
            self.rest.hurry(event)

    def end_within(self, seconds: float) -> None:
        """Ends every wait for an answer in so many seconds."""
        self.scim.waiting.end_within(seconds)
        if self.rest:
            self.rest.end_within(seconds)
