"""Complete reads: totals, ids and pages are reconciled, and whatever does not add up is in the certificate.

A partial read must never look like people who left (docs/decisions/0007-reads-certify-themselves.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from reconciler.core.model.messages import JsonObject
from reconciler.core.model.states import Certificate
from reconciler.core.scim.pages import Listing
from reconciler.core.scim.wire import Dialect, NotScim, describe_error, get_request, read_group
from reconciler.errors import Unreachable
from reconciler.live.client import Client
from reconciler.live.lists import Kind, read_first_page, read_list
from reconciler.live.snapshot import Snapshot

KNOWN_FOR: Mapping[Kind, str] = {"Users": "is a member of a group", "Groups": "was listed"}


async def read_snapshot(client: Client, dialect: Dialect) -> tuple[Snapshot, Certificate]:
    """All users and groups, groups with members. Raises Unreachable where not even a first page came."""
    before = client.requests
    first = await read_first_page(client, "Users", dialect)  # alone: where it does not come, no more is asked
    listing = asyncio.create_task(read_list(client, "Users", dialect, first))
    grouping = asyncio.create_task(_read_groups(client, dialect))  # beside users, so that no turn of the pace is unused
    try:
        listed, groups = await asyncio.gather(listing, grouping)
    finally:
        listing.cancel()
        grouping.cancel()
        await asyncio.gather(listing, grouping, return_exceptions=True)
    snapshot, certificate = await _join(client, dialect, listed, groups, before)
    return snapshot, replace(certificate, mode="full")


async def read_around(client: Client, dialect: Dialect, listed: Listing, before: int) -> tuple[Snapshot, Certificate]:
    """All groups with members, and the users, who are known already. `before` is what was sent until then."""
    return await _join(client, dialect, listed, await _read_groups(client, dialect), before)


async def _join(
    client: Client, dialect: Dialect, listed: Listing, groups: Listing, before: int
) -> tuple[Snapshot, Certificate]:
    users = await _meet_members(client, dialect, listed, groups)
    certificate = Certificate(
        mode="incremental",
        users=len(users.resources),
        groups=len(groups.resources),
        requests=client.requests - before,
        faults=(*users.faults, *groups.faults),
    )
    return Snapshot(list(users.resources.values()), list(groups.resources.values())), certificate


async def _read_groups(client: Client, dialect: Dialect) -> Listing:
    """All groups with their members. One that was listed and is not there is looked for in the list again."""
    listing = await read_list(client, "Groups", dialect)
    details = await _read_members(client, listing, {})
    if details.gone and not listing.faults and not details.faults:
        listing = await read_list(client, "Groups", dialect)
        details = await _read_members(client, listing, details.read)
    detailed = {live_id: details.read.get(live_id, row) for live_id, row in listing.resources.items()}
    faults = (f"Groups: {one} {KNOWN_FOR['Groups']}, and asked for it {said}" for one, said in details.gone.items())
    return replace(listing, resources=detailed, faults=(*listing.faults, *details.faults, *faults))


async def _read_members(client: Client, groups: Listing, known: Mapping[str, JsonObject]) -> _Details:
    """One GET for each group whose row has no members and that is not known yet: 4me leaves them out of lists."""
    unknown = [one for one, row in groups.resources.items() if "members" not in row and one not in known]
    return await _read_details(client, "Groups", unknown, known)


async def _meet_members(client: Client, dialect: Dialect, users: Listing, groups: Listing) -> Listing:
    """The users, and those members of groups who came after users were read: asked for one by one, or all read again.

    A member who is not there stays unknown: some services keep members who are gone.
    """
    strangers = sorted(_list_members(groups.resources.values()) - users.resources.keys() - groups.resources.keys())
    if not strangers or users.faults:
        return users
    if len(strangers) > 1 + len(users.resources) // dialect.page_size:
        return await read_list(client, "Users", dialect)
    met = await _read_details(client, "Users", strangers, {})
    return replace(users, resources={**users.resources, **met.read}, faults=tuple(met.faults))


def _list_members(groups: Iterable[JsonObject]) -> set[str]:
    """Everybody's ids who is in a group; one whose members can't be read is a fault of the live state."""
    members: set[str] = set()
    for group in groups:
        try:
            members |= read_group(group).members
        except NotScim:
            continue
    return members


@dataclass(frozen=True, slots=True)
class _Details:
    """What was answered about single resources: themselves, what was said of those not there, and what was wrong."""

    read: dict[str, JsonObject]
    gone: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


async def _read_details(client: Client, kind: Kind, ids: Iterable[str], known: Mapping[str, JsonObject]) -> _Details:
    details, wanted = _Details(dict(known)), list(ids)
    client.needed += len(wanted)
    await asyncio.gather(*(_read_one(client, kind, live_id, details) for live_id in wanted))
    return details


async def _read_one(client: Client, kind: Kind, live_id: str, details: _Details) -> None:
    try:
        response = await client.send(get_request(kind, live_id))
    except Unreachable as error:
        details.faults.append(f"{kind}: {live_id}: {error}")
        return
    said = f"answered {describe_error(response)}"
    if response.succeeded and isinstance(response.body, dict) and response.body.get("id") == live_id:
        details.read[live_id] = response.body
    elif response.status == HTTPStatus.NOT_FOUND:
        details.gone[live_id] = said
    else:
        details.faults.append(f"{kind}: {live_id} {KNOWN_FOR[kind]}, and asked for it {said}")
