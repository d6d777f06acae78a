"""Answers in normal form: numbers as ids, and `active` where a service leaves it out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.scim.normal_form import as_id, make_normaliser
from reconciler.core.scim.wire import ENTERPRISE, read_group, read_groups_of, read_user

USUAL, INACTIVE = make_normaliser(), make_normaliser(["active_absent_is_false"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "members", "groups", "value", "active", "userName", "Resources", ENTERPRISE, "manager"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def test_numbers_are_ids_everywhere() -> None:
    """Of the resource, its members, its groups and its manager."""
    user: Any = USUAL({"id": 7, "userName": "ann", "groups": [{"value": 3}], ENTERPRISE: {"manager": {"value": 12}}})
    group: Any = USUAL({"id": 3, "displayName": "Staff", "members": [{"value": 7, "type": "User"}, 8, "9"]})

    assert ("7", "12", frozenset({"3"})) == (
        read_user(user).id,
        read_user(user).attributes["manager"],
        read_groups_of(user),
    )
    assert ("3", frozenset({"7", "8", "9"})) == (read_group(group).id, read_group(group).members)


def test_the_resources_of_a_list_are_put_into_form() -> None:
    """And what stands beside them is left."""
    assert {"totalResults": 2, "Resources": [{"id": "1"}, "odd"]} == USUAL(
        {"totalResults": 2, "Resources": [{"id": 1}, "odd"]}
    )


@pytest.mark.parametrize("value", [True, False, None, 1.5, "", [], {}])
def test_other_types_are_no_ids(value: object) -> None:
    """They stay what they are, for the reader to refuse."""
    assert value is as_id(value)


@pytest.mark.parametrize(
    ("row", "active"),
    [
        ({"id": "1", "userName": "ann"}, False),
        ({"id": "1", "userName": "ann", "active": None}, False),
        ({"id": "1", "userName": "ann", "active": True}, True),
        ({"id": "1", "userName": "ann", "active": "True"}, True),
        ({"id": "1", "userName": "ann", "active": False}, False),
    ],
)
def test_a_user_without_active_is_inactive_where_the_tenant_declares_it(row: dict[str, Any], *, active: bool) -> None:
    """Elsewhere such a user is active."""
    declared: Any = INACTIVE(row)
    usual: Any = USUAL(row)

    assert active is read_user(declared).active
    assert (row.get("active") is not False) is read_user(usual).active


def test_a_group_has_no_active() -> None:
    """Only users do."""
    assert {"id": "1", "displayName": "Staff"} == INACTIVE({"id": "1", "displayName": "Staff"})


@given(JSON)
def test_any_document_is_put_into_form_once(document: object) -> None:
    """Nothing raises, and a second time changes nothing."""
    for normalise in (USUAL, INACTIVE):
        once = normalise(document)
        assert once == normalise(once)
