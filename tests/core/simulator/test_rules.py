"""What SCIM writes make of the people behind them: 4me's default rules, one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.core.model.messages import JsonObject
from reconciler.core.simulator.directory import Directory
from reconciler.core.simulator.machine import Simulator
from reconciler.core.simulator.permissions import PeopleQuirks
from reconciler.core.simulator.quirks import Quirks
from reconciler.core.simulator.rest import read_call
from reconciler.core.simulator.schema import ENTERPRISE_USER

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ANN: JsonObject = {"userName": "ann@example.com", "displayName": "Ann Lee"}


def account(people: list[JsonObject] | None = None, **quirks: Any) -> Simulator:
    organizations: list[JsonObject] = [
        {"id": 5, "name": "Finance"},
        {"id": 6, "name": "Old", "disabled": True},
        {"id": 7, "name": "Sales"},
    ]
    directory = Directory(people or [], organizations, [{"id": 8, "name": "London"}])
    return Simulator(Quirks(people=PeopleQuirks(**quirks)), directory=directory)


def write(simulator: Simulator, method: str, target: str, body: object) -> str:
    """The id of what was written."""
    answer = simulator.answer(method, target, body, NOON).response
    assert answer.succeeded
    assert isinstance(answer.body, dict)
    return str(answer.body["id"])


def behind(simulator: Simulator, user: str) -> dict[str, Any]:
    """The person behind a SCIM user; nothing where there is none."""
    return simulator.directory.behind(user) or {}


def test_a_user_with_an_address_and_a_name_becomes_a_person() -> None:
    """Linked by source and sourceID; not one role comes with it."""
    simulator = account()
    user = write(simulator, "POST", "/Users", {**ANN, "roles": [{"value": "auditor"}], "title": "Analyst"})

    assert {
        "name": "Ann Lee",
        "primary_email": "ann@example.com",
        "source": "SCIM",
        "sourceID": user,
        "disabled": False,
        "job_title": "Analyst",
        "permissions": {},
    }.items() <= behind(simulator, user).items()


@pytest.mark.parametrize(
    "user",
    [{"userName": "ann@example.com"}, {"userName": "ann", "displayName": "Ann"}],
    ids=["no name", "no address"],
)
def test_without_an_address_or_a_name_nobody_is_made(user: JsonObject) -> None:
    """It is in SCIM all the same, and answered with success."""
    simulator = account()

    assert {} == behind(simulator, write(simulator, "POST", "/Users", user))


def test_a_name_that_comes_later_makes_the_person_then() -> None:
    """Every write is seen by the rules."""
    simulator = account()
    user = write(simulator, "POST", "/Users", {"userName": "ann@example.com"})
    write(simulator, "PATCH", f"/Users/{user}", {"name": {"givenName": "Ann", "familyName": "Lee"}})

    assert "Ann Lee" == behind(simulator, user)["name"]


def test_a_person_with_that_address_is_linked_and_keeps_their_roles() -> None:
    """Compared without case, by the primary e-mail where there is one."""
    known: JsonObject = {"id": 30, "primary_email": "Ann@Example.com", "permissions": {"acme": ["auditor"]}}
    simulator = account([known])
    emails = [{"value": "other@example.com"}, {"value": "ann@example.com", "primary": True}]
    user = write(simulator, "POST", "/Users", {"userName": "al", "displayName": "Ann", "emails": emails})

    assert (30, {"acme": ["auditor"]}) == (behind(simulator, user)["id"], behind(simulator, user)["permissions"])
    assert ["30"] == list(simulator.kept("People"))


def test_a_new_address_is_the_same_person() -> None:
    """The link is to the SCIM id, and an address that is free again can be another's."""
    simulator = account()
    ann = write(simulator, "POST", "/Users", ANN)
    write(simulator, "PATCH", f"/Users/{ann}", {"userName": "ann.roy@example.com"})
    other = write(simulator, "POST", "/Users", ANN)

    assert "ann.roy@example.com" == behind(simulator, ann)["primary_email"]
    assert behind(simulator, ann)["id"] != behind(simulator, other)["id"]


def test_inactive_disables_and_active_enables_the_same_person() -> None:
    """Nothing else is lost."""
    simulator = account()
    user = write(simulator, "POST", "/Users", ANN)
    before = behind(simulator, user)
    write(simulator, "PATCH", f"/Users/{user}", {"active": False})
    assert behind(simulator, user)["disabled"]
    write(simulator, "PATCH", f"/Users/{user}", {"active": True})

    assert before == behind(simulator, user)


def test_what_is_blank_keeps_what_the_person_has() -> None:
    """Title, location, employee number, support id."""
    simulator = account()
    enterprise = {"employeeNumber": "17", "location": "3rd floor", "supportID": "s1"}
    user = write(simulator, "POST", "/Users", {**ANN, "title": "Analyst", ENTERPRISE_USER: enterprise})
    write(simulator, "PATCH", f"/Users/{user}", {"title": "", ENTERPRISE_USER: dict.fromkeys(enterprise, "")})

    assert {"job_title": "Analyst", "employeeID": "17", "location": "3rd floor", "supportID": "s1"}.items() <= behind(
        simulator, user
    ).items()


def test_locale_and_timezone_count_for_new_people_only() -> None:
    """What somebody set for themselves since is theirs."""
    simulator = account()
    user = write(simulator, "POST", "/Users", {**ANN, "locale": "en-GB", "timezone": "Europe/London"})
    write(simulator, "PATCH", f"/Users/{user}", {"locale": "nl-NL", "timezone": "Europe/Amsterdam"})

    assert ("en-GB", "Europe/London") == (behind(simulator, user)["locale"], behind(simulator, user)["time_zone"])


def test_vip_is_in_the_user_type() -> None:
    """Another value clears it, and none leaves it."""
    simulator = account()
    user = write(simulator, "POST", "/Users", {**ANN, "userType": "Employee VIP"})
    assert behind(simulator, user)["vip"] is True
    write(simulator, "PATCH", f"/Users/{user}", {"userType": ""})
    assert behind(simulator, user)["vip"] is True
    write(simulator, "PATCH", f"/Users/{user}", {"userType": "Employee"})

    assert behind(simulator, user)["vip"] is False


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
    simulator = account()
    person = behind(simulator, write(simulator, "POST", "/Users", {**ANN, ENTERPRISE_USER: place}))

    assert expected == {name: person[name] for name in ("organization", "site") if name in person}


def test_a_manager_is_a_scim_user_who_is_known() -> None:
    """An unknown one keeps the manager."""
    simulator = account()
    boss = write(simulator, "POST", "/Users", {"userName": "bob@example.com", "displayName": "Bob"})
    user = write(simulator, "POST", "/Users", {**ANN, ENTERPRISE_USER: {"manager": {"value": boss}}})
    write(simulator, "PATCH", f"/Users/{user}", {ENTERPRISE_USER: {"manager": {"value": "nobody"}}})

    assert behind(simulator, boss)["id"] == behind(simulator, user)["manager"]


def test_a_write_that_changes_nothing_touches_nobody() -> None:
    """And the moment of the last change stays."""
    simulator = account()
    user = write(simulator, "POST", "/Users", ANN)

    assert () == simulator.follow((("Users", user),), NOON)


def test_a_group_named_like_an_organization_is_linked_and_its_members_get_it() -> None:
    """Found by name, without case."""
    simulator = account()
    user = write(simulator, "POST", "/Users", ANN)
    group = write(simulator, "POST", "/Groups", {"displayName": "FINANCE", "members": [{"value": user}]})

    assert 5 == behind(simulator, user)["organization"]
    assert group == simulator.directory.records["Organizations"]["5"]["groupID"]
    assert () == simulator.follow((("Groups", group),), NOON)


def test_a_linked_site_is_renamed_with_its_group() -> None:
    """And another group of the old name is only stored."""
    simulator = account()
    group = write(simulator, "POST", "/Groups", {"displayName": "London"})
    write(simulator, "PATCH", f"/Groups/{group}", {"displayName": "Bristol"})
    write(simulator, "POST", "/Groups", {"displayName": "London"})

    assert ("Bristol", group) == (
        simulator.directory.records["Sites"]["8"]["name"],
        simulator.directory.records["Sites"]["8"]["groupID"],
    )


def test_what_is_linked_to_one_group_is_not_linked_to_another() -> None:
    """The second is only stored."""
    simulator = account()
    first = write(simulator, "POST", "/Groups", {"displayName": "Sales"})
    simulator.groups["g2"] = {"id": "g2", "displayName": "sales"}
    simulator.follow((("Groups", "g2"),), NOON)

    assert first == simulator.directory.records["Organizations"]["7"]["groupID"]


def test_an_account_may_have_no_rules() -> None:
    """They can be edited; then nobody is linked."""
    simulator = account(links="never")

    assert {} == behind(simulator, write(simulator, "POST", "/Users", ANN))


@pytest.mark.parametrize(
    ("after", "requests", "linked"),
    [
        (0, 1, [True, True, True]),
        (0, 2, [False, True, True]),
        (15, 1, [False, True, True]),
        (15, 3, [False] * 2 + [True]),
    ],
)
def test_people_may_be_linked_some_time_and_some_requests_later(after: int, requests: int, linked: list[bool]) -> None:
    """By any request, over SCIM or REST, that comes then; what it changes is stored with its answer."""
    simulator = account(links="later", links_after=after, links_after_requests=requests)
    user = write(simulator, "POST", "/Users", ANN)
    moments = [NOON + timedelta(seconds=seconds) for seconds in (10, 20, 30)]
    targets = ["/nowhere", "/people", "/elsewhere"]

    seen = []
    for moment, target in zip(moments, targets, strict=True):
        answer = simulator.answer_rest(read_call("GET", target, None, "acme", moment))
        seen.append(bool(behind(simulator, user)))
        assert bool(answer.touched) is (seen == [*[False] * (len(seen) - 1), True])

    assert linked == seen


def test_people_who_are_linked_later_are_linked_by_a_request_that_is_refused_too() -> None:
    """The rules run beside requests; over SCIM they do as well."""
    simulator = account(links="later")
    user = write(simulator, "POST", "/Users", ANN)
    answer = simulator.answer("GET", "/Nobody", None, NOON)

    assert (404, "Ann Lee") == (answer.response.status, behind(simulator, user)["name"])
    assert [("People", "1")] == list(answer.touched)
