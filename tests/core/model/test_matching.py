"""What links a declared resource to a live one: by precedence, first hit wins, never a guess."""

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
    """The externalId exactly, the userName without case; a hit on the later one is an adoption."""
    matches = match([desired_user("ann")], [live_user("ann", attributes), live_user("bob")])

    assert {"user/ann": "id-ann"} == linked(matches)
    assert ({user_key("ann"): adopted} if adopted else {}) == matches.adopted
    assert ["id-bob"] == [one.id for one in matches.unmatched([live_user("ann"), live_user("bob")])]


def test_a_group_is_found_by_its_name_without_case() -> None:
    """4me compares group names so."""
    live = [live_group("desk", attributes={"externalId": None, "displayName": "DESK"})]
    matches = match_resources([desired_group("desk")], live, ("externalId", "displayName"))

    assert (live, ["displayName"]) == (list(matches.live_of.values()), list(matches.adopted.values()))


@pytest.mark.parametrize(
    "attributes", [{"externalId": "", "userName": "x"}, {"externalId": None, "userName": None}, {"userName": "annn"}]
)
def test_nothing_in_common_is_no_match(attributes: dict[str, str | None]) -> None:
    """Empty values match nobody, and near is not near enough."""
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
    """For one attribute, or for two that disagree; and nobody of them is anybody's."""
    matches = match([desired_user("ann")], live)
    [problem] = matches.problems

    assert ({}, {user_key("ann")}, []) == (linked(matches), matches.unclear, matches.unmatched(live))
    assert ("ambiguous", HERE) == (problem.code, problem.source)
    assert problem.message.startswith("user/ann matches 2 users in the account: ")
    assert all(f"({one.id}) by " in problem.message for one in live)


def test_two_users_with_one_candidate_are_a_problem_that_names_both() -> None:
    """Neither gets it, not even the one whose externalId it has."""
    live = [live_user("ann", {"userName": "bob@example.com"})]
    matches = match([desired_user("ann"), desired_user("bob"), desired_user("cid")], live)
    [problem] = matches.problems

    assert ({}, {user_key("ann"), user_key("bob")}) == (linked(matches), matches.unclear)
    assert ({}, []) == (matches.adopted, matches.unmatched(live))
    assert "claimed_twice" == problem.code
    assert "user/ann and user/bob match the same user in the account: bob@example.com (id-ann)" == problem.message


def test_what_is_clear_is_linked_beside_what_is_not() -> None:
    """An unclear match stops one resource, not the others."""
    live = [live_user("ann"), live_user("one", {"externalId": "bob"}), live_user("two", {"externalId": "bob"})]

    assert {"user/ann": "id-ann"} == linked(match([desired_user("bob"), desired_user("ann")], live))


@pytest.mark.parametrize("turned", [False, True])
def test_a_candidate_of_somebody_unclear_is_nobody_elses(turned: bool) -> None:  # noqa: FBT001
    """Two declared with one live one is a problem, also where one of the two has another candidate besides."""
    live = [live_user("one", {"externalId": "bob", "userName": "ann@example.com"}), live_user("bob")]
    declared = [desired_user("ann"), desired_user("bob")]
    matches = match(declared[::-1] if turned else declared, live)

    assert ({}, {user_key("ann"), user_key("bob")}) == (linked(matches), matches.unclear)
    assert any(
        "user/ann and another declared user, whose match is ambiguous," in one.message for one in matches.problems
    )
