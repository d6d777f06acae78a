"""Complete reads: totals, ids and pages are compared, and every inconsistency is a fault in the certificate.

Users that an incomplete read missed must never look like leavers (docs/decisions/0007-reads-certify-themselves.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from reconciler.core.model.messages import JsonObject
from reconciler.core.model.states import Certificate
from reconciler.core.scim.pages import Listing
from reconciler.core.scim.refusals import describe_refused_read
from reconciler.core.scim.same_ids import is_same_id
from reconciler.core.scim.wire import Dialect, NotScim, Page, get_request, read_group
from reconciler.errors import Unreachable
from reconciler.live.client import Client
from reconciler.live.lists import Kind, read_first_page, read_list
from reconciler.live.snapshot import Snapshot

NAMELESS = (  # RFC 7643 section 4.1.1 requires a userName; without it, all users would be created again
    "Users: no listed user has a userName: if lists leave attributes out, "
    "add `quirks: [lists_hide_attributes]` to the tenant"
)
KNOWN_FOR: Mapping[Kind, str] = {"Users": "is a member of a group", "Groups": "was listed"}


async def read_snapshot(client: Client, dialect: Dialect) -> tuple[Snapshot, Certificate]:
    """Reads all users and groups, with members. Raises Unreachable if the first page of users can't be read."""
    before = client.requests
    first = await read_first_page(client, "Users", dialect)  # alone: if it fails, nothing more is sent
    listing = asyncio.create_task(_read_users(client, dialect, first))
    grouping = asyncio.create_task(_read_groups(client, dialect))  # in parallel, to use the whole rate
    try:
        listed, groups = await asyncio.gather(listing, grouping)
    finally:
        listing.cancel()
        grouping.cancel()
        await asyncio.gather(listing, grouping, return_exceptions=True)
    snapshot, certificate = await _join(client, dialect, listed, groups, before)
    return snapshot, replace(certificate, mode="full")


async def read_around(client: Client, dialect: Dialect, listed: Listing, before: int) -> tuple[Snapshot, Certificate]:
    """Reads all groups with members, and joins them with known users; `before` is the number of requests until now."""
    return await _join(client, dialect, listed, await _read_groups(client, dialect), before)


async def _join(
    client: Client, dialect: Dialect, listed: Listing, groups: Listing, before: int
) -> tuple[Snapshot, Certificate]:
    users = await _add_members(client, dialect, listed, groups)
    certificate = Certificate(
        mode="incremental",
        users=len(users.resources),
        groups=len(groups.resources),
        requests=client.requests - before,
        faults=(*users.faults, *groups.faults),
    )
    return Snapshot(list(users.resources.values()), list(groups.resources.values())), certificate


async def _read_users(client: Client, dialect: Dialect, first: Page | None = None) -> Listing:
    """Reads all users; each one by id too, if the lists of the service leave attributes out."""
    listing = await read_list(client, "Users", dialect, first)
    if "lists_hide_attributes" not in dialect.quirks:
        nameless = all("userName" not in row for row in listing.resources.values())
        return listing.with_faults(NAMELESS) if listing.resources and nameless else listing
    details = await _read_details(client, "Users", listing.resources, {})
    missing = (f"Users: {live_id} was listed, but the request for it {why}" for live_id, why in details.missing.items())
    whole = {live_id: details.read.get(live_id, row) for live_id, row in listing.resources.items()}
    return replace(listing, resources=whole, faults=(*listing.faults, *details.faults, *missing))


async def _read_groups(client: Client, dialect: Dialect) -> Listing:
    """Reads all groups with their members; reads the list again if a listed group is missing."""
    listing = await read_list(client, "Groups", dialect)
    details = await _read_members(client, listing, {})
    if details.missing and not listing.faults and not details.faults:
        listing = await read_list(client, "Groups", dialect)
        details = await _read_members(client, listing, details.read)
    detailed = {live_id: details.read.get(live_id, row) for live_id, row in listing.resources.items()}
    faults = (_describe_fault("Groups", live_id, reason) for live_id, reason in details.missing.items())
    return replace(listing, resources=detailed, faults=(*listing.faults, *details.faults, *faults))


async def _read_members(client: Client, groups: Listing, known: Mapping[str, JsonObject]) -> _Details:
    """Reads each unknown group whose row has no members with one GET, because 4me leaves members out of lists."""
    unknown = [live_id for live_id, row in groups.resources.items() if "members" not in row and live_id not in known]
    return await _read_details(client, "Groups", unknown, known)


async def _add_members(client: Client, dialect: Dialect, users: Listing, groups: Listing) -> Listing:
    """Adds members of groups that were created after users were read: one by one, or by another read of all users.

    A missing member stays unknown, because some services keep deleted users as members.
    """
    members = _list_members(groups.resources.values()) - users.resources.keys() - groups.resources.keys()
    if members:  # some services list ids and members in another letter case
        listed = {live_id.lower() for live_id in (*users.resources, *groups.resources)}
        members = {member for member in members if member.lower() not in listed}
    unread = sorted(members)
    if not unread or users.faults:
        return users
    if len(unread) > 1 + len(users.resources) // dialect.page_size:
        return await _read_users(client, dialect)
    added = await _read_details(client, "Users", unread, {})
    return replace(users, resources={**users.resources, **added.read}, faults=tuple(added.faults))


def _list_members(groups: Iterable[JsonObject]) -> set[str]:
    """Returns the ids of all members; skips unreadable members, which become faults of the live state."""
    members: set[str] = set()
    for group in groups:
        try:
            members |= read_group(group).members
        except NotScim:
            continue
    return members


@dataclass(frozen=True, slots=True)
class _Details:
    """The answers for single resources: those that were read, the answer for each missing one, and faults."""

    read: dict[str, JsonObject]
    missing: dict[str, str] = field(default_factory=dict)
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
    reason = f"was {describe_refused_read(response)}"
    answered = response.body.get("id") if response.succeeded and isinstance(response.body, dict) else None
    if isinstance(answered, str) and is_same_id(answered, live_id):
        details.read[answered if kind == "Users" else live_id] = response.body  # type: ignore[assignment]
    elif response.status == HTTPStatus.NOT_FOUND:
        details.missing[live_id] = reason
    else:
        details.faults.append(_describe_fault(kind, live_id, reason))


def _describe_fault(kind: Kind, live_id: str, reason: str) -> str:
    return f"{kind}: {live_id} {KNOWN_FOR[kind]}, but the request for it {reason}"
