"""The settings of the wait for people that 4me links, and its progress. Knows no request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from reconciler.core.planner.late_grant import SECONDS_TO_WAIT, describe_wait


@dataclass(slots=True)
class LinkWait:
    """The settings of a wait for links, and its progress: `waiting` counts the people who are not linked yet.

    `me` is the person of the credentials. `addresses` are the primary e-mails of users by key.
    """

    seconds: float = SECONDS_TO_WAIT
    me: str | None = None
    addresses: Mapping[str, str] = field(default_factory=dict)
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    waiting: int = 0
    begun: float = 0.0

    @property
    def passed(self) -> float:
        """The seconds since the wait began."""
        return self.now() - self.begun

    @property
    def is_over(self) -> bool:
        """Whether the time to wait is over."""
        return self.passed >= self.seconds

    def describe(self) -> str:
        """Returns `waiting for 4me to link 3 people, 12 s of 60 s`, or an empty text while nothing is waited for."""
        return describe_wait(self.waiting, min(self.passed, self.seconds), self.seconds) if self.waiting else ""
