"""Lookups of many keys in one request, and the check of their answers."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.simulator.filter import parse_filter
from reconciler.core.targeting.lookup import (
    MOST_CHARACTERS,
    MOST_RESULTS,
    LookUp,
    Term,
    choose_witnesses,
    make_look_ups,
    make_single_look_ups,
)
from tests.core.examples import desired_group, desired_state, desired_user, live_group, live_user, user_key

ANN = (Term("externalId", "ann"), Term("userName", "ann@example.com"))
BOB = (Term("externalId", "bob"), Term("userName", "bob@example.com"))
WITNESSES = {"externalId": (Term("externalId", "cid"),), "userName": (Term("userName", "DEE@EXAMPLE.COM"),)}
CID, DEE = live_user("cid"), live_user("dee")


def filter_of(look_up: LookUp) -> str:
    [spelled] = parse_qs(urlsplit(look_up.request(1, 25).path).query)["filter"]
    return spelled


def test_a_look_up_asks_for_every_key_by_each_matching_attribute_and_for_witnesses_last() -> None:
    """In one request, of one page."""
    [look_up] = make_look_ups("Users", [ANN, BOB], WITNESSES)

    assert (
        'externalId eq "ann" or userName eq "ann@example.com" or externalId eq "bob" or userName eq "bob@example.com"'
        ' or externalId eq "cid" or userName eq "DEE@EXAMPLE.COM"'
    ) == filter_of(look_up)
    assert look_up.request(26, 25).path.startswith("/Users?filter=externalId%20eq%20%22ann%22%20or%20userName")
    assert look_up.request(26, 25).path.endswith("&startIndex=26&count=25")
    assert [True, False] == [look_up.joins, LookUp("Users", (ANN[:1],)).joins]


def test_attributes_of_an_extension_are_asked_for_by_their_whole_name() -> None:
    """RFC 7644 section 3.10."""
    [look_up] = make_look_ups("Users", [(Term("employeeNumber", "7"),)], {})

    assert 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber eq "7"' == filter_of(look_up)


def test_whose_name_is_long_in_a_url_is_no_witness() -> None:
    """The request would be longer than it may be, or hold a single key; a company where all are long has none."""
    people = desired_state(*(desired_user(name) for name in ("a", "b", "語" * 40, "c" * 200, "d", "e")))
    long = desired_state(*(desired_user(name) for name in ("語" * 40, "c" * 200)))

    assert {"externalId": ("a", "d"), "userName": ("B@EXAMPLE.COM", "E@EXAMPLE.COM")} == {
        attribute: tuple(term.value for term in terms)
        for attribute, terms in choose_witnesses("Users", people, people, ()).items()
    }
    assert {"externalId": (), "userName": ()} == choose_witnesses("Users", long, long, ())


values = st.text(max_size=60)
terms = st.lists(st.builds(Term, st.sampled_from(["externalId", "userName"]), values), min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(st.lists(terms, max_size=60), st.booleans())
def test_every_term_is_asked_once_in_requests_that_fit(asked: list[list[Term]], witnesses: bool) -> None:  # noqa: FBT001
    """However they have to be quoted: 25 keys and 2,000 characters at most, and the filter can be read."""
    look_ups = make_look_ups("Users", asked, WITNESSES if witnesses else {})

    assert [term for keys in asked for term in keys] == [
        term for one in look_ups for part in one.terms for term in part
    ]
    for look_up in look_ups:
        assert MOST_RESULTS >= len(look_up.terms) + (2 if witnesses else 0)
        assert MOST_CHARACTERS >= len(look_up.request(1001, 25).path) or 1 == len(look_up.terms)
        parse_filter(filter_of(look_up), {"externalId": "exact", "userName": "caseless"})


def test_twenty_five_keys_are_one_request_and_twenty_six_are_two() -> None:
    """As many as come back on a page of 4me."""
    short = [(Term("externalId", f"{number}"),) for number in range(26)]

    assert [25] == [len(one.terms) for one in make_look_ups("Users", short[:25], {})]
    assert [25, 1] == [len(one.terms) for one in make_look_ups("Users", short, {})]
    assert [24, 1] == [
        len(one.terms) for one in make_look_ups("Users", short[:25], {"externalId": (Term("externalId", "x"),)})
    ]
    assert () == make_look_ups("Users", [], WITNESSES)


def test_a_key_that_does_not_fit_is_asked_term_by_term() -> None:
    """A name of 1,990 letters fits into no url; each term goes alone."""
    long = (Term("externalId", "x" * 1990), Term("userName", "y" * 1990))

    assert [(long[:1],), (long[1:],), (ANN,)] == [one.terms for one in make_look_ups("Users", [long, ANN], {})]


def test_services_without_or_are_asked_one_term_at_a_time() -> None:
    """Two requests for each key."""
    assert [((ANN[0],),), ((ANN[1],),)] == [one.terms for one in make_single_look_ups("Users", [ANN])]


def test_an_answer_with_the_witnesses_is_believed() -> None:
    """Who was asked for is kept, the witnesses are not; who is missing is not there."""
    [look_up] = make_look_ups("Users", [ANN, BOB], WITNESSES)
    ann = live_user("ann", {"externalId": "ANN", "userName": "Ann@Example.com"})

    assert ([ann], "") == look_up.check_answer([ann, CID, DEE])


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        ([live_user("ann"), live_user("bob"), CID], "found no resource by userName, though some should exist"),
        ([live_user("ann"), DEE], "found no resource by externalId, though some should exist"),
        ([], "found no resource by externalId, though some should exist"),
        ([CID, DEE, live_user("zoe")], "returned id-zoe, which does not fit the filter: the service ignores filters"),
    ],
    ids=["minds case", "blind", "says nothing", "everybody"],
)
def test_an_answer_that_proves_nothing_is_a_fault(found: list[object], fault: str) -> None:
    """No resource is taken as missing because of it, and none as found."""
    [look_up] = make_look_ups("Users", [ANN, BOB], WITNESSES)

    assert ([], fault) == look_up.check_answer(found)  # type: ignore[arg-type]


def test_where_there_are_no_witnesses_only_those_who_came_are_believed() -> None:
    """A company of two can't prove that a third is not there."""
    look_up = LookUp("Users", (ANN, BOB), {"externalId": (), "userName": ()})
    both = [live_user("ann"), live_user("bob")]

    assert (both, "") == look_up.check_answer(both)
    [], fault = look_up.check_answer(both[:1])
    assert fault.startswith("did not find every resource, and no witness by externalId is left to prove")


def test_groups_are_judged_by_their_names_too() -> None:
    """Without case."""
    [look_up] = make_look_ups("Groups", [(Term("displayName", "DEV"),)], {})

    assert ([live_group("dev")], "") == look_up.check_answer([live_group("dev")])


def test_witnesses_are_those_of_whom_git_says_what_it_said() -> None:
    """Two for each attribute, for that attribute alone, in another case; no key that is looked up or may be missing."""
    before = desired_state(*(desired_user(name) for name in "abcdefgh"), desired_group("dev"), desired_group("123"))
    now = desired_state(
        desired_user("b", in_scope=False),
        *(desired_user(name) for name in "zacdefgh"),
        desired_group("123"),
        desired_group("dev"),
    )
    moved = desired_user("c", {"userName": "other@example.com"})
    now = replace(now, users={**now.users, moved.key: moved})

    assert {
        "externalId": (Term("externalId", "d"), Term("externalId", "f")),
        "userName": (Term("userName", "E@EXAMPLE.COM"), Term("userName", "G@EXAMPLE.COM")),
    } == choose_witnesses("Users", now, before, {user_key("a")})
    assert {"externalId": (Term("externalId", "123"),), "displayName": (Term("displayName", "dEV"),)} == (
        choose_witnesses("Groups", now, before, ())
    )
    unlettered = desired_state(*(desired_group(name) for name in ("1", "2", "3")))
    assert {"externalId": (Term("externalId", "1"),), "displayName": ()} == (
        choose_witnesses("Groups", unlettered, unlettered, ())
    )


def test_a_user_without_an_external_id_is_no_witness_by_it() -> None:
    """An attribute without a value has no term."""
    people = desired_state(desired_user("ann", {"externalId": None}), desired_user("bob"))

    assert (Term("externalId", "bob"),) == choose_witnesses("Users", people, people, ())["externalId"]


@pytest.mark.parametrize(
    ("asked", "answered", "fault"),
    [
        ("zoë@example.com", "zoe@example.com", False),
        ("straße@example.com", "STRASSE@example.com", False),
        ("zoe@example.com", "bob@example.com", True),
    ],
)
def test_an_answer_by_a_wider_comparison_is_kept_and_no_sign_of_ignored_filters(
    asked: str,
    answered: str,
    fault: bool,  # noqa: FBT001  # a row of a table
) -> None:
    """The service holds the name to be the same; the link decides that it is not."""
    found = [live_user("x", {"externalId": None, "userName": answered})]
    kept, said = LookUp("Users", ((Term("userName", asked),),)).check_answer(found)

    assert ([] if fault else found, fault) == (kept, "ignores filters" in said)
