"""Discovery: the features of a service, and the number of its resources."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest

from reconciler.errors import NotAnAnswer, Unreachable
from reconciler.live.discovery import ask_config, count_resources
from tests.live.service import Service, in_turn, reply

CONFIG = {
    "patch": {"supported": True},
    "bulk": {"supported": False, "maxOperations": 0},
    "filter": {"supported": True, "maxResults": 25},
    "changePassword": {"supported": False},
    "sort": {"supported": False},
    "etag": {"supported": False},
    "authenticationSchemes": [{"type": "oauthbearertoken"}],
}


def config_of(answer: httpx.Response) -> dict[str, bool]:
    async def asked() -> dict[str, bool]:
        async with Service(in_turn(answer)).client() as client:
            return await ask_config(client)

    return asyncio.run(asked())


def count_of(answer: httpx.Response) -> int:
    async def asked() -> int:
        async with Service(in_turn(answer)).client() as client:
            return await count_resources(client, "Users")

    return asyncio.run(asked())


def test_a_service_says_what_it_supports() -> None:
    """ServiceProviderConfig, RFC 7643 section 5, in the RFC's order."""
    assert {
        "patch": True,
        "bulk": False,
        "filter": True,
        "changePassword": False,
        "sort": False,
        "etag": False,
    } == config_of(reply(CONFIG))


@pytest.mark.parametrize(
    "answer",
    [
        lambda: reply({"detail": "no"}, 404),
        lambda: reply({"detail": "no"}, 403),
        lambda: reply([]),
        lambda: reply("patch"),
        lambda: reply({"patch": True, "filter": None, "sort": []}),
        lambda: httpx.Response(200),
        lambda: httpx.Response(404, content=b"<html>"),
    ],
)
def test_a_service_that_does_not_say_supports_nothing_known(answer: Callable[[], httpx.Response]) -> None:
    """Discovery endpoints may be missing: that is no reason to stop."""
    assert {} == config_of(answer())


def test_the_number_of_resources_is_the_first_pages_total() -> None:
    """One row is asked for."""
    service = Service(in_turn(reply({"totalResults": 1234, "Resources": [{"id": "u1"}]})))

    async def asked() -> int:
        async with service.client() as client:
            return await count_resources(client, "Groups")

    assert 1234 == asyncio.run(asked())
    assert ["GET /Groups?startIndex=1&count=1"] == service.asked


def test_a_token_that_may_not_read_is_said_to() -> None:
    """403 is about rights and not about the address."""
    with pytest.raises(Unreachable, match="Users: answered 403 not yours: the token may not read it"):
        count_of(reply({"detail": "not yours"}, 403))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda: reply([]), "a SCIM list was expected, not list"),
        (lambda: reply({"users": 3}), "totalResults is nothing and not a number"),
        (lambda: reply({"totalResults": "3"}), "totalResults is str '3' and not a number"),
        (lambda: httpx.Response(200, content=b"<html>"), "answers HTML"),
        (lambda: httpx.Response(200), "a SCIM list was expected, not nothing"),
    ],
)
def test_what_is_not_a_list_says_to_check_the_url(answer: Callable[[], httpx.Response], said: str) -> None:
    """Whatever answers there is not SCIM."""
    with pytest.raises(NotAnAnswer, match=r"check the tenant's url") as caught:
        count_of(answer())
    assert said in str(caught.value)
