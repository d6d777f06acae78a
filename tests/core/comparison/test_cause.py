"""The cause of a change: the table of values at HEAD, base, last apply and account, and the gravest of several."""

from __future__ import annotations

import pytest

from reconciler.core.changes.plan import Cause
from reconciler.core.comparison.cause import NEVER, UNKNOWN, ThreeWayValue, find_cause


@pytest.mark.parametrize(
    ("facet", "expected"),
    [
        (ThreeWayValue(head="b", live="a", base="a"), "this_change"),
        (ThreeWayValue(head="b", live="a", base="b"), "drift"),
        (ThreeWayValue(head="b", live="a", base="c"), "conflict"),
        (ThreeWayValue(head="b", live="a", base="b", applied="a"), "merged"),
        (ThreeWayValue(head="b", live="a", base="b", applied="c"), "merged"),
        (ThreeWayValue(head="b", live="a", base="b", applied="b"), "drift"),
        (ThreeWayValue(head="b", live="a", base="a", applied="b"), "this_change"),
        (ThreeWayValue(head="b", live="a", base="c", applied="a"), "this_change"),
        (ThreeWayValue(head="b", live="a", base="c", applied="d"), "conflict"),
        (ThreeWayValue(head="b", live="a", base="b", applied=NEVER), "merged"),
        (ThreeWayValue(head="b", live="a", base="a", applied=NEVER), "this_change"),
        (ThreeWayValue(head="b", live="a", base="c", applied=NEVER), "conflict"),
        (
            ThreeWayValue(head="b", live="a", base="B", same=lambda one, other: str(one).lower() == str(other).lower()),
            "drift",
        ),
    ],
)
def test_a_facet_has_the_cause_that_the_table_gives_it(facet: ThreeWayValue, expected: Cause) -> None:
    """Base against head, base against live, and what was applied last against head."""
    assert expected == find_cause([facet])


DRIFT = ThreeWayValue(head=1, live=0, base=1)
MERGED = ThreeWayValue(head=1, live=0, base=1, applied=0)
NOW = ThreeWayValue(head=1, live=0, base=0)
CONFLICT = ThreeWayValue(head=1, live=0, base=2)


@pytest.mark.parametrize(
    ("facets", "expected"),
    [
        ([], "this_change"),
        ([DRIFT, DRIFT], "drift"),
        ([DRIFT, MERGED], "merged"),
        ([DRIFT, MERGED, NOW], "this_change"),
        ([DRIFT, MERGED, NOW, CONFLICT], "conflict"),
    ],
)
def test_a_change_has_the_gravest_cause_of_its_facets(facets: list[ThreeWayValue], expected: Cause) -> None:
    """In any order; exactly one."""
    assert expected == find_cause(facets) == find_cause(facets[::-1])


def test_an_unknown_applied_state_is_not_one_in_which_nothing_was() -> None:
    """UNKNOWN is no value."""
    assert UNKNOWN != ThreeWayValue(head=None, live=1, base=None, applied=None).applied
    assert "drift" == find_cause([ThreeWayValue(head=None, live=1, base=None)])
