"""A live account as git would declare it, and what is left out of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from reconciler.core.adoption.importing import Imported, import_account
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.resources import LiveGroup, LiveUser
from reconciler.core.model.states import Certificate, LiveState

GUID = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"


def user(name: str, *, active: bool = True, roles: Iterable[str] = (), **attributes: Any) -> LiveUser:
    """A live user whose externalId and userName follow from the name."""
    given = {"externalId": name, "userName": f"{name}@example.com", **attributes}
    kept = {path.replace("__", "."): value for path, value in given.items() if value is not None}
    return LiveUser(f"id-{name}", kept, active, frozenset(roles))


def group(name: str, *members: str, **attributes: Any) -> LiveGroup:
    """A live group whose externalId and displayName follow from the name."""
    given = {"externalId": name, "displayName": f"The {name}", **attributes}
    kept = {path: value for path, value in given.items() if value is not None}
    return LiveGroup(f"id-{name}", kept, frozenset(f"id-{member}" for member in members))


def imported(*resources: LiveUser | LiveGroup, **tenant: Any) -> Imported:
    """What is imported of an account that has these."""
    users = tuple(one for one in resources if isinstance(one, LiveUser))
    groups = tuple(one for one in resources if isinstance(one, LiveGroup))
    account = LiveState(users, groups, Certificate("full", len(users), len(groups), requests=1))
    return import_account(account, Tenant.model_validate({"url": "sandbox", "scope": "all", **tenant}))


def told(result: Imported) -> list[str]:
    return [one.message for one in result.left_out]


def test_a_user_is_declared_as_the_contract_has_it() -> None:
    """Names and custom fields nested, the manager by key; the externalId is the key."""
    ann = user("ann", name__givenName="Ann", customFields__badge="A-1", title="Head", manager="id-bob")
    result = imported(ann, user("bob"))

    expected: Mapping[str, Any] = {
        "userName": "ann@example.com",
        "name": {"givenName": "Ann"},
        "customFields": {"badge": "A-1"},
        "title": "Head",
        "manager": "bob",
    }
    assert {"ann": expected, "bob": {"userName": "bob@example.com"}} == result.users
    assert () == result.left_out


@pytest.mark.parametrize("external_id", [GUID, None])
def test_an_external_id_that_is_not_the_key_is_declared(external_id: str | None) -> None:
    """And null, where the account has none: nothing is to change by the import."""
    result = imported(user("ann", externalId=external_id), group("desk", externalId=external_id))

    assert {"ann": {"externalId": external_id, "userName": "ann@example.com"}} == result.users
    assert {"the-desk": {"externalId": external_id, "displayName": "The desk", "members": []}} == result.groups


def test_whoever_is_inactive_is_declared_so() -> None:
    """And holds no role in git: they are out of scope."""
    result = imported(user("ann", active=False, roles=["auditor"]))

    assert {"ann": {"userName": "ann@example.com", "active": False}} == result.users
    assert {} == result.roles


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"userName": None}, "it has no userName"),
        ({"userName": 5}, "its userName is not text"),
        ({"userName": "BOB@example.com"}, 'another user also has the userName "BOB@example.com"'),
        ({"externalId": 5}, "its externalId is not text"),
        ({"externalId": "bob"}, 'another user also has the externalId "bob"'),
    ],
)
def test_a_user_that_could_not_be_found_again_is_left_out(attributes: dict[str, Any], expected: str) -> None:
    """Both of them, where two are alike: which of them is meant is for a person to say."""
    result = imported(user("ann", **attributes), user("bob"), user("cid"))

    alike = "another" in expected
    assert ["cid"] == list(result.users) if alike else ["bob", "cid"] == list(result.users)
    assert expected in told(result)[0]
    assert told(result)[0].startswith("the user ")
    assert all("in the account" in str(one.hint) for one in result.left_out)


def test_two_groups_of_one_name_are_left_out() -> None:
    """4me compares names without case."""
    result = imported(group("a", displayName="Desk"), group("b", displayName="DESK"), group("c"))

    assert ["c"] == list(result.groups)
    assert 2 == len(result.left_out)


def test_a_value_that_yaml_should_not_hold_is_left_out_on_its_own() -> None:
    """The person is imported all the same."""
    result = imported(user("ann", title="bell\x07", department="IT"), group("desk", groupType=5))

    assert {"userName": "ann@example.com", "department": "IT"} == result.users["ann"]
    assert [
        "groupType of the group The desk (id-desk) is left out: it is not text",
        "title of the user ann@example.com (id-ann) is left out: it holds a control character",
    ] == told(result)


def test_an_unknown_attribute_is_told_once_for_everyone() -> None:
    """With how many have it."""
    result = imported(user("ann", shoeSize=40), user("bob", shoeSize=41), group("desk", owner="x"))

    assert [
        "owner is left out; 1 group has it",
        "shoeSize is left out; 2 users have it",
    ] == told(result)


def test_a_manager_who_is_not_imported_is_left_out() -> None:
    """The manager stays whoever it is."""
    result = imported(user("ann", manager="id-gone"))

    assert "manager" not in result.users["ann"]
    assert ["the manager of the user ann@example.com (id-ann) is left out: the user id-gone is not imported"] == told(
        result
    )


def test_a_manager_of_themselves_is_left_out() -> None:
    """`validate` would refuse it."""
    result = imported(user("ann", manager="id-ann"))

    assert "manager" not in result.users["ann"]
    assert ["the manager of the user ann@example.com (id-ann) is left out: it is the user"] == told(result)


def test_a_group_has_the_members_that_git_can_declare() -> None:
    """In order, by their keys."""
    result = imported(user("bob"), user("ann"), group("desk", "bob", "ann", groupType="Team"))

    assert {"displayName": "The desk", "groupType": "Team", "members": ["ann", "bob"]} == result.groups["desk"]


@pytest.mark.parametrize(
    ("members", "expected"),
    [(("ann", "gone"), "1 member is inactive"), (("ann", "gone", "bob"), "2 members are inactive")],
)
def test_a_group_with_somebody_else_in_it_is_additive(members: tuple[str, ...], expected: str) -> None:
    """A stranger, or somebody inactive, whom an authoritative group would lose."""
    result = imported(user("ann"), user("bob", active=False), group("desk", *members))

    assert {"displayName": "The desk", "membership": "additive", "members": ["ann"]} == result.groups["desk"]
    assert expected in told(result)[0]


def test_roles_are_listed_with_plain_access_and_specialist_first() -> None:
    """The owner's role is never touched, and never declared."""
    result = imported(
        user("ann", roles=["account_owner", "auditor"]),
        user("bob", roles=["problem_manager", "specialist"]),
        user("cid"),
        scope="assigned",
    )

    assert [("user", ["cid"]), ("specialist", ["bob"]), ("auditor", ["ann"]), ("problem_manager", ["bob"])] == list(
        result.roles.items()
    )


def test_where_everyone_is_in_scope_nobody_needs_plain_access() -> None:
    """The tenant's `scope: all` gives it."""
    assert {} == imported(user("ann")).roles


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        (["User"], "1 user holds roles that git can't assign: User"),
        (["problem_manager"], "ann can't hold their roles without specialist"),
    ],
)
def test_roles_that_git_can_not_give_whole_are_not_imported(roles: list[str], expected: str) -> None:
    """Else the plan would revoke what is missing: roles are a whole set."""
    result = imported(user("ann", roles=roles), user("bob", roles=["auditor"]))

    assert {} == result.roles
    assert [f"no roles are imported: {expected}"] == told(result)


def test_several_people_are_counted() -> None:
    """Whatever they hold."""
    result = imported(user("ann", roles=["User"]), user("bob", roles=["Guest"]))

    assert "2 users hold roles that git can't assign: Guest, User" in told(result)[0]


OVER_REST = {"roles_via": "permissions"}


def test_over_rest_what_git_can_not_assign_is_no_hindrance() -> None:
    """It is kept there, whatever git says."""
    result = imported(user("ann", roles=["account_owner", "something_new", "auditor"]), **OVER_REST)

    assert ({"auditor": ["ann"]}, ()) == (result.roles, result.left_out)


def test_over_rest_whoever_is_inactive_and_holds_permissions_is_left_out() -> None:
    """An apply would revoke them; unless whoever is out of scope is ignored."""
    leaver = user("ann", active=False, roles=["auditor"])
    result = imported(leaver, user("bob", active=False), **OVER_REST)

    assert ["bob"] == list(result.users)
    expected = "the user ann@example.com (id-ann) is left out: inactive, and holds auditor, which an apply would revoke"
    assert [expected] == told(result)
    assert ["ann"] == list(imported(leaver, **OVER_REST, on_out_of_scope="ignore").users)
