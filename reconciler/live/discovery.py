"""What a service says of itself: ServiceProviderConfig (RFC 7643 section 5), and how many resources it holds."""

from __future__ import annotations

from http import HTTPStatus
from typing import Literal

from reconciler.core.model.messages import Request
from reconciler.core.scim.wire import NotScim, describe_error, list_request, read_page
from reconciler.errors import LostAnswer, NotAnAnswer, Unreachable
from reconciler.live.client import Client

FEATURES = ("patch", "bulk", "filter", "changePassword", "sort", "etag")


async def ask_config(client: Client) -> dict[str, bool]:
    """Which of the RFC's features the service supports; empty where it doesn't say, which some do not."""
    try:
        response = await client.send(Request("GET", "/ServiceProviderConfig"))
    except (NotAnAnswer, LostAnswer):  # the service answered for users and groups: it is there, and does not say
        return {}
    config = response.body if response.succeeded and isinstance(response.body, dict) else {}
    said = {name: config.get(name) for name in FEATURES}
    return {name: bool(one.get("supported")) for name, one in said.items() if isinstance(one, dict)}


async def count_resources(client: Client, kind: Literal["Users", "Groups"]) -> int:
    """How many there are by the first page's total; raises Unreachable where reading is refused or is no SCIM."""
    response = await client.send(list_request(kind, 1, 1))
    if response.status == HTTPStatus.FORBIDDEN:
        raise Unreachable(f"{client.url}/{kind}: the token may not read it: {describe_error(response)}")
    try:
        return read_page(response.body).total
    except NotScim as error:
        said = str(error) if response.succeeded else describe_error(response)
        raise NotAnAnswer(f"{client.url}/{kind}: {said}: check the tenant's url") from error
