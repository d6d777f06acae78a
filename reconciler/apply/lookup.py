"""Looks up the resource that a create may have made, after a lost answer or a conflict. Every hit is checked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from reconciler.core.model.diff import differs
from reconciler.core.model.matching import MARK, fold, matching_value
from reconciler.core.model.messages import JsonObject, Request, Response
from reconciler.core.model.person_evidence import compare_people
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


async def find_created(
    step: Step, send: Callable[[Request], Awaitable[Response]], *, was_made: bool = False
) -> Response | None:
    """Returns the resource that a create made, or None if the account has none that is certainly it.

    `was_made` means that the service confirmed the create, and its answer lacked the id. Raises NotScim if the lookup
    is not conclusive, because that must not count as "not found".
    """
    for found in await _candidates(step, send):
        if _is_created(step, found, was_made=was_made):
            return await send(get_request(step.kind, found.id))
    return None


def _is_created(step: Step, found: LiveUser | LiveGroup, *, was_made: bool) -> bool:
    """Decides by the externalId. That neither side has one proves nothing: the name may be another person's.

    Then every value that was written must be there, with the employeeNumber or the given and family name among them.
    """
    written = {path: value for path, value in step.attributes().items() if value is not None and path != "manager"}
    if mark := written.get(MARK):
        return found.attributes.get(MARK) == mark
    same = not any(differs(path, found.attributes.get(path), value) for path, value in written.items())
    return same and (was_made or compare_people(written, found.attributes) == "agrees")


async def name_holder(step: Step, conflict: Response, send: Callable[[Request], Awaitable[Response]]) -> str:
    """Describes why a create or a new name was refused as a duplicate, with the user or group that has the name."""
    reason = describe_error(conflict)
    try:
        holders = await _candidates(step, send)
    except (LostAnswer, NotScim):
        return f"refused: {reason}"
    if not step.creates:
        holders = [holder for holder in holders if holder.id != step.changes[0].target_id]
    if not holders:
        what = "user" if step.kind == "Users" else "group"
        return f"the name is taken by a {what} that this token does not list: {reason}"
    if step.creates and any(_is_created(step, holder, was_made=False) for holder in holders):
        return f"it already exists ({holders[0].id}): plan again, and the plan matches it ({reason})"
    inactive = ", inactive" if isinstance(holders[0], LiveUser) and not holders[0].active else ""
    return f"the name is taken by another one, {holders[0].name} ({holders[0].id}{inactive}): {reason}"


async def _candidates(step: Step, send: Callable[[Request], Awaitable[Response]]) -> list[LiveUser | LiveGroup]:
    """Returns the hits that have that value, because some services ignore filters and return all, in pages."""
    found: dict[str, LiveUser | LiveGroup] = {}
    for attribute, value in lookups(step):
        page = await _look_up(step, attribute, value, send)
        read: Callable[[JsonObject], LiveUser | LiveGroup] = read_user if step.kind == "Users" else read_group
        hits = [resource for resource in map(read, page.resources) if _has(resource.attributes, attribute, value)]
        found |= {hit.id: hit for hit in hits}
        if not hits and page.total > len(page.resources):
            raise NotScim(f"a lookup by {attribute} returns {page.total} others")
    return list(found.values())


async def _look_up(step: Step, attribute: str, value: str, send: Callable[[Request], Awaitable[Response]]) -> Page:
    response = await send(find_request(step.kind, attribute, value))
    if not response.succeeded:
        raise NotScim(f"a lookup by {attribute} was answered {describe_error(response)}")
    return read_page(response.body)


def _has(attributes: Attributes, attribute: str, value: str) -> bool:
    return matching_value(attribute, attributes) == fold(attribute, value)
