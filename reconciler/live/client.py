"""The HTTP client of an account: bearer token, pace and retries; answers are values. Imports httpx.

It only sends a core `Request` (GET, POST or PATCH), and only to the service's own address. The token is in one header
of these requests and in no message; redirects are not followed. A `ServiceProfile` holds the differences of services.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Protocol, Self, TypeAlias
from urllib.parse import urlsplit

import httpx

from reconciler.bounded_http import (
    describe_failure,
    find_certificate_fault,
    name_what_to_check,
    open_client,
    receive_body,
)
from reconciler.core.declarations.tenant import Window
from reconciler.core.model.messages import Method, Request, Response
from reconciler.core.scim.http_body import UnreadableBody, read_json
from reconciler.core.scim.pace import Wait
from reconciler.core.scim.retry import SERVER_ERRORS, wait_before_retry
from reconciler.core.scim.wire import describe_error
from reconciler.errors import LostAnswer, NotAnAnswer, NotSent, Unreachable
from reconciler.live.body import ContentType, describe_body, write_body
from reconciler.live.rate_limiter import REAL_CLOCK, PaceClock, Permit, RateLimiter
from reconciler.live.waiting import Tried, Waiting

ALLOWED = frozenset({"GET", "POST", "PATCH"})
LARGEST_READ = 2 * 1024**3  # bytes of all answers of a run
SECONDS_FOR_AN_ANSWER = 60.0
IN_FLIGHT = 8


Transport: TypeAlias = httpx.AsyncBaseTransport
Answered: TypeAlias = "Response | httpx.HTTPError | NotAnAnswer"


@dataclass(frozen=True, slots=True)
class ServiceProfile:
    """The format and headers of a kind of service, and what to do if it refuses the token or is not that service.

    `repeatable`: a POST changes nothing, so it may be sent again after a lost answer. `normalise` puts the documents of
    the service into one form.
    """

    expects: str
    refused: str
    setting: str
    sends: ContentType
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = False
    normalise: Callable[[object], object] = lambda document: document


SCIM = ServiceProfile(
    expects="SCIM",
    refused="Renew it, and update the variable that the tenant's `token` names",
    setting="the tenant's url",
    sends="application/scim+json",
)


class Tokens(Protocol):
    """The source of the bearer token of each request."""

    async def current(self) -> str:
        """Returns the token to use now."""

    def refuse(self, token: str) -> bool:
        """Drops a token that the service refused; returns whether another one can be fetched."""


@dataclass(frozen=True, slots=True)
class OneToken:
    """A fixed token, which is renewed by hand."""

    value: str = field(repr=False)

    async def current(self) -> str:
        """Returns the token."""
        return self.value

    def refuse(self, token: str) -> bool:  # noqa: ARG002  # the only token
        """Returns false, because no other token exists."""
        return False


class Client:
    """Sends requests to one service. `requests` counts those sent, with retries; `waiting` knows and ends its waits.

    `token` is None if the service needs none; `dated` is the `Date` header of the first answer that has one. `needed`
    counts the requests that a read is known to need so far. `refuses_count` is set if lists are answered only without
    `count`.
    """

    def __init__(  # noqa: PLR0913  # the parts of a connection
        self,
        url: str,
        token: str | Tokens | None,
        windows: tuple[Window, ...],
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: PaceClock = REAL_CLOCK,
        profile: ServiceProfile = SCIM,
    ) -> None:
        self.url = url
        self.transport = transport
        self.requests = 0
        self.needed = 0
        self.refuses_count = False
        self.windows = windows
        self.dated: str | None = None
        self.waiting = Waiting(urlsplit(url).hostname or url, clock)
        self._received = 0
        self._tokens = OneToken(token) if isinstance(token, str) else token
        self._profile = profile
        self._clock = clock
        self._limiter = RateLimiter(windows, clock)
        self._one_by_one = asyncio.Lock()
        self._in_flight = asyncio.Semaphore(IN_FLIGHT)
        accepts = {"Accept": "application/scim+json, application/json", **profile.headers}
        self._http = open_client(url, accepts, transport, SECONDS_FOR_AN_ANSWER)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def send(self, request: Request, *, final: Container[int] = ()) -> Response:
        """Sends the request, with as many attempts as the retry rules allow, and returns the answer.

        An answer with a `final` status is returned at once.

        Raises LostAnswer if no answer came, or if a create may have happened despite a server error (after the wait
        that the answer asks for); NotAnAnswer if the answer is not JSON; Unreachable for refused credentials (401) and
        redirects. A refused token is renewed once, if it can be.
        """
        refuse_method(request.method)
        tried = Tried()
        with self.waiting.open(tried):
            return await self._send(request, tried, final)

    async def _send(self, request: Request, tried: Tried, final: Container[int]) -> Response:
        renewed = False
        creates = request.method == "POST" and not self._profile.repeatable
        while True:
            tried.attempt += 1
            answer, token = await self._attempt(request, tried)
            if not renewed and self._can_renew(token, answer):
                tried.attempt, renewed = tried.attempt - 1, True
                continue
            status = answer.status if isinstance(answer, Response) else None
            method: Method = "POST" if creates else "GET"
            wait = None if status in final else self._wait_before_retry(method, tried.attempt, answer)
            self.needed += wait is not None
            why = "no answer came" if status is None else f"the service answered {status}"
            if wait is None or not await self.waiting.wait(Wait(wait, why)):
                return self._counted(request, answer, tried, tried.attempt + renewed)
            if creates:  # the executor looks the resource up before it sends the create again
                lost = LostAnswer(f"{self.url} answered {status}")
                lost.requests = tried.attempt + renewed
                raise lost

    def _wait_before_retry(self, method: Method, attempt: int, answer: Answered) -> float | None:
        """Returns the seconds before the request is sent again, or None if the answer is final."""
        if isinstance(answer, NotAnAnswer):
            return None
        if isinstance(answer, httpx.HTTPError) and find_certificate_fault(answer):
            return None
        status, headers = (answer.status, answer.headers) if isinstance(answer, Response) else (None, {})
        wait = wait_before_retry(method, attempt, status, headers, self._clock.wall())
        if wait is not None and self._limiter.nothing_is_left:
            return 0.0  # the limiter already waits for the end of the hour, and reports that
        return wait

    def _counted(self, request: Request, answer: Answered, tried: Tried, requests: int) -> Response:
        """Returns the answer or raises the error, with the number of requests sent."""
        try:
            return replace(self._check(request, answer, tried), requests=requests)
        except Unreachable as error:
            error.requests = requests
            raise

    def _can_renew(self, token: str | None, answer: object) -> bool:
        """Checks whether the token was refused and another can be fetched, because a token may expire early."""
        refused = isinstance(answer, Response) and answer.status == httpx.codes.UNAUTHORIZED
        return refused and self._tokens is not None and token is not None and self._tokens.refuse(token)

    async def _attempt(self, request: Request, tried: Tried) -> tuple[Answered, str | None]:
        """Returns the answer or error of one attempt, and the token that was sent."""
        async with self._in_flight:  # before the permit, so that a request with a permit leaves at once
            with await self._take_permit() as permit:
                tried.begin(self._clock.now())
                token = await self._tokens.current() if self._tokens else None  # after the permit, which can take long
                self.requests += 1
                try:
                    return await self._exchange(request, token, permit, tried), token
                except (httpx.HTTPError, NotAnAnswer) as error:
                    return error, token

    async def _take_permit(self) -> Permit:
        """Waits until one more request fits into every window, and into the rest that the service states."""
        async with self._one_by_one:
            while True:
                if wait := self._limiter.wait_for_pace():
                    waited = await self.waiting.wait(wait)
                elif wait := self._limiter.wait_for_service():
                    waited = await self.waiting.wait(wait, self._limiter.heard)
                else:
                    return self._limiter.take()
                if not waited:
                    raise NotSent("the run stopped before the request was sent")

    async def _exchange(self, request: Request, token: str | None, permit: Permit, tried: Tried) -> Response:
        content = None if request.body is None else write_body(request.body, self._profile.sends)
        headers: dict[str, str] = {"Content-Type": self._profile.sends} if content is not None else {}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        address, traced = self.url + request.path, {"trace": permit.trace}
        async with (
            self.waiting.answer_within(SECONDS_FOR_AN_ANSWER),
            self._http.stream(request.method, address, content=content, headers=headers, extensions=traced) as answer,
        ):
            permit.hear(answer.headers)
            self.dated = self.dated or answer.headers.get("date")
            body = await self._receive(answer)
            self.waiting.hear(tried)
            return Response(answer.status_code, body, dict(answer.headers))

    async def _receive(self, answer: httpx.Response) -> object:
        """Returns the document of an answer; None for an error without one."""
        try:
            body = await receive_body(answer)
        except UnreadableBody as error:
            raise NotAnAnswer(f"{self.url} answers {error}") from error
        self._received += len(body)
        if self._received > LARGEST_READ:
            raise NotAnAnswer(f"{self.url} answers more than {LARGEST_READ // 1024**3} GiB to one run")
        return self._parse(answer, body)

    def _parse(self, answer: httpx.Response, body: bytes) -> object:
        try:
            return self._profile.normalise(read_json(body))
        except ValueError as error:
            if not answer.is_success:
                return None
            raise NotAnAnswer(
                f"{self.url} answers {describe_body(body, error)} where {self._profile.expects} was expected: "
                f"check {self._profile.setting}"
            ) from error

    def _check(self, request: Request, answer: Answered, tried: Tried) -> Response:
        if isinstance(answer, NotAnAnswer):
            raise answer
        if isinstance(answer, httpx.HTTPError):
            if fault := find_certificate_fault(answer):
                raise Unreachable(f"{self.url} can't be trusted: {fault}") from answer
            vain = f"no answer from {self.url}{tried.describe(self._clock.now())} ({describe_failure(answer)})"
            raise LostAnswer(f"{vain}: check {name_what_to_check(self.url)}") from answer
        if request.method == "POST" and answer.status in SERVER_ERRORS:
            raise LostAnswer(f"{self.url} answered {describe_error(answer)}")
        if answer.status == httpx.codes.UNAUTHORIZED:
            raise Unreachable(f"{self.url} refuses the token (401). {self._profile.refused}")
        if answer.redirects:
            raise Unreachable(
                f"{self.url} redirects elsewhere, and the token is not sent there: correct {self._profile.setting}"
            )
        return answer


def in_process(application: Callable[..., Awaitable[None]]) -> httpx.AsyncBaseTransport:
    """Returns a transport to an ASGI application in this process, such as the embedded 4me."""
    return httpx.ASGITransport(app=application)


def refuse_method(method: str) -> None:
    """Raises ValueError unless the method is GET, POST or PATCH: DELETE deletes, and PUT clears what it omits."""
    if method not in ALLOWED:
        raise ValueError(f"{method} is never sent: only {', '.join(sorted(ALLOWED))} are")
