"""Incremental reads: who changed since the last read is asked for, and everybody else is as they were.

Whether that is certain is decided in `core/scim/increment.py`; here it is asked. Groups are read whole each time:
no service documents that a change of members counts as a change of the group
(docs/decisions/0018-incremental-reads.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.model.messages import JsonObject, Request
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
from reconciler.core.scim.wire import Dialect, NotScim, Page, describe_error, list_request, read_page
from reconciler.errors import Unreachable
from reconciler.live.client import Client
from reconciler.live.read import read_around, read_snapshot
from reconciler.live.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Read:
    """What was read, and what to keep of it: nothing of a read that does not add up."""

    snapshot: Snapshot
    certificate: Certificate
    kept: IncrementalSnapshot | None


async def read_to_keep(client: Client, dialect: Dialect, of: Binding, now: datetime) -> Read:
    """Everything, to be kept."""
    snapshot, certificate = await read_snapshot(client, dialect)
    begun = begin(now, client.dated)
    return Read(snapshot, certificate, keep_whole(of, begun, snapshot.users) if certificate.complete else None)


async def read_on(client: Client, dialect: Dialect, kept: IncrementalSnapshot, now: datetime) -> Read:
    """Everything as it is now, from what is kept and what changed; raises NotCertain where that can't be known."""
    before = client.requests
    users = await _ask_who_changed(client, dialect, kept)
    begun = begin(now, client.dated)
    start = next_start(kept, len(users))
    page = await _read_page(client, list_request("Users", start, dialect.page_size))
    certify(users, page, start)

    snapshot, certificate = await read_around(client, dialect, Listing(users), before)
    compared = start - 1 + len(page.resources)
    news = keep_on(kept, begun, snapshot.users, compared) if certificate.complete else None
    return Read(snapshot, certificate, news)


async def _ask_who_changed(client: Client, dialect: Dialect, kept: IncrementalSnapshot) -> Mapping[str, JsonObject]:
    """Everybody, with those who changed as they are now."""
    since = ask_since(kept)
    first = await _read_page(client, changed_request(since, 1, dialect.page_size))
    check_first(kept, since, first)
    size = len(first.resources)
    requests = (changed_request(since, start, size) for start in list_starts(first.total, size, size))
    changed = add_up("Users", first, await asyncio.gather(*(_read_page(client, one) for one in requests)))
    if changed.faults:
        raise NotCertain(f"who changed does not add up: {changed.faults[0]}")
    return bring_up_to_date(kept, since, changed.resources)


async def _read_page(client: Client, request: Request) -> Page:
    try:
        response = await client.send(request)
        if not response.succeeded:
            raise NotCertain(f"asked who changed, the service answered {describe_error(response)}")
        return read_page(response.body)
    except (NotScim, Unreachable) as error:
        raise NotCertain(f"asked who changed, the service gave no answer: {error}") from error
