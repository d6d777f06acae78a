"""The window of approvals opens after the last apply that used up what was approved before it."""

from __future__ import annotations

import pytest

from reconciler.core.approval.window import find_window_starts
from reconciler.core.record.record import Covers, RecordEntry
from tests.core.ownership.histories import entry, history, ids

FIRST = entry("a", "", 1, whole=True)


def test_before_an_apply_nothing_opens_it() -> None:
    assert () == find_window_starts(history())
    assert () == find_window_starts(history(entry("a", "", 1, "begun")))


@pytest.mark.parametrize(
    "last", [entry("b", "a", 2, whole=True), entry("b", "a", 2, counts={"failed": 1}), entry("b", "a", 2, "recovered")]
)
def test_a_complete_or_partial_end_and_a_recovery_open_it(last: RecordEntry) -> None:
    assert ["b"] == ids(find_window_starts(history(FIRST, last)))


@pytest.mark.parametrize(
    "last",
    [
        entry("b", "a", 2, "begun"),
        entry("b", "a", 2, covers=Covers(kind="only")),
        entry("b", "a", 2, only=True, whole=True),
        entry("b", "a", 2, open="all", counts={"failed": 1}),
    ],
)
def test_what_leaves_earlier_approvals_in_force_is_skipped(last: RecordEntry) -> None:
    """A killed, an abandoned and a limited apply, and one that does not list what it left open."""
    assert ["a"] == ids(find_window_starts(history(FIRST, last)))
    assert () == find_window_starts(history(last))


def test_each_line_of_a_union_has_its_own_start() -> None:
    """Also in any order; an apply after both replaces them."""
    one, two = entry("b", "a", 2, whole=True), entry("c", "a", 2, counts={"failed": 1})
    begun = entry("d", "b c", 3, "begun")
    both = history(one, FIRST, begun, two)

    assert ["b", "c"] == ids(find_window_starts(both))
    assert ["e"] == ids(find_window_starts(both.union(history(entry("e", "d", 3)))))
