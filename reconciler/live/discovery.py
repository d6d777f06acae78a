"""Reads the features of a service from ServiceProviderConfig (RFC 7643 section 5), and counts its resources."""

from __future__ import annotations

from typing import Literal

from reconciler.core.model.messages import Request
from reconciler.errors import LostAnswer, NotAnAnswer
from reconciler.live.client import Client
from reconciler.live.paging import request_first_page

FEATURES = ("patch", "bulk", "filter", "changePassword", "sort", "etag")


async def ask_config(client: Client) -> dict[str, bool]:
    """Returns which features of the RFC the service supports; empty if it has no configuration, as some have none."""
    try:
        response = await client.send(Request("GET", "/ServiceProviderConfig"))
    except (NotAnAnswer, LostAnswer):  # users and groups were answered before, so only the configuration is missing
        return {}
    config = response.body if response.succeeded and isinstance(response.body, dict) else {}
    features = {name: config.get(name) for name in FEATURES}
    return {name: bool(value.get("supported")) for name, value in features.items() if isinstance(value, dict)}


async def count_resources(client: Client, kind: Literal["Users", "Groups"]) -> int:
    """Returns the total of the first page; raises Unreachable if the read is refused or the answer is not SCIM."""
    return (await request_first_page(client, kind, 1)).total
