"""The one HTTP client of an account: bearer token, pace, retries; answers are values. Imports httpx.

What can leave this process is a core `Request` (GET, POST, PATCH), to the tenant's own address. The token goes into one
header of those requests, redirects are not followed, and no message carries it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import NoReturn, Self

import httpx

from reconciler.core.model import Request, Response
from reconciler.core.pace import next_start
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


class Client:
    """Sends requests to one tenant. `requests` counts what left, retries too; setting `hurry` ends all waiting."""

    def __init__(
        self,
        url: str,
        token: str,
        windows: tuple[Window, ...],
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock = REAL_CLOCK,
    ) -> None:
        self.url = url
        self.requests = 0
        self.hurry = asyncio.Event()
        self._windows = windows
        self._clock = clock
        self._started: deque[float] = deque(maxlen=max((window.requests for window in windows), default=1))
        self._turn = asyncio.Lock()
        self._in_flight = asyncio.Semaphore(IN_FLIGHT)
        self._http = httpx.AsyncClient(
            transport=transport,
            timeout=SECONDS_FOR_AN_ANSWER,
            follow_redirects=False,
            trust_env=url.startswith("https:"),  # a proxy of the environment tunnels https, and would read http
            headers={"Authorization": f"Bearer {token}", "Accept": "application/scim+json, application/json"},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def send(self, request: Request) -> Response:
        """The answer, after as many attempts as the retry rules allow.

        Raises LostAnswer where none came, or a create was answered with a server error and may have been done all the
        same; NotAnAnswer where it is not JSON; Unreachable for refused credentials (401) and redirects.
        """
        refuse_method(request.method)
        attempt = 0
        while True:
            attempt += 1
            answer = await self._attempt(request)
            status = answer.status if isinstance(answer, Response) else None
            headers = answer.headers if isinstance(answer, Response) else {}
            wait = None
            if not isinstance(answer, NotAnAnswer):
                wait = wait_before_retry(request.method, attempt, status, headers, self._clock.wall())
            if wait is None or not await self._waited(wait):
                return self._counted(request, answer, attempt)

    def _counted(self, request: Request, answer: Response | httpx.HTTPError | NotAnAnswer, requests: int) -> Response:
        """The answer, or the error, with how many requests it took."""
        try:
            return replace(self._judge(request, answer), requests=requests)
        except Unreachable as error:
            error.requests = requests
            raise

    async def _waited(self, seconds: float) -> bool:
        """Waits, and says whether it could: `hurry` ends every waiting at once."""
        sleep = asyncio.ensure_future(self._clock.sleep(seconds))
        hurried = asyncio.ensure_future(self.hurry.wait())
        try:
            await asyncio.wait((sleep, hurried), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            hurried.cancel()
        return not self.hurry.is_set()

    async def _attempt(self, request: Request) -> Response | httpx.HTTPError | NotAnAnswer:
        async with self._in_flight:  # a slot first: what waits for one must not start late, in a crowd
            await self._take_turn()
            self.requests += 1
            try:
                return await self._exchange(request)
            except (httpx.HTTPError, NotAnAnswer) as error:
                return error

    async def _take_turn(self) -> None:
        """Waits until one more request fits into every window."""
        async with self._turn:
            now = self._clock.now()
            start = next_start(self._started, self._windows, now)
            if start > now and not await self._waited(start - now):
                raise NotSent("the run stopped before its turn came")
            self._started.append(max(start, self._clock.now()))

    async def _exchange(self, request: Request) -> Response:
        content = None if request.body is None else json.dumps(request.body, ensure_ascii=False).encode()
        kind = {"Content-Type": "application/scim+json"} if content is not None else {}
        address = self.url + request.path
        async with self._http.stream(request.method, address, content=content, headers=kind) as answer:
            body = bytearray()
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > LARGEST_ANSWER:
                    raise NotAnAnswer(
                        f"{self.url} answers more than {LARGEST_ANSWER // 1024 // 1024} MiB to one request"
                    )
            return Response(answer.status_code, self._parse(answer, bytes(body)), dict(answer.headers))

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
            raise NotAnAnswer(f"{self.url} answers {what} where SCIM was expected: check the tenant's url") from error

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
            raise Unreachable(
                f"{self.url} refuses the token (401). Renew it in 4me under Settings, Apps, SCIM, "
                "and update the variable that the tenant's `token` names"
            )
        if answer.redirects:
            raise Unreachable(
                f"{self.url} redirects elsewhere, and the token does not follow: correct the tenant's url"
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
