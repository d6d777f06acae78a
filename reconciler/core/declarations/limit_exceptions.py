"""Exceptions from the limits: one plan, by its digest, until a day, for a reason. Pure; the day is an argument.

An exception lets a plan pass the limits and nothing else: protected users, required roles and separation of duties
still refuse it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from reconciler.core.declarations.tenant import Guardrails, LimitException
from reconciler.errors import Problem

SHOWN = len("sha256:") + 12


def pass_by_exception(exceeded: Sequence[Problem], digest: str, guardrails: Guardrails, today: date) -> list[Problem]:
    """Returns the exceeded limits, or where an exception names that plan, a note for each that it is passed."""
    excepted = next((one for one in guardrails.exceptions if one.plan == digest and today <= one.expires), None)
    return [_passed(problem, excepted) for problem in exceeded] if excepted else list(exceeded)


def warn_of_exceptions(guardrails: Guardrails, today: date) -> Iterator[Problem]:
    """Warns of exceptions that have expired."""
    for one in guardrails.exceptions:
        if one.expires < today:
            message = f"guardrails.exceptions: the one for {one.plan[:SHOWN]}… ({one.reason}) expired on {one.expires}"
            yield Problem("expired_exception", message, None, "take it out", severity="warning")


def _passed(problem: Problem, excepted: LimitException) -> Problem:
    message = f"{problem.message}; allowed for this plan until {excepted.expires}: {excepted.reason}"
    return Problem("limit_exception", message, None, "guardrails.exceptions in git says so", severity="info")
