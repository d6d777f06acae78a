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
    """Sends requests to one service. `requests` counts those sent, with retries; setting `hurry` ends all waiting.

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
        self._waits: list[tuple[float, str]] = []
        self.windows = windows
        self.dated: str | None = None
        self.hurry = asyncio.Event()
        self._tokens = OneToken(token) if isinstance(token, str) else token
        self._profile = profile
        self._clock = clock
        self._limiter = RateLimiter(windows, clock)
        self._one_by_one = asyncio.Lock()
        self._in_flight = asyncio.Semaphore(IN_FLIGHT)
        self._http = httpx.AsyncClient(
            transport=transport,
            timeout=SECONDS_FOR_AN_ANSWER,
            follow_redirects=False,
            trust_env=url.startswith("https:"),  # a proxy of the environment tunnels https, but could read http
            headers={"Accept": "application/scim+json, application/json", **profile.headers},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    @property
    def waits_for(self) -> Wait | None:
        """The longest wait of the requests that wait at the moment, with its reason; None if none waits."""
        until, why = max(self._waits, default=(0.0, None))
        return None if why is None else Wait(until - self._clock.now(), why)

    async def send(self, request: Request, *, final: Container[int] = ()) -> Response:
        """Sends the request, with as many attempts as the retry rules allow, and returns the answer.

        An answer with a `final` status is returned at once.

        Raises LostAnswer if no answer came, or if a create may have happened despite a server error (after the wait
        that the answer asks for); NotAnAnswer if the answer is not JSON; Unreachable for refused credentials (401) and
        redirects. A refused token is renewed once, if it can be.
        """
        refuse_method(request.method)
        attempt, renewed = 0, False
        creates = request.method == "POST" and not self._profile.repeatable
        while True:
            attempt += 1
            answer, token = await self._attempt(request)
            if not renewed and self._can_renew(token, answer):
                attempt, renewed = attempt - 1, True
                continue
            status = answer.status if isinstance(answer, Response) else None
            headers = answer.headers if isinstance(answer, Response) else {}
            wait = None
            if not isinstance(answer, NotAnAnswer) and status not in final:
                wait = wait_before_retry("POST" if creates else "GET", attempt, status, headers, self._clock.wall())
            if wait is not None and self._limiter.nothing_is_left:
                wait = 0.0  # the limiter already waits for the end of the hour, and reports that
            self.needed += wait is not None
            why = "no answer came" if status is None else f"the service answered {status}"
            if wait is None or not await self._waited(Wait(wait, why)):
                return self._counted(request, answer, attempt + renewed)
            if creates:  # the executor looks the resource up before it sends the create again
                lost = LostAnswer(f"{self.url} answered {status}")
                lost.requests = attempt + renewed
                raise lost

    def _counted(self, request: Request, answer: Response | httpx.HTTPError | NotAnAnswer, requests: int) -> Response:
        """Returns the answer or raises the error, with the number of requests sent."""
        try:
            return replace(self._check(request, answer), requests=requests)
        except Unreachable as error:
            error.requests = requests
            raise

    def _can_renew(self, token: str | None, answer: object) -> bool:
        """Checks whether the token was refused and another can be fetched, because a token may expire early."""
        refused = isinstance(answer, Response) and answer.status == httpx.codes.UNAUTHORIZED
        return refused and self._tokens is not None and token is not None and self._tokens.refuse(token)

    async def _waited(self, wait: Wait, *ends: asyncio.Event) -> bool:
        """Waits, at most until one of the events; returns false if `hurry` ended the wait."""
        shown = self._clock.now() + wait.seconds, wait.why
        self._waits.append(shown)
        sleep = asyncio.ensure_future(self._clock.sleep(wait.seconds))
        awaited = [sleep, *(asyncio.ensure_future(event.wait()) for event in (self.hurry, *ends))]
        try:
            await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._waits.remove(shown)
            for task in awaited:
                task.cancel()
        return not self.hurry.is_set()

    async def _attempt(self, request: Request) -> tuple[Response | httpx.HTTPError | NotAnAnswer, str | None]:
        """Returns the answer or error of one attempt, and the token that was sent."""
        async with self._in_flight:  # before the permit, so that a request with a permit leaves at once
            with await self._take_permit() as permit:
                token = await self._tokens.current() if self._tokens else None  # after the permit, which can take long
                self.requests += 1
                try:
                    return await self._exchange(request, token, permit), token
                except (httpx.HTTPError, NotAnAnswer) as error:
                    return error, token

    async def _take_permit(self) -> Permit:
        """Waits until one more request fits into every window, and into the rest that the service states."""
        async with self._one_by_one:
            while True:
                if wait := self._limiter.wait_for_pace():
                    waited = await self._waited(wait)
                elif wait := self._limiter.wait_for_service():
                    waited = await self._waited(wait, self._limiter.heard)
                else:
                    return self._limiter.take()
                if not waited:
                    raise NotSent("the run stopped before the request was sent")

    async def _exchange(self, request: Request, token: str | None, permit: Permit) -> Response:
        content = None if request.body is None else write_body(request.body, self._profile.sends)
        headers: dict[str, str] = {"Content-Type": self._profile.sends} if content is not None else {}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        address, traced = self.url + request.path, {"trace": permit.trace}
        async with self._http.stream(
            request.method, address, content=content, headers=headers, extensions=traced
        ) as answer:
            permit.hear(answer.headers)
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
            return self._profile.normalise(parse_body(body))
        except ValueError as error:
            if not answer.is_success:
                return None
            raise NotAnAnswer(
                f"{self.url} answers {describe_body(body)} where {self._profile.expects} was expected: "
                f"check {self._profile.setting}"
            ) from error

    def _check(self, request: Request, answer: Response | httpx.HTTPError | NotAnAnswer) -> Response:
        if isinstance(answer, NotAnAnswer):
            raise answer
        if isinstance(answer, httpx.HTTPError):
            reason = str(answer) or type(answer).__name__  # httpx names the host, never the headers; some are empty
            raise LostAnswer(f"no answer from {self.url} ({reason}): check the url and the network") from answer
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
