"""Why a change is in a plan: the table of SEMANTICS section 5, and the gravest where there are several."""

from __future__ import annotations

import pytest

from reconciler.core.cause import UNKNOWN, Facet, find_cause
from reconciler.core.plan import Cause


@pytest.mark.parametrize(
    ("facet", "expected"),
    [
        (Facet(head="b", live="a", base="a"), "this_change"),
        (Facet(head="b", live="a", base="b"), "drift"),
        (Facet(head="b", live="a", base="c"), "conflict"),
        (Facet(head="b", live="a", base="b", applied="a"), "merged"),
        (Facet(head="b", live="a", base="b", applied="c"), "merged"),
        (Facet(head="b", live="a", base="b", applied="b"), "drift"),
        (Facet(head="b", live="a", base="a", applied="b"), "this_change"),
        (Facet(head="b", live="a", base="c", applied="a"), "this_change"),
        (Facet(head="b", live="a", base="c", applied="d"), "conflict"),
        (Facet(head="b", live="a", base="B", same=lambda one, other: str(one).lower() == str(other).lower()), "drift"),
    ],
)
def test_a_facet_has_the_cause_that_the_table_gives_it(facet: Facet, expected: Cause) -> None:
    """Base against head, base against live, and what was applied last against head."""
    assert expected == find_cause([facet])


DRIFT = Facet(head=1, live=0, base=1)
MERGED = Facet(head=1, live=0, base=1, applied=0)
NOW = Facet(head=1, live=0, base=0)
CONFLICT = Facet(head=1, live=0, base=2)


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
def test_a_change_has_the_gravest_cause_of_its_facets(facets: list[Facet], expected: Cause) -> None:
    """In whatever order they come; exactly one."""
    assert expected == find_cause(facets) == find_cause(facets[::-1])


def test_an_unknown_applied_state_is_not_one_in_which_nothing_was() -> None:
    """UNKNOWN is no value."""
    assert UNKNOWN != Facet(head=None, live=1, base=None, applied=None).applied
    assert "drift" == find_cause([Facet(head=None, live=1, base=None)])
