"""The embedded 4me as an ASGI application: HTTP → the store's answer → HTTP. Knows bytes and headers, no resources.

SCIM is at /scim/v2, REST at /v1, and its tokens at /token; 4me has a host for each. Works in-process with
`httpx.ASGITransport(app=…)`, and behind uvicorn.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hmac import compare_digest
from http import HTTPStatus
from math import ceil
from typing import Any, NoReturn, TypeAlias
from urllib.parse import parse_qsl, quote

from reconciler.core.model.messages import Response
from reconciler.core.simulator.quirks import AS_DOCUMENTED, Quirks
from reconciler.core.simulator.rejection import ErrorShape, Rejection, error_response, invalid_syntax
from reconciler.core.simulator.rest import read_call
from reconciler.core.simulator.tokens import Issuer
from reconciler.errors import ReconcilerError
from reconciler.sandbox.store import Store

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

BASE_PATH = "/scim/v2"
REST_PATH = "/v1"
TOKEN_PATH = "/token"  # noqa: S105  # a path, not a secret
MAX_BODY_BYTES = 1_000_000
AN_HOUR = timedelta(hours=1)

_JSON_TYPES = ("application/scim+json", "application/json")
_ACCOUNT_HEADERS = ("x-xurrent-account", "x-4me-account")  # today's name, and the one before 4me became Xurrent


@dataclass(frozen=True, slots=True)
class RestSide:
    """The access over REST: the account that the header must name (None: any), and the issuer of tokens."""

    account: str | None = None
    issuer: Issuer = Issuer()  # noqa: RUF009  # frozen


def make_app(  # noqa: PLR0913  # the settings of an account
    store: Store,
    *,
    quirks: Quirks = AS_DOCUMENTED,
    now: Callable[[], datetime],
    token: str | None = None,
    rest: RestSide = RestSide(),
    requests_an_hour: int | None = None,
) -> App:
    """Makes the application of an account; with `token=None`, SCIM requires a bearer token and accepts any.

    `now` returns aware times, for the times of change, the hour of the request limit, and the life of REST tokens. With
    a limit of requests an hour, each answer has headers with the rest.
    """
    service = _Service(store, quirks, now, token, rest, requests_an_hour)

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http":
                await _answer_http(service, scope, receive, send)
            case "lifespan":
                await _live(receive, send)
            case _:
                await send({"type": "websocket.close"})

    return app


@dataclass(slots=True)
class _Service:
    """The state that requests of one application share: the settings, and the requests of the current hour."""

    store: Store
    quirks: Quirks
    now: Callable[[], datetime]
    token: str | None
    rest: RestSide
    limit: int | None = None
    count: int = 0
    resets: datetime | None = None

    def count_request(self, now: datetime) -> dict[str, str]:
        """Counts one request, and returns 4me's headers on the rest and its end, in seconds since 1970."""
        if self.limit is None:
            return {}
        if self.resets is None or now >= self.resets:
            self.count, self.resets = 0, now + AN_HOUR
        self.count += 1
        headers = {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(max(0, self.limit - self.count)),
            "x-ratelimit-reset": str(ceil(self.resets.timestamp())),
        }
        if not self.exhausted:
            return headers
        return {**headers, "retry-after": str(ceil((self.resets - now).total_seconds()))}

    @property
    def exhausted(self) -> bool:
        """Whether the last request exceeded the limit."""
        return self.limit is not None and self.count > self.limit


async def _answer_http(service: _Service, scope: Message, receive: Receive, send: Send) -> None:
    now = service.now()
    rate_headers = service.count_request(now)
    path = _path(scope)
    shape: ErrorShape = "rest" if path.startswith(f"{REST_PATH}/") else service.quirks.error_shape
    try:
        response = await _answer(service, path, scope, receive, now)
    except Rejection as rejection:
        response = error_response(rejection, shape)
    except ReconcilerError as error:
        response = error_response(Rejection(503, str(error)), shape)
    except Exception:
        # The border of the process: the details of a bug belong in the log, not in the answer.
        logging.getLogger(__name__).exception("a request to the sandbox failed")
        response = error_response(Rejection(500, "the sandbox failed: see its log"), shape)
    await _send(send, replace(response, headers={**response.headers, **rate_headers}))


async def _answer(service: _Service, path: str, scope: Message, receive: Receive, now: datetime) -> Response:
    if service.exhausted:
        raise Rejection(HTTPStatus.TOO_MANY_REQUESTS, f"more than {service.limit:,} requests were made in an hour")
    if path == TOKEN_PATH:
        return await _answer_token(service, scope, receive, now)
    if path.startswith(f"{REST_PATH}/"):
        return await _answer_rest(service, scope, receive, now)
    return await _answer_scim(service, scope, receive, now)


async def _answer_scim(service: _Service, scope: Message, receive: Receive, now: datetime) -> Response:
    headers = _headers(scope)
    given = _bearer(headers)
    if not given or (service.token is not None and not compare_digest(given.encode(), service.token.encode())):
        return _unauthorized(service.quirks.error_shape)
    target = _target(scope, BASE_PATH)
    method = str(scope["method"])
    return service.store.answer(method, target, await _document(scope, receive), now, quirks=service.quirks)


async def _answer_rest(service: _Service, scope: Message, receive: Receive, now: datetime) -> Response:
    headers = _headers(scope)
    if not service.rest.issuer.accepts(_bearer(headers), now):
        return _unauthorized("rest")
    account = next((headers[name] for name in _ACCOUNT_HEADERS if headers.get(name)), None)
    if account is None:
        raise Rejection(400, "the header X-Xurrent-Account must name the account")
    if service.rest.account not in (None, account):
        raise Rejection(403, f"these credentials may not see the account {account}")
    target = _target(scope, REST_PATH)
    call = read_call(str(scope["method"]), target, await _document(scope, receive), account, now)
    return service.store.answer_rest(call, quirks=service.quirks)


async def _answer_token(service: _Service, scope: Message, receive: Receive, now: datetime) -> Response:
    form = dict(parse_qsl((await _body(receive)).decode("latin-1")))
    return service.rest.issuer.answer(str(scope["method"]), form, now)


def _unauthorized(shape: ErrorShape) -> Response:
    refusal = error_response(Rejection(401, "a bearer token is needed"), shape)
    return replace(refusal, headers={"WWW-Authenticate": "Bearer"})


def _headers(scope: Message) -> Mapping[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _bearer(headers: Mapping[str, str]) -> str:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.casefold() == "bearer" else ""


def _path(scope: Message) -> str:
    # The raw path, which is optional in ASGI: in the decoded path, the %2F of an id would be a slash.
    raw_path = scope.get("raw_path")
    return raw_path.decode("latin-1") if raw_path else quote(str(scope["path"]))


def _target(scope: Message, base: str) -> str:
    """Returns path and query below the base, as the simulator expects them."""
    path = _path(scope)
    if not path.startswith(f"{base}/"):
        raise Rejection(404, f"only {BASE_PATH}, {REST_PATH} and {TOKEN_PATH} exist here")
    return f"{path.removeprefix(base)}?{scope['query_string'].decode('latin-1')}"


async def _document(scope: Message, receive: Receive) -> object:
    """Returns the JSON body of a write, or None; REST writes may have none."""
    if scope["method"] not in ("POST", "PUT", "PATCH"):
        return None
    body = await _body(receive)
    return None if not body and _path(scope).startswith(f"{REST_PATH}/") else _parsed(_headers(scope), body)


async def _body(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise Rejection(413, f"a body may have {MAX_BODY_BYTES:,} bytes at most")
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _parsed(headers: Mapping[str, str], body: bytes) -> object:
    content_type = headers.get("content-type", _JSON_TYPES[0]).partition(";")[0].strip().lower()
    if content_type not in _JSON_TYPES:
        raise Rejection(415, f"a body must be {' or '.join(_JSON_TYPES)}")
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):  # RecursionError: thousands of nested brackets
        raise invalid_syntax("the body is not JSON") from None


def _refuse_constant(name: str) -> NoReturn:
    # Python reads NaN and Infinity, which are not JSON (RFC 8259).
    raise ValueError(name)


async def _send(send: Send, response: Response) -> None:
    content = b"" if response.body is None else json.dumps(response.body).encode("ascii")
    headers = {**response.headers, "Content-Length": str(len(content))}
    if content:
        headers["Content-Type"] = f"{_JSON_TYPES[0]}; charset=utf-8"
    if response.status == HTTPStatus.NO_CONTENT:  # RFC 9110 section 8.6: no Content-Length with 204
        del headers["Content-Length"]
    encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": encoded})
    await send({"type": "http.response.body", "body": content})


async def _live(receive: Receive, send: Send) -> None:
    """Answers the lifespan protocol; the owner of the store closes it."""
    while True:
        match (await receive())["type"]:
            case "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            case _:
                await send({"type": "lifespan.shutdown.complete"})
                return
