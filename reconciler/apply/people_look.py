"""One look for people that 4me has linked to SCIM users: page by page or one by one, never two requests at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from reconciler.apply.channel import Send
from reconciler.core.model.messages import Request
from reconciler.core.scim.people import SCIM_SOURCE, PeoplePage, Person, people_request, read_people
from reconciler.core.scim.request_cost import count_left, finish_each

MOST_ONE_BY_ONE = 10
MOST_PAGES = 10_000


@dataclass(slots=True)
class PeopleLook:
    """Collects the people of one look in `people`, also if a request fails; `is_over` ends it between two requests."""

    send: Send
    is_over: Callable[[], bool]
    people: list[Person] = field(default_factory=list)
    requests: int = 0

    async def read_linked(self, scim_ids: Iterable[str]) -> None:
        """Reads the people of these SCIM ids, or all people from SCIM if that needs fewer requests."""
        scim_ids = list(scim_ids)
        if len(scim_ids) <= MOST_ONE_BY_ONE:
            await self._read_each([people_request(source=SCIM_SOURCE, sourceID=scim_id) for scim_id in scim_ids])
            return
        page = await self._read(people_request(source=SCIM_SOURCE))
        if page.following and finish_each(len(scim_ids), count_left(page.total or 0)):
            await self._read_each([people_request(source=SCIM_SOURCE, sourceID=scim_id) for scim_id in scim_ids])
            return
        while page.following and page.people and self.requests < MOST_PAGES and not self.is_over():
            page = await self._read(page.following)

    async def read_with_addresses(self, addresses: Iterable[str]) -> None:
        """Reads the people with these primary e-mails."""
        await self._read_each([people_request(primary_email=address) for address in addresses])

    async def _read_each(self, requests: Iterable[Request]) -> None:
        for request in requests:
            if not self.is_over():
                await self._read(request)

    async def _read(self, request: Request) -> PeoplePage:
        self.requests += 1
        page = read_people(await self.send(request))
        self.people += page.people
        return page
