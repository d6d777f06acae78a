"""The people behind users, and their roles: read with the fewest requests, and completely or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from random import Random
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.declarations.role_catalogue import CATALOGUE, HELD
from reconciler.core.model.messages import JsonObject
from reconciler.core.model.resources import LiveUser
from reconciler.core.model.states import Certificate
from reconciler.core.scim.people import People, RoleLookup, with_people
from reconciler.core.scim.request_cost import count_pages
from reconciler.core.simulator.directory import Directory
from reconciler.core.simulator.machine import Simulator
from reconciler.core.simulator.permissions import PeopleQuirks
from reconciler.core.simulator.quirks import Quirks
from reconciler.errors import NotAnAnswer, Unreachable
from reconciler.live.people import ask_me, count_people, read_behind
from tests.live.rest import ACCOUNT, RestService, answer_once, is_token

ROLES = sorted(CATALOGUE)
PAGES = "&fields=id%2Cname%2Csource%2CsourceID%2Cprimary_email&per_page=100"


def user(number: int) -> LiveUser:
    return LiveUser(f"u{number}", {"userName": f"p{number}@example.com"}, active=True)


def person(number: int, roles: Iterable[str] = (), **fields: Any) -> JsonObject:
    return {
        "id": 1_000 + number,
        "name": f"P{number}",
        "primary_email": f"p{number}@example.com",
        "source": "SCIM",
        "sourceID": f"u{number}",
        "permissions": {ACCOUNT: sorted(roles)},
        **fields,
    }


def service(people: Iterable[JsonObject], **quirks: Any) -> RestService:
    return RestService(
        Simulator(Quirks(people=PeopleQuirks(**quirks)), directory=Directory([*people, {"id": 1, "me": True}]))
    )


def read(one: RestService, lookups: list[RoleLookup], users: int | None = None) -> tuple[People, Certificate]:
    return one.ask(lambda line: read_behind(line, lookups, len(lookups) if users is None else users))


def held(people: People) -> dict[str, set[str]]:
    return {one.id: set(one.roles) for one in people.people}


def damaged(instead: Any, people: Iterable[JsonObject], lookups: list[RoleLookup]) -> tuple[People, Certificate]:
    one = service(people)
    one.instead = instead
    return read(one, lookups)


def looking_for(what: str) -> Any:
    return lambda request: what in str(request.url)


def test_few_people_are_asked_one_by_one() -> None:
    """A token, whose it is, one list, and a question each; certified."""
    one = service([person(0, ["auditor"]), person(1, ["account_owner", "brand_new"])])
    people, certificate = read(one, [RoleLookup(user(0), frozenset()), RoleLookup(user(1), frozenset())])

    assert {"1000": {"auditor"}, "1001": {"account_owner", "brand_new"}} == held(people)
    assert ("1", frozenset({"u0", "u1"})) == (people.me, people.looked_up)
    assert (Certificate("full", 0, 0, 5), True) == (certificate, certificate.complete)
    assert [
        "token",
        "GET /me",
        f"GET /people?source=SCIM{PAGES}",
        "GET /people/1000/permissions/acme",
        "GET /people/1001/permissions/acme",
    ] == one.asked


def test_where_nobody_is_sought_nothing_is_asked() -> None:
    """No token either."""
    one = service([person(0)])
    people, certificate = read(one, [])

    assert ([], People(looked_up=frozenset()), 0) == (one.asked, people, certificate.requests)


def test_one_person_of_many_is_sought_by_their_scim_id() -> None:
    """Two requests for one key, whatever the account holds."""
    one = service(map(person, range(300)))
    people, _certificate = read(one, [RoleLookup(user(7), frozenset())], users=300)

    assert ["1007"] == [found.id for found in people.people]
    assert [
        "token",
        "GET /me",
        f"GET /people?source=SCIM&sourceID=u7{PAGES}",
        "GET /people/1007/permissions/acme",
    ] == one.asked


def test_a_thousand_people_with_twenty_roles_cost_what_the_derivation_says() -> None:
    """Ten pages of people, and the pages of the holders of each of the twenty roles and of the owner.

    The table of docs/decisions is this test: 800 specialists (8 pages), 150 of one other role (2), 18 roles of 40 (1).
    """
    roles: dict[int, set[str]] = {number: set() for number in range(1_000)}
    for number in range(800):
        roles[number].add("specialist")
    others = [role for role in ROLES if role != "specialist"]
    for number in range(150):
        roles[number].add(others[0])
    for place, role in enumerate(others[1:]):
        for number in range(place * 40, place * 40 + 40):
            roles[number].add(role)
    roles[0].add("account_owner")
    one = service(person(number, roles[number]) for number in range(1_000))
    lookups = [RoleLookup(user(number), frozenset(roles[number] - {"account_owner"})) for number in range(1_000)]

    people, certificate = read(one, lookups)

    assert {str(1_000 + number): roles[number] for number in roles} == held(people)
    assert 20 == len(ROLES)
    assert 1 + 1 + 10 + (8 + 2 + 18 + 1) == certificate.requests == len(one.asked) == 41
    assert certificate.complete


def test_whom_a_change_may_take_something_from_is_asked_to_be_sure() -> None:
    """A role that no list is asked for by name would go with the overwrite: two changes, two questions."""
    one = service([person(0, ["auditor", "brand_new"]), *(person(number, ["specialist"]) for number in range(1, 40))])
    wanted = {0: frozenset({"specialist"}), 1: frozenset({"auditor"})}
    lookups = [RoleLookup(user(number), wanted.get(number, frozenset({"specialist"}))) for number in range(40)]
    people, certificate = read(one, lookups)

    assert {"auditor", "brand_new"} == held(people)["1000"]
    assert 3 + len(HELD) + 2 == certificate.requests


def test_few_people_among_very_many_holders_are_asked_one_by_one_after_all() -> None:
    """The first page of each role tells how many more there would be."""
    one = service(person(number, ["specialist", "auditor"]) for number in range(1_500))
    people, certificate = read(one, [RoleLookup(user(number), frozenset({"auditor"})) for number in range(22)])

    assert {frozenset({"specialist", "auditor"})} == {one.roles for one in people.people}
    assert 2 + count_pages(1_500) + len(HELD) + 22 == certificate.requests


def test_who_is_not_linked_by_scim_is_sought_by_e_mail() -> None:
    """One request each, where a list of everybody would be no less."""
    one = service([person(0), person(1, ["auditor"], source="HR", sourceID="7", primary_email="P1@Example.com")])
    people, _certificate = read(one, [RoleLookup(user(number), frozenset()) for number in range(2)])
    users = with_people((user(0), user(1)), people)

    assert ["1000", "1001"] == [one.person for one in users]
    assert [set(), {"auditor"}] == [one.roles for one in users]
    assert 1 == sum("primary_email=p1" in target for target in one.asked)


@pytest.mark.parametrize(("others", "by_email"), [(3, 0), (50, 0), (1_500, 5)])
def test_many_who_are_not_linked_are_sought_among_everybody_where_that_is_less(others: int, by_email: int) -> None:
    """The first page of everybody tells which."""
    strangers = [person(number, source="HR", sourceID=str(number)) for number in range(5)]
    one = service([*strangers, *(person(number, source=None, sourceID=None) for number in range(5, others))])
    people, _certificate = read(one, [RoleLookup(user(number), frozenset()) for number in range(5)])

    assert {f"{1_000 + number}" for number in range(5)} <= {one.id for one in people.people}
    assert by_email == sum("primary_email=" in target for target in one.asked)
    assert 1 == sum(target == f"GET /people?{PAGES[1:]}" for target in one.asked)


@pytest.mark.parametrize("pages", ["cursors", "numbered"])
def test_pages_of_now_and_of_before_are_followed(pages: str) -> None:
    """By the link's query, at our own address."""
    one = service(map(person, range(250)), pages=pages)
    people, certificate = read(one, [RoleLookup(user(number)) for number in range(250)])

    assert 250 == len(people.people)
    assert certificate.complete
    assert {"api.example", "oauth.example"} == {request.url.host for request in one.requests}


def test_a_page_that_comes_short_or_twice_is_a_fault() -> None:
    """A read of people is complete or says why not."""
    twice = httpx.Response(200, json=[{"id": 1_000}], headers={"Link": '<https://x/?page=2>; rel="next"'})

    def again(request: httpx.Request) -> httpx.Response | None:
        return twice if "/people?" in str(request.url) else None

    short = httpx.Response(200, json=[{"id": 5}], headers={"X-Pagination-Total-Entries": "3"})
    lookups = [RoleLookup(user(0), frozenset())]

    _people, certificate = damaged(again, [person(0)], lookups)
    assert any("person 1000 came twice" in fault for fault in certificate.faults)
    _people, certificate = damaged(answer_once(looking_for("source=SCIM"), short), [person(0)], lookups)
    assert ("SCIM: 3 were announced and 1 came",) == certificate.faults


def test_a_total_that_changes_during_the_read_is_a_fault() -> None:
    """Somebody came or went."""
    headers = {
        "X-Pagination-Total-Entries": "251",
        "Link": '<https://x/?search_after=MTA5OQ%3D%3D&per_page=100&source=SCIM>; rel="next"',
    }
    rows = [{"id": 1_000 + number, "source": "SCIM", "sourceID": f"u{number}"} for number in range(100)]
    one = service(map(person, range(250)))
    one.instead = answer_once(looking_for("source=SCIM&fields"), httpx.Response(200, json=rows, headers=headers))
    _people, certificate = read(one, [RoleLookup(user(number)) for number in range(250)])

    assert not certificate.complete
    assert any("the total changed from 251 to 250" in fault for fault in certificate.faults)


def test_a_full_page_of_which_nobody_says_whether_more_come_is_a_fault() -> None:
    """Neither a total nor a link."""
    rows = [{"id": number, "source": "SCIM", "sourceID": f"x{number}"} for number in range(100)]
    only = httpx.Response(200, json=rows)
    _people, certificate = damaged(answer_once(looking_for("source=SCIM"), only), [], [RoleLookup(user(0))])

    assert ("SCIM: 100 came, without a total, so more may exist",) == certificate.faults


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.Response(500, json={"message": "no"}),
        httpx.Response(200, json={}),
        httpx.Response(404),
        httpx.Response(200, text="<html>"),
    ],
)
def test_roles_that_do_not_come_are_a_fault_and_not_none(trouble: httpx.Response) -> None:
    """Somebody would be given again what they hold, or lose what nobody saw."""

    def broken(request: httpx.Request) -> httpx.Response | None:
        return trouble if "permissions" in str(request.url) else None

    _people, certificate = damaged(broken, [person(0, ["auditor"])], [RoleLookup(user(0), frozenset())])
    assert not certificate.complete
    assert all(fault.startswith("roles of person 1000: ") for fault in certificate.faults)


@pytest.mark.parametrize(
    "trouble", [httpx.Response(200, json={}), httpx.Response(404), httpx.Response(200, text="<html>")]
)
def test_a_later_page_that_does_not_come_is_a_fault(trouble: httpx.Response) -> None:
    """What came before is shown all the same."""
    one = service(map(person, range(250)))
    one.instead = answer_once(looking_for("search_after"), trouble)
    people, certificate = read(one, [RoleLookup(user(number)) for number in range(250)])

    assert not certificate.complete
    assert any(fault.startswith("SCIM, page 2: ") for fault in certificate.faults)
    assert 100 <= len(people.people)


def test_a_service_that_ignores_filters_links_nobody_wrongly() -> None:
    """Every hit is held against what was asked for."""
    everybody = [{"id": 1_000 + n, "source": "SCIM", "sourceID": f"u{n}", "primary_email": f"p{n}@x"} for n in range(3)]

    def deaf(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(200, json=everybody) if "/people?" in str(request.url) else None

    one = service([person(number) for number in range(3)])
    one.instead = deaf
    people, _certificate = read(one, [RoleLookup(user(1), frozenset()), RoleLookup(user(9), frozenset())], users=1_000)

    assert ["1001"] == [found.id for found in people.people]


@pytest.mark.parametrize("status", [400, 403, 404])
def test_an_account_that_is_not_there_for_these_credentials_is_named(status: int) -> None:
    """Before anything else is read."""
    one = service([])
    one.instead = answer_once(looking_for("/me"), httpx.Response(status, json={"message": "may not see"}))
    with pytest.raises(Unreachable, match=r"for the account acme \(\d+ may not see\): check .* permissions\.account"):
        one.ask(ask_me)


@pytest.mark.parametrize("answer", [httpx.Response(500), httpx.Response(200, json=[]), httpx.Response(200, text="<p>")])
def test_what_is_no_rest_api_is_said(answer: httpx.Response) -> None:
    """With the setting to look at."""
    one = service([])
    one.instead = lambda request: None if is_token(request) else answer
    with pytest.raises(NotAnAnswer, match=r"check the tenant's permissions\.url"):
        one.ask(ask_me)


def test_people_that_may_not_be_read_say_what_is_missing() -> None:
    """The application's scope, or the role of its person."""
    one = service([])
    one.instead = answer_once(looking_for("/people"), httpx.Response(403, json={"message": "no scope"}))
    with pytest.raises(Unreachable, match=r"may not read people and their roles \(403 no scope\)"):
        one.ask(count_people)
    one.instead = answer_once(looking_for("/people"), httpx.Response(200, json={}))
    with pytest.raises(NotAnAnswer, match="a list of people was expected"):
        one.ask(count_people)


def test_people_from_scim_are_counted_by_the_first_page() -> None:
    """For `check`; by what came where nobody says how many there are."""
    assert 150 == service(map(person, range(150))).ask(count_people)
    one = service([])
    one.instead = answer_once(looking_for("/people"), httpx.Response(200, json=[{"id": 1}]))
    assert 1 == one.ask(count_people)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 60), st.integers(0, 30), st.integers(0, 8), st.randoms(use_true_random=False))
def test_whatever_is_asked_the_roles_are_those_of_the_account(
    linked: int, strangers: int, by_email: int, random: Random
) -> None:
    """Any way that is chosen reads the same."""
    people = [person(number, random.sample(ROLES, random.randint(0, 3))) for number in range(linked)]
    hr = [person(number, ["auditor"], source="HR", sourceID="x") for number in range(linked, linked + by_email)]
    others = [person(500 + number, ["specialist"]) for number in range(strangers)]
    users = tuple(user(number) for number in range(linked + by_email + 3))
    found, certificate = read(
        service(random.sample([*people, *hr, *others], linked + by_email + strangers)),
        [RoleLookup(one, frozenset()) for one in users],
    )

    expected = [set(one["permissions"][ACCOUNT]) for one in (*people, *hr)]  # type: ignore[index]  # an object
    assert [*expected, set(), set(), set()] == [one.roles for one in with_people(users, found)]
    assert certificate.complete


def test_the_live_users_know_who_is_behind_them() -> None:
    """Nothing else of them changes."""
    found, _certificate = read(service([person(0, ["auditor"])]), [RoleLookup(user(0), frozenset())])

    assert (replace(user(0), roles=frozenset({"auditor"}), person="1000", roles_looked_up=True),) == with_people(
        (user(0),), found
    )
