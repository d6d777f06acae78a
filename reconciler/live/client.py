"""The one HTTP client of an account: bearer token, pace, retries; answers are values. Imports httpx.

What can leave this process is a core `Request` (GET, POST, PATCH), to the service's own address. The token goes into
one header of those requests, redirects are not followed, and no message carries it. Services differ in `Manner`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Literal, NoReturn, Protocol, Self, TypeAlias
from urllib.parse import urlencode

import httpx

from reconciler.core.model import Request, Response
from reconciler.core.pace import next_start, spell_time
from reconciler.core.retry import SERVER_ERRORS, wait_before_retry
from reconciler.core.tenant import Window
from reconciler.core.wire import describe_error
from reconciler.errors import LostAnswer, NotAnAnswer, NotSent, Unreachable

ALLOWED = frozenset({"GET", "POST", "PATCH"})
LARGEST_ANSWER = 64 * 1024 * 1024
SECONDS_FOR_AN_ANSWER = 60.0
IN_FLIGHT = 8


@dataclass(frozen=True, slots=True)
class Clock:
    """Monotonic seconds, seconds since 1970, and waiting: arguments, so that a test needs none of them."""

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


REAL_CLOCK = Clock()
Transport: TypeAlias = httpx.AsyncBaseTransport
ContentType: TypeAlias = Literal["application/scim+json", "application/json", "application/x-www-form-urlencoded"]


@dataclass(frozen=True, slots=True)
class Manner:
    """How a kind of service is spoken to, and what a person is told to do where it refuses the token or is none."""

    expects: str
    refused: str
    setting: str
    sends: ContentType
    headers: Mapping[str, str] = field(default_factory=dict)


SCIM = Manner(
    expects="SCIM",
    refused=("Renew it in 4me under Settings, Apps, SCIM, and update the variable that the tenant's `token` names"),
    setting="the tenant's url",
    sends="application/scim+json",
)


class Tokens(Protocol):
    """Where the bearer token of each request comes from."""

    async def current(self) -> str:
        """The token to use now."""

    def refuse(self, token: str) -> bool:
        """The service does not take that one any more: whether there can be another."""


@dataclass(frozen=True, slots=True)
class OneToken:
    """A token that somebody renews by hand."""

    value: str = field(repr=False)

    async def current(self) -> str:
        """Always the same."""
        return self.value

    def refuse(self, token: str) -> bool:  # noqa: ARG002  # there is but one
        """There is no other."""
        return False


class Client:
    """Sends requests to one service. `requests` counts what left, retries too; setting `hurry` ends all waiting.

    `token` is None where there is nothing to show yet; `dated` is the service's date of its first answer, if it told.
    `needed` are the requests that a read is known to take so far.
    """

    def __init__(  # noqa: PLR0913  # what a connection is made of
        self,
        url: str,
        token: str | Tokens | None,
        windows: tuple[Window, ...],
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock = REAL_CLOCK,
        manner: Manner = SCIM,
    ) -> None:
        self.url = url
        self.transport = transport
        self.requests = 0
        self.needed = 0
        self._waits: tuple[float, str] | None = None
        self.windows = windows
        self.dated: str | None = None
        self.hurry = asyncio.Event()
        self._tokens = OneToken(token) if isinstance(token, str) else token
        self._manner = manner
        self._clock = clock
        self._started: deque[float] = deque(maxlen=max((window.requests for window in windows), default=1))
        self._turn = asyncio.Lock()
        self._in_flight = asyncio.Semaphore(IN_FLIGHT)
        self._http = httpx.AsyncClient(
            transport=transport,
            timeout=SECONDS_FOR_AN_ANSWER,
            follow_redirects=False,
            trust_env=url.startswith("https:"),  # a proxy of the environment tunnels https, and would read http
            headers={"Accept": "application/scim+json, application/json", **manner.headers},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    @property
    def waits_for(self) -> str | None:
        """Why nothing leaves at the moment, and for how long."""
        return self._waits and f"waits {spell_time(self._waits[0] - self._clock.now())}: {self._waits[1]}"

    async def send(self, request: Request) -> Response:
        """The answer, after as many attempts as the retry rules allow.

        Raises LostAnswer where none came, or a create was answered with a server error and may have been done all the
        same (where that told to wait, after the wait); NotAnAnswer where it is not JSON; Unreachable for refused
        credentials (401) and redirects. A token that can be had anew is, once.
        """
        refuse_method(request.method)
        attempt, renewed = 0, False
        while True:
            attempt += 1
            answer, token = await self._attempt(request)
            if not renewed and self._gives_up(token, answer):
                attempt, renewed = attempt - 1, True
                continue
            status = answer.status if isinstance(answer, Response) else None
            headers = answer.headers if isinstance(answer, Response) else {}
            wait = None
            if not isinstance(answer, NotAnAnswer):
                wait = wait_before_retry(request.method, attempt, status, headers, self._clock.wall())
            self.needed += wait is not None
            why = "no answer came" if status is None else f"the service answered {status}"
            if wait is None or not await self._waited(wait, why):
                return self._counted(request, answer, attempt + renewed)
            if request.method == "POST":  # which is looked up before it is sent again, whatever refused it
                turned_away = LostAnswer(f"{self.url} answered {status}")
                turned_away.requests = attempt + renewed
                raise turned_away

    def _counted(self, request: Request, answer: Response | httpx.HTTPError | NotAnAnswer, requests: int) -> Response:
        """The answer, or the error, with how many requests it took."""
        try:
            return replace(self._judge(request, answer), requests=requests)
        except Unreachable as error:
            error.requests = requests
            raise

    def _gives_up(self, token: str | None, answer: object) -> bool:
        """Whether the token was refused and there can be another: it may have ended before its time."""
        refused = isinstance(answer, Response) and answer.status == httpx.codes.UNAUTHORIZED
        return refused and self._tokens is not None and token is not None and self._tokens.refuse(token)

    async def _waited(self, seconds: float, why: str) -> bool:
        """Waits, and says whether it could: `hurry` ends every waiting at once."""
        self._waits = self._clock.now() + seconds, why
        sleep = asyncio.ensure_future(self._clock.sleep(seconds))
        hurried = asyncio.ensure_future(self.hurry.wait())
        try:
            await asyncio.wait((sleep, hurried), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._waits = None
            sleep.cancel()
            hurried.cancel()
        return not self.hurry.is_set()

    async def _attempt(self, request: Request) -> tuple[Response | httpx.HTTPError | NotAnAnswer, str | None]:
        """What came back, and the token that was shown for it."""
        async with self._in_flight:  # a slot first: what waits for one must not start late, in a crowd
            await self._take_turn()
            token = await self._tokens.current() if self._tokens else None  # now: a turn can be long in coming
            self.requests += 1
            try:
                return await self._exchange(request, token), token
            except (httpx.HTTPError, NotAnAnswer) as error:
                return error, token

    async def _take_turn(self) -> None:
        """Waits until one more request fits into every window."""
        async with self._turn:
            now = self._clock.now()
            start = next_start(self._started, self.windows, now)
            if start > now and not await self._waited(start - now, "the pace allows no more"):
                raise NotSent("the run stopped before its turn came")
            self._started.append(max(start, self._clock.now()))

    async def _exchange(self, request: Request, token: str | None) -> Response:
        content = None if request.body is None else self._written(request.body)
        headers: dict[str, str] = {"Content-Type": self._manner.sends} if content is not None else {}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        address = self.url + request.path
        async with self._http.stream(request.method, address, content=content, headers=headers) as answer:
            self.dated = self.dated or answer.headers.get("date")
            body = bytearray()
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > LARGEST_ANSWER:
                    raise NotAnAnswer(
                        f"{self.url} answers more than {LARGEST_ANSWER // 1024 // 1024} MiB to one request"
                    )
            return Response(answer.status_code, self._parse(answer, bytes(body)), dict(answer.headers))

    def _written(self, body: Mapping[str, object]) -> bytes:
        if self._manner.sends == "application/x-www-form-urlencoded":
            return urlencode(body).encode()
        return json.dumps(body, ensure_ascii=False).encode()

    def _parse(self, answer: httpx.Response, body: bytes) -> object:
        if not body.strip():
            return None
        try:
            document = json.loads(body, parse_constant=_refuse_constant)
            return _with_whole_letters(document) if b"\\u" in body else document
        except (ValueError, RecursionError) as error:
            if not answer.is_success:
                return None
            what = "HTML" if body.lstrip()[:1] == b"<" else f"{len(body)} bytes that are not JSON"
            raise NotAnAnswer(
                f"{self.url} answers {what} where {self._manner.expects} was expected: check {self._manner.setting}"
            ) from error

    def _judge(self, request: Request, answer: Response | httpx.HTTPError | NotAnAnswer) -> Response:
        if isinstance(answer, NotAnAnswer):
            raise answer
        if isinstance(answer, httpx.HTTPError):
            raise LostAnswer(
                f"no answer from {self.url} ({_reason(answer)}): is the url right, and the network up?"
            ) from answer
        if request.method == "POST" and answer.status in SERVER_ERRORS:
            raise LostAnswer(f"{self.url} answered {describe_error(answer)}")
        if answer.status == httpx.codes.UNAUTHORIZED:
            raise Unreachable(f"{self.url} refuses the token (401). {self._manner.refused}")
        if answer.redirects:
            raise Unreachable(
                f"{self.url} redirects elsewhere, and the token does not follow: correct {self._manner.setting}"
            )
        return answer


def in_process(application: Callable[..., Awaitable[None]]) -> httpx.AsyncBaseTransport:
    """A transport to an ASGI application in this process: the embedded 4me behind the same client."""
    return httpx.ASGITransport(app=application)


def refuse_method(method: str) -> None:
    """Stops all but GET, POST and PATCH before a socket opens: nothing is deleted, and PUT empties by omission."""
    if method not in ALLOWED:
        raise ValueError(f"{method} is never sent: only {', '.join(sorted(ALLOWED))} are")


def _refuse_constant(name: str) -> NoReturn:
    """NaN and Infinity are Python's idea of JSON and nobody else's."""
    raise ValueError(f"{name} is not JSON")


def _with_whole_letters(value: object) -> object:
    """The document with halves of letters (lone surrogates), which no file or terminal can hold, replaced."""
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case dict():
            return {_with_whole_letters(key): _with_whole_letters(one) for key, one in value.items()}
        case list():
            return [_with_whole_letters(one) for one in value]
        case _:
            return value


def _reason(error: httpx.HTTPError) -> str:
    """Httpx's words name the host and not the headers; some errors have none, and their type must do."""
    return str(error) or type(error).__name__
