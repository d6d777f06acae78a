"""A few of the inputs that scripts/fuzz tries, and every fault that it found."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz.findings import FINDINGS
from tests.fuzz.limit import limited
from tests.fuzz.targets import TARGETS

EXAMPLES = {"yaml": 40, "plan": 40, "scim": 40, "answer": 25, "expression": 60, "markdown": 8, "html": 8}
SMOKE = settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_comes_a_result_or_an_error_of_ours_goes(name: str) -> None:
    """Each input is handled in time."""

    @settings(SMOKE, max_examples=EXAMPLES[name])
    @given(TARGETS[name].given)
    def holds(given_to_it: Any) -> None:
        with limited():
            TARGETS[name].holds(given_to_it)

    holds()


@pytest.mark.parametrize("finding", FINDINGS)
def test_what_was_found_once_stays_mended(finding: str) -> None:
    """Each finding has the name of its fault."""
    name, given_to_it = FINDINGS[finding]
    with limited():
        TARGETS[name].holds(given_to_it)
