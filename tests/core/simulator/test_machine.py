"""The embedded 4me, asked as a client asks it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model.messages import JsonObject, Response
from reconciler.core.simulator.machine import Simulator
from reconciler.core.simulator.quirks import AS_DOCUMENTED, Quirks
from reconciler.core.simulator.rejection import Rejection
from reconciler.core.simulator.schema import CUSTOM_FIELDS, ENTERPRISE_USER
from reconciler.core.simulator.search import SearchQuirks

MORNING = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
NOON = MORNING + timedelta(hours=4)
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MEANINGLESS: list[object] = [None, [], "text", 5]


def account(quirks: Quirks = AS_DOCUMENTED) -> Simulator:
    users: list[JsonObject] = [
        {"id": "u1", "userName": "Alice@example.com", "externalId": "user/alice", "displayName": "Alice Lee"},
        {"id": "u2", "userName": "bob@example.com", "externalId": "user/bob", "active": False},
        {"id": "u3", "userName": "carol@example.com", ENTERPRISE_USER: {"manager": {"value": "u1"}}},
    ]
    groups: list[JsonObject] = [{"id": "g1", "displayName": "Finance", "members": [{"value": "u1"}, {"value": "u2"}]}]
    return Simulator(quirks, users, groups)


def crowd(size: int, quirks: Quirks = AS_DOCUMENTED) -> Simulator:
    return Simulator(quirks, [{"id": f"u{number}", "userName": f"user{number}"} for number in range(1, size + 1)])


def ask(simulator: Simulator, method: str, target: str, body: object = None, now: datetime = NOON) -> Response:
    return simulator.answer(method, target, body, now).response


def document(response: Response) -> dict[str, Any]:
    assert isinstance(response.body, dict)
    return response.body


def ids(response: Response) -> list[str]:
    return [resource["id"] for resource in document(response)["Resources"]]


def members(simulator: Simulator, group: str = "g1") -> list[str]:
    return [member["value"] for member in document(ask(simulator, "GET", f"/Groups/{group}"))["members"]]


def test_a_list_says_25_items_a_page_even_when_fewer_come() -> None:
    """4me's pages: itemsPerPage reads 25 for a page of two."""
    listed = document(ask(crowd(2), "GET", "/Users"))

    assert 2 == len(listed.pop("Resources"))
    assert {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": 2,
        "itemsPerPage": 25,
        "startIndex": 1,
    } == listed


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", list(range(1, 26))),
        ("?startIndex=26", [26, 27, 28, 29, 30]),
        ("?startIndex=26&count=2", [26, 27]),
        ("?count=3", [1, 2, 3]),
        ("?count=0", [1]),
        ("?count=-4", [1]),
        ("?count=100", list(range(1, 26))),
        ("?startIndex=0&count=2", [1, 2]),
        ("?startIndex=-5&count=2", [1, 2]),
        ("?startIndex=31", []),
        ("?startIndex=99999999999999999999999", []),
        ("?attributes=userName&excludedAttributes=emails&count=1", [1]),
    ],
)
def test_a_page_starts_where_asked(query: str, expected: list[int]) -> None:
    """Counts out of range are clamped, starts below one are one, starts past the end are empty."""
    assert [f"u{number}" for number in expected] == ids(ask(crowd(30), "GET", f"/Users{query}"))


@pytest.mark.parametrize("count", [0, -1, 26])
def test_a_count_out_of_range_may_be_refused_instead(count: int) -> None:
    """What 4me does with one is not documented."""
    response = ask(crowd(3, Quirks(out_of_range_count="refuse")), "GET", f"/Users?count={count}")

    assert (400, "invalidValue") == (response.status, document(response)["scimType"])
    assert 200 == ask(crowd(3, Quirks(out_of_range_count="refuse")), "GET", "/Users?count=25").status


@pytest.mark.parametrize("query", ["count=many", "startIndex=1.5", f"count={'9' * 5000}"])
def test_a_page_that_is_no_number_is_refused(query: str) -> None:
    """400, and no page."""
    assert 400 == ask(crowd(3), "GET", f"/Users?{query}").status


def test_a_smaller_page_limit_can_be_played() -> None:
    """The limit is a quirk, and itemsPerPage tells it."""
    response = ask(crowd(30, Quirks(page_limit=10)), "GET", "/Users?count=25")

    assert (10, 10) == (len(ids(response)), document(response)["itemsPerPage"])


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ('userName eq "ALICE@example.com"', ["u1"]),
        ('userName eq "alice@example.com" or userName eq "carol@example.com"', ["u1", "u3"]),
        ('externalId eq "user/alice"', ["u1"]),
        ('externalId eq "USER/ALICE"', []),
        ('active eq "true"', ["u1", "u3"]),
        ('active eq "false" and userName eq "bob@example.com"', ["u2"]),
        ('meta.lastModified gt "2020-01-01T00:00:00Z"', ["u3"]),
        ('meta.created lt "2020-01-01T00:00:00Z"', ["u1", "u2", "u3"]),
    ],
)
def test_users_are_found_by_filter(target: str, expected: list[str]) -> None:
    """By name without case, by external id exactly, by state and by time."""
    simulator = account()
    ask(simulator, "PATCH", "/Users/u3", {"title": "Analyst"})

    assert expected == ids(ask(simulator, "GET", f"/Users?{urlencode({'filter': target})}"))


def test_groups_are_found_by_name_without_case() -> None:
    """displayName compares like userName; a group's filter knows no userName."""
    assert ["g1"] == ids(ask(account(), "GET", "/Groups?filter=displayName+eq+%22FINANCE%22"))
    assert 400 == ask(account(), "GET", "/Groups?filter=userName+eq+%22x%22").status


def test_a_filter_it_does_not_know_is_refused() -> None:
    """400 `invalidFilter`."""
    response = ask(account(), "GET", "/Users?filter=title+pr")

    assert (400, "invalidFilter") == (response.status, document(response)["scimType"])


def test_a_server_may_answer_everybody_whatever_was_asked() -> None:
    """One that is known to exist ignores filters without a word."""
    simulator = account(Quirks(search=SearchQuirks(ignores_filters=True)))

    assert ["u1", "u2", "u3"] == ids(ask(simulator, "GET", "/Users?filter=userName+eq+%22nobody%22"))


def test_lists_of_groups_leave_out_members() -> None:
    """One GET by id tells them, each with its link and userName."""
    [listed] = document(ask(account(), "GET", "/Groups"))["Resources"]
    single = document(ask(account(), "GET", "/Groups/g1"))

    assert "members" not in listed
    assert {
        "value": "u1",
        "type": "User",
        "display": "Alice@example.com",
        "$ref": "https://acme.xurrent.example/scim/v2/Users/u1",
    } == single["members"][0]


def test_lists_of_groups_may_show_members() -> None:
    """What 4me does is inferred from its example, so both can be played."""
    [listed] = document(ask(account(Quirks(members_in_lists=True)), "GET", "/Groups"))["Resources"]

    assert ["u1", "u2"] == [member["value"] for member in listed["members"]]


def test_a_user_shows_the_manager_with_a_link_and_a_name() -> None:
    """The id is stored; link and display name are computed, the name where the manager is known."""
    simulator = account()
    manager = document(ask(simulator, "GET", "/Users/u3"))[ENTERPRISE_USER]["manager"]
    ask(simulator, "PATCH", "/Users/u3", {ENTERPRISE_USER: {"manager": "nobody"}})
    unknown = document(ask(simulator, "GET", "/Users/u3"))[ENTERPRISE_USER]["manager"]

    assert {
        "value": "u1",
        "displayName": "Alice Lee",
        "$ref": "https://acme.xurrent.example/scim/v2/Users/u1",
    } == manager
    assert {"value": "nobody", "$ref": "https://acme.xurrent.example/scim/v2/Users/nobody"} == unknown


def test_a_resource_taken_in_is_completed() -> None:
    """Existing users and groups keep their id and what they say; schemas, meta and state are added."""
    kept = Simulator(
        AS_DOCUMENTED, [{"id": "u1", "userName": "a", "meta": {"created": "2020-01-01T00:00:00.000Z"}}]
    ).users

    assert {
        "id": "u1",
        "userName": "a",
        "active": True,
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE_USER],
        "meta": {
            "resourceType": "User",
            "created": "2020-01-01T00:00:00.000Z",
            "lastModified": "2018-01-01T00:00:00.000Z",
            "location": "https://acme.xurrent.example/scim/v2/Users/u1",
        },
    } == kept["u1"]


def test_a_member_taken_in_twice_is_one_member() -> None:
    """With or without the labels that some servers store with it."""
    simulator = Simulator(
        AS_DOCUMENTED, (), [{"displayName": "A", "members": [{"value": "u1", "type": "User"}, {"value": "u1"}]}]
    )

    assert ["u1"] == members(simulator, "scim-g-000001")


def test_members_that_are_none_can_not_be_taken_in() -> None:
    """Whoever builds an account is told at once."""
    with pytest.raises(Rejection):
        Simulator(AS_DOCUMENTED, (), [{"displayName": "A", "members": 5}])


def test_a_group_without_members_shows_an_empty_list() -> None:
    """By id the members are always told, so that none is not taken for not shown."""
    assert [] == members(Simulator(AS_DOCUMENTED, (), [{"id": "g1", "displayName": "A"}]))


def test_a_created_user_is_answered_whole() -> None:
    """201, with an id from the counter, the moment, and a location on another host."""
    simulator = account()
    answer = simulator.answer("POST", "/Users", {"userName": "dan@example.com", "password": "s", "id": "x"}, NOON)
    location = "https://acme.xurrent.example/scim/v2/Users/scim-u-000001"

    assert (201, {"Location": location}) == (answer.response.status, answer.response.headers)
    assert (("Users", "scim-u-000001"),) == answer.touched
    assert simulator.users["scim-u-000001"] == document(answer.response)
    assert {
        "id": "scim-u-000001",
        "userName": "dan@example.com",
        "active": True,
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE_USER],
        "meta": {
            "resourceType": "User",
            "created": "2026-03-01T12:00:00.000Z",
            "lastModified": "2026-03-01T12:00:00.000Z",
            "location": location,
        },
    } == document(answer.response)


def test_a_created_group_may_have_members() -> None:
    """A group is answered with its members, though lists leave them out."""
    response = ask(account(), "POST", "/Groups", {"displayName": "IT", "members": [{"value": "u3"}]})

    assert (201, "scim-g-000001") == (response.status, document(response)["id"])
    assert ["u3"] == [member["value"] for member in document(response)["members"]]
    assert "Group" == document(response)["meta"]["resourceType"]


def test_ids_continue_after_the_highest() -> None:
    """Also after one that was put there by hand."""
    simulator = Simulator(
        AS_DOCUMENTED, [{"id": "scim-u-000007", "userName": "a"}, {"id": "scim-u-x", "userName": "b"}]
    )
    simulator.users["scim-u-000008"] = {"id": "scim-u-000008", "userName": "c"}

    assert "scim-u-000009" == document(ask(simulator, "POST", "/Users", {"userName": "d"}))["id"]


def test_times_are_told_in_utc() -> None:
    """Whatever zone the clock has; a moment without one is taken for UTC."""
    east = NOON.astimezone(timezone(timedelta(hours=2)))

    for now in (east, NOON.replace(tzinfo=None)):
        created = document(ask(account(), "POST", "/Users", {"userName": "d"}, now))
        assert "2026-03-01T12:00:00.000Z" == created["meta"]["created"]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_an_update_changes_what_is_given_and_the_time(method: str) -> None:
    """PUT merges too, so nothing is emptied by leaving it out. The person behind the user changes with it."""
    simulator = account()
    answer = simulator.answer(method, "/Users/u1", {"title": "Analyst"}, NOON)
    told = document(answer.response)

    assert (200, (("Users", "u1"), ("People", "1"))) == (answer.response.status, answer.touched)
    assert ("Analyst", "Alice Lee") == (told["title"], told["displayName"])
    assert ("2026-03-01T12:00:00.000Z", "2018-01-01T00:00:00.000Z") == (
        told["meta"]["lastModified"],
        told["meta"]["created"],
    )


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/Users/u1", {}),
        ("/Users/u1", {"displayName": "Alice Lee"}),
        ("/Users/u1", {"userName": "Alice@example.com", "active": "True", "shoeSize": 5}),
        ("/Users/u1", {"title": None}),
        ("/Users/u1", {"Operations": []}),
        ("/Users/u1", {"Operations": [{"op": "Remove", "path": "title"}]}),
        ("/Users/u1", {"id": "x", "meta": {"lastModified": "x"}, "groups": [], "schemas": ["x"], "password": "s"}),
        ("/Groups/g1", {"members": [{"value": "u1"}]}),
        ("/Groups/g1", {"members": [{"value": "u3", "operation": "delete"}]}),
        ("/Groups/g1", {"Operations": [{"op": "Remove", "path": "members", "value": [{"value": "u3"}]}]}),
    ],
)
def test_a_write_that_changes_nothing_leaves_the_time_alone(target: str, body: JsonObject) -> None:
    """200 with the resource, nothing touched, lastModified as it was."""
    simulator = account()
    before = document(ask(simulator, "GET", target))
    answer = simulator.answer("PATCH", target, body, NOON)

    assert (200, ()) == (answer.response.status, answer.touched)
    assert before == document(answer.response)


def test_a_flag_is_not_a_number() -> None:
    """In JSON true is not 1, so a custom field that goes from one to the other has changed."""
    simulator = account()
    ask(simulator, "PATCH", "/Users/u1", {CUSTOM_FIELDS: {"level": 1}})

    assert (("Users", "u1"),) == simulator.answer("PATCH", "/Users/u1", {CUSTOM_FIELDS: {"level": True}}, NOON).touched


def test_a_patch_may_be_answered_with_nothing() -> None:
    """204 and no body; the change is made all the same."""
    simulator = account(Quirks(patch_answers="nothing"))
    response = ask(simulator, "PATCH", "/Users/u1", {"title": "Analyst"})

    assert (204, None) == (response.status, response.body)
    assert "Analyst" == simulator.users["u1"]["title"]
    assert 200 == ask(simulator, "PUT", "/Users/u1", {"title": "Analyst"}).status


def test_entra_disables_a_user_with_a_string() -> None:
    """`Replace` with "False", as Entra sends it without its feature flag."""
    simulator = account()
    ask(
        simulator,
        "PATCH",
        "/Users/u1",
        {"schemas": [PATCH_OP], "Operations": [{"op": "Replace", "path": "active", "value": "False"}]},
    )

    assert simulator.users["u1"]["active"] is False


def test_members_are_added_and_removed() -> None:
    """In the documented way, in one request."""
    simulator = account()
    ask(simulator, "PATCH", "/Groups/g1", {"members": [{"value": "u3"}, {"value": "u1", "operation": "delete"}]})

    assert ["u2", "u3"] == members(simulator)


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "scim_type"),
    [
        ("POST", "/Users", {"userName": "ALICE@EXAMPLE.COM"}, 409, "uniqueness"),
        ("PATCH", "/Users/u2", {"userName": "alice@example.com"}, 409, "uniqueness"),
        ("POST", "/Groups", {"displayName": "FINANCE"}, 409, "uniqueness"),
        ("POST", "/Users", {}, 400, "invalidValue"),
        ("POST", "/Users", {"userName": ""}, 400, "invalidValue"),
        ("POST", "/Groups", {"members": []}, 400, "invalidValue"),
        ("PATCH", "/Users/u1", {"userName": None}, 400, "invalidValue"),
        ("PUT", "/Groups/g1", {"displayName": ""}, 400, "invalidValue"),
        ("PATCH", "/Users/u1", {"active": None}, 400, "invalidValue"),
        ("PATCH", "/Users/u1", {"Operations": [{"op": "remove", "path": "active"}]}, 400, "invalidValue"),
        ("PATCH", "/Groups/g1", {"members": [{"value": "nobody"}]}, 400, "invalidValue"),
        ("POST", "/Groups", {"displayName": "IT", "members": [{"value": "g1"}]}, 400, "invalidValue"),
        *[(method, "/Users/u1", body, 400, "invalidSyntax") for body in MEANINGLESS for method in ("PUT", "PATCH")],
        *[("POST", "/Groups", body, 400, "invalidSyntax") for body in MEANINGLESS],
    ],
)
def test_a_write_that_can_not_be_is_refused(
    method: str, target: str, body: object, status: int, scim_type: str
) -> None:
    """Nothing of it is stored, and the answer says why."""
    simulator = account()
    before = json.dumps([simulator.users, simulator.groups])
    answer = simulator.answer(method, target, body, NOON)

    assert (status, scim_type) == (answer.response.status, document(answer.response)["scimType"])
    assert (before, ()) == (json.dumps([simulator.users, simulator.groups]), answer.touched)


def test_a_user_may_change_the_case_of_their_own_name() -> None:
    """It is theirs already."""
    simulator = account()

    assert 200 == ask(simulator, "PATCH", "/Users/u1", {"userName": "alice@EXAMPLE.com"}).status
    assert "alice@EXAMPLE.com" == simulator.users["u1"]["userName"]


def test_a_member_unknown_from_before_does_not_stand_in_the_way() -> None:
    """Only those who are added must exist."""
    simulator = Simulator(
        AS_DOCUMENTED, [{"id": "u1", "userName": "a"}], [{"id": "g1", "displayName": "A", "members": ["gone"]}]
    )

    assert 200 == ask(simulator, "PATCH", "/Groups/g1", {"members": [{"value": "u1"}]}).status
    assert ["gone", "u1"] == members(simulator)


@pytest.mark.parametrize("target", ["/Users", "/Users/u1", "/Groups/g1", "/Users/nobody", "/Schemas"])
def test_nothing_is_ever_deleted(target: str) -> None:
    """DELETE is 501, and everything is as it was."""
    simulator = account()
    before = json.dumps([simulator.users, simulator.groups])
    response = ask(simulator, "delete", target)

    assert 501 == response.status
    assert before == json.dumps([simulator.users, simulator.groups])


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/Users/nobody", 404),
        ("PATCH", "/Users/nobody", 404),
        ("GET", "/Groups/u1", 404),
        ("GET", "/Me", 404),
        ("POST", "/Bulk", 404),
        ("GET", "/", 404),
        ("GET", "", 404),
        ("GET", "/users", 404),
        ("GET", "/Users/u1/title", 404),
        ("GET", "/Schemas/nonsense", 404),
        ("GET", "/ServiceProviderConfig/x", 404),
        ("PUT", "/Users", 405),
        ("POST", "/Users/u1", 405),
        ("HEAD", "/Users/u1", 405),
        ("POST", "/ResourceTypes", 405),
        ("get", "/Users/u%31", 200),
        ("GET", "/Users/", 200),
    ],
)
def test_what_is_not_there_is_said_to_be_missing(method: str, target: str, status: int) -> None:
    """Unknown paths and ids are 404, methods that a path has not are 405."""
    assert status == ask(account(), method, target, {}).status


def test_errors_have_the_shape_of_scim() -> None:
    """RFC 7644 section 3.12: the status is a string."""
    assert {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": "404",
        "detail": "there is no Users/nobody",
    } == ask(account(), "GET", "/Users/nobody").body


@pytest.mark.parametrize(
    ("method", "target", "body", "expected"),
    [
        ("GET", "/Users/nobody", None, Response(404, {"message": "there is no Users/nobody"})),
        (
            "POST",
            "/Users",
            {},
            Response(422, {"message": "userName is required", "errors": [["userName", "userName is required"]]}),
        ),
        (
            "POST",
            "/Users",
            {"userName": "bob@EXAMPLE.com"},
            Response(
                409,
                {
                    "message": "userName is taken: bob@EXAMPLE.com",
                    "errors": [["userName", "userName is taken: bob@EXAMPLE.com"]],
                },
            ),
        ),
    ],
)
def test_errors_may_have_the_shape_of_the_rest_api(method: str, target: str, body: object, expected: Response) -> None:
    """A message, and 422 with the attributes to blame where a value is wrong."""
    assert expected == ask(account(Quirks(error_shape="rest")), method, target, body)


@pytest.mark.parametrize(
    ("name", "target", "body"),
    [
        ("title", "/Users/u1", {"title": "Analyst"}),
        ("department", "/Users/u1", {ENTERPRISE_USER: {"department": "IT"}}),
        ("active", "/Users/u1", {"active": False}),
        ("roles", "/Users/u1", {"roles": [{"value": "specialist"}]}),
        ("members", "/Groups/g1", {"members": [{"value": "u3"}]}),
    ],
)
def test_a_server_may_say_yes_and_do_nothing(name: str, target: str, body: JsonObject) -> None:
    """What it ignores is answered with 200 and the resource as it was."""
    simulator = account(Quirks(ignores=frozenset({name})))
    before = ask(simulator, "GET", target).body
    answer = simulator.answer("PATCH", target, body, NOON)

    assert (200, ()) == (answer.response.status, answer.touched)
    assert before == answer.response.body


def test_a_server_may_create_less_than_it_was_given() -> None:
    """What it ignores is missing from the new user."""
    simulator = account(Quirks(ignores=frozenset({"title", "members"})))

    assert "title" not in document(ask(simulator, "POST", "/Users", {"userName": "d", "title": "Analyst"}))


def test_the_service_says_what_it_can() -> None:
    """PATCH and filters of 25; no bulk, sort, ETag or password."""
    config = document(ask(account(), "GET", "/ServiceProviderConfig"))

    assert {"supported": True, "maxResults": 25} == config["filter"]
    assert {"patch": True, "bulk": False, "sort": False, "etag": False, "changePassword": False} == {
        name: config[name]["supported"] for name in ("patch", "bulk", "sort", "etag", "changePassword")
    }


def test_the_service_describes_its_resources() -> None:
    """Two types and three schemas, listed whole and each by id."""
    types = document(ask(account(), "GET", "/ResourceTypes"))
    schemas = document(ask(account(), "GET", "/Schemas"))

    assert (2, 2, "/Users", "/Groups") == (
        types["totalResults"],
        types["itemsPerPage"],
        *(each["endpoint"] for each in types["Resources"]),
    )
    assert types["Resources"][0] == ask(account(), "GET", "/ResourceTypes/User").body
    assert schemas["Resources"][1] == ask(account(), "GET", f"/Schemas/{ENTERPRISE_USER}").body


def test_the_schemas_name_what_is_required_and_what_4me_adds() -> None:
    """userName is unique and required; site, location and supportID are 4me's own."""
    user, enterprise, group = document(ask(account(), "GET", "/Schemas"))["Resources"]

    assert ["userName"] == [attribute["name"] for attribute in user["attributes"] if attribute["required"]]
    assert ["displayName"] == [each["name"] for each in group["attributes"] if each["uniqueness"] == "server"]
    assert {"site", "location", "supportID", "manager"} <= {attribute["name"] for attribute in enterprise["attributes"]}


def test_what_is_answered_is_a_copy() -> None:
    """Whoever changes an answer does not change the account."""
    simulator = account()
    for target in ("/Users/u3", "/Groups/g1", "/Groups"):
        told = document(ask(simulator, "GET", target))
        told.get("meta", {})["location"] = "elsewhere"
        told.get(ENTERPRISE_USER, {}).clear()
        for resource in told.get("Resources", []):
            resource["meta"]["location"] = "elsewhere"

    assert "elsewhere" not in json.dumps([simulator.users, simulator.groups])
    assert {"manager": {"value": "u1"}} == simulator.users["u3"][ENTERPRISE_USER]


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
keys = st.sampled_from(
    [
        *("userName", "displayName", "active", "name", "emails", "members", "schemas", "Operations", "op", "path"),
        *("value", "type", "operation", "id", "meta", "manager", ENTERPRISE_USER, CUSTOM_FIELDS, "custom_fields"),
        *(f"{ENTERPRISE_USER}:manager", 'emails[type eq "work"].value', "name.givenName", "emails["),
    ]
) | st.text(max_size=4)
texts = st.sampled_from(["add", "Remove", "replace", "members", "emails.value", "u1", "delete", PATCH_OP]) | keys
documents = st.recursive(
    scalars | texts, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)
operations = st.fixed_dictionaries(
    {"op": st.sampled_from(["Add", "replace", "remove"])}, optional={"path": texts | scalars, "value": documents}
)
bodies = documents | st.fixed_dictionaries({"Operations": st.lists(operations, max_size=3)})
targets = st.sampled_from(
    [
        "/Users",
        "/Users/u1",
        "/Groups",
        "/Groups/g1",
        "/Schemas",
        "/Users?filter=",
        "/Users?count=",
        "/Groups?startIndex=",
    ]
)
quirks = st.builds(
    Quirks,
    error_shape=st.sampled_from(["scim", "rest"]),
    patch_answers=st.sampled_from(["resource", "nothing"]),
    ignores=st.frozensets(st.sampled_from(["title", "userName", "name.givenName", "emails", "members", "department"])),
)


@given(quirks, st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]), targets, st.text(max_size=8), bodies)
def test_no_request_makes_it_raise(quirks: Quirks, method: str, target: str, suffix: str, body: object) -> None:
    """Whatever is asked, there is an answer that JSON can carry, and asking again elsewhere gives the same."""
    first, second = account(quirks), account(quirks)
    answer = first.answer(method, f"{target}{suffix}", body, NOON)

    assert answer == second.answer(method, f"{target}{suffix}", body, NOON)
    assert (first.users, first.groups) == (second.users, second.groups)
    assert 200 <= answer.response.status <= 501
    json.dumps(answer.response.body)


@given(st.lists(st.tuples(st.sampled_from(["POST", "PATCH"]), st.text(min_size=1, max_size=3)), max_size=8))
def test_names_stay_unique_and_users_stay(writes: list[tuple[str, str]]) -> None:
    """Through any writes: no two users of one name, and nobody is lost."""
    simulator = crowd(3)
    for method, name in writes:
        before = set(simulator.users)
        ask(simulator, method, "/Users" if method == "POST" else "/Users/u2", {"userName": name})
        assert before <= set(simulator.users)

    names = [str(user["userName"]).casefold() for user in simulator.users.values()]
    assert len(set(names)) == len(names)


def test_a_user_tells_the_groups_they_are_in() -> None:
    """RFC 7643 section 4.1.2, and 4me: read-only `groups`; left out where there are none, or where none are told."""
    member: JsonObject = {"id": "u1", "userName": "ann@example.com"}
    groups: list[JsonObject] = [
        {"id": "g2", "displayName": "Two", "members": [{"value": "u1"}]},
        {"id": "g1", "displayName": "One"},
    ]
    simulator, silent = (
        Simulator(users=[member], groups=groups),
        Simulator(Quirks(tells_groups=False), [member], groups),
    )

    def told(simulator: Simulator) -> list[str]:
        body = simulator.answer("GET", "/Users/u1", None, NOON).response.body
        assert isinstance(body, dict)
        return [one["value"] for one in body.get("groups", [])]

    assert (["g2"], []) == (told(simulator), told(silent))
    ask(simulator, "PATCH", "/Groups/g1", {"members": [{"value": "u1"}]})
    assert ["g1", "g2"] == told(simulator)
    ask(simulator, "PATCH", "/Groups/g2", {"members": [{"value": "u1", "operation": "delete"}]})
    assert ["g1"] == told(simulator)
    assert "groups" not in simulator.users["u1"]


def test_a_resource_without_a_name_holds_none() -> None:
    """Such a record came with the seed."""
    simulator = Simulator(users=[{"id": "nameless"}])

    assert 201 == simulator.answer("POST", "/Users", {"userName": "ann"}, NOON).response.status
