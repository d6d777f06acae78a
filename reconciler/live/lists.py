"""Reads the list of all users or all groups, page by page; an inconsistent list is read again.

A change of the account during a read is gone in the next read, and a wrong answer stays: `core/scim/pages.py`
distinguishes them, and this module requests the pages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from reconciler.core.scim.pages import Listing, add_up, conclude, goes_on, join_up, list_starts
from reconciler.core.scim.refusals import is_no_page
from reconciler.core.scim.wire import Dialect, NotScim, Page, read_id
from reconciler.errors import NotAnAnswer, Unreachable
from reconciler.live.client import Client
from reconciler.live.paging import page_of, request_first_page, request_page

Kind = Literal["Users", "Groups"]
MOST_PAGES = 100_000
MOST_LOOKS = 3
MOST_PAGES_MORE = 20  # that a list may grow by while it is read


async def read_list(client: Client, kind: Kind, dialect: Dialect, first: Page | None = None) -> Listing:
    """Reads all users or all groups, up to three times while the list is inconsistent; `first` is its first page."""
    looks = [await _look(client, kind, dialect, first or await read_first_page(client, kind, dialect))]
    while looks[-1].wants_another_look and len(looks) < MOST_LOOKS:
        try:
            looks.append(await _look_closer(client, kind, dialect))
        except Unreachable as error:
            return looks[-1].with_faults(f"{kind}, read again: {error}")
    return conclude(kind, looks)


async def _look(client: Client, kind: Kind, dialect: Dialect, first: Page) -> Listing:
    """Requests the pages after the first at once; counts rows, because `itemsPerPage` is wrong in some services."""
    size = len(first.resources)
    starts = list_starts(first.total, size, size)
    client.needed += len(starts)
    pages = await asyncio.gather(*(_try_page(client, kind, start, size) for start in starts))
    listing = add_up(kind, first, [page for page in pages if isinstance(page, Page)])
    listing = listing.with_faults(*(page for page in pages if isinstance(page, str)))
    if not listing.faults and size and first.total % (size if starts else _full_size(client, dialect, size)) == 0:
        return await _look_past_the_end(client, kind, size, listing)
    return listing


async def _look_past_the_end(client: Client, kind: Kind, size: int, listing: Listing) -> Listing:
    """Requests one more page after full pages, because only that shows a total that is too low.

    400 and 404 mean that no page follows. Any other refusal leaves that open, and so is a fault.
    """
    received = len(listing.resources)
    try:
        response = await request_page(client, kind, received + 1, size)
        if is_no_page(response):
            return listing
        page = page_of(response)
        ids = {read_id(row) for row in page.resources}
    except (NotScim, Unreachable) as error:
        return listing.with_faults(f"{kind} after the last page: {error}")
    if ids - listing.resources.keys():
        return replace(listing, faults=(f"{kind}: {received} were announced and more exist",))
    if page.total > received:  # some answer a total of 0 there
        return replace(listing, faults=(f"{kind}: the total changed from {received} to {page.total} during the read",))
    return listing


def _full_size(client: Client, dialect: Dialect, size: int) -> int:
    """Returns the rows of a full page: as documented, or else as many as the first page has."""
    return dialect.page_size if dialect.pages_are_known and not client.refuses_count else size


async def _look_closer(client: Client, kind: Kind, dialect: Dialect) -> Listing:
    """Reads the list in pages that overlap by one row, up to its end, which may have moved."""
    first = await read_first_page(client, kind, dialect)
    size = len(first.resources)
    if size <= 1:
        return await _look(client, kind, dialect, first)  # pages of one row can't overlap
    full = _full_size(client, dialect, size)
    pages = {1: first}
    starts: Sequence[int] = list_starts(first.total, size, size - 1)
    for _pages_more in range(MOST_PAGES_MORE):
        answers = await asyncio.gather(*(_try_page(client, kind, start, size) for start in starts))
        if missing := [answer for answer in answers if isinstance(answer, str)]:
            return join_up(kind, pages).with_faults(*missing)
        pages |= {start: page for start, page in zip(starts, answers, strict=True) if isinstance(page, Page)}
        if not goes_on(pages, full):
            break
        starts = [max(pages) + size - 1]
    return join_up(kind, pages)


async def read_first_page(client: Client, kind: Kind, dialect: Dialect) -> Page:
    """Returns the first page.

    Raises NotAnAnswer if it is not a page, or announces an implausible total; Unreachable if it is refused.
    """
    client.needed += 1
    page = await request_first_page(client, kind, dialect.page_size)
    size = len(page.resources)
    if page.total > MOST_PAGES * max(size, 1):
        raise NotAnAnswer(f"{client.url}/{kind} announces {page.total} resources in pages of {size}: not believed")
    return page


async def _try_page(client: Client, kind: Kind, start: int, count: int) -> Page | str:
    """Returns a later page, or the reason why it is missing, which is a fault of the read."""
    try:
        return page_of(await request_page(client, kind, start, count))
    except (NotScim, Unreachable) as error:
        return f"{kind} from {start}: {error}"
