"""Requests the pages of a list: with `count`, or without it after a service refused the first page with it."""

from __future__ import annotations

from typing import Literal

from reconciler.core.model.messages import Response
from reconciler.core.scim.refusals import REFUSES_COUNT, describe_refused_read, explain_refusal
from reconciler.core.scim.wire import NotScim, Page, list_request, read_page
from reconciler.errors import NotAnAnswer, Unreachable
from reconciler.live.client import Client

SETTING = "the tenant's url"


async def request_page(client: Client, kind: Literal["Users", "Groups"], start: int, count: int) -> Response:
    """Requests one page; leaves `count` out if the service refused it before."""
    return await client.send(list_request(kind, start, None if client.refuses_count else count))


async def request_first_page(client: Client, kind: Literal["Users", "Groups"], count: int) -> Page:
    """Returns the first page. If it is refused with `count`, requests it once without, and remembers that for the run.

    Raises NotAnAnswer if the answer is not a list, else Unreachable with what the refusal means.
    """
    response = await _request_first(client, kind, count)
    try:
        if response.succeeded:
            return read_page(response.body)
    except NotScim as error:
        raise NotAnAnswer(f"{client.url}/{kind}: {error}: check {SETTING}") from error
    raise Unreachable(f"{client.url}/{kind}: {explain_refusal(response, SETTING)}")


async def _request_first(client: Client, kind: Literal["Users", "Groups"], count: int) -> Response:
    request = list_request(kind, 1, None if client.refuses_count else count)
    if client.refuses_count:
        return await client.send(request)
    response = await client.send(request, final=REFUSES_COUNT)
    if response.status not in REFUSES_COUNT:
        return response
    client.needed += 1
    without = await client.send(list_request(kind, 1, None))
    client.refuses_count = without.succeeded
    return without


def page_of(response: Response) -> Page:
    """Reads a later page; raises NotScim if it was refused."""
    if not response.succeeded:
        raise NotScim(describe_refused_read(response))
    return read_page(response.body)
