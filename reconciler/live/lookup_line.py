"""The connection of a targeted read, with the facts that its lookups showed on the service."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.core.model.messages import Request, Response
from reconciler.core.scim.refusals import REFUSES_COUNT
from reconciler.core.scim.wire import Dialect
from reconciler.core.targeting.lookup import Endpoint, LookUp
from reconciler.errors import Unreachable
from reconciler.live.client import Client


@dataclass(slots=True)
class LookupLine:
    """The client, and the facts on the service from this run: whether it supports `or`, and the faults.

    `knows_or` is None until a lookup with `or` was answered; `proven` holds attributes whose single lookups work.
    `tried_without_count` is set once a refused lookup was sent again without `count`.
    """

    client: Client
    dialect: Dialect
    answers: int = 0
    knows_or: bool | None = None
    tried_without_count: bool = False
    proven: set[tuple[Endpoint, str]] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    @property
    def count(self) -> int | None:
        """The size of pages to request, or None if the service refuses `count`."""
        return None if self.client.refuses_count else self.dialect.page_size

    async def look_up(self, look_up: LookUp) -> Response | None:
        """Sends a lookup of one term; if the first ones are refused with `count`, sends one of them without."""
        response = await self.send(look_up.request(1, self.count))
        if response is None or response.status not in REFUSES_COUNT or self.client.refuses_count:
            return response
        if self.proven or self.tried_without_count:
            return response
        self.tried_without_count = True
        without = await self.send(look_up.request(1, None))
        self.client.refuses_count = without is not None and without.succeeded
        return without

    async def send(self, request: Request) -> Response | None:
        """Returns the answer, or None after adding a fault; raises Unreachable if no request was answered before."""
        try:
            response = await self.client.send(request)
        except Unreachable as error:
            if not self.answers:
                raise
            self.faults.append(str(error))
            return None
        self.answers += 1
        return response
