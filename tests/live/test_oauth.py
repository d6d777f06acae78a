"""Tokens: when one is fetched, how long it is kept, and that secret and token leak nowhere."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from reconciler.core.model.messages import Request, Response
from reconciler.core.scim.people import me_request
from reconciler.core.simulator.machine import Simulator
from reconciler.core.simulator.tokens import Issuer
from reconciler.errors import LostAnswer, NotAnAnswer, ReconcilerError, Unreachable
from reconciler.live.oauth import ClientCredentials, Credentials
from reconciler.live.rest import RestLine
from tests.live.rest import ACCOUNT, SECRET, TOKEN_URL, URL, RestService, answer_once, is_token


def service(**kwargs: Any) -> RestService:
    return RestService(Simulator(), **kwargs)


def send(*requests: Request) -> Callable[[RestLine], Awaitable[list[Response]]]:
    async def sent(line: RestLine) -> list[Response]:
        return [await line.client.send(request) for request in requests]

    return sent


def fail(one: RestService, secret: str = SECRET) -> ReconcilerError:
    with pytest.raises(ReconcilerError) as caught:
        one.ask(send(me_request()), secret)
    return caught.value


def test_a_token_is_fetched_when_it_is_needed_and_kept() -> None:
    """One for many requests; the secret in the body, the token in a header, the account in another."""
    one = service()
    one.ask(send(me_request(), me_request()))
    token, first, _second = one.requests

    assert ["token", "GET /me", "GET /me"] == one.asked
    assert f"grant_type=client_credentials&client_id=us&client_secret={SECRET}" == token.content.decode()
    assert "application/x-www-form-urlencoded" == token.headers["Content-Type"]
    assert not {"authorization", "x-xurrent-account"} & set(token.headers)
    assert ACCOUNT == first.headers["X-Xurrent-Account"]
    assert first.headers["Authorization"].startswith("Bearer ")
    assert SECRET not in str(first.headers) + str(first.url)


def test_nobody_who_asks_for_nothing_gets_a_token() -> None:
    """A line alone sends nothing."""
    one = service()
    one.ask(send())

    assert [] == one.asked


def test_many_at_once_wait_for_one_token() -> None:
    """And not for one each."""

    async def at_once(line: RestLine) -> None:
        await asyncio.gather(*(line.client.send(me_request()) for _ in range(20)))

    one = service()
    one.ask(at_once)

    assert 1 == one.asked.count("token")


@pytest.mark.parametrize(("later", "tokens"), [(3_539, 1), (3_541, 2)])
def test_a_token_is_fetched_again_shortly_before_its_end(later: float, tokens: int) -> None:
    """A minute before: a request takes its time, too."""

    async def twice(line: RestLine) -> None:
        await line.client.send(me_request())
        one.time.now += later
        await line.client.send(me_request())

    one = service()
    one.ask(twice)

    assert tokens == one.asked.count("token")
    assert 2 + tokens == len(one.asked)


def test_a_token_that_lasts_seconds_is_used_for_half_of_them() -> None:
    """Else it would never be used at all."""
    one = service(issuer=Issuer(SECRET, seconds=10))
    one.ask(send(me_request(), me_request()))

    assert 1 == one.asked.count("token")


def test_a_token_that_ended_before_its_time_is_fetched_again_and_the_request_sent_again() -> None:
    """The run goes on: whoever sent it hears nothing of that, but for the count."""

    async def across_the_end(line: RestLine) -> list[Response]:
        first = await line.client.send(me_request())
        one.ahead = 3_600
        return [first, await line.client.send(me_request())]

    one = service()
    first, second = one.ask(across_the_end)

    assert [200, 200] == [first.status, second.status]
    assert ["token", "GET /me", "GET /me", "token", "GET /me"] == one.asked
    assert [1, 2] == [first.requests, second.requests]


def test_twenty_requests_that_find_their_token_ended_fetch_one() -> None:
    """The first to hear of it fetches for all."""

    async def across_the_end(line: RestLine) -> list[int]:
        await line.client.send(me_request())
        one.ahead = 3_600
        answers = await asyncio.gather(*(line.client.send(me_request()) for _ in range(20)))
        return [answer.status for answer in answers]

    one = service()

    assert [200] * 20 == one.ask(across_the_end)
    assert 2 == one.asked.count("token")


def test_a_token_that_is_refused_at_once_is_not_fetched_for_ever() -> None:
    """Twice, and then it is said what to do."""

    def refuse(request: httpx.Request) -> httpx.Response | None:
        return None if is_token(request) else httpx.Response(401, json={})

    one = service(instead=refuse)
    error = fail(one)

    assert isinstance(error, Unreachable)
    assert (
        f"{URL} refuses the token (401). Check in 4me under Settings, Applications that the application is enabled"
        in str(error)
    )
    assert ["token", "GET /me"] * 2 == one.asked


def test_refused_credentials_say_what_to_do() -> None:
    """With OAuth's own code, and no word of what was sent."""
    error = fail(service(), secret="wrong-w0rd")

    assert isinstance(error, Unreachable)
    assert f"{TOKEN_URL} refuses the client credentials (400 invalid_client). Check in 4me" in str(error)
    assert "the variables that the tenant's `permissions.oauth` names" in str(error)
    assert "wrong-w0rd" not in str(error)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_what_a_refusal_says_besides_is_not_repeated(status: int) -> None:
    """It may hold the secret."""
    body = {"error": f"no, not {SECRET}", "error_description": SECRET, "message": SECRET}
    error = fail(service(instead=answer_once(is_token, httpx.Response(status, json=body))))

    assert isinstance(error, Unreachable)
    assert SECRET not in str(error)
    assert "Check in 4me under Settings, Applications that the application is enabled" in str(error)


@pytest.mark.parametrize(
    "trouble", [httpx.Response(503), httpx.Response(502), httpx.ConnectError("down"), httpx.ReadTimeout("slow")]
)
def test_a_token_address_that_falters_is_asked_again(trouble: httpx.Response | Exception) -> None:
    """Another token does no harm, unlike another create."""
    one = service(instead=answer_once(is_token, trouble))
    [answer] = one.ask(send(me_request()))

    assert 200 == answer.status
    assert ["token", "token", "GET /me"] == one.asked


def test_a_token_address_that_stays_down_is_named() -> None:
    """After as many attempts as for anything else."""

    def down(request: httpx.Request) -> httpx.Response | None:
        raise httpx.ConnectError("down", request=request)

    one = service(instead=down)
    error = fail(one)

    assert isinstance(error, LostAnswer)
    assert TOKEN_URL in str(error)
    assert ["token"] * 5 == one.asked


@pytest.mark.parametrize(
    "body", [{}, {"access_token": 5}, {"access_token": ""}, {"access_token": "a b"}, {"access_token": "é"}, [], None]
)
def test_what_is_no_token_is_said_to_be_none(body: object) -> None:
    """It is not put into a header."""
    error = fail(service(instead=answer_once(is_token, httpx.Response(200, json=body))))

    assert isinstance(error, NotAnAnswer)
    assert "check the tenant's permissions.oauth.token_url" in str(error)


@pytest.mark.parametrize("life", [None, "3600", -1, 0, True, "soon", [], 10**30, 1e300])
def test_a_token_of_unknown_life_is_taken_to_last_an_hour(life: object) -> None:
    """4me's do."""
    body = {"access_token": "abc", **({} if life is None else {"expires_in": life})}

    def told(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(200, json=body) if is_token(request) else httpx.Response(200, json={"id": 1})

    one = service(instead=told)
    one.ask(send(me_request(), me_request()))

    assert 1 == one.asked.count("token")


@pytest.mark.parametrize("number", [b"9" * 400, b"1e999", b"NaN", b"9" * 5_000])
def test_a_life_that_is_no_number_of_seconds_is_no_traceback(number: bytes) -> None:
    """Python can't turn 400 digits into a float."""
    content = b'{"access_token": "abc", "expires_in": %s}' % number
    error = fail(service(instead=answer_once(is_token, httpx.Response(200, content=content))))

    assert isinstance(error, NotAnAnswer)
    assert " answers JSON that holds " in str(error)


def test_a_redirect_takes_neither_token_nor_secret_elsewhere() -> None:
    """From either address."""
    elsewhere = httpx.Response(307, headers={"Location": "https://evil.example/"})
    for matches in (is_token, lambda request: not is_token(request)):
        one = service(instead=answer_once(matches, elsewhere))
        error = fail(one)

        assert "redirects elsewhere" in str(error)
        assert {"oauth.example", "api.example"} >= {request.url.host for request in one.requests}


def test_neither_secret_nor_token_is_in_any_repr_or_log(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is looked at."""

    async def look(line: RestLine) -> str:
        await line.client.send(me_request())
        source = ClientCredentials(line.tokens, Credentials("us", SECRET), one.time.clock)
        token = await source.current()
        return f"{token}|{line!r}{vars(line.client)!r}{vars(line.tokens)!r}{source!r}{source.credentials!r}"

    one = service()
    with caplog.at_level(logging.DEBUG):
        token, _, seen = one.ask(look).partition("|")

    assert token not in seen + caplog.text
    assert SECRET not in seen + caplog.text


def test_a_run_that_stops_waits_for_no_token() -> None:
    """Ctrl-C wakes whoever waits for the next attempt."""

    async def stopped(line: RestLine) -> None:
        event = asyncio.Event()
        event.set()
        line.hurry(event)
        await line.client.send(me_request())

    def down(request: httpx.Request) -> httpx.Response | None:
        raise httpx.ConnectError("down", request=request)

    one = service(instead=down)
    with pytest.raises(LostAnswer):
        one.ask(stopped)

    assert ["token"] == one.asked
