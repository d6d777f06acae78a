"""Incremental reads: requests the users that changed since the last read, and takes the others from the snapshot.

`core/scim/increment.py` decides whether the result is certain; this module sends the requests. Groups are read in full
each time, because no service documents that a change of members counts as a change of the group
(docs/decisions/0018-incremental-reads.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.model.messages import JsonObject, Request, Response
from reconciler.core.model.states import Certificate
from reconciler.core.scim.increment import (
    Binding,
    IncrementalSnapshot,
    NotCertain,
    ask_since,
    begin,
    bring_up_to_date,
    certify,
    changed_request,
    check_first,
    keep_on,
    keep_whole,
    next_start,
)
from reconciler.core.scim.pages import Listing, add_up, list_starts
from reconciler.core.scim.refusals import is_no_page
from reconciler.core.scim.wire import Dialect, NotScim, Page, describe_error, list_request, read_page
from reconciler.errors import Unreachable
from reconciler.live.client import Client
from reconciler.live.read import read_around, read_snapshot
from reconciler.live.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Read:
    """The account as read, and the snapshot to keep; None if the read is incomplete."""

    snapshot: Snapshot
    certificate: Certificate
    kept: IncrementalSnapshot | None


async def read_to_keep(client: Client, dialect: Dialect, of: Binding, now: datetime) -> Read:
    """Reads the whole account, and makes the snapshot for later incremental reads."""
    snapshot, certificate = await read_snapshot(client, dialect)
    begun = begin(now, client.dated)
    return Read(snapshot, certificate, keep_whole(of, begun, snapshot.users) if certificate.complete else None)


async def read_on(client: Client, dialect: Dialect, kept: IncrementalSnapshot, now: datetime) -> Read:
    """Reads the account from the snapshot and the changes since; raises NotCertain if a change may be missing."""
    if "lists_hide_attributes" in dialect.quirks:
        raise NotCertain("the lists of the service leave attributes out (`lists_hide_attributes`)")
    before = client.requests
    users = await _read_changed(client, dialect, kept)
    begun = begin(now, client.dated)
    start = next_start(kept, len(users))
    page = await _read_page(client, list_request("Users", start, _count(client, dialect.page_size)))
    certify(users, page, start)

    snapshot, certificate = await read_around(client, dialect, Listing(users), before)
    compared = start - 1 + len(page.resources)
    news = keep_on(kept, begun, snapshot.users, compared) if certificate.complete else None
    return Read(snapshot, certificate, news)


async def _read_changed(client: Client, dialect: Dialect, kept: IncrementalSnapshot) -> Mapping[str, JsonObject]:
    """Returns all users: the changed ones as they are now, the others from the snapshot."""
    since = ask_since(kept)
    first = await _read_page(client, changed_request(since, 1, _count(client, dialect.page_size)))
    check_first(kept, since, first)
    size = len(first.resources)
    requests = (changed_request(since, start, _count(client, size)) for start in list_starts(first.total, size, size))
    changed = add_up("Users", first, await asyncio.gather(*(_read_page(client, request) for request in requests)))
    if changed.faults:
        raise NotCertain(f"the list of changed users is inconsistent: {changed.faults[0]}")
    if size and first.total % (size if first.total > size else dialect.page_size) == 0:
        await _check_the_end(client, changed_request(since, first.total + 1, _count(client, size)))
    return bring_up_to_date(kept, since, changed.resources)


def _count(client: Client, size: int) -> int | None:
    """Returns the size of pages to request, or None if the service refuses `count`."""
    return None if client.refuses_count else size


async def _check_the_end(client: Client, request: Request) -> None:
    """Raises NotCertain unless no row follows full pages, because only that shows a total that is too low."""
    try:
        response = await client.send(request)
    except Unreachable as error:
        raise NotCertain(f"the end of the list of changed users could not be read: {error}") from error
    if is_no_page(response):
        return
    if _read_answer(response).resources:
        raise NotCertain("more users changed than were announced")


async def _read_page(client: Client, request: Request) -> Page:
    try:
        return _read_answer(await client.send(request))
    except Unreachable as error:
        raise NotCertain(f"the list of changed users could not be read: {error}") from error


def _read_answer(response: Response) -> Page:
    if not response.succeeded:
        raise NotCertain(f"the list of changed users was answered with {describe_error(response)}")
    try:
        return read_page(response.body)
    except NotScim as error:
        raise NotCertain(f"the list of changed users could not be read: {error}") from error
