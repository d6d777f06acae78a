"""A survey reads and never writes, and survives services without discovery."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from reconciler.core.model.messages import JsonObject
from reconciler.core.scim.survey import Survey, judge_service
from reconciler.core.scim.wire import DIALECTS
from reconciler.core.simulator.machine import Simulator
from reconciler.core.simulator.quirks import Quirks
from reconciler.core.simulator.search import SearchQuirks
from reconciler.errors import Unreachable
from reconciler.live.survey import survey
from tests.live.service import Service, reply

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
Odd = Callable[[httpx.Request], httpx.Response | None]


def account(quirks: Quirks, users: int = 4) -> Simulator:
    people: list[JsonObject] = [
        {"id": f"u{number}", "userName": f"user{number}@example.com", "externalId": f"user{number}"}
        for number in range(users)
    ]
    groups: list[JsonObject] = [
        {"id": f"g{number}", "displayName": f"Group {number}", "members": [{"value": row["id"]} for row in people]}
        for number in range(5 if users else 0)
    ]
    return Simulator(quirks, people, groups)


def ask(simulator: Simulator, odd: Odd = lambda _request: None) -> tuple[Survey, Service]:
    def answer(request: httpx.Request) -> httpx.Response:
        target = request.url.raw_path.decode().removeprefix("/scim/v2")
        response = simulator.answer(request.method, target, json.loads(request.content or b"null"), NOON).response
        return odd(request) or reply(response.body, response.status)

    service = Service(answer)

    async def asked() -> Survey:
        async with service.client() as client:
            return judge_service(await survey(client, DIALECTS["rfc7644"], at_4me=False))

    return asyncio.run(asked()), service


def answers(found: Survey) -> dict[str, str]:
    return {row.question: row.answer for row in found.findings}


@pytest.mark.parametrize(
    ("quirks", "question", "answer"),
    [
        (Quirks(), "dialect", "4me"),
        (Quirks(), "filter with or", "works"),
        (Quirks(), "members", "in answers by id only"),
        (Quirks(members_in_lists=True), "members", "in lists of groups"),
        (Quirks(out_of_range_count="refuse"), "count", "refused"),
        (Quirks(search=SearchQuirks(ignores_filters=True)), "filter by userName", "ignored: it finds others too"),
        (Quirks(search=SearchQuirks(minds_case=True)), "case of userName", "matters"),
        (
            Quirks(search=SearchQuirks(finds_nothing_by=frozenset({"externalId"}))),
            "filter by externalId",
            "finds 0 of 1",
        ),
        (
            Quirks(search=SearchQuirks(ignores_filters=True)),
            "filter by meta.lastModified",
            "ignored: it finds others too",
        ),
    ],
)
def test_a_habit_shows_in_the_answers(quirks: Quirks, question: str, answer: str) -> None:
    """Each in its row; nothing but GET is sent, and not more than 20 requests."""
    found, service = ask(account(quirks))

    assert answer == answers(found)[question]
    assert {"GET"} == {asked.partition(" ")[0] for asked in service.asked}
    assert len(service.asked) <= 20


def test_an_empty_account_is_asked_only_what_it_can_answer() -> None:
    """Two lists and two documents."""
    found, service = ask(account(Quirks(), users=0))

    assert 4 == len(service.asked)
    assert "none, so their ids, attributes and `active` are unknown" == answers(found)["users"]


def test_names_and_ids_that_are_no_text_are_not_asked_for() -> None:
    """Nor is the case of a name without letters."""

    def odd(request: httpx.Request) -> httpx.Response | None:
        listed = {"Users": [{"id": 7, "userName": "42"}], "Groups": [{"id": None, "displayName": None}]}
        kind = request.url.path.rsplit("/", 1)[-1]
        plain = kind in listed and "filter" not in request.url.params
        return reply({"totalResults": 1, "Resources": listed[kind]}) if plain else None

    found, _service = ask(account(Quirks()), odd)

    assert {"case of userName", "filter by displayName", "lists of users"}.isdisjoint(answers(found))


@pytest.mark.parametrize("answer", [lambda: httpx.Response(200, content=b"<html>"), lambda: httpx.Response(404)])
def test_discovery_may_be_missing(answer: Callable[[], httpx.Response]) -> None:
    """Then the dialect is that of the RFC."""

    def odd(request: httpx.Request) -> httpx.Response | None:
        return answer() if request.url.path.endswith(("ServiceProviderConfig", "Schemas")) else None

    assert "rfc7644" == ask(account(Quirks()), odd)[0].dialect


def test_users_that_can_not_be_read_end_the_survey() -> None:
    """With the reason."""
    with pytest.raises(Unreachable, match="answered 403 no: the token may not read it"):
        ask(account(Quirks()), lambda _request: reply({"detail": "no"}, 403))
