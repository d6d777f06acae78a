"""The names of users and groups, and the third names over which they are exchanged."""

from __future__ import annotations

import re

import pytest

from reconciler.core.model.logins import (
    is_third_name,
    list_login_paths,
    make_third_name,
    name_of,
    primary_address,
    replace_primary,
)
from reconciler.core.model.resources import Attributes, Kind, Value


@pytest.mark.parametrize(
    ("kind", "name", "form"),
    [
        ("user", "ana@x.example", r"reconciler\.[0-9a-f]{12}@x\.example"),
        ("user", "a@b@x.example", r"reconciler\.[0-9a-f]{12}@x\.example"),
        ("user", "ana", r"reconciler\.[0-9a-f]{12}"),
        ("group", "Desk @ Ulm", r"reconciler\.[0-9a-f]{12}"),
    ],
)
def test_a_third_name_follows_from_the_id_and_keeps_the_domain(kind: Kind, name: str, form: str) -> None:
    """A group has no domain."""
    third = make_third_name(kind, "4711", name)

    assert re.fullmatch(form, third)
    assert is_third_name(kind, "4711", third)
    assert is_third_name(kind, "4711", make_third_name(kind, "4711", name, 9))
    assert not is_third_name(kind, "4712", third)
    assert not is_third_name("group" if kind == "user" else "user", "4711", third)


@pytest.mark.parametrize("name", [None, 3, "", "ana@x.example", "reconciler.0123456789ab@x.example"])
def test_no_other_name_is_a_third_name(name: object) -> None:
    """Nor is one that only looks like it."""
    assert not is_third_name("user", "4711", name)


@pytest.mark.parametrize(
    ("kind", "attributes", "expected"),
    [
        ("user", {"userName": "A@x", "emails": [{"value": "a@x", "primary": True}]}, {"userName", "emails"}),
        ("user", {"userName": "a@x", "emails": [{"value": "b@x", "primary": True}]}, {"userName"}),
        ("user", {"userName": "a@x"}, {"userName"}),
        ("user", {"emails": [{"value": "b@x"}]}, {"userName"}),
        ("group", {"displayName": "a@x", "emails": [{"value": "a@x"}]}, {"displayName"}),
    ],
)
def test_a_login_is_the_name_with_the_primary_address_that_equals_it(
    kind: Kind, attributes: Attributes, expected: set[str]
) -> None:
    """They move together."""
    assert expected == list_login_paths(kind, attributes)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([{"value": "A@x", "primary": True}, {"value": "b@x"}], [{"value": "new", "primary": True}, {"value": "b@x"}]),
        ([{"value": "b@x"}, {"value": "c@x"}], [{"value": "b@x"}, {"value": "c@x"}]),
        ([{"value": "b@x", "primary": True}], [{"value": "b@x", "primary": True}]),
        (None, None),
    ],
)
def test_the_primary_address_is_replaced_if_it_is_the_name(value: Value, expected: Value) -> None:
    """Other addresses stay."""
    assert expected == replace_primary(value, "a@x", "new")


def test_a_name_that_is_empty_or_no_text_is_none() -> None:
    """As for a primary address of nothing."""
    assert [None, None, None] == [name_of("user", {}), name_of("user", {"userName": ""}), primary_address(None)]
