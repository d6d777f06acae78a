"""The waits of a client: for its pace, before a retry, for an answer; with their start, reason and end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from reconciler.bounded_http import overdue
from reconciler.core.scim.pace import Silence, Wait
from reconciler.core.scim.retry import MOST_ATTEMPTS
from reconciler.live.rate_limiter import PaceClock

SHORTEST_SILENCE = 1.0  # seconds; a usual answer takes less


@dataclass(slots=True, eq=False)  # each request is its own
class Tried:
    """The tries of one request: the time of the first, and since when no answer came; None before, or after one."""

    since: float | None = None
    unanswered: float | None = None
    attempt: int = 0

    def begin(self, now: float) -> None:
        """Notes that the request is sent, perhaps again."""
        self.since = now if self.since is None else self.since
        self.unanswered = now if self.unanswered is None else self.unanswered

    def describe(self, now: float) -> str:
        """Describes what was tried in vain: "in 5 tries over 16 s"; nothing after a single try."""
        seconds = now - (now if self.since is None else self.since)
        return f" in {self.attempt} tries over {seconds:.0f} s" if self.attempt > 1 else ""


@dataclass(slots=True)
class Waiting:
    """The waits of one client. Setting `hurry` ends those for the pace and before retries; `end_within` ends all.

    `applies` is set while an apply shows the progress, so that the reads before it show none.
    """

    host: str
    clock: PaceClock
    hurry: asyncio.Event = field(default_factory=asyncio.Event)
    applies: bool = False
    _waits: list[tuple[float, str]] = field(default_factory=list)
    _open: set[Tried] = field(default_factory=set)
    _heard: float = 0.0
    _limits: list[asyncio.Timeout] = field(default_factory=list)
    _end: float | None = None

    @property
    def longest(self) -> Wait | None:
        """The longest wait for the pace or before a retry, with its reason; None without such a wait."""
        until, why = max(self._waits, default=(0.0, None))
        return None if why is None else Wait(until - self.clock.now(), why)

    @property
    def silence(self) -> Silence | None:
        """The time since anything was heard from the service, if a request is open; None in the first second."""
        sent = [(tried.unanswered, tried.attempt) for tried in self._open if tried.unanswered is not None]
        since, attempt = min(sent, default=(self.clock.now(), 0))
        seconds = self.clock.now() - max(since, self._heard)
        return Silence(self.host, seconds, attempt, MOST_ATTEMPTS) if seconds >= SHORTEST_SILENCE else None

    def hear(self, tried: Tried) -> None:
        """Notes that the service answered the request."""
        self._heard = self.clock.now()
        tried.unanswered = None

    @contextmanager
    def open(self, tried: Tried) -> Iterator[None]:
        """Counts the request as open while the block runs."""
        self._open.add(tried)
        try:
            yield
        finally:
            self._open.discard(tried)

    async def wait(self, wait: Wait, *ends: asyncio.Event) -> bool:
        """Waits, at most until one of the events; returns false if `hurry` ended the wait."""
        shown = self.clock.now() + wait.seconds, wait.why
        self._waits.append(shown)
        sleep = asyncio.ensure_future(self.clock.sleep(wait.seconds))
        awaited = [sleep, *(asyncio.ensure_future(event.wait()) for event in (self.hurry, *ends))]
        try:
            await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._waits.remove(shown)
            for task in awaited:
                task.cancel()
        return not self.hurry.is_set()

    @asynccontextmanager
    async def answer_within(self, seconds: float) -> AsyncIterator[None]:
        """Ends the block with httpx's error after the seconds: its own limit starts again with every byte.

        The limit is one for the whole answer, and `end_within` may end it earlier.
        """
        due = asyncio.get_running_loop().time() + seconds
        limit = asyncio.timeout_at(due if self._end is None else min(due, self._end))
        self._limits.append(limit)
        try:
            async with limit:
                yield
        except TimeoutError as error:
            stopped = self._end is not None and self._end < due
            reason = "the run was stopped" if stopped else f"no whole answer within {seconds:g} s"
            raise overdue(reason) from error
        finally:
            self._limits.remove(limit)

    def end_within(self, seconds: float) -> None:
        """Ends all waits for answers, now and later, in so many seconds."""
        end = asyncio.get_running_loop().time() + seconds
        self._end = end if self._end is None else min(self._end, end)
        for limit in self._limits:
            due = limit.when()
            limit.reschedule(self._end if due is None else min(due, self._end))
