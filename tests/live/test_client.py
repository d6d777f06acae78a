"""The HTTP client of an account: which requests it sends, how often and how fast, and what it logs."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.core.declarations.tenant import Window
from reconciler.core.model.messages import Request, Response
from reconciler.core.scim.http_body import LARGEST_BODY
from reconciler.core.scim.pace import seconds_needed
from reconciler.core.scim.retry import LONGEST_WAIT, MOST_ATTEMPTS
from reconciler.core.scim.wire import get_request
from reconciler.errors import LostAnswer, NotAnAnswer, ReconcilerError, Unreachable
from reconciler.live.client import IN_FLIGHT, Client
from tests.live.service import TOKEN, URL, FakeTime, Handler, Service, in_turn, listening, reply

READ = Request("GET", "/Users/u1")
CREATE = Request("POST", "/Users", {"userName": "alice"})
CHANGE = Request("PATCH", "/Users/u1", {"title": "Analyst"})
BURST, SUSTAINED = Window(20, 2), Window(3600, 3600)


def send(service: Service, *requests: Request) -> list[Response]:
    async def sent() -> list[Response]:
        async with service.client() as client:
            return [await client.send(request) for request in requests]

    return asyncio.run(sent())


def send_at_once(service: Service, count: int, *windows: Window) -> Client:
    async def sent() -> Client:
        async with service.client(*windows) as client:
            await asyncio.gather(*(client.send(READ) for _ in range(count)))
            return client

    return asyncio.run(sent())


def fail(answers: Handler, request: Request = READ) -> ReconcilerError:
    with pytest.raises(ReconcilerError) as caught:
        send(Service(answers), request)
    return caught.value


def full_windows(starts: list[float], window: Window) -> list[tuple[float, float]]:
    """Returns the first and last start of each group of requests that exceeds the window."""
    pairs = zip(starts, starts[window.requests :], strict=False)
    return [(first, last) for first, last in pairs if last - first < window.seconds - 1e-6]


def test_the_token_goes_to_the_tenants_own_address_as_a_bearer() -> None:
    """One header, on every request, beside the types of JSON that are understood."""
    service = Service(in_turn(reply({})))

    send(service, READ, CREATE, CHANGE)

    assert ["GET", "POST", "PATCH"] == [request.method for request in service.requests]
    assert {f"Bearer {TOKEN}"} == {request.headers["authorization"] for request in service.requests}
    assert {"acme.example"} == {request.url.host for request in service.requests}
    assert {"application/scim+json, application/json"} == {one.headers["accept"] for one in service.requests}


def test_a_body_is_sent_as_scim_and_what_has_none_names_no_type() -> None:
    """RFC 7644 section 3.1; letters stay letters."""
    service = Service(in_turn(reply({})))

    send(service, Request("POST", "/Users", {"displayName": "Zoë"}), READ)

    created, read = service.requests
    assert ("application/scim+json", {"displayName": "Zoë"}) == (
        created.headers["content-type"],
        json.loads(created.content),
    )
    assert (None, b"") == (read.headers.get("content-type"), read.content)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_says_so(status: int) -> None:
    """The token must not travel to another host, and a create must not become a GET."""
    elsewhere = httpx.Response(status, headers={"Location": "https://evil.example/scim/v2/Users/u1"})
    service = Service(in_turn(elsewhere))

    with pytest.raises(Unreachable, match=r"redirects elsewhere.*correct the tenant's url"):
        send(service, READ)
    assert ["acme.example"] == [request.url.host for request in service.requests]


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
@example("..")
@example(".")
@example("../Groups/g1")
@example("//evil.example/")
@example("@evil.example?#")
def test_whatever_an_id_holds_the_request_stays_below_the_tenants_address(live_id: str) -> None:
    """Ids are the service's own words: none may lead to another host, or out of the collection."""
    service = Service(in_turn(reply({})))

    send(service, get_request("Users", live_id))

    [request] = service.requests
    assert "acme.example" == request.url.host
    assert request.url.raw_path.startswith(b"/scim/v2/Users/")


@pytest.mark.parametrize("method", ["DELETE", "PUT", "delete", "OPTIONS", ""])
def test_what_deletes_or_replaces_is_refused_before_anything_is_sent(method: Any) -> None:
    """There is no delete, and PUT can empty by omission."""
    service = Service(in_turn(reply({})))

    with pytest.raises(ValueError, match="is never sent"):
        send(service, Request(method, "/Users/u1"))
    assert [] == service.requests


def test_an_answer_is_its_status_its_document_and_its_headers() -> None:
    """Errors of the request are answers like any other."""
    service = Service(in_turn(reply({"detail": "taken"}, 409, {"X-Told": "yes"}), httpx.Response(204)))

    conflict, nothing = send(service, CREATE, CHANGE)

    assert (409, {"detail": "taken"}, "yes") == (conflict.status, conflict.body, conflict.headers["x-told"])
    assert (204, None) == (nothing.status, nothing.body)


@pytest.mark.parametrize("status", [429, 503])
def test_a_create_that_was_turned_away_is_for_the_caller_to_look_up(status: int) -> None:
    """After the wait: a gateway may say that after it was done, and not every service minds a second one."""
    service = Service(in_turn(httpx.Response(status, headers={"Retry-After": "7"}), reply({})))

    with pytest.raises(LostAnswer, match=f"answered {status}") as raised:
        send(service, CREATE)

    assert ([7.0], 1, 1) == (service.time.waits, len(service.requests), raised.value.requests)


@pytest.mark.parametrize("request_", [READ, CHANGE], ids=["read", "change"])
@pytest.mark.parametrize("status", [429, 503])
def test_told_to_wait_it_waits_as_told(request_: Request, status: int) -> None:
    """`Retry-After` in seconds."""
    service = Service(in_turn(httpx.Response(status, headers={"Retry-After": "7"}), reply({})))

    [answer] = send(service, request_)

    assert (200, [7.0], 2) == (answer.status, service.time.waits, len(service.requests))


@pytest.mark.parametrize(
    ("told", "waited"),
    [("0", 0.0), ("99999", LONGEST_WAIT), ("soon", 2.0), ("-5", 2.0), ("1.5", 2.0), ("", 2.0), ("٣", 2.0)],
)
def test_what_it_is_told_to_wait_is_bounded(told: str, waited: float) -> None:
    """Nonsense counts as nothing said, and nobody waits for a day."""
    turned_away = httpx.Response(429, headers=[(b"Retry-After", told.encode())])
    service = Service(in_turn(turned_away, reply({})))

    send(service, READ)

    assert [waited] == service.time.waits


def test_told_to_wait_again_and_again_the_answer_stands_after_a_while() -> None:
    """Then it is for the caller to say what that means."""
    service = Service(in_turn(httpx.Response(429, headers={"Retry-After": "1"})))

    [answer] = send(service, READ)

    assert (429, MOST_ATTEMPTS, [1.0] * (MOST_ATTEMPTS - 1)) == (
        answer.status,
        len(service.requests),
        service.time.waits,
    )


@pytest.mark.parametrize("http_date", ["Wed, 21 Oct 2065 07:28:00 GMT"])
def test_told_a_time_to_wait_until_it_does_not_hurry(http_date: str) -> None:
    """`Retry-After` may be a date (RFC 9110 section 10.2.3): far off, it is the longest wait there is."""
    service = Service(in_turn(httpx.Response(429, headers={"Retry-After": http_date}), reply({})))

    send(service, READ)

    assert [LONGEST_WAIT] == service.time.waits


def test_told_by_the_rate_headers_it_waits_for_the_next_window() -> None:
    """The wait follows `Retry-After`, or 4me's `x-ratelimit-*` with no request left and a distant end of the hour."""
    nothing_left = {"x-ratelimit-limit": "3600", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "4102444800"}
    service = Service(in_turn(httpx.Response(429, headers=nothing_left), reply({})))

    send(service, READ)

    assert [LONGEST_WAIT] == service.time.waits


@pytest.mark.parametrize("request_", [READ, CHANGE], ids=["read", "change"])
@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_server_error_is_tried_again_with_backoff(request_: Request, status: int) -> None:
    """A read harms nobody, and the same change twice is one change."""
    service = Service(in_turn(httpx.Response(status), httpx.Response(status), reply({})))

    [answer] = send(service, request_)

    assert (200, [1.0, 2.0], 3) == (answer.status, service.time.waits, len(service.requests))


@pytest.mark.parametrize("error", [httpx.ReadError, httpx.RemoteProtocolError, httpx.ReadTimeout, httpx.ConnectError])
@pytest.mark.parametrize("request_", [READ, CHANGE], ids=["read", "change"])
def test_a_broken_connection_is_tried_again_with_backoff(request_: Request, error: type[httpx.HTTPError]) -> None:
    """As a server error is."""
    service = Service(in_turn(error("broken"), reply({})))

    [answer] = send(service, request_)

    assert (200, [1.0], 2) == (answer.status, service.time.waits, len(service.requests))


def test_a_connection_that_stays_broken_is_a_lost_answer() -> None:
    """After so many attempts, with the reason; exit 5."""
    service = Service(in_turn(httpx.ConnectError("All connection attempts failed")))

    with pytest.raises(LostAnswer, match=rf"no answer from {URL}\b.*All connection attempts failed") as caught:
        send(service, READ)
    assert (5, MOST_ATTEMPTS, [1.0, 2.0, 4.0, 8.0]) == (
        caught.value.exit_code,
        len(service.requests),
        service.time.waits,
    )


@pytest.mark.parametrize(
    "trouble",
    [httpx.Response(500), httpx.Response(502), httpx.Response(504), httpx.ReadError("reset"), httpx.ReadTimeout("")],
    ids=["500", "502", "504", "reset", "timeout"],
)
def test_a_create_whose_answer_was_lost_is_never_just_sent_again(trouble: httpx.Response | httpx.HTTPError) -> None:
    """It may have been done: whoever sent it must look first."""
    service = Service(in_turn(trouble, reply({}, 201)))

    with pytest.raises(LostAnswer):
        send(service, CREATE)
    assert ["POST /Users"] == service.asked


def test_refused_credentials_say_how_to_renew_them() -> None:
    """A 401 is not the answer to a request but the end of all of them."""
    error = fail(in_turn(reply({"detail": "expired"}, 401)))

    assert isinstance(error, Unreachable)
    assert "refuses the token (401)" in str(error)
    assert "Renew it, and update the variable that the tenant's `token` names" in str(error)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (b"\n  <html>", "HTML"),
        (b'{"totalResults": 3, "Reso', "25 bytes that are not JSON"),
        (b"\xff\xfe\x00", "3 bytes that are not JSON"),
    ],
)
def test_what_is_not_json_is_no_answer(content: bytes, said: str) -> None:
    """HTML, half a document: whatever answers is not the tenant's SCIM service."""
    error = fail(in_turn(httpx.Response(200, content=content)))

    assert isinstance(error, NotAnAnswer)
    assert f"{URL} answers {said} where SCIM was expected: check the tenant's url" == str(error)


def test_what_is_not_json_is_not_asked_for_again() -> None:
    """Only server errors and broken connections are retried; a wrong address stays wrong, and a person waits."""
    service = Service(in_turn(httpx.Response(200, content=b"<html>")))

    with pytest.raises(NotAnAnswer):
        send(service, READ)
    assert (1, []) == (len(service.requests), service.time.waits)


def test_json_that_is_nested_a_hundred_thousand_deep_is_no_answer() -> None:
    """Python's parser gives up with an error of its own, which must not reach a person."""
    error = fail(in_turn(httpx.Response(200, content=b"[" * 100_000)))

    assert isinstance(error, NotAnAnswer)


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity"])
def test_what_only_python_takes_for_json_is_no_answer(number: bytes) -> None:
    """RFC 8259 has no such numbers, and a plan file can't hold them."""
    error = fail(in_turn(httpx.Response(200, content=b'{"id": "u1", "displayName": %s}' % number)))

    assert isinstance(error, NotAnAnswer)


def test_half_a_letter_is_answered_as_something_that_can_be_written_down() -> None:
    """Services cut names in the middle of an emoji: JSON can say that, and no file, hash or terminal can."""
    [answer] = send(Service(in_turn(reply({"id": "u1", "displayName": "Zoë \ud83d"}))), READ)

    assert json.dumps(answer.body, ensure_ascii=False).encode().startswith('{"id": "u1", "displayName": "Zoë '.encode())


def test_an_error_page_that_is_not_json_is_an_answer_without_a_document() -> None:
    """Gateways answer HTML with a 404: the status says enough."""
    [answer] = send(Service(in_turn(httpx.Response(404, content=b"<html>"))), READ)

    assert (404, None) == (answer.status, answer.body)


def test_an_answer_without_end_is_cut_off() -> None:
    """At 64 MiB, while it streams: it is never held whole."""
    given_out = 0

    async def endless() -> Any:
        nonlocal given_out
        while True:
            given_out += 1024 * 1024
            yield b" " * 1024 * 1024

    error = fail(lambda _request: httpx.Response(200, content=endless()), CREATE)

    assert isinstance(error, NotAnAnswer)
    assert f"{URL} answers more than 64 MiB to one request" == str(error)
    assert LARGEST_BODY + 1024 * 1024 == given_out


def test_the_requests_that_left_are_counted_with_every_attempt() -> None:
    """Time is requests, and a retry is one."""
    service = Service(in_turn(httpx.Response(500), reply({})))

    async def count() -> int:
        async with service.client() as client:
            await client.send(READ)
            await client.send(READ)
            return client.requests

    assert 3 == asyncio.run(count())


def test_two_hundred_requests_at_once_keep_every_window() -> None:
    """No 2 seconds see more than 20 starts, and it takes no longer than the pace says."""
    service = Service(in_turn(reply({})))
    began = service.time.now

    client = send_at_once(service, 200, BURST, SUSTAINED)

    assert 200 == len(service.starts) == client.requests
    assert [] == full_windows(service.starts, BURST)
    assert seconds_needed(200, (BURST, SUSTAINED)) == pytest.approx(service.starts[-1] - began, rel=0.011)


def test_the_longer_window_is_kept_too() -> None:
    """400 requests: the 360 of an hour, and the rest an hour after the first."""
    service = Service(in_turn(reply({})))
    sustained = Window(360, 3600)

    send_at_once(service, 400, BURST, sustained)

    assert [] == full_windows(service.starts, BURST)
    assert [] == full_windows(service.starts, sustained)
    assert 3600 <= service.starts[-1] - service.starts[0] < 3610


def test_attempts_count_in_the_windows_like_first_requests() -> None:
    """A service in trouble is not asked faster than one that is well."""
    service = Service(lambda _request: httpx.Response(500))

    send_at_once(service, 30, BURST)

    assert 30 * MOST_ATTEMPTS == len(service.starts)
    assert [] == full_windows(service.starts, BURST)


def test_a_service_that_stalls_is_not_flooded_when_it_answers_again() -> None:
    """Requests that waited for a slot still keep the pace: no 2 seconds have more than 20 starts."""
    service = Service(in_turn(reply({})))

    async def sent() -> None:
        awake = asyncio.Event()

        async def stalling(_request: httpx.Request) -> httpx.Response:
            await awake.wait()
            return reply({})

        service.answers = stalling
        async with service.client(BURST, SUSTAINED) as client:
            sending = [asyncio.create_task(client.send(READ)) for _ in range(200)]
            for _ in range(2_000):
                await asyncio.sleep(0)
            awake.set()
            await asyncio.gather(*sending)

    asyncio.run(sent())

    assert 200 == len(service.starts)
    assert [] == full_windows(service.starts, BURST)


def test_without_windows_nothing_waits() -> None:
    """The embedded 4me has no pace."""
    service = Service(in_turn(reply({})))

    send_at_once(service, 200)

    assert (200, []) == (len(service.starts), service.time.waits)


def test_only_so_many_requests_are_in_flight_at_once() -> None:
    """However many are asked for."""
    now, most = 0, 0

    async def slow(_request: httpx.Request) -> httpx.Response:
        nonlocal now, most
        now += 1
        most = max(most, now)
        for _ in range(5):
            await asyncio.sleep(0)
        now -= 1
        return reply({})

    send_at_once(Service(slow), 100)

    assert IN_FLIGHT == most


TROUBLES: dict[str, httpx.Response | Exception] = {
    "401": reply({"detail": "no"}, 401),
    "redirect": httpx.Response(302, headers={"Location": "https://evil.example/"}),
    "html": httpx.Response(200, content=b"<html>"),
    "500": httpx.Response(500),
    "connection": httpx.ConnectError("refused"),
    "protocol": httpx.RemoteProtocolError("Server disconnected without sending a response."),
    "timeout": httpx.ReadTimeout(""),
}


@pytest.mark.parametrize("request_", [READ, CREATE], ids=["read", "create"])
@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_no_message_carries_the_token(request_: Request, trouble: httpx.Response | Exception) -> None:
    """Not the sentence, not what caused it, not a traceback of either."""
    service = Service(in_turn(trouble))
    told = ""

    try:
        told = repr(send(service, request_))
    except ReconcilerError as error:
        told = "".join(traceback.format_exception(error)) + repr(error) + repr(error.__cause__)

    assert told
    assert TOKEN not in told


def test_no_repr_carries_the_token() -> None:
    """Of the client, and of what it is made of."""
    client = Service(in_turn(reply({}))).client()

    assert TOKEN not in repr(client)
    assert TOKEN not in repr(vars(client))


class Answers(BaseHTTPRequestHandler):
    """Serves an empty account on a port."""

    def do_GET(self) -> None:
        body = b'{"totalResults": 0}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name for it
        """Logs nothing."""


def test_no_log_carries_the_token(caplog: pytest.LogCaptureFixture) -> None:
    """Of httpx and what is below it, at its most talkative, over a real connection."""
    caplog.set_level(logging.DEBUG)

    async def sent(url: str) -> Response:
        async with Client(url, TOKEN, (), clock=FakeTime().clock) as client:
            return await client.send(READ)

    with listening(Answers) as url:
        answer = asyncio.run(sent(url))

    logged = "\n".join(f"{record.getMessage()} {record.args!r}" for record in caplog.records)
    assert 200 == answer.status
    assert "HTTP Request: GET" in logged
    assert {"asyncio", "httpcore", "httpx"} <= {record.name.partition(".")[0] for record in caplog.records}
    assert TOKEN not in logged


def test_nothing_listens_and_the_sentence_says_where() -> None:
    """A real connection that is refused."""
    with listening(Answers) as url:
        pass

    async def sent() -> Response:
        async with Client(url, TOKEN, (), clock=FakeTime().clock) as client:
            return await client.send(READ)

    with pytest.raises(LostAnswer, match=rf"no answer from {url}\b"):
        asyncio.run(sent())


def test_a_proxy_of_the_environment_does_not_get_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The token leaves to the tenant's own host only, and settings.py alone reads the environment."""
    seen: list[str] = []

    class Proxy(Answers):
        """Serves as the proxy of HTTP_PROXY."""

        def do_GET(self) -> None:
            seen.append(str(self.headers.get("Authorization")))
            super().do_GET()

    with listening(Proxy) as proxy, listening(Answers) as url:
        monkeypatch.setenv("HTTP_PROXY", proxy)
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)

        async def sent() -> Response:
            async with Client(url, TOKEN, (), clock=FakeTime().clock) as client:
                return await client.send(READ)

        asyncio.run(sent())

    assert [] == seen
