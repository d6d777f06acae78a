"""Declared and live resources are linked by the first attribute that matches, and never by a guess."""

from __future__ import annotations

import pytest

from reconciler.core.model.matching import Matches, match_resources
from reconciler.core.model.resources import DesiredUser, LiveUser
from tests.core.examples import HERE, desired_group, desired_user, live_group, live_user, user_key

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
def test_one_user_with_two_candidates_is_a_problem_that_names_them_all(live: list[LiveUser]) -> None:
    """The candidates come from one attribute or from two; none of them is linked."""
    matches = match([desired_user("ann")], live)
    [problem] = matches.problems

    assert ({}, {user_key("ann")}, []) == (linked(matches), matches.unclear, matches.unmatched(live))
    assert ("ambiguous", HERE) == (problem.code, problem.source)
    assert problem.message.startswith("user/ann matches 2 users in the account: ")
    assert all(f"({one.id}) by " in problem.message for one in live)


def test_two_users_with_one_candidate_are_a_problem_that_names_both() -> None:
    """Neither is linked, not even the user with the same externalId."""
    live = [live_user("ann", {"userName": "bob@example.com"})]
    matches = match([desired_user("ann"), desired_user("bob"), desired_user("cid")], live)
    [problem] = matches.problems

    assert ({}, {user_key("ann"), user_key("bob")}) == (linked(matches), matches.unclear)
    assert ({}, []) == (matches.adopted, matches.unmatched(live))
    assert "claimed_twice" == problem.code
    assert "user/ann and user/bob match the same user in the account: bob@example.com (id-ann)" == problem.message


def test_what_is_clear_is_linked_beside_what_is_not() -> None:
    """An ambiguous match has no effect on other users."""
    live = [live_user("ann"), live_user("one", {"externalId": "bob"}), live_user("two", {"externalId": "bob"})]

    assert {"user/ann": "id-ann"} == linked(match([desired_user("bob"), desired_user("ann")], live))


@pytest.mark.parametrize("turned", [False, True])
def test_a_candidate_of_somebody_unclear_is_nobody_elses(turned: bool) -> None:  # noqa: FBT001
    """Two declarations match one live user, even if one declaration has another candidate too."""
    live = [live_user("one", {"externalId": "bob", "userName": "ann@example.com"}), live_user("bob")]
    declared = [desired_user("ann"), desired_user("bob")]
    matches = match(declared[::-1] if turned else declared, live)

    assert ({}, {user_key("ann"), user_key("bob")}) == (linked(matches), matches.unclear)
    assert any(
        "user/ann and another declared user, whose match is ambiguous," in one.message for one in matches.problems
    )
