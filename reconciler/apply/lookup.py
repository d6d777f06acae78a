"""Looking up what a create may have made: after a lost answer, and after a conflict. Every hit is checked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from reconciler.core.model.diff import differs
from reconciler.core.model.messages import JsonObject, Request, Response
from reconciler.core.model.resources import Attributes, LiveGroup, LiveUser
from reconciler.core.planner.steps import Step, lookups
from reconciler.core.scim.wire import (
    NotScim,
    Page,
    describe_error,
    find_request,
    get_request,
    read_group,
    read_page,
    read_user,
)
from reconciler.errors import LostAnswer


async def find_created(step: Step, send: Callable[[Request], Awaitable[Response]]) -> Response | None:
    """The answer that was lost, if what the step creates is there and is ours (its externalId says so), else None.

    Raises NotScim where the look-up can't tell: "I don't know" is not "nobody".
    """
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
    except (LostAnswer, NotScim):
        holders = []
    if not holders:
        return f"refused: {said}"
    external_id = step.attributes().get("externalId")
    if any(holder.attributes.get("externalId") == external_id for holder in holders):
        return f"it exists already ({holders[0].id}): plan again, and it is matched ({said})"
    return f"the name is held by {holders[0].name} ({holders[0].id}), who is not this one: {said}"


async def _candidates(step: Step, send: Callable[[Request], Awaitable[Response]]) -> list[LiveUser | LiveGroup]:
    """Those that really have what was asked for: some services ignore a filter, and answer everybody, in pages."""
    found: dict[str, LiveUser | LiveGroup] = {}
    for attribute, value in lookups(step):
        page = await _look_up(step, attribute, value, send)
        having = [one for one in map(_reader(step), page.resources) if _has(one.attributes, attribute, value)]
        found |= {one.id: one for one in having}
        if not having and page.total > len(page.resources):
            raise NotScim(f"a look-up by {attribute} answers {page.total} others")
    return list(found.values())


async def _look_up(step: Step, attribute: str, value: str, send: Callable[[Request], Awaitable[Response]]) -> Page:
    response = await send(find_request(step.kind, attribute, value))
    if not response.succeeded:
        raise NotScim(f"a look-up by {attribute} is answered {describe_error(response)}")
    return read_page(response.body)


def _reader(step: Step) -> Callable[[JsonObject], LiveUser | LiveGroup]:
    return read_user if step.kind == "Users" else read_group


def _has(attributes: Attributes, attribute: str, value: str) -> bool:
    live = attributes.get(attribute)
    if attribute == "displayName":
        return isinstance(live, str) and live.casefold() == value.casefold()
    return not differs(attribute, live, value)
