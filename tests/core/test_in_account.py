"""Whom of the account a name means, what they are to git, and by what a declaration would be theirs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.earlier import Earlier
from reconciler.core.in_account import InAccount, find_in_account
from reconciler.core.match import match_resources
from reconciler.core.model import Value
from tests.core.examples import desired_state, desired_user, live_group, live_state, live_user, user_key

ANN, BOB = desired_user("ann"), desired_user("bob")
EARLIER = Earlier(base=desired_state(ANN, BOB))
EMAILS: list[dict[str, str | bool | int | float]] = [{"type": "work", "value": "Zoe@elsewhere.example"}]
ZOE = live_user("zoe", {"emails": EMAILS, "displayName": "Zoe Quinn"})
LIVE = live_state(live_user("ann"), live_user("bob"), ZOE, live_group("desk", ["zoe"]))
DESIRED = desired_state(ANN)


def find(word: str) -> list[tuple[str, str, str | None]]:
    return [(one.id, one.standing, one.key) for one in find_in_account(word, DESIRED, EARLIER, LIVE)]


@pytest.mark.parametrize(
    "word", ["id-zoe", "id/id-zoe", "ZOE", "zoe@example.com", "zoe quinn", "zoe@ELSEWHERE.example"]
)
def test_somebody_unmanaged_is_found_by_whatever_they_are_called(word: str) -> None:
    """By id, externalId, user name, display name and e-mail, without case."""
    assert [("id-zoe", "unmanaged", None)] == find(word)


def test_what_somebody_is_to_git_is_told() -> None:
    """Declared, or gone since; nobody of that name is nobody."""
    assert [("id-ann", "declared", "user/ann")] == find("ann")
    assert [("id-bob", "left git", "user/bob")] == find("bob")
    assert [] == find("nobody")


def test_what_they_have_is_told() -> None:
    """Groups by name, and the verdict in words."""
    [zoe] = find_in_account("zoe", DESIRED, EARLIER, LIVE)

    assert (True, ("Desk",), "zoe@example.com") == (zoe.active, zoe.groups, zoe.user_name)
    assert "is unmanaged: git does not declare them, and nothing is ever done to them" == zoe.verdict


def test_whom_several_keys_could_be_is_unclear() -> None:
    """And no edit is proposed while it is."""
    twice = desired_state(desired_user("ann", {"userName": "zoe@example.com"}))
    found = find_in_account("zoe", twice, Earlier(), live_state(live_user("ann"), ZOE))

    assert [("unclear", None, None)] == [(one.standing, one.key, one.adopted_by) for one in found]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, "externalId: zoe"),
        ({"externalId": None}, "userName: zoe@example.com"),
        ({"externalId": None, "userName": "TWIN@example.com"}, None),
        ({"externalId": None, "userName": None}, None),
    ],
)
def test_the_edit_that_would_link_them_is_one_that_does(attributes: dict[str, Value], expected: str | None) -> None:
    """Tried by matching; by what two people have it would be unclear."""
    everybody = (live_user("zoe", attributes), live_user("twin"))
    [zoe] = find_in_account("id-zoe", DESIRED, Earlier(), live_state(*everybody))

    assert (expected, "unmanaged") == (zoe.adopted_by, zoe.standing)
    if expected:
        attribute, value = expected.split(": ")
        new = replace(desired_user("new"), attributes={attribute: value})
        assert everybody[0] == match_resources([ANN, new], everybody, DESIRED.matching).live_of[user_key("new")]


def test_many_of_one_name_are_all_told() -> None:
    """In the order of their ids."""
    live = live_state(live_user("z2", {"displayName": "Same"}), live_user("z1", {"displayName": "Same"}))
    found: tuple[InAccount, ...] = find_in_account("same", DESIRED, Earlier(), live)

    assert ["id-z1", "id-z2"] == [one.id for one in found]
