"""Incremental reads: their cost, and the answers of a service that they reject."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from reconciler.core.model.messages import JsonObject
from reconciler.core.scim.increment import Binding, IncrementalSnapshot, NotCertain
from reconciler.core.scim.wire import DIALECTS
from reconciler.core.simulator.machine import Simulator
from reconciler.core.simulator.quirks import Quirks
from reconciler.core.simulator.search import SearchQuirks
from reconciler.live.incremental import Read, read_on, read_to_keep
from tests.live.service import URL, Service, reply

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OURS = Binding("production", URL, "1.0")
DIALECT = DIALECTS["4me"]


def company(people: int, groups: int) -> Simulator:
    """Returns users that were changed an hour apart, the last one the day before."""
    users: list[JsonObject] = [
        {
            "id": f"u{number:04}",
            "userName": f"u{number:04}@example.com",
            "meta": {"lastModified": f"{NOON - timedelta(days=1, hours=number):%Y-%m-%dT%H:%M:%SZ}"},
        }
        for number in range(people)
    ]
    listed: list[JsonObject] = [
        {"id": f"g{number}", "displayName": f"G{number}", "members": [{"value": "u0000"}]} for number in range(groups)
    ]
    return Simulator(users=users, groups=listed)


@dataclass
class Line:
    """An account and its requests."""

    simulator: Simulator
    odd: Callable[[httpx.Request], httpx.Response | None] = field(default=lambda _request: None)
    asked: list[str] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        target = request.url.raw_path.decode().removeprefix("/scim/v2")
        response = self.simulator.answer(request.method, target, json.loads(request.content or b"null"), NOON).response
        return self.odd(request) or reply(response.body, response.status)

    def read(self, kept: IncrementalSnapshot | None = None) -> Read:
        service, now = Service(self.answer), NOON + timedelta(days=bool(kept))

        async def ask() -> Read:
            async with service.client() as client:
                if kept is None:
                    return await read_to_keep(client, DIALECT, OURS, now)
                return await read_on(client, DIALECT, kept, now)

        read = asyncio.run(ask())
        self.asked = service.asked
        assert len(self.asked) == read.certificate.requests
        return read

    def keep(self) -> IncrementalSnapshot:
        kept = self.read().kept
        assert kept is not None
        return kept

    def edit(self, people: int) -> None:
        for number in range(people):
            body: JsonObject = {"title": "Chief"}
            self.simulator.answer("PATCH", f"/Users/u{number:04}", body, NOON + timedelta(hours=1))


@pytest.mark.parametrize(("groups", "whole", "on"), [(0, 42, 3), (20, 62, 23)])
@pytest.mark.parametrize("changed", [0, 10])
def test_of_a_thousand_people_nobody_or_ten_changed(groups: int, whole: int, on: int, changed: int) -> None:
    """Who changed, the total, the groups, and each one's members; against forty pages, and one past their end."""
    line = Line(company(1000, groups))
    full = line.read()
    line.edit(changed)
    incremental = line.read(full.kept)

    assert (whole, on) == (full.certificate.requests, incremental.certificate.requests)
    assert ("incremental", 1000, groups, True) == (
        incremental.certificate.mode,
        incremental.certificate.users,
        incremental.certificate.groups,
        incremental.certificate.complete,
    )
    assert changed == sum(user.get("title") == "Chief" for user in incremental.snapshot.users)


def test_what_is_asked() -> None:
    """Since just before the last change known; then the total with a page of the list."""
    line = Line(company(3, 0))
    line.read(line.keep())

    since = "/Users?filter=meta.lastModified%20gt%20%222026-02-28T11%3A59%3A59Z%22&startIndex=1&count=25"
    assert [f"GET {since}", "GET /Users?startIndex=1&count=25", "GET /Groups?startIndex=1&count=25"] == line.asked


def test_many_who_changed_come_page_by_page() -> None:
    """60 of 100: two pages more."""
    line = Line(company(100, 0))
    kept = line.keep()
    line.edit(60)

    assert 5 == line.read(kept).certificate.requests


def test_full_pages_of_who_changed_are_looked_past() -> None:
    """50 of 100: whether a 51st follows is asked once."""
    line = Line(company(100, 0))
    kept = line.keep()
    line.edit(50)

    read = line.read(kept)

    assert (5, 50) == (read.certificate.requests, sum(user.get("title") == "Chief" for user in read.snapshot.users))
    assert "startIndex=51" in line.asked[2]


@pytest.mark.parametrize(
    ("past", "why"),
    [
        (lambda: reply({"totalResults": 50, "Resources": [{"id": "u0077"}]}), "more users changed than were announced"),
        (lambda: reply({"detail": "not now"}, 503), "answered with 503 not now"),
        (lambda: reply({"detail": "closed"}, 403), "answered with 403 closed"),
        (lambda: reply({"detail": "who?"}, 401), "could not be read"),
        (lambda: reply([]), "could not be read"),
    ],
)
def test_what_follows_full_pages_of_who_changed_must_be_nothing(past: Callable[[], httpx.Response], why: str) -> None:
    """Else the list may be longer than announced, and everything is read."""
    line = Line(company(100, 0))
    kept = line.keep()
    line.edit(50)
    line.odd = lambda request: past() if "filter" in str(request.url) and "startIndex=51" in str(request.url) else None

    with pytest.raises(NotCertain, match=why):
        line.read(kept)


@pytest.mark.parametrize("status", [400, 404])
def test_no_such_page_after_full_pages_of_who_changed_is_the_end(status: int) -> None:
    """A service may refuse a page past the end."""
    line = Line(company(100, 0))
    kept = line.keep()
    line.edit(50)
    line.odd = lambda request: (
        reply({}, status) if "filter" in str(request.url) and "startIndex=51" in str(request.url) else None
    )

    assert line.read(kept).certificate.complete


def test_who_is_in_a_group_is_asked_of_every_group() -> None:
    """By its last change a group need not tell that somebody was put in."""
    line = Line(company(3, 1))
    kept = line.keep()
    line.simulator.groups["g0"]["members"] = [{"value": "u0002"}]

    assert [{"value": "u0002"}] == [
        {"value": member["value"]}
        for group in line.read(kept).snapshot.groups
        for member in group["members"]  # type: ignore[attr-defined]
    ]


@pytest.mark.parametrize(
    ("search", "why"),
    [
        (SearchQuirks(ignores_filters=True), "it ignores filters"),
        (SearchQuirks(finds_nothing_by=frozenset({"meta"})), "u0000, changed at .* is missing"),
    ],
    ids=["ignores filters", "finds nothing by it"],
)
def test_a_service_that_can_not_tell_who_changed_is_not_believed(search: SearchQuirks, why: str) -> None:
    """One request is enough to see it."""
    line = Line(company(60, 0))
    kept = line.keep()
    line.simulator.quirks = Quirks(search=search)
    asked: list[httpx.URL] = []

    def noted(request: httpx.Request) -> None:
        asked.append(request.url)

    line.odd = noted
    with pytest.raises(NotCertain, match=why):
        line.read(kept)

    assert 1 == len(asked)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (reply({"detail": "no such filter"}, 400), "the list of changed users was answered with 400 no such filter"),
        (reply(["?"]), "a SCIM list was expected"),
        (
            reply({"totalResults": 3, "Resources": []}),
            "the list of changed users is inconsistent: Users: 3 were announced and 0",
        ),
    ],
    ids=["refused", "no list", "too few"],
)
def test_an_answer_that_is_none_is_not_believed(answer: httpx.Response, why: str) -> None:
    """Everything can still be read."""
    line = Line(company(3, 0))
    kept = line.keep()
    line.odd = lambda request: answer if "filter" in request.url.params else None

    with pytest.raises(NotCertain, match=why):
        line.read(kept)


def test_somebody_who_left_shows_in_the_total() -> None:
    """Who is gone is among nobody who changed."""
    line = Line(company(60, 0))
    kept = line.keep()
    del line.simulator.users["u0030"]

    with pytest.raises(NotCertain, match="60 users are known, including the changed ones; the account has 59"):
        line.read(kept)


def test_somebody_put_back_unseen_shows_when_their_page_is_compared() -> None:
    """At the latest after the whole list was read; each read checks another page."""
    line = Line(company(60, 0))
    kept = line.keep()
    line.simulator.users["u0030"]["title"] = "Nobody told"

    on = line.read(kept).kept
    assert on is not None
    assert 25 == on.compared
    with pytest.raises(NotCertain, match="u0030 differs from the snapshot"):
        line.read(on)


def test_nothing_is_kept_of_a_read_that_does_not_add_up() -> None:
    """A group that can't be read is missing from the plan, not from the next one as well."""
    line = Line(company(3, 1))
    kept = line.keep()
    line.odd = lambda request: reply({}, 403) if request.url.path.endswith("/Groups/g0") else None

    assert (None, None) == (line.read().kept, line.read(kept).kept)
