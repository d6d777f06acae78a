"""The connection to an account: sending, dialect, provisioning log, roles over REST; and the stop of a run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from reconciler.apply.forms import LearnedForms
from reconciler.apply.link_wait import LinkWait
from reconciler.core.changes.asked import RefusedParts
from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.plan import Change
from reconciler.core.model.messages import Request, Response
from reconciler.core.planner.steps import MATCHING, Kind
from reconciler.core.scim.wire import Dialect
from reconciler.errors import Unreachable

Send: TypeAlias = Callable[[Request], Awaitable[Response]]


@dataclass(slots=True)
class Stop:
    """A stop, by Ctrl-C or by the executor (refused credentials, too many failures): no new step starts."""

    reason: str | None = None
    event: asyncio.Event = field(default_factory=asyncio.Event)
    holds: int = 0

    def set(self, reason: str) -> None:
        """Stops the run, and wakes all waiting requests by `event`; only the first reason is reported.

        While an exchange of names is under way, requests still wait, so that it is ended or rolled back.
        """
        self.reason = self.reason or reason
        if not self.holds:
            self.event.set()

    def set_at_once(self, reason: str) -> None:
        """Stops the run at the first call; at a second one, ends the waits of an exchange of names too."""
        if self.reason:
            self.event.set()
        self.set(reason)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Lets the requests of the block wait as long as they need, also after a stop."""
        self.holds += 1
        try:
            yield
        finally:
            self.holds -= 1
            if self.reason and not self.holds:
                self.event.set()


class Log(Protocol):
    """The log of all changes, written before and after their request; both methods raise Failed if a write fails."""

    def begin(self, changes: Sequence[Change]) -> None:
        """Logs that the request for these changes is about to be sent."""

    def end(self, outcomes: Sequence[Outcome], live_id: str | None, requests: int) -> None:
        """Logs the outcomes, the id of the live resource and the number of requests; some may never have begun."""


@dataclass(frozen=True, slots=True)
class _NoLog:
    def begin(self, changes: Sequence[Change]) -> None:
        """Logs nothing."""

    def end(self, outcomes: Sequence[Outcome], live_id: str | None, requests: int) -> None:
        """Logs nothing."""


@dataclass(frozen=True, slots=True)
class RolesChannel:
    """The connection that writes the roles of people over REST, the account, and the wait for people to be linked."""

    send: Send
    account: str
    wait: LinkWait = field(default_factory=LinkWait)


@dataclass(frozen=True, slots=True)
class Channel:
    """The connection to the account, its dialect, and the log; `roles` is set if roles are written over REST.

    `refused` are the parts of changes that the account refused before. `required` are the attributes that a user or
    group is found by: it is never created without them. `forms` are the forms of requests that the service takes.
    """

    send: Send
    dialect: Dialect
    log: Log = _NoLog()
    roles: RolesChannel | None = None
    refused: RefusedParts = field(default_factory=RefusedParts)
    required: Mapping[Kind, Iterable[str]] = field(default_factory=lambda: MATCHING)
    forms: LearnedForms = field(default_factory=LearnedForms)


@dataclass(slots=True)
class CountedSend:
    """A connection, with the number of requests sent over it."""

    send: Send
    requests: int = 0

    async def __call__(self, request: Request) -> Response:
        """Sends a request, and counts it with its retries."""
        try:
            response = await self.send(request)
        except Unreachable as error:
            self.requests += error.requests
            raise
        self.requests += response.requests
        return response
