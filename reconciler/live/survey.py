"""Asks a service what `core/scim/survey.py` judges: about fifteen reads, and no write."""

from __future__ import annotations

from typing import Final, Literal
from urllib.parse import urlencode

from reconciler.core.model.messages import JsonObject, Request, Response
from reconciler.core.scim.retry import SERVER_ERRORS
from reconciler.core.scim.survey import Answers, rows_of
from reconciler.core.scim.wire import Dialect, Page, find_request, get_request, list_request
from reconciler.errors import LostAnswer, NotAnAnswer
from reconciler.live.client import Client
from reconciler.live.paging import request_first_page

FUTURE: Final = "2999-01-01T00:00:00Z"
MOST_GROUPS: Final = 3


async def survey(client: Client, dialect: Dialect, *, at_4me: bool) -> Answers:
    """Asks the service; raises Unreachable if users or groups can't be read at all."""
    users = await request_first_page(client, "Users", dialect.page_size)
    groups = await request_first_page(client, "Groups", dialect.page_size)
    config = await _ask(client, Request("GET", "/ServiceProviderConfig"))
    schemas = await _ask(client, Request("GET", "/Schemas"))
    asking = _Asking(client, users, groups)
    count = None if client.refuses_count else 1
    many = len(users.resources) > 1
    return Answers(
        at_4me=at_4me,
        config=_document(config) or {},
        schemas=(rows_of(schemas) if schemas else None) or [],
        refuses_count=client.refuses_count,
        users=users,
        groups=groups,
        second=await _ask(client, list_request("Users", 2, count)) if many else None,
        past=await _ask(client, list_request("Users", users.total + 1, count)) if users.resources else None,
        by_name=await asking.find_user("userName"),
        by_swapped_name=await asking.find_user("userName", swapped=True),
        by_external_id=await asking.find_user("externalId"),
        by_two_names=await asking.find_two_users(),
        changed_in_future=await _ask(client, _filter(f'meta.lastModified gt "{FUTURE}"')) if users.resources else None,
        group_by_name=await asking.find_group(),
        user=_document(await asking.read("Users", 0)) if users.resources else None,
        groups_by_id=[row for row in [await asking.group(at) for at in range(MOST_GROUPS)] if row],
    )


class _Asking:
    """Asks about the users and groups of the first pages."""

    def __init__(self, client: Client, users: Page, groups: Page) -> None:
        self._client = client
        self._users, self._groups = users.resources, groups.resources

    def _values(self, attribute: str) -> list[str]:
        return [value for row in self._users if isinstance(value := row.get(attribute), str) and value]

    async def find_user(self, attribute: str, *, swapped: bool = False) -> Response | None:
        """Finds the first user with the attribute by its value, or by the value in the other letter case."""
        values = self._values(attribute)
        if not values or (swapped and values[0].swapcase() == values[0]):
            return None
        value = values[0].swapcase() if swapped else values[0]
        return await _ask(self._client, find_request("Users", attribute, value))

    async def find_two_users(self) -> Response | None:
        """Finds two users by one filter with `or`."""
        values = [f'userName eq "{_escaped(value)}"' for value in self._values("userName")[:2]]
        return await _ask(self._client, _filter(" or ".join(values))) if len(values) > 1 else None

    async def find_group(self) -> Response | None:
        """Finds the first group by its name."""
        name = self._groups[0].get("displayName") if self._groups else None
        return await _ask(self._client, find_request("Groups", "displayName", name)) if isinstance(name, str) else None

    async def group(self, at: int) -> JsonObject | None:
        """Reads one of the listed groups by id."""
        return _document(await self.read("Groups", at)) if at < len(self._groups) else None

    async def read(self, kind: Literal["Users", "Groups"], at: int) -> Response | None:
        """Reads one of the listed resources by id."""
        live_id = (self._users if kind == "Users" else self._groups)[at].get("id")
        return await _ask(self._client, get_request(kind, live_id)) if isinstance(live_id, str) else None


async def _ask(client: Client, request: Request) -> Response | None:
    """Returns the answer, or None if it is none: discovery endpoints may be missing, or answer HTML."""
    try:
        return await client.send(request, final=SERVER_ERRORS)
    except (LostAnswer, NotAnAnswer):
        return None


def _filter(text: str) -> Request:
    return Request("GET", f"/Users?{urlencode({'filter': text})}")


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _document(response: Response | None) -> JsonObject | None:
    return response.body if response and response.succeeded and isinstance(response.body, dict) else None
