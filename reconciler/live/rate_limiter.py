"""Whose turn it is: what is on its way, what was sent when, and what the service said is left. Sends and waits nothing.

A service counts what arrives. The first requests open connections, which takes as long as several answers, and those
after them find them open: counted from when they were about to go, both would arrive in one window. So a request counts
from when it was written, and until then as if it were written now. To count it until it was answered would be as safe,
and cost one latency a window: at 300 ms, more than a tenth of all the time. What one latency differs from another by
is not known: `SECONDS_TO_SPARE` are for it, a hundredth of 4me's two seconds.
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
    """Monotonic seconds, seconds since 1970, and waiting: arguments, so that a test needs none of them."""

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


REAL_CLOCK = PaceClock()


class RateLimiter:
    """What all requests of one client share. `heard` is set whenever one of them ends."""

    def __init__(self, windows: tuple[Window, ...], clock: PaceClock) -> None:
        self.windows = windows
        self.clock = clock
        self.heard = asyncio.Event()
        self._sent: deque[float] = deque(maxlen=max((window.requests for window in windows), default=1))
        self._unsent = 0
        self._in_flight = 0
        self._allowance: Allowance | None = None

    def wait_for_pace(self) -> Wait | None:
        """What is to be waited before a turn, by the windows; then to be asked again: what is unsent counts later."""
        now = self.clock.now()
        start = next_start([*self._sent, *[now + SECONDS_TO_SPARE] * self._unsent], self.windows, now)
        return Wait(start - now, "the pace allows no more") if start > now else None

    def wait_for_service(self) -> Wait | None:
        """The same by what the service said is left: until then, or until something more was `heard`."""
        now = self.clock.now()
        start = next_allowed(self._allowance, self._in_flight, now)
        self.heard.clear()
        return Wait(start - now, "the service says that its hour is used up") if start > now else None

    @property
    def nothing_is_left(self) -> bool:
        """Whether the hour is used up, whatever is in flight: then the next turn is a wait."""
        now = self.clock.now()
        return next_allowed(self._allowance, 0, now) > now

    def take(self) -> Permit:
        """A turn, of which both must know: nobody else may have it."""
        self._unsent += 1
        self._in_flight += 1
        return Permit(self)

    def count_sent(self) -> None:
        """One of those that have a turn was written."""
        self._unsent -= 1
        self._sent.append(self.clock.now() + SECONDS_TO_SPARE)

    def count_ended(self, told: Allowance | None) -> None:
        """One of them has its answer, or will have none."""
        self._in_flight -= 1
        self._allowance = narrow(self._allowance, told)
        self.heard.set()


@dataclass(slots=True)
class Permit:
    """One request on its way, from when it may go until the end of its block, whatever came of it."""

    _turns: RateLimiter
    _sent: bool = False
    _told: Allowance | None = None

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Hears what httpcore does (httpx's extension `trace`): where it comes to the body, the head is written.

        That of CONNECT goes to a proxy, and the request after it. A transport that tells nothing has its requests count
        until they are answered.
        """
        if event.endswith("send_request_body.started") and info["request"].method != b"CONNECT":
            self._count_sent()

    def hear(self, headers: Mapping[str, str]) -> None:
        """The headers of its answer."""
        clock = self._turns.clock
        self._told = read_allowance(headers, clock.now(), clock.wall())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._count_sent()  # or it broke before, and nobody knows
        self._turns.count_ended(self._told)

    def _count_sent(self) -> None:
        if not self._sent:
            self._sent = True
            self._turns.count_sent()
