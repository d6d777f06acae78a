"""Source attributes become target attributes: the same names, flat, and the key as externalId."""

from __future__ import annotations

import pytest

from reconciler.core.mapping import map_group, map_user
from reconciler.core.model import Attributes
from tests.core.examples import declared_user, group_key, user_key


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({}, {}),
        ({"title": "Analyst"}, {"title": "Analyst"}),
        ({"title": None}, {"title": None}),
        ({"title": ""}, {"title": None}),
        ({"emails": []}, {"emails": None}),
        ({"name": {"givenName": "Ann", "familyName": ""}}, {"name.givenName": "Ann", "name.familyName": None}),
        ({"customFields": {"badge": 113, "vip": False}}, {"customFields.badge": 113, "customFields.vip": False}),
        ({"manager": "bob.roy"}, {"manager": "user/bob.roy"}),
        ({"manager": None}, {"manager": None}),
        ({"active": False, "attributes": {"level": 3}}, {}),
        (
            {"emails": [{"value": "b@example.com"}, {"value": "a@example.com", "primary": False, "type": ""}]},
            {"emails": [{"value": "a@example.com"}, {"value": "b@example.com"}]},
        ),
    ],
)
def test_a_user_maps_to_flat_target_attributes(written: dict[str, object], expected: Attributes) -> None:
    """Absent stays unmanaged, null and empty are cleared, and `active` and one's own attributes are no targets."""
    declared = declared_user("ann", **written)

    assert {"externalId": "ann", "userName": "ann@example.com", **expected} == map_user(
        user_key("ann"), declared.attributes
    )


def test_a_group_maps_its_attributes_and_its_key() -> None:
    """An empty group type is a cleared one."""
    expected = {"externalId": "finance", "displayName": "Acme Finance", "groupType": None}

    assert expected == map_group(group_key("finance"), {"displayName": "Acme Finance", "groupType": ""})
