"""The result of a run → its events, and the notifiers that get them, each at most once. Sends and renders nothing.

A result that a pull request shows is no event, because its readers see it there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from reconciler.core.changes.drift import split_drift
from reconciler.core.changes.outcome import Run
from reconciler.core.changes.plan import Plan
from reconciler.core.declarations.declared import Declarations
from reconciler.core.declarations.notifier import Event, Notifier
from reconciler.core.model.messages import JsonObject
from reconciler.errors import Problem

Command: TypeAlias = Literal["apply", "drift"]


@dataclass(frozen=True, slots=True)
class RunResult:
    """The result of a command on a tenant, with all that a notification needs.

    `error` is why the command stopped, and `refused` the problems that refuse the plan. `settled` is whether the
    account is as git declares it after `run`. `not_approved` counts changes without an approval. `drifted` is the plan
    of a drift check, and `token` the problem of an expiring token.
    """

    command: Command
    tenant: str
    commit: str | None = None
    error: str | None = None
    refused: tuple[Problem, ...] = ()
    run: Run | None = None
    settled: bool = True
    not_approved: int = 0
    drifted: Plan | None = None
    token: Problem | None = None

    @property
    def guarding(self) -> tuple[Problem, ...]:
        """Returns the guardrail problems of the refused plan, or of the plan that would revert the drift."""
        problems = (*self.refused, *(self.drifted.problems if self.drifted else ()))
        return tuple(problem for problem in problems if problem.code == "guardrail")

    @property
    def incomplete(self) -> bool:
        """Whether the read of the account is incomplete."""
        unread = any(problem.code == "incomplete_read" for problem in self.refused)
        return unread or (self.drifted is not None and not self.drifted.read.complete)


@dataclass(frozen=True, slots=True)
class Message:
    """A notification as text and as `facts` for machines; messages of one `thread` repeat the same news."""

    subject: str
    text: str
    facts: JsonObject
    thread: str | None = None


def find_events(ending: RunResult) -> tuple[Event, ...]:
    """Returns the events of a run, the gravest first; none if all went well.

    Unresolved users are reported as drift: both need a decision by a person. Pending changes are no event.
    """
    return tuple(_find_events(ending))


def _find_events(ending: RunResult) -> Iterator[Event]:
    if ending.error is not None or ending.incomplete or not ending.settled:
        yield "failure"
    if ending.guarding:
        yield "guardrail"
    drifted = None if ending.incomplete else ending.drifted
    if drifted is not None and (drifted.named or split_drift(drifted)[0]):
        yield "drift"
    if ending.token is not None:
        yield "token_expiry"


def notifiers_of(declarations: Declarations, tenant: str) -> tuple[Notifier, ...]:
    """Returns the tenant's own notifiers, if it declares any or an empty list; else those for all tenants."""
    own = declarations.tenants[tenant].tenant.notifications
    return declarations.notifications if own is None else tuple(own)


def choose_notifiers(
    notifiers: Iterable[Notifier], events: Iterable[Event]
) -> list[tuple[Notifier, tuple[Event, ...]]]:
    """Returns each notifier that subscribes to one of the events, with those events."""
    happened = tuple(events)
    pairs = ((notifier, tuple(event for event in happened if event in notifier.on)) for notifier in notifiers)
    return [(notifier, subscribed) for notifier, subscribed in pairs if subscribed]
