"""Applies exceptions from the limits: each is for one plan, by its digest, until a day, with a reason.

An exception lifts the limits only. A plan that breaks the rules on protected users, required roles or separation of
duties is still refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from reconciler.core.declarations.tenant import Guardrails, LimitException
from reconciler.errors import Problem

SHOWN = len("sha256:") + 12


def pass_by_exception(exceeded: Sequence[Problem], digest: str, guardrails: Guardrails, today: date) -> list[Problem]:
    """Returns the exceeded limits; if an exception names the plan, a note for each of them instead."""
    excepted = next(
        (exception for exception in guardrails.exceptions if exception.plan == digest and today <= exception.expires),
        None,
    )
    return [_passed(problem, excepted) for problem in exceeded] if excepted else list(exceeded)


def warn_of_exceptions(guardrails: Guardrails, today: date) -> Iterator[Problem]:
    """Warns of exceptions that have expired."""
    for exception in guardrails.exceptions:
        if exception.expires < today:
            described = f"the exception for {exception.plan[:SHOWN]}… ({exception.reason})"
            message = f"guardrails.exceptions: {described} expired on {exception.expires}"
            yield Problem("expired_exception", message, None, "remove it", severity="warning")


def _passed(problem: Problem, excepted: LimitException) -> Problem:
    message = f"{problem.message}; allowed for this plan until {excepted.expires}: {excepted.reason}"
    return Problem("limit_exception", message, None, "declared under guardrails.exceptions", severity="info")
