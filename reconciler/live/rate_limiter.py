"""Decides when the next request may leave, from requests in flight, requests sent, and the service's allowance.

Neither sends nor waits. A service counts requests as they arrive. The first ones open connections, which takes as long
as several answers; later ones find them open. Counted from their permit, both could arrive in one window. So a request
counts from the moment it is written, and until then as if it were written now. Counting it until its answer would be as
safe, but cost one latency per window: at 300 ms, more than a tenth of the time. `SECONDS_TO_SPARE`, a hundredth of
4me's two seconds, covers the unknown difference between latencies.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from reconciler.core.declarations.tenant import Window
from reconciler.core.scim.pace import Allowance, Wait, narrow, next_allowed, next_start, read_allowance

SECONDS_TO_SPARE = 0.02


@dataclass(frozen=True, slots=True)
class PaceClock:
    """Monotonic seconds, seconds since 1970, and a sleep: arguments, so that tests need no real time."""

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


REAL_CLOCK = PaceClock()


class RateLimiter:
    """The limiter that all requests of one client share. `heard` is set when one of them ends."""

    def __init__(self, windows: tuple[Window, ...], clock: PaceClock) -> None:
        self.windows = windows
        self.clock = clock
        self.heard = asyncio.Event()
        self._sent: deque[float] = deque(maxlen=max((window.requests for window in windows), default=1))
        self._unsent = 0
        self._in_flight = 0
        self._allowance: Allowance | None = None

    def wait_for_pace(self) -> Wait | None:
        """Returns the wait by the windows, or None. Call it again after the wait: unsent requests count later."""
        now = self.clock.now()
        start = next_start([*self._sent, *[now + SECONDS_TO_SPARE] * self._unsent], self.windows, now)
        return Wait(start - now, "the pace allows no more") if start > now else None

    def wait_for_service(self) -> Wait | None:
        """Returns the wait by the service's allowance, or None. Call it again after the wait, or if `heard` is set."""
        now = self.clock.now()
        start = next_allowed(self._allowance, self._in_flight, now)
        self.heard.clear()
        return Wait(start - now, "the service's hourly limit is used up") if start > now else None

    @property
    def nothing_is_left(self) -> bool:
        """Whether the hourly allowance is used up, so that the next permit requires a wait."""
        now = self.clock.now()
        return next_allowed(self._allowance, 0, now) > now

    def take(self) -> Permit:
        """Returns a permit for one request; both waits must be None, and no other task may take one in between."""
        self._unsent += 1
        self._in_flight += 1
        return Permit(self)

    def count_sent(self) -> None:
        """Counts a request with a permit as written now."""
        self._unsent -= 1
        self._sent.append(self.clock.now() + SECONDS_TO_SPARE)

    def count_ended(self, allowance: Allowance | None) -> None:
        """Counts a request as ended, with the allowance of its answer, if any."""
        self._in_flight -= 1
        self._allowance = narrow(self._allowance, allowance)
        self.heard.set()


@dataclass(slots=True)
class Permit:
    """The permit of one request, a context manager: it lasts to the end of the block, with or without an answer."""

    _limiter: RateLimiter
    _sent: bool = False
    _allowance: Allowance | None = None

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Receives the events of httpcore (httpx's extension `trace`): when the body starts, the head is written.

        CONNECT only goes to a proxy, and the request follows it. Without events, a request counts until its answer.
        """
        if event.endswith("send_request_body.started") and info["request"].method != b"CONNECT":
            self._count_sent()

    def hear(self, headers: Mapping[str, str]) -> None:
        """Reads the allowance from the headers of the answer."""
        clock = self._limiter.clock
        self._allowance = read_allowance(headers, clock.now(), clock.wall())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._count_sent()  # a request that broke may have been written
        self._limiter.count_ended(self._allowance)

    def _count_sent(self) -> None:
        if not self._sent:
            self._sent = True
            self._limiter.count_sent()
