"""The one HTTP client of an account: bearer token, pace, retries; answers are values. Imports httpx.

What can leave this process is a core `Request` (GET, POST, PATCH), to the service's own address. The token goes into
one header of those requests, redirects are not followed, and no message carries it. A `ServiceProfile` says in what
services differ.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Protocol, Self, TypeAlias

import httpx

from reconciler.core.declarations.tenant import Window
from reconciler.core.model.messages import Request, Response
from reconciler.core.scim.pace import Wait
from reconciler.core.scim.retry import SERVER_ERRORS, wait_before_retry
from reconciler.core.scim.wire import describe_error
from reconciler.errors import LostAnswer, NotAnAnswer, NotSent, Unreachable
from reconciler.live.body import ContentType, describe_body, parse_body, write_body
from reconciler.live.rate_limiter import REAL_CLOCK, PaceClock, Permit, RateLimiter

ALLOWED = frozenset({"GET", "POST", "PATCH"})
LARGEST_ANSWER = 64 * 1024 * 1024
SECONDS_FOR_AN_ANSWER = 60.0
IN_FLIGHT = 8


Transport: TypeAlias = httpx.AsyncBaseTransport


@dataclass(frozen=True, slots=True)
class ServiceProfile:
    """How a kind of service is spoken to, and what a person is told to do where it refuses the token or is none."""

    expects: str
    refused: str
    setting: str
    sends: ContentType
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = False  # whether a POST whose answer was lost may be sent again, for it changes nothing


SCIM = ServiceProfile(
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
        clock: PaceClock = REAL_CLOCK,
        manner: ServiceProfile = SCIM,
    ) -> None:
        self.url = url
        self.transport = transport
        self.requests = 0
        self.needed = 0
        self._waits: list[tuple[float, str]] = []
        self.windows = windows
        self.dated: str | None = None
        self.hurry = asyncio.Event()
        self._tokens = OneToken(token) if isinstance(token, str) else token
        self._manner = manner
        self._clock = clock
        self._turns = RateLimiter(windows, clock)
        self._one_by_one = asyncio.Lock()
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
    def waits_for(self) -> Wait | None:
        """Why something does not leave at the moment, and for how long: of several, what takes longest."""
        until, why = max(self._waits, default=(0.0, None))
        return None if why is None else Wait(until - self._clock.now(), why)

    async def send(self, request: Request) -> Response:
        """The answer, after as many attempts as the retry rules allow.

        Raises LostAnswer where none came, or a create was answered with a server error and may have been done all the
        same (where that told to wait, after the wait); NotAnAnswer where it is not JSON; Unreachable for refused
        credentials (401) and redirects. A token that can be had anew is, once.
        """
        refuse_method(request.method)
        attempt, renewed = 0, False
        creates = request.method == "POST" and not self._manner.repeatable
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
                wait = wait_before_retry("POST" if creates else "GET", attempt, status, headers, self._clock.wall())
            if wait is not None and self._turns.nothing_is_left:
                wait = 0.0  # the next turn waits for the end of the hour, and says so
            self.needed += wait is not None
            why = "no answer came" if status is None else f"the service answered {status}"
            if wait is None or not await self._waited(Wait(wait, why)):
                return self._counted(request, answer, attempt + renewed)
            if creates:  # which is looked up before it is sent again, whatever refused it
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

    async def _waited(self, wait: Wait, *ends: asyncio.Event) -> bool:
        """Waits, at most until one of the events, and says whether it could: `hurry` ends every waiting at once."""
        shown = self._clock.now() + wait.seconds, wait.why
        self._waits.append(shown)
        sleep = asyncio.ensure_future(self._clock.sleep(wait.seconds))
        awaited = [sleep, *(asyncio.ensure_future(event.wait()) for event in (self.hurry, *ends))]
        try:
            await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._waits.remove(shown)
            for one in awaited:
                one.cancel()
        return not self.hurry.is_set()

    async def _attempt(self, request: Request) -> tuple[Response | httpx.HTTPError | NotAnAnswer, str | None]:
        """What came back, and the token that was shown for it."""
        async with self._in_flight:  # a slot first: what waits for one must not start late, in a crowd
            with await self._take_turn() as turn:
                token = await self._tokens.current() if self._tokens else None  # now: a turn can be long in coming
                self.requests += 1
                try:
                    return await self._exchange(request, token, turn), token
                except (httpx.HTTPError, NotAnAnswer) as error:
                    return error, token

    async def _take_turn(self) -> Permit:
        """Waits until one more request fits into every window, and into what the service says is left."""
        async with self._one_by_one:
            while True:
                if wait := self._turns.wait_for_pace():
                    waited = await self._waited(wait)
                elif wait := self._turns.wait_for_service():
                    waited = await self._waited(wait, self._turns.heard)
                else:
                    return self._turns.take()
                if not waited:
                    raise NotSent("the run stopped before its turn came")

    async def _exchange(self, request: Request, token: str | None, turn: Permit) -> Response:
        content = None if request.body is None else write_body(request.body, self._manner.sends)
        headers: dict[str, str] = {"Content-Type": self._manner.sends} if content is not None else {}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        address, traced = self.url + request.path, {"trace": turn.trace}
        async with self._http.stream(
            request.method, address, content=content, headers=headers, extensions=traced
        ) as answer:
            turn.hear(answer.headers)
            self.dated = self.dated or answer.headers.get("date")
            body = bytearray()
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > LARGEST_ANSWER:
                    raise NotAnAnswer(
                        f"{self.url} answers more than {LARGEST_ANSWER // 1024 // 1024} MiB to one request"
                    )
            return Response(answer.status_code, self._parse(answer, bytes(body)), dict(answer.headers))

    def _parse(self, answer: httpx.Response, body: bytes) -> object:
        try:
            return parse_body(body)
        except ValueError as error:
            if not answer.is_success:
                return None
            raise NotAnAnswer(
                f"{self.url} answers {describe_body(body)} where {self._manner.expects} was expected: "
                f"check {self._manner.setting}"
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


def _reason(error: httpx.HTTPError) -> str:
    """Httpx's words name the host and not the headers; some errors have none, and their type must do."""
    return str(error) or type(error).__name__
