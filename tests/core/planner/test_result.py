"""The result of planning one resource: attributes before and after, or a skip with its reason."""

from __future__ import annotations

from reconciler.core.changes.plan import AttributeChange, Skipped
from reconciler.core.planner.result import NOTHING, Result, attribute_changes, joined, skip
from tests.core.examples import desired_user


def test_attributes_are_told_before_and_after() -> None:
    """What is absent on one side is unassigned there."""
    expected = (
        AttributeChange(path="title", before="Analyst", after=None),
        AttributeChange(path="site", before=None, after="London"),
    )

    assert expected == attribute_changes(["title", "site"], {"title": "Analyst"}, {"site": "London"})


def test_a_skipped_resource_has_a_reason_and_no_change() -> None:
    """It is named by its key."""
    expected = Result(skipped=[Skipped(key="user/ann", reason="inactive already")])

    assert expected == skip(desired_user("ann"), "inactive already")


def test_what_several_tables_decided_is_one_result() -> None:
    """In their order."""
    left = skip(desired_user("ann"), "inactive already")

    assert Result([], [*left.skipped, *left.skipped], []) == joined(left, NOTHING, left)
