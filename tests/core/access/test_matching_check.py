"""Matching attributes by which no user is ever found are problems."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reconciler.core.access.matching_check import check_matching
from reconciler.core.model.resources import Value
from tests.core.examples import THERE, desired_user, user_key

ADDRESS: dict[str, str | bool | int | float] = {"value": "ann@example.com", "primary": True}
EMAILS: dict[str, Value] = {"emails": [ADDRESS]}


@pytest.mark.parametrize(
    ("attribute", "values", "dialect", "expected"),
    [
        ("phoneNumbers", {"phoneNumbers": [{"value": "1"}]}, "4me", ["bad_matching"]),
        ("title", {}, "4me", ["bad_matching"]),
        ("title", {"title": "Clerk"}, "rfc7644", []),
        ("title", {"title": "Clerk"}, "4me", ["matching_cost"]),
        ("emails", EMAILS, "4me", ["matching_cost"]),
        ("emails", EMAILS, "rfc7644", ["matching_cost"]),
        ("emails", {"emails": [{"value": "a@x.org"}, {"value": "b@x.org"}]}, "4me", ["bad_matching"]),
        ("externalId", {"externalId": None}, "4me", []),
    ],
)
def test_a_matching_attribute_needs_texts(
    attribute: str, values: Mapping[str, Value], dialect: str, expected: list[str]
) -> None:
    """Of the lists, emails match primary to primary; a full read is the price of what can't be asked."""
    users = {user_key("ann"): desired_user("ann", values)}
    problems = list(check_matching("user", [attribute], users, {("user", attribute): THERE}, dialect))

    assert expected == [problem.code for problem in problems]
    assert {THERE} >= {problem.source for problem in problems}


def test_without_users_no_attribute_is_wrong() -> None:
    """The first file of a folder may hold a mapping alone."""
    assert ["matching_cost"] == [one.code for one in check_matching("user", ["title"], {}, {}, "4me")]
