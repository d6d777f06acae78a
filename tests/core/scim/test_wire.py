"""Requests and values on the wire: how SCIM nests, how it is read, and the faults of other documents."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model.messages import JsonObject, Request, Response
from reconciler.core.model.resources import Attributes, LiveGroup, LiveUser
from reconciler.core.scim.wire import (
    CORE_GROUP,
    CORE_USER,
    CUSTOM_FIELDS,
    ENTERPRISE,
    NotScim,
    Page,
    describe_error,
    find_request,
    get_request,
    list_request,
    nest,
    patch_op,
    read_group,
    read_groups_of,
    read_id,
    read_page,
    read_user,
    scim_path,
    unlike,
)
from reconciler.core.simulator.filter import parse_filter


def test_a_list_is_asked_for_page_by_page() -> None:
    """RFC 7644 section 3.4.2.4."""
    assert Request("GET", "/Users?startIndex=26&count=25") == list_request("Users", 26, 25)
    assert Request("GET", "/Groups?startIndex=26") == list_request("Groups", 26, None)


@pytest.mark.parametrize(
    ("live_id", "path"),
    [
        ("4711", "/Groups/4711"),
        ("a/b?c#d e", "/Groups/a%2Fb%3Fc%23d%20e"),
        ("..", "/Groups/%2E%2E"),
        (".", "/Groups/%2E"),
        ("a.b", "/Groups/a.b"),
    ],
)
def test_an_id_can_hold_anything_and_is_quoted(live_id: str, path: str) -> None:
    """It never reaches another resource's address by a slash."""
    assert Request("GET", path) == get_request("Groups", live_id)


@given(st.text(max_size=20))
def test_a_look_up_finds_exactly_the_value_asked_for(value: str) -> None:
    """With any quotes, backslashes and operators in it."""
    query = parse_qs(urlsplit(find_request("Users", "externalId", value).path).query)
    wanted = parse_filter(query["filter"][0], {"externalId": "exact"})

    assert wanted.matches({"externalId": value})
    assert not wanted.matches({"externalId": f"{value}x"})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"totalResults": 0}, Page(0, [])),
        ({"totalResults": 0, "Resources": None}, Page(0, [])),
        ({"totalResults": 2, "Resources": [{"id": "1"}], "itemsPerPage": 25}, Page(2, [{"id": "1"}])),
    ],
)
def test_a_page_is_read_with_the_total(body: object, expected: Page) -> None:
    """An empty list may have no resources (RFC 7644 section 3.4.2)."""
    assert expected == read_page(body)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, "a SCIM list was expected, not nothing"),
        ([], "a SCIM list was expected, not list"),
        ("<html>", "a SCIM list was expected, not str '<html>'"),
        ({}, "totalResults is nothing and not a number"),
        ({"totalResults": "3"}, "totalResults is str '3' and not a number"),
        ({"totalResults": True}, "totalResults is bool 'True' and not a number"),
        ({"totalResults": -1}, "totalResults is int '-1' and not a number"),
        ({"totalResults": 1.5}, "totalResults is float '1.5' and not a number"),
        ({"totalResults": 1, "Resources": {"id": "1"}}, "Resources is not a list of resources"),
        ({"totalResults": 1, "Resources": ["1"]}, "Resources is not a list of resources"),
    ],
)
def test_what_is_no_list_is_told_what_it_is_instead(body: object, said: str) -> None:
    """Never taken for an empty account."""
    with pytest.raises(NotScim) as error:
        read_page(body)
    assert str(error.value).startswith(said)


@pytest.mark.parametrize(
    ("resource", "named"),
    [({}, "None"), ({"id": "", "userName": "ann"}, "'ann'"), ({"id": 4711, "displayName": "Desk"}, "'Desk'")],
)
def test_a_resource_without_an_id_is_none(resource: JsonObject, named: str) -> None:
    """It is named by what it has."""
    with pytest.raises(NotScim, match=f"a resource has no id: .*{named}"):
        read_id(resource)


def test_a_user_is_read_flat() -> None:
    """What is unassigned is left out, and what SCIM computes is no attribute."""
    addresses: list[dict[str, str | bool | int | float]] = [{"value": "a"}, {"value": "b"}]
    resource: JsonObject = {
        "schemas": [CORE_USER, ENTERPRISE],
        "id": "4711",
        "meta": {"lastModified": "2026-03-31T12:00:00Z"},
        "groups": [{"value": "1"}],
        "password": "secret",
        "active": True,
        "userName": "ann@example.com",
        "title": "",
        "nickName": None,
        "name": {"givenName": "Ann", "familyName": None},
        "emails": [{"value": "b"}, {"value": "a", "primary": False}],
        "roles": [{"value": "auditor"}, "specialist"],
        ENTERPRISE: {"department": "Finance", "manager": {"value": "4712", "displayName": "Bob"}, "site": ""},
        CUSTOM_FIELDS: {"badge": "A-113", "floor": 3, "empty": ""},
    }

    assert read_user(resource) == LiveUser(
        id="4711",
        attributes={
            "userName": "ann@example.com",
            "name.givenName": "Ann",
            "emails": addresses,
            "department": "Finance",
            "manager": "4712",
            "customFields.badge": "A-113",
            "customFields.floor": 3,
        },
        active=True,
        roles=frozenset({"auditor", "specialist"}),
        last_modified="2026-03-31T12:00:00Z",
    )


@pytest.mark.parametrize(
    ("given_active", "expected"),
    [
        ({}, True),
        ({"active": True}, True),
        ({"active": False}, False),
        ({"active": "False"}, False),
        ({"active": "false"}, False),
        ({"active": "True"}, True),
        ({"active": None}, True),
    ],
    ids=str,
)
def test_a_user_is_active_unless_told_otherwise(given_active: JsonObject, expected: bool) -> None:  # noqa: FBT001
    """RFC 7643 section 4.1.1, and the text that Entra sends."""
    assert expected is read_user({"id": "1", **given_active}).active


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"badge": 1}, {"customFields.badge": 1}),
        ([{"id": "badge", "value": 1}, {"id": "x", "value": ""}, "odd"], {"customFields.badge": 1}),
        ("odd", {}),
        (None, {}),
    ],
)
def test_custom_fields_come_as_a_hash_or_a_list(fields: object, expected: Attributes) -> None:
    """4me: SCIM users."""
    assert expected == read_user({"id": "1", CUSTOM_FIELDS: fields}).attributes


@pytest.mark.parametrize(
    ("manager", "expected"),
    [({"value": "4712"}, "4712"), ("4712", "4712"), ({"displayName": "Bob"}, None), ({}, None), (None, None)],
)
def test_a_manager_is_an_id(manager: object, expected: str | None) -> None:
    """Complex as RFC 7643 section 4.3 has it, or as plain as some services do."""
    assert expected == read_user({"id": "1", ENTERPRISE: {"manager": manager}}).attributes.get("manager")


def test_what_has_another_shape_than_the_schema_is_read_as_it_is() -> None:
    """An answer never crashes the reader."""
    odd: JsonObject = {
        "id": "1",
        "name": "Ann",
        ENTERPRISE: "x",
        "meta": "now",
        "title": {"b": 1, "a": [2]},
        "emails": [{"value": {"deep": 1}}, [1]],
    }
    addresses: list[dict[str, str | bool | int | float]] = [{"value": "[1]"}, {"value": '{"deep": 1}'}]
    expected: Attributes = {"name": "Ann", ENTERPRISE: "x", "title": '{"a": [2], "b": 1}', "emails": addresses}

    assert LiveUser("1", expected, active=True) == read_user(odd)


@pytest.mark.parametrize(
    "values", ["auditor", {"value": "auditor"}, [{"display": "?"}], [7], [""], [{"value": None}], 7], ids=str
)
@pytest.mark.parametrize(
    "read", [lambda odd: read_user({"id": "1", "roles": odd}), lambda odd: read_group({"id": "1", "members": odd})]
)
def test_roles_and_members_that_can_not_be_read_are_not_taken_for_none(read: Any, values: object) -> None:
    """They would read as an empty list."""
    with pytest.raises(NotScim, match="is not a list of values"):
        read(values)


def test_a_group_is_read_with_its_members() -> None:
    """None where it has none, or the service leaves them out."""
    resource: JsonObject = {
        "id": "7",
        "displayName": "Desk",
        "groupType": "",
        "members": [{"value": "1", "type": "User"}, {"value": "2"}],
        "meta": {"lastModified": "2026-03-31T12:00:00Z"},
    }

    assert LiveGroup("7", {"displayName": "Desk"}, frozenset("12"), "2026-03-31T12:00:00Z") == read_group(resource)
    assert frozenset() == read_group({"id": "7"}).members


@pytest.mark.parametrize(
    ("attributes", "kind", "expected"),
    [
        ({}, "Users", {"schemas": [CORE_USER]}),
        (
            {"displayName": "Desk", "groupType": None},
            "Groups",
            {"schemas": [CORE_GROUP], "displayName": "Desk", "groupType": ""},
        ),
        (
            {"title": None, "emails": None, "name.givenName": "Ann", "name.familyName": None},
            "Users",
            {"schemas": [CORE_USER], "title": "", "emails": [], "name": {"givenName": "Ann", "familyName": ""}},
        ),
        (
            {"department": "Finance", "site": None, "manager": "4712"},
            "Users",
            {
                "schemas": [CORE_USER, ENTERPRISE],
                ENTERPRISE: {"department": "Finance", "site": "", "manager": {"value": "4712"}},
            },
        ),
        (
            {"customFields.badge": 3, "customFields.a.b": None},
            "Users",
            {"schemas": [CORE_USER], CUSTOM_FIELDS: {"badge": 3, "a.b": ""}},
        ),
    ],
)
def test_flat_attributes_nest_as_scim_has_them(attributes: Attributes, kind: Any, expected: JsonObject) -> None:
    """None becomes the empty value, which clears."""
    assert expected == nest(attributes, kind)


values = st.text(min_size=1, max_size=5) | st.integers() | st.booleans()
flat = st.dictionaries(
    st.sampled_from(["title", "name.givenName", "department", "customFields.x", "customFields.y.z", "nickName"]), values
)


@given(flat)
def test_what_is_nested_is_read_back(attributes: dict[str, Any]) -> None:
    """Flat names survive the wire."""
    assert attributes == read_user({**nest(attributes, "Users"), "id": "1"}).attributes


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("title", "title"),
        ("name.givenName", "name.givenName"),
        ("department", f"{ENTERPRISE}:department"),
        ("manager", f"{ENTERPRISE}:manager"),
        ("customFields.badge", f"{CUSTOM_FIELDS}:badge"),
    ],
)
def test_a_flat_name_is_a_path_of_the_rfc(path: str, expected: str) -> None:
    """RFC 7644 section 3.10."""
    assert expected == scim_path(path)


def test_what_is_cleared_is_removed_and_the_rest_replaced() -> None:
    """RFC 7644 section 3.5.2."""
    assert [
        {"op": "replace", "path": "title", "value": "x"},
        {"op": "remove", "path": "nickName"},
        {"op": "replace", "path": f"{ENTERPRISE}:manager", "value": {"value": "4712"}},
        {"op": "remove", "path": f"{ENTERPRISE}:site"},
    ] == patch_op({"title": "x", "nickName": None, "manager": "4712", "site": None})


def test_an_answer_is_unlike_what_was_asked_where_a_value_is_missing_or_another() -> None:
    """More than was asked for is fine."""
    asked: Attributes = {"title": "x", "site": None, "userName": "ANN", "nickName": "n"}

    assert ["nickName", "site"] == unlike(asked, {"title": "x", "site": "y", "userName": "ann", "division": "z"})


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (Response(400, {"detail": "userName is taken", "message": "other"}), "400 userName is taken"),
        (Response(422, {"message": "Invalid"}), "422 Invalid"),
        (
            Response(422, {"errors": [["name", "is taken"], ["site", "unknown"], "odd"]}),
            "422 name is taken; site unknown",
        ),
        (Response(422, {"errors": "odd"}), "422"),
        (Response(422, {"message": "Invalid", "errors": [["name", "is taken"]]}), "422 Invalid; name is taken"),
        (Response(500, "<html>"), "500"),
        (Response(502), "502"),
        (Response(400, {"detail": "two\n lines\t and more"}), "400 two lines and more"),
        (Response(400, {"detail": "x" * 400}), f"400 {'x' * 300}"),
    ],
)
def test_what_a_service_says_was_wrong_is_told_in_one_line(response: Response, expected: str) -> None:
    """SCIM's detail (RFC 7644 section 3.12), 4me's message and errors, or the status alone."""
    assert expected == describe_error(response)


@pytest.mark.parametrize(
    ("resource", "groups"),
    [
        ({}, None),
        ({"groups": None}, None),
        ({"groups": []}, frozenset()),
        ({"groups": [{"value": "g1", "type": "direct"}, {"value": "g2"}, "g3"]}, {"g1", "g2", "g3"}),
        ({"groups": [{"value": "g1", "type": "indirect"}]}, frozenset()),
    ],
)
def test_a_user_may_tell_which_groups_they_are_in_themselves(resource: JsonObject, groups: object) -> None:
    """RFC 7643 section 4.1.2: one that has them by way of another group is not in it."""
    assert groups == read_groups_of(resource)
