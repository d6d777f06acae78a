"""Declared and live resources are linked by the first attribute that matches, and never by a guess."""

from __future__ import annotations

import pytest

from reconciler.core.model.matching import Matches, match_resources, written_value
from reconciler.core.model.resources import DesiredUser, LiveUser
from tests.core.examples import desired_group, desired_user, live_group, live_user, user_key

BY = ("externalId", "userName")


def match(desired: list[DesiredUser], live: list[LiveUser]) -> Matches[LiveUser]:
    return match_resources(desired, live, BY)


def linked(matches: Matches[LiveUser]) -> dict[str, str]:
    return {str(key): live.id for key, live in matches.live_of.items()}


@pytest.mark.parametrize(
    ("attributes", "adopted"),
    [
        ({}, None),
        ({"externalId": "ann", "userName": "other@example.com"}, None),
        ({"externalId": None}, "userName"),
        ({"externalId": "from-entra"}, "userName"),
        ({"externalId": "from-entra", "userName": "ANN@Example.COM"}, "userName"),
        ({"externalId": "Ann"}, "userName"),
    ],
)
def test_a_user_is_found_by_the_first_attribute_that_hits(attributes: dict[str, str], adopted: str | None) -> None:
    """externalId compares exactly, userName without case; a match by the later attribute is an adoption."""
    matches = match([desired_user("ann")], [live_user("ann", attributes), live_user("bob")])

    assert {"user/ann": "id-ann"} == linked(matches)
    assert ({user_key("ann"): adopted} if adopted else {}) == matches.adopted
    assert ["id-bob"] == [one.id for one in matches.unmatched([live_user("ann"), live_user("bob")])]


def test_a_group_is_found_by_its_name_without_case() -> None:
    """4me compares group names without case."""
    live = [live_group("desk", attributes={"externalId": None, "displayName": "DESK"})]
    matches = match_resources([desired_group("desk")], live, ("externalId", "displayName"))

    assert (live, ["displayName"]) == (list(matches.live_of.values()), list(matches.adopted.values()))


@pytest.mark.parametrize(
    "attributes", [{"externalId": "", "userName": "x"}, {"externalId": None, "userName": None}, {"userName": "annn"}]
)
def test_nothing_in_common_is_no_match(attributes: dict[str, str | None]) -> None:
    """Empty values match no user, and similar values do not match."""
    live = [live_user("zoe", attributes)]
    matches = match([desired_user("ann", {"externalId": None})], live)

    assert ({}, live, {}) == (linked(matches), matches.unmatched(live), matches.problems)


@pytest.mark.parametrize(
    "live",
    [
        [live_user("one", {"externalId": "ann"}), live_user("two", {"externalId": "ann"})],
        [live_user("one", {"externalId": "ann"}), live_user("two", {"userName": "ANN@example.com"})],
        [live_user("one", {"userName": "Ann@example.com"}), live_user("two", {"userName": "ann@example.com"})],
    ],
)
def test_one_user_with_two_candidates_is_linked_to_none(live: list[LiveUser]) -> None:
    """The candidates come from one attribute or from two: of a commit in the past, no value outranks another."""
    matches = match([desired_user("ann")], live)

    assert ({}, {user_key("ann")}, []) == (linked(matches), matches.unclear, matches.unmatched(live))


def test_two_users_with_one_candidate_are_linked_to_none() -> None:
    """Neither is linked, not even the user with the same externalId."""
    live = [live_user("ann", {"userName": "bob@example.com"})]
    matches = match([desired_user("ann"), desired_user("bob"), desired_user("cid")], live)

    assert ({}, {user_key("ann"), user_key("bob")}) == (linked(matches), matches.unclear)
    assert ({}, []) == (matches.adopted, matches.unmatched(live))


def test_what_is_clear_is_linked_beside_what_is_not() -> None:
    """An ambiguous match has no effect on other users."""
    live = [live_user("ann"), live_user("one", {"externalId": "bob"}), live_user("two", {"externalId": "bob"})]

    assert {"user/ann": "id-ann"} == linked(match([desired_user("bob"), desired_user("ann")], live))


@pytest.mark.parametrize("turned", [False, True])
def test_a_candidate_of_an_unclear_user_is_linked_to_no_other(turned: bool) -> None:  # noqa: FBT001  # a row of a table
    """Two declarations match one live user, even if one declaration has another candidate too."""
    live = [live_user("one", {"externalId": "bob", "userName": "ann@example.com"}), live_user("bob")]
    declared = [desired_user("ann"), desired_user("bob")]
    matches = match(declared[::-1] if turned else declared, live)

    assert ({}, {user_key("ann"), user_key("bob")}) == (linked(matches), matches.unclear)


@pytest.mark.parametrize(
    ("git", "account", "linked_to"),
    [
        ([{"value": "Ann@x.org", "primary": True}], [{"value": "ann@X.org", "primary": True}], True),
        ([{"value": "ann@x.org"}], [{"value": "ann@x.org", "primary": True}, {"value": "b@x.org"}], True),
        ([{"value": "ann@x.org", "primary": True}], [{"value": "ann@x.org"}, {"value": "b@x.org"}], False),
        ([{"value": "ann@x.org", "primary": True}], [{"value": "b@x.org", "primary": True}], False),
        ([{"value": 3, "primary": True}], [{"value": 3, "primary": True}], False),
        ([], [], False),
    ],
)
def test_emails_match_primary_to_primary(git: list[object], account: list[object], linked_to: bool) -> None:  # noqa: FBT001
    """The primary address is the one marked so, or the only one."""
    declared = [desired_user("ann", {"emails": git})]  # type: ignore[dict-item]
    matches = match_resources(declared, [live_user("zoe", {"emails": account})], ("emails",))  # type: ignore[dict-item]

    assert linked_to is (user_key("ann") in matches.live_of)
    assert ("Ann@x.org" if "Ann" in str(git) else "") in (written_value("emails", {"emails": git}), "")  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("git", "account", "equal"),
    [
        ("ΟΔΟΣ@x.org", "οδοσ@x.org", True),
        ("οδος@x.org", "οδοσ@x.org", False),
        ("straße@x.org", "strasse@x.org", False),
        ("zoë@x.org", "zoe@x.org", False),
        ("zoe\u0308@x.org", "zoë@x.org", False),
        ("ann@x.org ", "ann@x.org", False),
        ("\u212aim@x.org", "kim@x.org", False),
        ("\u0130da@x.org", "ida@x.org", False),
        ("\u0130da@x.org", "i\u0307da@x.org", False),
        ("ÅSA@x.org", "åsa@x.org", True),
    ],
)
def test_names_compare_in_lower_case_letter_by_letter(git: str, account: str, equal: bool) -> None:  # noqa: FBT001
    """Nothing is folded, trimmed or normalised, and no letter becomes an ASCII one."""
    matches = match([desired_user("ann", {"userName": git})], [live_user("zoe", {"userName": account})])

    assert equal is (user_key("ann") in matches.live_of)
