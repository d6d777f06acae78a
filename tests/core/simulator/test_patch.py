"""What a write makes of a resource, in the documented way and in RFC 7644's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model.messages import JsonObject
from reconciler.core.simulator.patch import merged, patched, with_kept
from reconciler.core.simulator.rejection import Rejection
from reconciler.core.simulator.schema import CUSTOM_FIELDS, ENTERPRISE_USER

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

WORK = {"value": "alice@example.com", "type": "work", "primary": True}
HOME = {"value": "alice@home.example", "type": "home"}
WORKPLACE: JsonObject = {"department": "Finance", "manager": {"value": "u9"}}
ALICE: JsonObject = {
    "userName": "alice",
    "title": "Analyst",
    "active": True,
    "name": {"givenName": "Alice", "familyName": "Lee"},
    "emails": [WORK, HOME],
    ENTERPRISE_USER: WORKPLACE,
    CUSTOM_FIELDS: {"badge": "A-113"},
}
FINANCE: JsonObject = {"displayName": "Finance", "members": [{"value": "u1"}, {"value": "u2"}]}


def patch_op(*operations: object) -> JsonObject:
    return {"schemas": [PATCH_OP], "Operations": list(operations)}


def op(verb: str, path: str | None = None, value: object = None) -> JsonObject:
    given = {"path": path, "value": value}
    return {"op": verb, **{name: item for name, item in given.items() if item is not None}}


def members(group: JsonObject) -> list[str]:
    listed = group.get("members", [])
    assert isinstance(listed, list)
    return [member["value"] for member in listed]


def others(resource: JsonObject, attribute: str) -> JsonObject:
    return {name: value for name, value in resource.items() if name != attribute}


@pytest.mark.parametrize(
    ("given", "attribute", "expected"),
    [
        ({"title": "Manager"}, "title", "Manager"),
        ({"TITLE": "Manager"}, "title", "Manager"),
        ({"urn:ietf:params:scim:schemas:core:2.0:User:title": "Manager"}, "title", "Manager"),
        ({"title": ""}, "title", None),
        ({"title": None}, "title", None),
        ({"title": []}, "title", None),
        ({"active": False}, "active", False),
        ({"active": "False"}, "active", False),
        ({"active": "true"}, "active", True),
        ({"active": None}, "active", None),
        ({"name": {"givenName": "Alicia"}}, "name", {"givenName": "Alicia", "familyName": "Lee"}),
        ({"name.givenName": "Alicia"}, "name", {"givenName": "Alicia", "familyName": "Lee"}),
        ({"name": {"givenName": "", "nonsense": "x"}}, "name", {"familyName": "Lee"}),
        ({"name": {"givenName": None, "familyName": None}}, "name", None),
        ({"name": {}}, "name", ALICE["name"]),
        ({"name": None}, "name", None),
        ({"emails": [HOME]}, "emails", [HOME]),
        ({"emails": HOME}, "emails", [HOME]),
        ({"emails": [HOME, HOME]}, "emails", [HOME]),
        ({"emails": []}, "emails", None),
        ({"emails": [{"type": "work", "value": ""}]}, "emails", None),
        ({"roles": ["specialist"]}, "roles", [{"value": "specialist"}]),
        ({"roles": [{"value": "a", "primary": "True", "$ref": "x"}]}, "roles", [{"value": "a", "primary": True}]),
        (
            {"addresses": [{"type": "work", "locality": "Ghent"}, {"type": "work", "locality": "Bruges"}]},
            "addresses",
            [{"type": "work", "locality": "Ghent"}, {"type": "work", "locality": "Bruges"}],
        ),
        ({"id": "x", "meta": {}, "groups": [], "schemas": [], "password": "p", "shoeSize": 9}, "title", "Analyst"),
        ({"title[type]": "Manager", "title.sub": "x", "emails.nonsense": "x", "": "x"}, "title", "Analyst"),
    ],
)
def test_a_documented_write_changes_only_what_is_given(given: JsonObject, attribute: str, expected: object) -> None:
    """PUT and PATCH merge; an empty value clears; what nobody knows is dropped."""
    after = merged("Users", ALICE, given, "replace")

    assert expected == after.get(attribute)
    assert others(ALICE, attribute) == others(after, attribute)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({ENTERPRISE_USER: {"department": "IT"}}, {"department": "IT", "manager": {"value": "u9"}}),
        ({f"{ENTERPRISE_USER}:department": "IT"}, {"department": "IT", "manager": {"value": "u9"}}),
        ({ENTERPRISE_USER.lower(): {"Site": "London"}}, {**WORKPLACE, "site": "London"}),
        ({ENTERPRISE_USER: {"manager": "u8"}}, {"department": "Finance", "manager": {"value": "u8"}}),
        ({ENTERPRISE_USER: {"manager": {"value": "u8"}}}, {"department": "Finance", "manager": {"value": "u8"}}),
        ({f"{ENTERPRISE_USER}:manager.value": "u8"}, {"department": "Finance", "manager": {"value": "u8"}}),
        ({ENTERPRISE_USER: {"manager": ""}}, {"department": "Finance"}),
        ({ENTERPRISE_USER: {"manager": {"value": ""}}}, {"department": "Finance"}),
        ({ENTERPRISE_USER: {"manager": None, "department": None}}, None),
        ({ENTERPRISE_USER: None}, None),
        ({ENTERPRISE_USER: {"nonsense": "x", "": "x"}}, WORKPLACE),
    ],
)
def test_enterprise_attributes_stand_in_their_urn(given: JsonObject, expected: object) -> None:
    """As an object under the URN or one by one with the URN in front, a manager as an id or an object."""
    assert expected == merged("Users", ALICE, given, "replace").get(ENTERPRISE_USER)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"level": 3}, {"badge": "A-113", "level": 3}),
        ({"badge": ""}, None),
        ([{"id": "level", "value": 3}, {"id": "vip", "value": True}], {"badge": "A-113", "level": 3, "vip": True}),
        ({"custom_fields": [{"id": "level", "value": ["a", 1]}]}, {"badge": "A-113", "level": ["a", 1]}),
        ({"Badge": "B"}, {"badge": "A-113", "Badge": "B"}),
        ({"odd[name].x": "B"}, {"badge": "A-113", "odd[name].x": "B"}),
        ([], None),
    ],
)
def test_custom_fields_come_as_a_hash_or_a_list(given: object, expected: object) -> None:
    """4me documents both; they are kept as a hash, under names that the account makes up."""
    assert expected == merged("Users", ALICE, {CUSTOM_FIELDS: given}, "replace").get(CUSTOM_FIELDS)


@pytest.mark.parametrize(
    "given",
    [
        {"title": 5},
        {"title": {"value": "x"}},
        {"active": "yes"},
        {"active": 1},
        {"name": "Alice"},
        {"name": {"givenName": 5}},
        {"emails": 5},
        {"emails": [5]},
        {ENTERPRISE_USER: "Finance"},
        {CUSTOM_FIELDS: "x"},
        {CUSTOM_FIELDS: [{"id": 1, "value": "x"}]},
        {CUSTOM_FIELDS: ["x"]},
        {CUSTOM_FIELDS: {"badge": {"value": "x"}}},
        {CUSTOM_FIELDS: {"badge": [{}]}},
    ],
)
def test_a_value_of_the_wrong_type_is_refused(given: JsonObject) -> None:
    """400 `invalidValue`, naming the attribute to blame."""
    with pytest.raises(Rejection) as caught:
        merged("Users", ALICE, given, "replace")

    assert (400, "invalidValue") == (caught.value.status, caught.value.scim_type)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([{"value": "u3"}], ["u1", "u2", "u3"]),
        ([{"value": "u3", "operation": "add"}, {"value": "u3"}], ["u1", "u2", "u3"]),
        ([{"value": "u2", "operation": "delete"}], ["u1"]),
        ([{"value": "u2", "operation": "Delete"}, {"value": "u3"}], ["u1", "u3"]),
        ([{"value": "u7", "operation": "delete"}], ["u1", "u2"]),
        ([{"value": name, "operation": "delete"} for name in ("u1", "u2")], []),
        (["u3"], ["u1", "u2", "u3"]),
        ([], ["u1", "u2"]),
    ],
)
def test_a_documented_patch_adds_members_and_deletes_those_marked(given: object, expected: list[str]) -> None:
    """A member is stored once; deleting one that is not there is no error."""
    assert expected == members(patched("Groups", FINANCE, {"members": given}))


def test_a_documented_patch_merges_the_other_attributes_of_a_group() -> None:
    """Only members are added to."""
    after = patched("Groups", FINANCE, {"displayName": "Money", "groupType": "Organization"})

    assert {**FINANCE, "displayName": "Money", "groupType": "Organization"} == after


def test_a_put_replaces_the_members_of_a_group() -> None:
    """4me's pages: with PUT the members are replaced by those provided."""
    assert ["u3"] == members(merged("Groups", FINANCE, {"members": [{"value": "u3"}]}, "replace"))


@pytest.mark.parametrize("given", [[{"value": "u3", "operation": "swap"}], [{"display": "Alice"}], [{"value": ""}]])
def test_members_that_make_no_sense_are_refused(given: object) -> None:
    """A member needs an id, and can be added or deleted."""
    with pytest.raises(Rejection, match="members"):
        patched("Groups", FINANCE, {"members": given})


@pytest.mark.parametrize(
    ("operation", "attribute", "expected"),
    [
        (op("Replace", "title", "Manager"), "title", "Manager"),
        (op("add", " title ", "Manager"), "title", "Manager"),
        (op("REMOVE", "title"), "title", None),
        (op("Replace", "active", "False"), "active", False),
        (op("replace", None, {"active": False}), "active", False),
        (op("replace", "", {"active": False}), "active", False),
        (op("Add", "name.familyName", "Roy"), "name", {"givenName": "Alice", "familyName": "Roy"}),
        (op("Remove", "name.familyName"), "name", {"givenName": "Alice"}),
        (op("Remove", "name"), "name", None),
        (op("Remove", "nickName"), "title", "Analyst"),
        (op("Replace", "id", "x"), "title", "Analyst"),
        (op("Replace", "groups[value eq 1]", "x"), "title", "Analyst"),
        (op("Replace", 'emails[type eq "work"].value', "a@b"), "emails", [{**WORK, "value": "a@b"}, HOME]),
        (op("Replace", "emails[primary eq true].value", "a@b"), "emails", [{**WORK, "value": "a@b"}, HOME]),
        (op("Replace", 'emails[type eq "home"]', {"value": "a@b"}), "emails", [WORK, {**HOME, "value": "a@b"}]),
        (op("Add", 'emails[type eq "other"].value', "a@b"), "emails", [WORK, HOME, {"type": "other", "value": "a@b"}]),
        (op("Add", 'roles[primary eq "True"].value', "a"), "roles", [{"value": "a", "primary": True}]),
        (op("Add", "roles.value", "a"), "roles", [{"value": "a"}]),
        (op("Replace", "emails.type", "other"), "emails", [{**WORK, "type": "other"}, {**HOME, "type": "other"}]),
        (op("Remove", 'emails[type eq "work"]'), "emails", [HOME]),
        (op("Remove", 'emails[type eq "work"].value'), "emails", [HOME]),
        (op("Remove", "emails.primary"), "emails", [{"value": "alice@example.com", "type": "work"}, HOME]),
        (op("Remove", 'emails[type eq "other"]'), "emails", [WORK, HOME]),
        (op("Remove", "emails"), "emails", None),
        (op("Remove", "emails", [{"value": "alice@home.example"}]), "emails", [WORK]),
        (op("Add", "emails", [HOME, {"value": "a@b"}]), "emails", [WORK, HOME, {"value": "a@b"}]),
        (op("Replace", "emails", [HOME]), "emails", [HOME]),
        (op("Replace", f"{ENTERPRISE_USER}:department", "IT"), ENTERPRISE_USER, {**WORKPLACE, "department": "IT"}),
        (op("Add", f"{ENTERPRISE_USER}:manager", "u8"), ENTERPRISE_USER, {**WORKPLACE, "manager": {"value": "u8"}}),
        (op("Remove", f"{ENTERPRISE_USER}:manager"), ENTERPRISE_USER, {"department": "Finance"}),
        (op("Remove", f"{ENTERPRISE_USER}:manager.value"), ENTERPRISE_USER, {"department": "Finance"}),
        (op("Remove", ENTERPRISE_USER), ENTERPRISE_USER, None),
        (op("Replace", f"{CUSTOM_FIELDS}:badge", "B"), CUSTOM_FIELDS, {"badge": "B"}),
        (op("Remove", f"{CUSTOM_FIELDS}:badge"), CUSTOM_FIELDS, None),
        (
            op("Add", None, {f"{ENTERPRISE_USER}:department": "IT", 'emails[type eq "home"].value': "a@b"}),
            "emails",
            [WORK, {**HOME, "value": "a@b"}],
        ),
    ],
)
def test_an_operation_changes_what_its_path_names(operation: JsonObject, attribute: str, expected: object) -> None:
    """The operations of RFC 7644 section 3.5.2 as Entra and Okta send them."""
    assert expected == patched("Users", ALICE, patch_op(operation)).get(attribute)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (op("Add", "members", [{"value": "u3"}, {"value": "u1"}]), ["u1", "u2", "u3"]),
        (op("add", None, {"members": [{"value": "u3"}]}), ["u1", "u2", "u3"]),
        (op("Remove", "members", [{"value": "u1"}]), ["u2"]),
        (op("Remove", "members", [{"value": "u7"}]), ["u1", "u2"]),
        (op("Remove", "members", []), ["u1", "u2"]),
        (op("remove", 'members[value eq "u2"]'), ["u1"]),
        (op("remove", 'members[value eq "U2"]'), ["u1", "u2"]),
        (op("remove", "members"), []),
        (op("replace", "members", [{"value": "u3"}]), ["u3"]),
    ],
)
def test_an_operation_changes_members(operation: JsonObject, expected: list[str]) -> None:
    """Added once, removed by list or by filter; an empty list removes nobody."""
    assert expected == members(patched("Groups", FINANCE, patch_op(operation)))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"schemas": [PATCH_OP]}, "invalidSyntax"),
        ({"Operations": {}}, "invalidSyntax"),
        ({"operations": ["x"]}, "invalidSyntax"),
        (patch_op(op("move", "title", "x")), "invalidSyntax"),
        (patch_op({}), "invalidSyntax"),
        (patch_op(op("add", None, "x")), "invalidSyntax"),
        (patch_op(op("remove")), "noTarget"),
        (patch_op(op("replace", 'emails[type eq "other"].value', "x")), "noTarget"),
        (patch_op(op("replace", "shoeSize", "x")), "invalidPath"),
        (patch_op(op("replace", "emails[", "x")), "invalidPath"),
        (patch_op({"op": "replace", "path": 5, "value": "x"}), "invalidPath"),
        (patch_op(op("replace", "emails[type]", "x")), "invalidFilter"),
        (patch_op(op("replace", "title", 5)), "invalidValue"),
    ],
)
def test_operations_that_make_no_sense_are_refused(body: JsonObject, expected: str) -> None:
    """RFC 7644 section 3.12 has a name for what is wrong."""
    with pytest.raises(Rejection) as caught:
        patched("Users", ALICE, body)

    assert (400, expected) == (caught.value.status, caught.value.scim_type)


@pytest.mark.parametrize(
    ("old", "operation", "expected"),
    [
        ({"name": "Alice Lee"}, op("add", "name.givenName", "Alice"), {"name": {"givenName": "Alice"}}),
        ({"name": "Alice Lee"}, op("remove", "name.givenName"), {}),
        ({ENTERPRISE_USER: "x"}, op("add", f"{ENTERPRISE_USER}:site", "Ghent"), {ENTERPRISE_USER: {"site": "Ghent"}}),
    ],
)
def test_what_stands_in_the_wrong_shape_is_replaced(old: JsonObject, operation: JsonObject, expected: object) -> None:
    """A resource that was taken in as it was may be odd; writing to it puts it right."""
    assert expected == patched("Users", old, patch_op(operation))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("title", {**ALICE, "title": "Analyst"}),
        ("nickName", ALICE),
        ("name.givenName", ALICE),
        ("department", ALICE),
        ("emails.value", ALICE),
        ("customFields.badge", ALICE),
        ("customFields", ALICE),
        ("shoeSize", None),
    ],
)
def test_an_attribute_can_be_kept_as_it_was(name: str, expected: JsonObject | None) -> None:
    """Flat names lead to the core, the extensions and the parts of names."""
    changes: dict[str, JsonObject] = {
        "title": {"title": "Manager"},
        "nickName": {"nickName": "Al"},
        "name.givenName": {"name": {"givenName": "Alicia"}},
        "department": {ENTERPRISE_USER: {"department": "IT"}},
        "emails.value": {"emails": [HOME]},
        "customFields.badge": {CUSTOM_FIELDS: {"badge": "B"}},
        "customFields": {CUSTOM_FIELDS: {"badge": "B", "level": 1}},
        "shoeSize": {"title": "Manager"},
    }
    after = merged("Users", ALICE, changes[name], "replace")

    assert (expected or after) == with_kept("Users", after, ALICE, name)


def test_a_part_can_be_kept_where_there_was_none() -> None:
    """What was not there before is taken away again."""
    after = merged("Users", {}, {"name": {"givenName": "Alice", "familyName": "Lee"}}, "replace")

    assert {"name": {"familyName": "Lee"}} == with_kept("Users", after, {}, "name.givenName")


def test_the_resource_that_was_is_left_alone() -> None:
    """A write makes a new resource; whoever holds the old one sees no change."""
    before = str(ALICE)

    patched("Users", ALICE, patch_op(op("remove", 'emails[type eq "work"]'), op("add", "name.givenName", "Al")))

    assert before == str(ALICE)


texts = st.text(max_size=5)
emails = st.lists(
    st.fixed_dictionaries(
        {"value": texts, "type": st.sampled_from(["work", "home"])}, optional={"primary": st.booleans()}
    ),
    max_size=3,
)
attributes = st.fixed_dictionaries(
    {},
    optional={
        "title": st.none() | texts,
        "active": st.booleans(),
        "name": st.dictionaries(st.sampled_from(["givenName", "familyName"]), texts),
        "emails": emails,
        f"{ENTERPRISE_USER}:department": texts,
        f"{ENTERPRISE_USER}:manager": texts,
        f"{CUSTOM_FIELDS}:badge": texts | st.integers() | st.booleans(),
    },
)
ids = st.sampled_from(["u1", "u2", "u3", "u4"])


@given(attributes)
def test_both_languages_make_the_same_user_of_the_same_change(given: JsonObject) -> None:
    """The documented PATCH, a PatchOp without a path, and one with a path for each attribute."""
    documented = patched("Users", ALICE, given)

    assert documented == patched("Users", ALICE, patch_op(op("Replace", None, given)))
    assert documented == patched(
        "Users", ALICE, patch_op(*({"op": "replace", "path": path, "value": value} for path, value in given.items()))
    )


@given(added=st.lists(ids), removed=st.lists(ids))
def test_both_languages_make_the_same_group_of_the_same_change(added: list[str], removed: list[str]) -> None:
    """Members deleted and added in the documented way, and removed and added by operations."""
    marked = [{"value": member, "operation": "delete"} for member in removed]
    listed = [{"value": member} for member in added]
    one_by_one = [op("remove", f'members[value eq "{member}"]') for member in removed]

    documented = patched("Groups", FINANCE, {"members": [*marked, *listed]})

    assert documented == patched(
        "Groups",
        FINANCE,
        patch_op(op("Remove", "members", [{"value": member} for member in removed]), op("Add", "members", listed)),
    )
    assert documented == patched("Groups", FINANCE, patch_op(*one_by_one, op("Add", "members", listed)))
