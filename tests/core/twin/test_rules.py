"""What SCIM writes make of the people behind them: 4me's default rules, one by one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.core.model import JsonObject
from reconciler.core.twin.directory import Directory
from reconciler.core.twin.machine import Twin
from reconciler.core.twin.permissions import PeopleQuirks
from reconciler.core.twin.quirks import Quirks
from reconciler.core.twin.schema import ENTERPRISE_USER

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ANN: JsonObject = {"userName": "ann@example.com", "displayName": "Ann Lee"}


def account(people: list[JsonObject] | None = None, **quirks: Any) -> Twin:
    organizations: list[JsonObject] = [
        {"id": 5, "name": "Finance"},
        {"id": 6, "name": "Old", "disabled": True},
        {"id": 7, "name": "Sales"},
    ]
    directory = Directory(people or [], organizations, [{"id": 8, "name": "London"}])
    return Twin(Quirks(people=PeopleQuirks(**quirks)), directory=directory)


def write(twin: Twin, method: str, target: str, body: object) -> str:
    """The id of what was written."""
    answer = twin.answer(method, target, body, NOON).response
    assert answer.succeeded
    assert isinstance(answer.body, dict)
    return str(answer.body["id"])


def behind(twin: Twin, user: str) -> dict[str, Any]:
    """The person behind a SCIM user; nothing where there is none."""
    return twin.directory.behind(user) or {}


def test_a_user_with_an_address_and_a_name_becomes_a_person() -> None:
    """Linked by source and sourceID; not one role comes with it."""
    twin = account()
    user = write(twin, "POST", "/Users", {**ANN, "roles": [{"value": "auditor"}], "title": "Analyst"})

    assert {
        "name": "Ann Lee",
        "primary_email": "ann@example.com",
        "source": "SCIM",
        "sourceID": user,
        "disabled": False,
        "job_title": "Analyst",
        "permissions": {},
    }.items() <= behind(twin, user).items()


@pytest.mark.parametrize(
    "user",
    [{"userName": "ann@example.com"}, {"userName": "ann", "displayName": "Ann"}],
    ids=["no name", "no address"],
)
def test_without_an_address_or_a_name_nobody_is_made(user: JsonObject) -> None:
    """It is in SCIM all the same, and answered with success."""
    twin = account()

    assert {} == behind(twin, write(twin, "POST", "/Users", user))


def test_a_name_that_comes_later_makes_the_person_then() -> None:
    """Every write is seen by the rules."""
    twin = account()
    user = write(twin, "POST", "/Users", {"userName": "ann@example.com"})
    write(twin, "PATCH", f"/Users/{user}", {"name": {"givenName": "Ann", "familyName": "Lee"}})

    assert "Ann Lee" == behind(twin, user)["name"]


def test_a_person_with_that_address_is_linked_and_keeps_their_roles() -> None:
    """Compared without case, by the primary e-mail where there is one."""
    known: JsonObject = {"id": 30, "primary_email": "Ann@Example.com", "permissions": {"acme": ["auditor"]}}
    twin = account([known])
    emails = [{"value": "other@example.com"}, {"value": "ann@example.com", "primary": True}]
    user = write(twin, "POST", "/Users", {"userName": "al", "displayName": "Ann", "emails": emails})

    assert (30, {"acme": ["auditor"]}) == (behind(twin, user)["id"], behind(twin, user)["permissions"])
    assert ["30"] == list(twin.kept("People"))


def test_a_new_address_is_the_same_person() -> None:
    """The link is to the SCIM id, and an address that is free again can be another's."""
    twin = account()
    ann = write(twin, "POST", "/Users", ANN)
    write(twin, "PATCH", f"/Users/{ann}", {"userName": "ann.roy@example.com"})
    other = write(twin, "POST", "/Users", ANN)

    assert "ann.roy@example.com" == behind(twin, ann)["primary_email"]
    assert behind(twin, ann)["id"] != behind(twin, other)["id"]


def test_inactive_disables_and_active_enables_the_same_person() -> None:
    """Nothing else is lost."""
    twin = account()
    user = write(twin, "POST", "/Users", ANN)
    before = behind(twin, user)
    write(twin, "PATCH", f"/Users/{user}", {"active": False})
    assert behind(twin, user)["disabled"]
    write(twin, "PATCH", f"/Users/{user}", {"active": True})

    assert before == behind(twin, user)


def test_what_is_blank_keeps_what_the_person_has() -> None:
    """Title, location, employee number, support id."""
    twin = account()
    enterprise = {"employeeNumber": "17", "location": "3rd floor", "supportID": "s1"}
    user = write(twin, "POST", "/Users", {**ANN, "title": "Analyst", ENTERPRISE_USER: enterprise})
    write(twin, "PATCH", f"/Users/{user}", {"title": "", ENTERPRISE_USER: dict.fromkeys(enterprise, "")})

    assert {"job_title": "Analyst", "employeeID": "17", "location": "3rd floor", "supportID": "s1"}.items() <= behind(
        twin, user
    ).items()


def test_locale_and_timezone_count_for_new_people_only() -> None:
    """What somebody set for themselves since is theirs."""
    twin = account()
    user = write(twin, "POST", "/Users", {**ANN, "locale": "en-GB", "timezone": "Europe/London"})
    write(twin, "PATCH", f"/Users/{user}", {"locale": "nl-NL", "timezone": "Europe/Amsterdam"})

    assert ("en-GB", "Europe/London") == (behind(twin, user)["locale"], behind(twin, user)["time_zone"])


def test_vip_is_in_the_user_type() -> None:
    """Another value clears it, and none leaves it."""
    twin = account()
    user = write(twin, "POST", "/Users", {**ANN, "userType": "Employee VIP"})
    assert behind(twin, user)["vip"] is True
    write(twin, "PATCH", f"/Users/{user}", {"userType": ""})
    assert behind(twin, user)["vip"] is True
    write(twin, "PATCH", f"/Users/{user}", {"userType": "Employee"})

    assert behind(twin, user)["vip"] is False


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ({"organization": "finance"}, {"organization": 5}),
        ({"site": "London"}, {"site": 8}),
        ({"organization": "Old", "site": "Paris"}, {}),
    ],
    ids=["organization", "site", "disabled and unknown"],
)
def test_organization_and_site_must_name_an_enabled_record(place: JsonObject, expected: JsonObject) -> None:
    """What names none changes nothing."""
    twin = account()
    person = behind(twin, write(twin, "POST", "/Users", {**ANN, ENTERPRISE_USER: place}))

    assert expected == {name: person[name] for name in ("organization", "site") if name in person}


def test_a_manager_is_a_scim_user_who_is_known() -> None:
    """An unknown one keeps the manager."""
    twin = account()
    boss = write(twin, "POST", "/Users", {"userName": "bob@example.com", "displayName": "Bob"})
    user = write(twin, "POST", "/Users", {**ANN, ENTERPRISE_USER: {"manager": {"value": boss}}})
    write(twin, "PATCH", f"/Users/{user}", {ENTERPRISE_USER: {"manager": {"value": "nobody"}}})

    assert behind(twin, boss)["id"] == behind(twin, user)["manager"]


def test_a_write_that_changes_nothing_touches_nobody() -> None:
    """And the moment of the last change stays."""
    twin = account()
    user = write(twin, "POST", "/Users", ANN)

    assert () == twin.follow((("Users", user),), NOON)


def test_a_group_named_like_an_organization_is_linked_and_its_members_get_it() -> None:
    """Found by name, without case."""
    twin = account()
    user = write(twin, "POST", "/Users", ANN)
    group = write(twin, "POST", "/Groups", {"displayName": "FINANCE", "members": [{"value": user}]})

    assert 5 == behind(twin, user)["organization"]
    assert group == twin.directory.records["Organizations"]["5"]["groupID"]
    assert () == twin.follow((("Groups", group),), NOON)


def test_a_linked_site_is_renamed_with_its_group() -> None:
    """And another group of the old name is only stored."""
    twin = account()
    group = write(twin, "POST", "/Groups", {"displayName": "London"})
    write(twin, "PATCH", f"/Groups/{group}", {"displayName": "Bristol"})
    write(twin, "POST", "/Groups", {"displayName": "London"})

    assert ("Bristol", group) == (
        twin.directory.records["Sites"]["8"]["name"],
        twin.directory.records["Sites"]["8"]["groupID"],
    )


def test_what_is_linked_to_one_group_is_not_linked_to_another() -> None:
    """The second is only stored."""
    twin = account()
    first = write(twin, "POST", "/Groups", {"displayName": "Sales"})
    twin.groups["g2"] = {"id": "g2", "displayName": "sales"}
    twin.follow((("Groups", "g2"),), NOON)

    assert first == twin.directory.records["Organizations"]["7"]["groupID"]


def test_an_account_may_have_no_rules() -> None:
    """They can be edited; then nobody is linked."""
    twin = account(links="never")

    assert {} == behind(twin, write(twin, "POST", "/Users", ANN))
