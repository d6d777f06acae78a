"""Looking up what a create may have made: after a lost answer, and after a conflict. Every hit is checked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from reconciler.core.diff import differs
from reconciler.core.model import Attributes, LiveGroup, LiveUser, Request, Response
from reconciler.core.steps import Step
from reconciler.core.wire import NotScim, describe_error, find_request, get_request, read_group, read_page, read_user
from reconciler.errors import LostAnswer

MATCHING = {"Users": ("externalId", "userName"), "Groups": ("externalId", "displayName")}


async def find_created(step: Step, send: Callable[[Request], Awaitable[Response]]) -> Response | None:
    """The answer that was lost, if what the step creates is there and is ours (its externalId says so), else None."""
    asked = step.attributes()
    for found in await _candidates(step, send):
        if found.attributes.get("externalId") == asked.get("externalId"):
            return await send(get_request(step.kind, found.id))
    return None


async def name_holder(step: Step, conflict: Response, send: Callable[[Request], Awaitable[Response]]) -> str:
    """Why a create was refused as a duplicate, naming who holds the name, for a person to act on."""
    said = describe_error(conflict)
    try:
        holders = await _candidates(step, send)
    except LostAnswer:
        holders = []
    if not holders:
        return f"refused: {said}"
    external_id = step.attributes().get("externalId")
    if any(holder.attributes.get("externalId") == external_id for holder in holders):
        return f"it exists already ({holders[0].id}): plan again, and it is matched ({said})"
    return f"the name is held by {holders[0].name} ({holders[0].id}), who is not this one: {said}"


async def _candidates(step: Step, send: Callable[[Request], Awaitable[Response]]) -> list[LiveUser | LiveGroup]:
    """Those that a look-up finds and that really have what was asked for: some services ignore a filter."""
    asked = step.attributes()
    found: dict[str, LiveUser | LiveGroup] = {}
    for attribute in MATCHING[step.kind]:
        value = asked.get(attribute)
        if not isinstance(value, str):
            continue
        response = await send(find_request(step.kind, attribute, value))
        for one in _read(step, response):
            if _has(one.attributes, attribute, value):
                found.setdefault(one.id, one)
    return list(found.values())


def _read(step: Step, response: Response) -> list[LiveUser] | list[LiveGroup]:
    try:
        resources = read_page(response.body).resources
        if step.kind == "Users":
            return [read_user(one) for one in resources]
        return [read_group(one) for one in resources]
    except NotScim:
        return []


def _has(attributes: Attributes, attribute: str, value: str) -> bool:
    live = attributes.get(attribute)
    if attribute == "displayName":
        return isinstance(live, str) and live.casefold() == value.casefold()
    return not differs(attribute, live, value)
