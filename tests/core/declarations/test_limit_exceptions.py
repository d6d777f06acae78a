"""An exception lets one plan exceed the limits until a day, with a reason that the plan shows."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from reconciler.core.declarations.limit_exceptions import pass_by_exception, warn_of_exceptions
from reconciler.core.declarations.tenant import Guardrails, LimitException
from reconciler.errors import Problem

DIGEST = "sha256:" + "ab" * 32
OTHER = "sha256:" + "cd" * 32
LAST_DAY = date(2026, 12, 24)
EXCEPTED = Guardrails(exceptions=[LimitException(plan=DIGEST, reason="CHG-77", expires=LAST_DAY)])
TOO_MANY = Problem("guardrail", "max_updates: 4 is above 3: user/ann", None, "raise it")


def test_the_plan_that_is_named_passes_and_says_why() -> None:
    """Until the end of the last day."""
    [passed] = pass_by_exception([TOO_MANY], DIGEST, EXCEPTED, LAST_DAY)

    assert "max_updates: 4 is above 3: user/ann; allowed for this plan until 2026-12-24: CHG-77" == passed.message
    assert ("limit_exception", "info") == (passed.code, passed.severity)


@pytest.mark.parametrize(
    ("digest", "guardrails", "day"),
    [
        (OTHER, EXCEPTED, LAST_DAY),
        (DIGEST, EXCEPTED, date(2026, 12, 25)),
        (DIGEST, Guardrails(), LAST_DAY),
    ],
)
def test_no_other_plan_passes_nor_this_one_later(digest: str, guardrails: Guardrails, day: date) -> None:
    """The refusal stays as it was."""
    assert [TOO_MANY] == pass_by_exception([TOO_MANY], digest, guardrails, day)


def test_an_exception_that_expired_is_a_warning() -> None:
    """The warning begins on the day after the last one."""
    [warning] = warn_of_exceptions(EXCEPTED, date(2026, 12, 25))

    expected = "guardrails.exceptions: the exception for sha256:abababababab… (CHG-77) expired on 2026-12-24"
    assert expected == warning.message
    assert ("warning", "remove it") == (warning.severity, warning.hint)
    assert [] == list(warn_of_exceptions(EXCEPTED, LAST_DAY))


@pytest.mark.parametrize(
    "wrong",
    [
        {"plan": "sha256:ab"},
        {"plan": DIGEST.upper()},
        {"reason": ""},
        {"reason": None},
        {"expires": "2026-12-24"},
        {"expires": None},
        {"until": LAST_DAY},
    ],
    ids=str,
)
def test_an_exception_has_a_digest_a_reason_and_an_end(wrong: dict[str, object]) -> None:
    """An exception without an end would lift a limit silently."""
    with pytest.raises(ValidationError):
        LimitException.model_validate({"plan": DIGEST, "reason": "CHG-77", "expires": LAST_DAY, **wrong})
