"""Durations are written `24h` or `14d`, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from reconciler.core.declarations.duration import parse_duration, spell_duration
from reconciler.core.declarations.tenant import Guardrails, Tenant


@pytest.mark.parametrize(
    ("written", "expected"),
    [("30m", timedelta(minutes=30)), ("24h", timedelta(days=1)), ("14d", timedelta(days=14))],
)
def test_a_duration_is_a_number_and_a_unit(written: str, expected: timedelta) -> None:
    """Minutes, hours, days."""
    assert expected == parse_duration(written)
    assert written == spell_duration(expected)


@pytest.mark.parametrize(
    ("duration", "expected"),
    [(timedelta(hours=90), "90h"), (timedelta(minutes=61), "61m"), (timedelta(hours=48), "2d"), (timedelta(0), "0h")],
)
def test_a_duration_is_spelled_in_the_largest_unit_that_fits(duration: timedelta, expected: str) -> None:
    """A single day is spelled as 24 hours."""
    assert expected == spell_duration(duration)


@pytest.mark.parametrize("wrong", ["", "24", "h", "0h", "-1h", "1.5h", "24 h", "14D", "1w", 24, None, 1.5])
def test_anything_else_says_how_to_write_one(wrong: object) -> None:
    """With two examples."""
    with pytest.raises(ValueError, match="is not a duration: write it like `24h` or `14d`"):
        parse_duration(wrong)
    with pytest.raises(ValidationError, match="is not a duration"):
        Guardrails.model_validate({"within": wrong})


def test_tenants_and_guardrails_have_the_durations_of_the_contract_by_default() -> None:
    """A duration is spelled as in YAML."""
    assert (timedelta(days=14), timedelta(hours=24)) == (Tenant(url="sandbox").approvals, Guardrails().within)
    tenant = Tenant.model_validate({"url": "sandbox", "approvals": "3d"})
    assert "3d" == tenant.model_dump()["approvals"]


def test_a_duration_that_was_read_is_one() -> None:
    """A model may be built from parsed values too."""
    assert timedelta(hours=3) == Guardrails(within=timedelta(hours=3)).within
