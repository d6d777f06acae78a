"""Complete reads: totals, ids and pages are reconciled, and whatever does not add up is in the certificate.

A partial read must never look like people who left (docs/decisions/0007-reads-certify-themselves.md).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Literal

from reconciler.core.model import Certificate, JsonObject, Response
from reconciler.core.wire import (
    Dialect,
    NotScim,
    Page,
    describe_error,
    get_request,
    list_request,
    read_id,
    read_page,
)
from reconciler.errors import NotAnAnswer, Unreachable
from reconciler.live.client import Client
from reconciler.live.snapshot import Snapshot

Kind = Literal["Users", "Groups"]
MOST_PAGES = 100_000


@dataclass(slots=True)
class Listing:
    """What was read of one kind: the resources by id, and what did not add up."""

    resources: dict[str, JsonObject] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


async def read_snapshot(client: Client, dialect: Dialect) -> tuple[Snapshot, Certificate]:
    """All users and groups, groups with members. Raises Unreachable where not even a first page came."""
    before = client.requests
    users = await _read_list(client, "Users", dialect)
    groups = await _read_list(client, "Groups", dialect)
    detailed = await _read_members(client, groups)
    certificate = Certificate(
        mode="full",
        users=len(users.resources),
        groups=len(detailed),
        requests=client.requests - before,
        faults=(*users.faults, *groups.faults),
    )
    return Snapshot(list(users.resources.values()), detailed), certificate


async def _read_list(client: Client, kind: Kind, dialect: Dialect) -> Listing:
    """The first page, then the rest at once; rows are counted as they came, for `itemsPerPage` is not to be trusted."""
    first = await _read_first_page(client, kind, dialect)
    listing = Listing()
    _take(listing, kind, first, first.total)
    size = len(first.resources)
    if first.total > MOST_PAGES * max(size, 1):
        raise NotAnAnswer(f"{client.url}/{kind} announces {first.total} resources in pages of {size}: not believed")
    starts = range(1 + size, first.total + 1, size) if size else range(0)
    pages = await asyncio.gather(*(_try_page(client, kind, start, size, listing) for start in starts))
    for page in pages:
        if page is not None:
            _take(listing, kind, page, first.total)
    if len(listing.resources) != first.total:
        listing.faults.append(f"{kind}: {first.total} were announced and {len(listing.resources)} came")
    elif size and first.total % (dialect.page_size if dialect.pages_are_known else size) == 0:
        await _look_past_the_end(client, kind, size, listing)
    return listing


async def _look_past_the_end(client: Client, kind: Kind, size: int, listing: Listing) -> None:
    """A total of whole pages could be a lie that the last of them does not show: nobody new may follow."""
    try:
        response = await client.send(list_request(kind, len(listing.resources) + 1, size))
        ids = {read_id(row) for row in _page_of(response).resources} if response.succeeded else set()
    except (NotScim, Unreachable) as error:
        listing.faults.append(f"{kind} past the end: {error}")
        return
    if ids - listing.resources.keys():
        listing.faults.append(f"{kind}: {len(listing.resources)} were announced and there are more")


async def _read_first_page(client: Client, kind: Kind, dialect: Dialect) -> Page:
    response = await client.send(list_request(kind, 1, dialect.page_size))
    try:
        return _page_of(response)
    except NotScim as error:
        raise NotAnAnswer(f"{client.url}/{kind}: {error}") from error


async def _try_page(client: Client, kind: Kind, start: int, count: int, listing: Listing) -> Page | None:
    """A later page; one that does not come is a fault of the read and no reason to hide the rest."""
    try:
        return _page_of(await client.send(list_request(kind, start, count)))
    except (NotScim, Unreachable) as error:
        listing.faults.append(f"{kind} from {start}: {error}")
        return None


def _page_of(response: Response) -> Page:
    if not response.succeeded:
        raise NotScim(f"answered {describe_error(response)}")
    return read_page(response.body)


def _take(listing: Listing, kind: Kind, page: Page, total: int) -> None:
    if page.total != total:
        listing.faults.append(f"{kind}: the total changed from {total} to {page.total} during the read")
    for resource in page.resources:
        try:
            live_id = read_id(resource)
        except NotScim as error:
            listing.faults.append(f"{kind}: {error}")
            continue
        if live_id in listing.resources:
            listing.faults.append(f"{kind}: {live_id} came twice")
        listing.resources[live_id] = resource


async def _read_members(client: Client, groups: Listing) -> list[JsonObject]:
    """One GET for each group whose row has no members: 4me leaves them out of lists."""
    return list(
        await asyncio.gather(
            *(
                _read_group(client, live_id, groups) if "members" not in resource else _as_it_is(resource)
                for live_id, resource in groups.resources.items()
            )
        )
    )


async def _as_it_is(resource: JsonObject) -> JsonObject:
    return resource


async def _read_group(client: Client, live_id: str, groups: Listing) -> JsonObject:
    try:
        response = await client.send(get_request("Groups", live_id))
    except Unreachable as error:
        groups.faults.append(f"Groups: {live_id}: {error}")
        return groups.resources[live_id]
    if response.succeeded and isinstance(response.body, dict) and response.body.get("id") == live_id:
        return response.body
    groups.faults.append(f"Groups: {live_id} was listed, and asked for it answered {describe_error(response)}")
    return groups.resources[live_id]
