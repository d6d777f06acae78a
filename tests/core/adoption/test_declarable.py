"""What git would declare of a live attribute, and what the contract can't hold."""

from __future__ import annotations

import math
from typing import Any

import pytest

from reconciler.core.adoption.declarable import (
    LONGEST_TEXT,
    Undeclarable,
    UnknownAttribute,
    declare_text,
    declare_value,
)
from reconciler.core.model.resources import Kind, Value
from reconciler.desired.yaml.reader import MAX_SCALAR

HOME: dict[str, Any] = {"streetAddress": "1 High Street\nLondon", "type": "home"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("title", "Head of IT"),
        ("name.familyName", "O'Neill\tjr"),
        ("customFields.badge", "A-113"),
        ("customFields.level", 3),
        ("customFields.share", 0.5),
        ("customFields.vip", True),
        ("emails", [{"value": "ann@example.com", "type": "work", "primary": True}]),
        ("addresses", [HOME]),
    ],
)
def test_what_the_contract_has_is_declared_as_it_is(path: str, value: Any) -> None:
    """Text, values of many, and custom fields of any kind."""
    assert value == declare_value("user", path, value)


def test_what_a_server_adds_to_values_is_left_out() -> None:
    """It is no difference."""
    live: list[dict[str, Any]] = [{"value": "ann@example.com", "$ref": "https://elsewhere.example"}]

    assert [{"value": "ann@example.com"}] == declare_value("user", "emails", live)


@pytest.mark.parametrize(
    ("kind", "path"),
    [("user", "x509Certificates"), ("user", "name.nick"), ("user", "name"), ("user", "active"), ("group", "title")],
)
def test_what_the_contract_does_not_have_is_unknown(kind: Kind, path: str) -> None:
    """Whatever its value."""
    with pytest.raises(UnknownAttribute, match="is not in the contract"):
        declare_value(kind, path, "x")


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("title", 5, "is not text"),
        ("title", "bell\x07", "holds a control character"),
        ("title", "half \ud800", "holds half of a surrogate pair"),
        ("title", "x" * (LONGEST_TEXT + 1), "has more than 65,536 characters"),
        ("customFields.", "x", "has a name that can't be a key"),
        ("customFields.a\nb", "x", "has a name that can't be a key"),
        ("customFields.badge", math.inf, "is not a number that YAML can hold"),
        ("customFields.badge", 10**301, "is not a number that YAML can hold"),
        ("customFields.badge", [{"value": "x"}], "holds several values"),
        ("emails", "ann@example.com", "is not a list"),
        ("emails", [{"display": "Ann"}], "without a `value`"),
        ("emails", ["ann@example.com"], "without a `value`"),
        ("emails", [{"value": "a", "display": "x"}, {"value": "a"}], "has the same value twice"),
        ("emails", [{"value": "a", "primary": "yes"}], "has a `primary` that is not true or false"),
        ("emails", [{"value": "a", "primary": True}, {"value": "b", "primary": True}], "more than one primary value"),
        ("emails", [{"value": "a", "type": 1}], "is not text"),
        ("addresses", [{"value": "London", "type": "home"}], "has parts that are not in the contract"),
    ],
)
def test_what_yaml_should_not_hold_says_why(path: str, value: Value, expected: str) -> None:
    """As the end of a sentence."""
    with pytest.raises(Undeclarable, match=expected):
        declare_value("user", path, value)


def test_a_group_has_its_name_and_its_type() -> None:
    """Both are text."""
    assert "Team" == declare_value("group", "groupType", "Team")
    with pytest.raises(Undeclarable):
        declare_value("group", "groupType", 1)


def test_a_text_is_as_long_as_the_reader_reads() -> None:
    """Or the import would write what nobody can read."""
    assert MAX_SCALAR == LONGEST_TEXT
    assert "x" * LONGEST_TEXT == declare_text("x" * LONGEST_TEXT)
