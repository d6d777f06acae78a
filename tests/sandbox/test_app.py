"""The embedded 4me over HTTP: in this process, and on a port."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.simulator.quirks import Quirks
from reconciler.core.simulator.schema import CUSTOM_FIELDS
from reconciler.core.simulator.tokens import Issuer
from reconciler.errors import UsageError
from reconciler.sandbox.app import App, Message, RestSide, make_app
from reconciler.sandbox.serve import serve, serving
from reconciler.sandbox.store import Store

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BEARER = {"Authorization": "Bearer secret"}
SCIM = {**BEARER, "Content-Type": "application/scim+json"}

SERVER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from reconciler.sandbox.app import make_app
from reconciler.sandbox.serve import serve
from reconciler.sandbox.store import Store

with Store(Path(sys.argv[1])) as store:
    serve(make_app(store, now=lambda: datetime(2026, 3, 1, tzinfo=UTC)), port=0)
print("stopped")
"""


class BrokenStore(Store):
    """A store with a bug in it."""

    def answer(self, *_arguments: object, **_named: object) -> NoReturn:
        raise ZeroDivisionError


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "sandbox.db") as store:
        store.seed([{"id": "u1", "userName": "alice"}, {"id": "a/b", "userName": "bob"}])
        yield store


@pytest.fixture
def app(store: Store) -> App:
    return make_app(store, now=lambda: NOON, token="secret")


def ask(app: App, method: str, path: str, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
            return await client.request(method, path, headers=BEARER if headers is None else headers, **body)

    return asyncio.run(asked())


def run(app: App, scope: Message, *messages: Message) -> list[Message]:
    waiting, sent = list(messages), []

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    async def called() -> None:
        await app(scope, receive, send)

    asyncio.run(called())
    return sent


def test_a_user_is_created_and_read_back(app: App) -> None:
    """JSON in and out, as application/scim+json, below /scim/v2."""
    created = ask(app, "POST", "/scim/v2/Users", json={"userName": "carol"})
    read = ask(app, "GET", "/scim/v2/Users/scim-u-000001")

    assert (201, 200) == (created.status_code, read.status_code)
    assert created.json() == read.json()
    assert "application/scim+json; charset=utf-8" == read.headers["content-type"]
    assert "https://acme.xurrent.example/scim/v2/Users/scim-u-000001" == created.headers["location"]
    assert "2026-03-01T12:00:00.000Z" == read.json()["meta"]["created"]


@pytest.mark.parametrize(
    "content_type", ["application/scim+json", "application/json; charset=utf-8", "Application/JSON"]
)
def test_both_types_of_json_are_accepted(app: App, content_type: str) -> None:
    """Which of them 4me wants is not documented."""
    headers = {**BEARER, "Content-Type": content_type}

    assert 201 == ask(app, "POST", "/scim/v2/Users", headers, content=b'{"userName": "carol"}').status_code


FORM = {"grant_type": "client_credentials", "client_id": "us", "client_secret": "s3cret"}


def ask_rest(app: App, method: str, path: str, **headers: str) -> httpx.Response:
    """Asked with a token of its own, in the account `acme` unless told otherwise."""
    token = ask(app, "POST", "/token", {}, data=FORM).json()["access_token"]
    named = {name.replace("_", "-"): value for name, value in headers.items()} or {"X-Xurrent-Account": "acme"}
    return ask(app, method, path, {"Authorization": f"Bearer {token}", **named})


@pytest.fixture
def closed(store: Store) -> App:
    """An application that wants the secret and one account."""
    return make_app(store, now=lambda: NOON, rest=RestSide("acme", Issuer("s3cret")))


def test_people_and_roles_are_asked_for_with_a_token_of_their_own(closed: App) -> None:
    """Below /v1; writes come without a body."""
    assert "Integration" == ask_rest(closed, "GET", "/v1/me").json()["name"]
    person = ask_rest(closed, "GET", "/v1/people").json()[0]["id"]
    changed = ask_rest(closed, "PATCH", f"/v1/people/{person}/permissions/acme?roles=auditor")

    assert (200, ["auditor"]) == (changed.status_code, changed.json()["roles"])


def test_the_account_may_be_named_as_before_the_renaming(closed: App) -> None:
    """X-4me-Account."""
    assert 200 == ask_rest(closed, "GET", "/v1/me", X_4me_Account="acme").status_code


@pytest.mark.parametrize(("header", "status"), [("other", 403), ("", 400)])
def test_another_account_or_none_is_refused(closed: App, header: str, status: int) -> None:
    """In REST's shape."""
    response = ask_rest(closed, "GET", "/v1/me", X_Xurrent_Account=header)

    assert (status, ["message"]) == (response.status_code, list(response.json()))


def test_the_scim_token_opens_no_rest(app: App) -> None:
    """And nothing but the right secret gets one that does."""
    headers = {**BEARER, "X-Xurrent-Account": "acme"}

    assert 401 == ask(app, "GET", "/v1/me", headers).status_code


def test_the_wrong_secret_gets_no_token(closed: App) -> None:
    """As OAuth says it."""
    refused = ask(closed, "POST", "/token", {}, data={**FORM, "client_secret": "guess"})

    assert (400, {"error": "invalid_client"}) == (refused.status_code, refused.json())


def test_a_query_reaches_the_account(app: App) -> None:
    """Filters arrive decoded, paging as numbers."""
    found = ask(app, "GET", "/scim/v2/Users", params={"filter": 'userName eq "ALICE"', "count": 5})

    assert ["u1"] == [user["id"] for user in found.json()["Resources"]]


def test_an_id_may_hold_anything(app: App) -> None:
    """A quoted slash is not the end of a segment."""
    assert "bob" == ask(app, "GET", "/scim/v2/Users/a%2Fb").json()["userName"]


def test_a_change_may_be_answered_without_a_body(store: Store) -> None:
    """204 has no content and no type of content."""
    app = make_app(store, quirks=Quirks(patch_answers="nothing"), now=lambda: NOON)
    response = ask(app, "PATCH", "/scim/v2/Users/u1", json={"title": "Analyst"})

    assert (204, b"") == (response.status_code, response.content)
    assert not {"content-type", "content-length"} & set(response.headers)


@pytest.mark.parametrize("authorization", ["", "secret", "Bearer", "Bearer  ", "Bearer wrong", "Basic secret"])
def test_without_the_token_nothing_is_told(app: App, authorization: str) -> None:
    """401 in the shape of an error, before anything else is looked at."""
    response = ask(app, "POST", "/scim/v2/Users", {"Authorization": authorization}, content=b"{")

    assert (401, "401") == (response.status_code, response.json()["status"])
    assert "Bearer" == response.headers["www-authenticate"]


def test_no_header_is_no_token(app: App) -> None:
    """A request without Authorization is refused too."""
    assert 401 == ask(app, "GET", "/scim/v2/Users", {}).status_code


@pytest.mark.parametrize(("authorization", "status"), [("Bearer anything", 200), ("bearer x", 200), ("Bearer ", 401)])
def test_without_a_token_of_its_own_any_bearer_will_do(store: Store, authorization: str, status: int) -> None:
    """The sandbox needs no secret, and its clients still have to send one."""
    app = make_app(store, now=lambda: NOON)

    assert status == ask(app, "GET", "/scim/v2/Users", {"Authorization": authorization}).status_code


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"[NaN]", b'{"userName": Infinity}', b"[" * 50_000, b"1" * 10_000]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_body_that_is_not_json_is_refused(app: App, method: str, content: bytes) -> None:
    """Cut off, not text, too deep, too many digits, or the numbers that JSON has not."""
    response = ask(app, method, "/scim/v2/Users/u1", SCIM, content=content)

    assert (400, "invalidSyntax") == (response.status_code, response.json()["scimType"])


def test_a_body_of_another_type_is_refused(app: App) -> None:
    """415, whatever it holds."""
    headers = {**BEARER, "Content-Type": "text/plain"}

    assert 415 == ask(app, "POST", "/scim/v2/Users", headers, content=b'{"userName": "carol"}').status_code


def test_a_body_that_is_too_long_is_refused(app: App) -> None:
    """413 for more than a million bytes."""
    content = b'{"userName": "' + b"a" * 1_000_000 + b'"}'

    assert 413 == ask(app, "POST", "/scim/v2/Users", SCIM, content=content).status_code


def test_a_body_may_come_in_pieces(app: App) -> None:
    """As servers pass on what arrives."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/scim/v2/Users",
        "query_string": b"",
        "headers": [(b"authorization", b"Bearer secret")],
    }
    pieces: list[Message] = [
        {"type": "http.request", "body": b'{"user', "more_body": True},
        {"type": "http.request", "body": b'Name": "carol"}'},
    ]

    assert 201 == run(app, scope, *pieces)[0]["status"]


@pytest.mark.parametrize("path", ["/", "/scim/v2", "/scim/v1/Users", "/scim/v2x/Users", "/v2/Users"])
def test_there_is_nothing_beside_the_base(app: App, path: str) -> None:
    """404 in the shape of an error."""
    assert (404, "404") == ((response := ask(app, "GET", path)).status_code, response.json()["status"])


def test_deleting_is_refused(app: App) -> None:
    """501, and the user is still there."""
    assert 501 == ask(app, "DELETE", "/scim/v2/Users/u1").status_code
    assert 200 == ask(app, "GET", "/scim/v2/Users/u1").status_code


def test_errors_may_have_the_shape_of_the_rest_api(store: Store) -> None:
    """Also those that never reach the account."""
    app = make_app(store, quirks=Quirks(error_shape="rest"), now=lambda: NOON)

    assert {"message": "a bearer token is needed"} == ask(app, "GET", "/scim/v2/Users", {}).json()


def test_every_answer_counts_against_the_hour(store: Store) -> None:
    """Where there is a limit it is told in headers; after the hour all of it is there again."""
    moments = iter([NOON, NOON + timedelta(minutes=59), NOON + timedelta(hours=1)])
    app = make_app(store, now=lambda: next(moments), requests_an_hour=3600)

    answers = [ask(app, "GET", "/scim/v2/Users/u1").headers for _ in range(3)]

    assert [
        ["3600", "3599", "1772370000"],
        ["3600", "3598", "1772370000"],
        ["3600", "3599", "1772373600"],
    ] == [[headers[f"x-ratelimit-{name}"] for name in ("limit", "remaining", "reset")] for headers in answers]


def test_who_asks_too_often_in_an_hour_is_told_to_wait(store: Store) -> None:
    """429 with the seconds until the next; over SCIM, REST and for tokens alike."""
    moments = iter([NOON, NOON, NOON + timedelta(minutes=59), NOON + timedelta(hours=1)])
    app = make_app(store, now=lambda: next(moments), requests_an_hour=1)

    answers = [ask(app, "GET", path) for path in ("/scim/v2/Users/u1", "/v1/people", "/token", "/scim/v2/Users/u1")]

    assert [(200, None), (429, "3600"), (429, "60"), (200, None)] == [
        (one.status_code, one.headers.get("retry-after")) for one in answers
    ]
    assert "more than 1 requests were made in an hour" == answers[2].json()["detail"]


def test_without_a_limit_nothing_is_said_of_one(app: App) -> None:
    assert [] == [name for name in ask(app, "GET", "/scim/v2/Users/u1").headers if name.startswith("x-ratelimit")]


def test_what_is_broken_inside_stays_inside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """500 without a word of why; the log has the traceback."""
    with BrokenStore(tmp_path / "sandbox.db") as store:
        response = ask(make_app(store, now=lambda: NOON), "GET", "/scim/v2/Users")

    assert (500, "the sandbox failed: see its log") == (response.status_code, response.json()["detail"])
    assert "ZeroDivisionError" in caplog.text


def test_a_file_that_fails_is_said_to_be_unavailable(app: App, store: Store) -> None:
    """503, which a client may try again."""
    store.close()

    assert 503 == ask(app, "GET", "/scim/v2/Users").status_code


def test_the_application_lives_and_stops_as_servers_want(app: App) -> None:
    """The lifespan protocol, and no websockets."""
    lifespan = run(app, {"type": "lifespan"}, {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})

    assert ["lifespan.startup.complete", "lifespan.shutdown.complete"] == [message["type"] for message in lifespan]
    assert [{"type": "websocket.close"}] == run(app, {"type": "websocket"})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "ODD"]), st.binary(), st.binary(), st.binary())
def test_no_bytes_make_it_fail(app: App, method: str, path: bytes, query: bytes, body: bytes) -> None:
    """Whatever arrives is answered, and never with 500."""
    scope = {
        "type": "http",
        "method": method,
        "path": "/",
        "raw_path": b"/scim/v2/Users" + path,
        "query_string": query,
        "headers": [(b"authorization", b"Bearer secret")],
    }
    start, _ = run(app, scope, {"type": "http.request", "body": body})

    assert start["status"] in {200, 400, 404, 405, 501}


def test_it_serves_on_a_free_port_for_as_long_as_asked(app: App, store: Store) -> None:
    """Over a socket, next to whoever else has the account open; afterwards nobody listens."""
    with serving(app) as url, httpx.Client(base_url=url, headers=BEARER) as client:
        created = client.post("/Users", json={"userName": "carol", CUSTOM_FIELDS: {"badge": "Ä"}})
        assert (201, "carol") == (created.status_code, store.simulator().users[created.json()["id"]]["userName"])
        assert "server" not in created.headers
        assert 405 == client.head("/Users/u1").status_code

    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/Users")


def test_a_person_is_told_the_url_and_stops_it_with_ctrl_c(tmp_path: Path) -> None:
    """On stderr, once it can be asked; the end is clean and the file is kept."""
    path = tmp_path / "sandbox.db"
    command = [sys.executable, "-c", SERVER, str(path)]
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as process:
        assert process.stderr is not None
        url = process.stderr.readline().split()[4].removesuffix(".")
        status = httpx.post(f"{url}/Users", json={"userName": "alice"}, headers=BEARER).status_code
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)

    assert (201, 0) == (status, process.returncode)
    assert ("stopped\n", "") == (output, errors)
    with Store(path) as store:
        assert ["alice"] == [user["userName"] for user in store.simulator().users.values()]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.com", ""])  # noqa: S104
def test_no_other_machine_is_served(app: App, host: str) -> None:
    """Only loopback: the sandbox has no secrets worth the name, and no locks."""
    with pytest.raises(UsageError, match="not a loopback address"):
        serve(app, host)


def test_localhost_is_loopback(app: App) -> None:
    """The name means the address."""
    with serving(app, "localhost") as url:
        assert url.startswith("http://127.0.0.1:")


def test_loopback_has_a_second_address(app: App) -> None:
    """::1 is served in brackets, where the machine has it."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with serving(app, "::1") as url:
        assert 200 == httpx.get(f"{url}/Users", headers=BEARER).status_code


def test_a_port_that_is_taken_is_said_to_be(app: App) -> None:
    """As is one that can't be."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port}"):
            serve(app, port=port)
    with pytest.raises(UsageError, match="port 70000"), serving(app, port=70_000):
        pass
