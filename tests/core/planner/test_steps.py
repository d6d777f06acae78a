"""Changes become steps: one request for each resource, and the keys that it needs."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.changes.plan import (
    AddMembers,
    AttributeChange,
    Change,
    CreateGroup,
    CreateUser,
    DeactivateUser,
    GrantRoles,
    ReactivateUser,
    RemoveMembers,
    RevokeRoles,
    UpdateGroup,
    UpdateUser,
)
from reconciler.core.model.messages import JsonObject, Request
from reconciler.core.planner.steps import (
    Step,
    ids_of,
    lookups,
    make_request,
    make_roles_request,
    make_steps,
    resolve,
    target_of,
    with_ids,
)
from reconciler.core.scim.wire import CORE_GROUP, CORE_USER, CUSTOM_FIELDS, DIALECTS, ENTERPRISE, PATCH_OP

IDS = {"user/ann": "id-ann", "user/bob": "id/bob", "group/desk": "id-desk"}
TO_ANN: dict[str, Any] = {"key": "user/ann", "target_id": "id-ann"}
TO_DESK: dict[str, Any] = {"key": "group/desk", "target_id": "id-desk"}


def attributes(**after: Any) -> tuple[AttributeChange, ...]:
    return tuple(AttributeChange(path=path, before=None, after=value) for path, value in after.items())


def step(*changes: Change) -> Step:
    [made] = make_steps(changes)
    return made


def request(dialect: str, *changes: Change) -> Request:
    return make_request(step(*changes), IDS, DIALECTS[dialect])


CREATE = CreateUser(
    key="user/new", attributes=attributes(userName="new@example.com", manager="user/bob"), roles=("auditor",)
)
UPDATE = UpdateUser(**TO_ANN, attributes=attributes(title="Senior", site=None, manager="user/bob"))
LATER = UpdateUser(key="user/new", attributes=attributes(manager="user/ann"))
GRANT = GrantRoles(**TO_ANN, roles=("auditor",), held=("account_owner", "specialist"))
REVOKE = RevokeRoles(**TO_ANN, roles=("specialist",), held=("account_owner", "specialist"))
ADD = AddMembers(**TO_DESK, members=("user/ann", "user/unknown"))
REMOVE = RemoveMembers(**TO_DESK, members=("id/4711", "user/bob"))


def test_all_changes_to_one_resource_are_one_step_in_the_plans_order() -> None:
    """One request for each changed user and each changed group."""
    changes: list[Change] = [CREATE, UPDATE, ADD, GRANT, REVOKE, REMOVE]
    steps = make_steps(changes)

    assert ["user/new", "user/ann", "group/desk"] == [one.key for one in steps]
    assert [(CREATE,), (UPDATE, GRANT, REVOKE), (ADD, REMOVE)] == [one.changes for one in steps]
    assert [True, False, False] == [one.creates for one in steps]
    assert ["Users", "Users", "Groups"] == [one.kind for one in steps]


def test_a_change_to_what_the_plan_creates_is_a_step_of_its_own() -> None:
    """It has to wait until it is there."""
    assert [(CREATE,), (LATER,)] == [one.changes for one in make_steps([CREATE, LATER])]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([CREATE], {"user/bob"}),
        ([UPDATE], {"user/bob"}),
        ([GRANT], set()),
        ([UpdateUser(**TO_ANN, attributes=attributes(manager=None))], set()),
        ([ADD, REMOVE], {"user/ann", "user/unknown", "id/4711", "user/bob"}),
        ([CreateGroup(key="group/new", members=("user/ann",))], {"user/ann"}),
        ([LATER], {"user/new", "user/ann"}),
    ],
)
def test_a_step_waits_for_whom_it_refers_to(changes: list[Change], expected: set[str]) -> None:
    """A manager, members, and the resource itself where the plan creates it."""
    assert expected == set(step(*changes).needs())


@pytest.mark.parametrize(
    ("changes", "missing", "left"),
    [
        ([UPDATE, GRANT], set(), [["title", "site", "manager"], ["auditor"]]),
        ([UPDATE, GRANT], {"user/bob"}, [["title", "site"], ["auditor"]]),
        ([UpdateUser(**TO_ANN, attributes=attributes(manager="user/bob")), GRANT], {"user/bob"}, [["auditor"]]),
        ([UpdateUser(**TO_ANN, attributes=attributes(manager="user/bob"))], {"user/bob"}, []),
        ([ReactivateUser(**TO_ANN, attributes=attributes(manager="user/bob"))], {"user/bob"}, [[]]),
        ([UPDATE], {"user/ann"}, [["title", "site", "manager"]]),
        ([ADD, REMOVE], {"user/ann"}, [["user/unknown"], ["id/4711", "user/bob"]]),
        ([ADD, REMOVE], {"user/ann", "user/unknown"}, [["id/4711", "user/bob"]]),
        ([CREATE], {"user/bob"}, [["userName", "auditor"]]),
        ([CreateGroup(key="group/new", members=("user/ann", "user/bob"))], {"user/ann"}, [["user/bob"]]),
        ([CreateGroup(key="group/new", members=("user/ann",))], {"user/ann"}, [[]]),
        ([LATER], {"user/new"}, []),
        ([LATER], {"user/bob"}, [["manager"]]),
        ([LATER], {"user/ann"}, []),
    ],
)
def test_a_step_does_without_whom_it_can(changes: list[Change], missing: set[str], left: list[list[str]]) -> None:
    """A manager and members are left out; with nothing left, or without the resource itself, no change is made."""
    doable = step(*changes).without(missing)
    made = doable.changes if doable else ()

    assert left == [[*(one.path for one in change.attributes), *change.members, *change.roles] for change in made]
    assert {change.id for change in changes} >= {change.id for change in made}


@pytest.mark.parametrize(
    ("changes", "roles", "active"),
    [
        ([UPDATE], None, None),
        ([CREATE], ["auditor"], True),
        ([CreateUser(key="user/new")], None, True),
        ([GRANT], ["account_owner", "auditor", "specialist"], None),
        ([REVOKE], ["account_owner"], None),
        ([GRANT, REVOKE], ["account_owner", "auditor"], None),
        ([ReactivateUser(**TO_ANN)], None, True),
        ([DeactivateUser(**TO_ANN)], None, False),
    ],
)
def test_roles_are_written_as_the_whole_set_with_the_owner_in_it(
    changes: list[Change],
    roles: list[str] | None,
    active: bool | None,  # noqa: FBT001
) -> None:
    """What was held stays unless it is revoked; where no change is about roles they are not written."""
    assert (roles, active) == (step(*changes).roles(), step(*changes).active())


@pytest.mark.parametrize(
    ("reference", "expected"),
    [("user/ann", "id-ann"), ("id/4711", "4711"), ("id/a/b", "a/b"), ("user/unknown", None)],
)
def test_a_reference_is_a_key_or_an_id(reference: str, expected: str | None) -> None:
    """None where there is no id yet."""
    assert expected == resolve(reference, IDS)
    assert ([expected] if expected else []) == ids_of([reference], IDS)


@pytest.mark.parametrize("dialect", ["4me", "rfc7644"])
def test_a_create_is_one_post_with_everything(dialect: str) -> None:
    """Manager and roles included; a group with those members who are there."""
    assert request(dialect, CREATE) == Request(
        "POST",
        "/Users",
        {
            "schemas": [CORE_USER, ENTERPRISE],
            "userName": "new@example.com",
            ENTERPRISE: {"manager": {"value": "id/bob"}},
            "active": True,
            "roles": [{"value": "auditor"}],
        },
    )
    group = CreateGroup(key="group/new", attributes=attributes(displayName="New"), members=("user/ann", "user/unknown"))
    assert request(dialect, group) == Request(
        "POST", "/Groups", {"schemas": [CORE_GROUP], "displayName": "New", "members": [{"value": "id-ann"}]}
    )


def test_a_create_without_roles_does_not_speak_of_them() -> None:
    """Absent is unmanaged."""
    assert {"schemas": [CORE_USER], "active": True} == request("4me", CreateUser(key="user/new")).body


@pytest.mark.parametrize(
    ("changes", "body"),
    [
        (
            [UPDATE],
            {
                "schemas": [CORE_USER, ENTERPRISE],
                "title": "Senior",
                ENTERPRISE: {"site": "", "manager": {"value": "id/bob"}},
            },
        ),
        (
            [UpdateUser(**TO_ANN, attributes=attributes(manager=None))],
            {"schemas": [CORE_USER, ENTERPRISE], ENTERPRISE: {"manager": {"value": ""}}},
        ),
        ([DeactivateUser(**TO_ANN)], {"schemas": [CORE_USER], "active": False}),
        ([ReactivateUser(**TO_ANN)], {"schemas": [CORE_USER], "active": True}),
        ([REVOKE], {"schemas": [CORE_USER], "roles": [{"value": "account_owner"}]}),
        (
            [RevokeRoles(**TO_ANN, roles=("auditor",), held=("auditor",))],
            {"schemas": [CORE_USER], "roles": []},
        ),
        (
            [ADD, REMOVE],
            {
                "schemas": [CORE_GROUP],
                "members": [
                    {"value": "id-ann"},
                    {"value": "4711", "operation": "delete"},
                    {"value": "id/bob", "operation": "delete"},
                ],
            },
        ),
        (
            [UpdateGroup(**TO_DESK, attributes=attributes(groupType=None))],
            {"schemas": [CORE_GROUP], "groupType": ""},
        ),
    ],
)
def test_4me_is_written_to_as_it_documents(changes: list[Change], body: JsonObject) -> None:
    """What is given changes, the empty value clears, members are added or marked to be deleted."""
    written = request("4me", *changes)

    assert ("PATCH", body) == (written.method, written.body)


@pytest.mark.parametrize(
    ("changes", "operations"),
    [
        (
            [UPDATE],
            [
                {"op": "replace", "path": "title", "value": "Senior"},
                {"op": "remove", "path": f"{ENTERPRISE}:site"},
                {"op": "replace", "path": f"{ENTERPRISE}:manager", "value": {"value": "id/bob"}},
            ],
        ),
        ([DeactivateUser(**TO_ANN)], [{"op": "replace", "path": "active", "value": False}]),
        ([REVOKE], [{"op": "replace", "path": "roles", "value": [{"value": "account_owner"}]}]),
        (
            [RevokeRoles(**TO_ANN, roles=("auditor",), held=("auditor",))],
            [{"op": "remove", "path": "roles"}],
        ),
        (
            [ADD, REMOVE],
            [
                {"op": "add", "path": "members", "value": [{"value": "id-ann"}]},
                {"op": "remove", "path": 'members[value eq "4711"]'},
                {"op": "remove", "path": 'members[value eq "id/bob"]'},
            ],
        ),
        (
            [UpdateUser(**TO_ANN, attributes=(AttributeChange(path="customFields.x", before=1, after=None),))],
            [{"op": "remove", "path": f"{CUSTOM_FIELDS}:x"}],
        ),
    ],
)
def test_others_are_written_to_as_the_rfc_says(changes: list[Change], operations: list[JsonObject]) -> None:
    """RFC 7644 section 3.5.2; each removed member has an operation of its own."""
    assert {"schemas": [PATCH_OP], "Operations": operations} == request("rfc7644", *changes).body


def test_a_request_goes_to_the_target_quoted() -> None:
    """To the id that the plan was made for, else to the one that was created since."""
    since = UpdateUser(key="user/bob", attributes=attributes(title="x"))

    assert "/Users/id-ann" == request("4me", UPDATE).path
    assert "/Users/id%2Fbob" == request("4me", since).path


def test_of_the_attributes_the_manager_alone_is_a_reference() -> None:
    """A cleared one stays cleared."""
    assert {"title": "user/ann", "manager": "id-ann"} == with_ids({"title": "user/ann", "manager": "user/ann"}, IDS)
    assert {"manager": None} == with_ids({"manager": None}, IDS)
    assert {"title": "x"} == with_ids({"title": "x"}, IDS)


def test_the_target_is_the_plans_or_the_one_created_since() -> None:
    """A change that has a target keeps it."""
    assert ("id-ann", "id/bob") == (target_of(step(UPDATE), {}), target_of(Step("user/bob", (LATER,)), IDS))


def test_where_roles_take_effect_over_rest_they_are_a_step_of_their_own() -> None:
    """One overwrite of the whole set; SCIM hears nothing of roles."""
    grant = GrantRoles(key="user/ann", target_id="31", roles=("auditor",), held=("account_owner", "key_contact"))
    revoke = RevokeRoles(key="user/ann", target_id="31", roles=("key_contact",), held=("account_owner", "key_contact"))
    back = ReactivateUser(**TO_ANN)
    scim, rest = make_steps([back, UPDATE, grant, revoke], "permissions")

    assert ((back, UPDATE), "scim") == (scim.changes, scim.via)
    assert ((grant, revoke), "permissions") == (rest.changes, rest.via)
    assert [True, False] == [scim.reactivates, rest.reactivates]
    assert [] == sorted(rest.needs())
    assert Request("PATCH", "/people/31/permissions/acme?roles=account_owner,auditor") == make_roles_request(
        rest, "acme"
    )
    assert rest == rest.without(frozenset())


def test_a_person_may_be_left_with_no_roles_at_all() -> None:
    """The set is empty, and is written."""
    [rest] = make_steps([RevokeRoles(key="user/ann", target_id="31", roles=("a",), held=("a",))], "permissions")

    assert Request("PATCH", "/people/31/permissions/acme?roles=") == make_roles_request(rest, "acme")


def test_what_git_had_before_and_the_account_lost_is_looked_up_by_each_matching_attribute_first() -> None:
    """A create by drift: it may be there all the same, and the read had missed it."""
    lost = CreateUser(
        key="user/new", cause="drift", attributes=attributes(externalId="new", userName="new@example.com")
    )

    assert ([True, False], [3, 1]) == (
        [step(one).reappears for one in (lost, CREATE)],
        [step(one).requests for one in (lost, CREATE)],
    )
    assert [("externalId", "new"), ("userName", "new@example.com")] == lookups(step(lost))
