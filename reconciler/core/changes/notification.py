"""How a run ended → which events that is, and which notifiers are told, each at most once. Sends and words nothing.

What git shows on a pull request is no event: whoever reads it is there.
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
    """How a command on a tenant ended, as far as somebody who was not there has to know.

    `error` is why it stopped, `refused` the problems of a plan that must not be carried out, `settled` whether the
    account is what git says after `run`, `token` what there is to say of the token.
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
        """The guardrails that refuse the plan, or would refuse to put back what drifted."""
        problems = (*self.refused, *(self.drifted.problems if self.drifted else ()))
        return tuple(problem for problem in problems if problem.code == "guardrail")

    @property
    def incomplete(self) -> bool:
        """Whether the account could not be read as a whole."""
        unread = any(problem.code == "incomplete_read" for problem in self.refused)
        return unread or (self.drifted is not None and not self.drifted.read.complete)


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody is told, in words and for machines; messages of one `thread` tell the same again."""

    subject: str
    text: str
    facts: JsonObject
    thread: str | None = None


def find_events(ending: RunResult) -> tuple[Event, ...]:
    """What happened, the gravest first; nothing where all went well.

    Users in doubt are told as drift is: both need somebody who knows. What git asks for and is not applied is no event.
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
    """The tenant's own notifiers where it has some, or none on purpose; else those of everyone."""
    own = declarations.tenants[tenant].tenant.notifications
    return declarations.notifications if own is None else tuple(own)


def choose_notifiers(
    notifiers: Iterable[Notifier], events: Iterable[Event]
) -> list[tuple[Notifier, tuple[Event, ...]]]:
    """Those who want to know, each once, with what of it they want to know."""
    happened = tuple(events)
    wanted = ((one, tuple(event for event in happened if event in one.on)) for one in notifiers)
    return [(one, told) for one, told in wanted if told]
