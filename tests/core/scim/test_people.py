"""People and their roles over REST: requests, answers, and the links of users to people."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model.messages import JsonObject, Request, Response
from reconciler.core.model.resources import LiveUser
from reconciler.core.scim.people import (
    NotPeople,
    People,
    Person,
    PersonLinks,
    RoleLookup,
    address_of,
    find_by_address,
    find_linked,
    list_to_be_sure,
    me_request,
    overwrite_request,
    people_request,
    people_to_json,
    read_me,
    read_people,
    read_person,
    read_roles,
    read_saved_people,
    roles_request,
    to_records,
    with_people,
)
from tests.core.examples import live_user

ANN, BOB = live_user("ann"), live_user("bob")
OF_ANN = Person("31", "Ann", "SCIM", "id-ann", "ann@example.com", frozenset({"auditor"}))


def with_link(link: str) -> Response:
    return Response(200, [], {"Link": link})


def test_requests_name_what_links_need_and_no_more() -> None:
    """Pages of a hundred; roles as a list in the query, sorted, commas as they are."""
    fields = "fields=id%2Cname%2Csource%2CsourceID%2Cprimary_email&per_page=100"

    assert Request("GET", "/me") == me_request()
    assert Request("GET", f"/people?source=SCIM&sourceID=a%2Fb&{fields}") == people_request(
        source="SCIM", sourceID="a/b"
    )
    assert Request("GET", "/people/31/permissions/acme-it") == roles_request("31", "acme-it")
    assert Request("PATCH", "/people/31/permissions/acme?roles=auditor,specialist") == overwrite_request(
        "31", "acme", ["specialist", "auditor"]
    )
    assert Request("PATCH", "/people/31/permissions/acme?roles=") == overwrite_request("31", "acme", [])


def test_no_value_leaves_the_path_that_is_meant() -> None:
    """A slash in an id or an account is part of it."""
    assert "/people/..%2Fx/permissions/a%2Fb" == roles_request("../x", "a/b").path


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"id": 30, "name": "Ann"}, Person("30", "Ann")),
        ({"id": "30"}, Person("30", "30")),
        (
            {"id": 31, "name": "Ann", "source": "SCIM", "sourceID": "u1", "primary_email": "a@x", "disabled": True},
            Person("31", "Ann", "SCIM", "u1", "a@x"),
        ),
        ({"id": 31, "name": None, "source": 5, "sourceID": ""}, Person("31", "31")),
    ],
)
def test_a_person_is_read_as_far_as_links_go(document: object, expected: Person) -> None:
    """What is not text is nothing."""
    assert expected == read_person(document)


@pytest.mark.parametrize(
    "document", [None, [], "x", {}, {"id": None}, {"id": True}, {"id": "x"}, {"id": "²"}, {"id": -1}]
)
def test_what_has_no_number_is_no_person(document: object) -> None:
    """An id goes into an address."""
    with pytest.raises(NotPeople):
        read_person(document)


def test_a_page_tells_its_total_and_where_the_next_one_begins() -> None:
    """The next is asked for at our own address: only the query of the link is taken."""
    link = '<https://evil.example/people?a=1>; rel="first", <https://evil.example/x?search_after=b&c=1>; rel="next"'
    page = read_people(Response(200, [{"id": 1}], {"LINK": link, "x-pagination-total-entries": "7"}))

    assert (("1",), 7) == (tuple(one.id for one in page.people), page.total)
    assert Request("GET", "/people?search_after=b&c=1") == page.following


@pytest.mark.parametrize("link", ["", '<https://x/y?a=1>; rel="prev"', "next", '<>; rel="last"'])
def test_without_a_link_there_is_no_next_page(link: str) -> None:
    """And no total without the header."""
    page = read_people(with_link(link))

    assert (None, None) == (page.following, page.total)


@pytest.mark.parametrize(
    "response",
    [
        Response(500, {"message": "no"}),
        Response(200, {"id": 1}),
        Response(200, [7]),
        with_link('<http://[::1>; rel="next"'),
    ],
)
def test_what_is_no_list_of_people_is_said(response: Response) -> None:
    """It must not look like an account without people."""
    with pytest.raises(NotPeople):
        read_people(response)


@given(st.text(max_size=60))
def test_no_link_makes_a_request_to_another_host(link: str) -> None:
    """For any value of the header."""
    try:
        following = read_people(with_link(f'<{link}>; rel="next"')).following
    except NotPeople:
        return
    assert following is None or following.path.startswith("/people?")


def test_roles_are_read_or_it_is_said_that_they_are_not_there() -> None:
    """No roles is an empty list, and not a missing one."""
    assert frozenset({"auditor"}) == read_roles(Response(200, {"account": {}, "roles": ["auditor"]}))
    assert frozenset() == read_roles(Response(200, {"roles": []}))
    for response in (Response(404), Response(200), Response(200, {}), Response(200, {"roles": [1]})):
        with pytest.raises(NotPeople):
            read_roles(response)


def test_whose_credentials_these_are() -> None:
    """A person, or an error that describes the answer."""
    assert "6" == read_me(Response(200, {"id": 6})).id
    with pytest.raises(NotPeople, match="answered 500 no"):
        read_me(Response(500, {"message": "no"}))


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, "ann@example.com"),
        ({"userName": "ann"}, None),
        ({"emails": [{"value": "a@x"}, {"value": "b@x", "primary": True}]}, "b@x"),
        ({"emails": [{"value": "a@x"}]}, "ann@example.com"),
    ],
)
def test_the_address_is_the_primary_e_mail_else_the_user_name(attributes: dict[str, Any], expected: str | None) -> None:
    """4me wants the two to be the same."""
    assert expected == address_of(live_user("ann", attributes))


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        ([OF_ANN], "31"),
        ([Person("5", source="SCIM", source_id="id-ann"), Person("6", email="ann@example.com")], "5"),
        ([Person("6", source="HR", source_id="id-ann", email="ANN@example.com")], "6"),
        ([Person("6", source="SCIM", source_id="gone", email="ann@example.com")], "6"),
        ([Person("6", source="SCIM", source_id="id-bob", email="ann@example.com")], None),
        ([Person("6", email="ann@example.com"), Person("7", email="Ann@example.com")], None),
        ([Person("6", source="SCIM", source_id="id-ann"), Person("7", source="SCIM", source_id="id-ann")], None),
        ([Person("6", source="HR", source_id="id-ann")], None),
        ([], None),
    ],
    ids=[
        "source",
        "source first",
        "case",
        "stale link",
        "another's",
        "two addresses",
        "two links",
        "other source",
        "none",
    ],
)
def test_a_person_is_linked_by_source_else_by_address_and_never_guessed(
    people: list[Person], expected: str | None
) -> None:
    """Two candidates give no link, and neither does another user's person."""
    found = PersonLinks((ANN, BOB), people).person_of(ANN)

    assert expected == (found and found.id)


def test_users_have_the_roles_of_the_person_behind_and_no_others() -> None:
    """Roles in SCIM grant nothing in this mode; a user that was not looked up is marked so."""
    ann, bob, cid = with_people(
        (
            live_user("ann", roles=["specialist"]),
            live_user("bob", roles=["specialist"]),
            live_user("cid", roles=["auditor"]),
        ),
        People((OF_ANN,), looked_up=frozenset({"id-ann", "id-bob"})),
    )

    assert (frozenset({"auditor"}), "31", True) == (ann.roles, ann.person, ann.roles_looked_up)
    assert (frozenset(), None, True) == (bob.roles, bob.person, bob.roles_looked_up)
    assert (frozenset(), None, False) == (cid.roles, cid.person, cid.roles_looked_up)


def test_where_nothing_is_said_of_it_everybody_was_sought() -> None:
    """As in an account that was written by hand."""
    assert [True, True] == [user.roles_looked_up for user in with_people((ANN, BOB), People((OF_ANN,)))]


@pytest.mark.parametrize(
    ("held", "wanted", "asked"),
    [
        ({"auditor"}, {"auditor"}, False),
        ({"auditor", "account_owner"}, {"auditor"}, False),
        ({"auditor"}, {"auditor", "specialist"}, True),
        ({"auditor", "specialist"}, {"auditor"}, True),
        (set(), {"auditor"}, False),
        ({"auditor"}, None, False),
    ],
)
def test_only_those_whom_an_overwrite_could_take_something_from_are_asked_again(
    held: set[str], wanted: set[str] | None, *, asked: bool
) -> None:
    """Who holds nothing by any list has nothing to lose."""
    lookup = RoleLookup(ANN, None if wanted is None else frozenset(wanted))
    found = list_to_be_sure([lookup, RoleLookup(BOB, frozenset())], [OF_ANN], {"31": frozenset(held)})

    assert ([OF_ANN] if asked else []) == found


@given(
    st.lists(
        st.builds(
            Person,
            id=st.integers(1, 99).map(str),
            name=st.text(min_size=1, max_size=5),
            source=st.none() | st.just("SCIM"),
            source_id=st.none() | st.text(min_size=1, max_size=5),
            email=st.none() | st.just("a@x"),
            roles=st.frozensets(st.sampled_from(["auditor", "specialist"])),
        ),
        unique_by=lambda person: person.id,
    ),
    st.none() | st.just("7"),
    st.none() | st.frozensets(st.text(min_size=1, max_size=3)),
)
def test_people_read_back_from_what_was_saved(
    people: list[Person], me: str | None, looked_up: frozenset[str] | None
) -> None:
    """In any order; equal people give an equal document."""
    saved = people_to_json(People(tuple(people), me, looked_up))
    read = read_saved_people(json.loads(json.dumps(saved)))

    assert read is not None
    assert (set(people), me, looked_up) == (set(read.people), read.me, read.looked_up)
    assert saved == people_to_json(People(tuple(reversed(people)), me, looked_up))


def test_without_people_none_were_read() -> None:
    """And what is none is refused."""
    assert read_saved_people({"users": []}) is None
    wrong: list[JsonObject] = [{"people": {}}, {"people": [], "sought": 5}, {"people": [{"id": 1, "roles": "auditor"}]}]
    for document in wrong:
        with pytest.raises(NotPeople):
            read_saved_people(document)


def test_people_become_those_of_the_embedded_4me() -> None:
    """Their roles are of one account; whose credentials these are is one of them, or one more."""
    mine, other = to_records(People((OF_ANN,), "31"), "acme"), to_records(People((OF_ANN,), "7"), "acme")

    assert ({"acme": ["auditor"]}, True) == (mine[0]["permissions"], mine[0]["me"])
    assert [(31, False), (7, True)] == [(one["id"], one["me"]) for one in other]


def test_a_user_without_a_person_is_still_a_user() -> None:
    """Nothing but roles and links changes."""
    user: LiveUser = with_people((ANN,), People())[0]

    assert (ANN.id, ANN.attributes, ANN.active) == (user.id, user.attributes, user.active)


@pytest.mark.parametrize(
    ("written", "total"), [("7", 7), ("9" * 5_000, None), ("-1", None), ("\u00b2", None), ("", None)]
)
def test_a_total_that_is_no_number_is_none(written: str, total: int | None) -> None:
    assert total == read_people(Response(200, [], {"X-Pagination-Total-Entries": written})).total


def test_the_person_of_a_scim_id_is_the_only_one_with_it() -> None:
    """Another source, or no id, is no link; two people of one id are none."""
    people = [
        OF_ANN,
        Person("32", source="HR", source_id="id-bob"),
        Person("33", source="SCIM"),
        *(Person(number, source="SCIM", source_id="id-cid") for number in ("34", "35")),
    ]

    assert {"id-ann": OF_ANN} == find_linked(["id-ann", "id-bob", "id-cid", "id-dee"], people)


@pytest.mark.parametrize(
    ("addresses", "people", "found"),
    [
        ({"u1": "ann@example.com"}, [Person("31", email="Ann@Example.com")], {"u1": "31"}),
        ({"u1": "ann@example.com"}, [Person("31", source="HR", email="ann@example.com")], {"u1": "31"}),
        ({"u1": "ann@example.com"}, [Person("31", source="SCIM", source_id="u9", email="ann@example.com")], {}),
        ({"u1": "ann@example.com"}, [Person("31", email="ann@example.com"), Person("32", email="ANN@example.com")], {}),
        ({"u1": "ann@example.com", "u2": "ANN@example.com"}, [Person("31", email="ann@example.com")], {}),
        ({"u1": "ann@example.com"}, [Person("31")], {}),
        ({"u1": ""}, [Person("31")], {}),
    ],
)
def test_the_person_of_an_address_is_alone_with_it_and_no_scim_users(
    addresses: dict[str, str], people: list[Person], found: dict[str, str]
) -> None:
    """A SCIM user who was not read may bear the person's id."""
    assert found == {user: person.id for user, person in find_by_address(addresses, people).items()}
