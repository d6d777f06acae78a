"""Keys and their spelling, names of users and groups, and completeness of a read."""

from __future__ import annotations

import pytest

from reconciler.core.model.messages import Response
from reconciler.core.model.resources import Key, LiveGroup, LiveUser, parse_key
from reconciler.core.model.states import Certificate
from tests.core.examples import desired_group, desired_state, desired_user, group_key, live_group, live_user, user_key


def test_a_key_is_spelled_kind_slash_name() -> None:
    """The spelling that plans, messages and references share."""
    assert "user/alice.lee" == str(Key("user", "alice.lee"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("user/alice.lee", Key("user", "alice.lee")),
        ("group/finance", Key("group", "finance")),
        ("user/a/b", Key("user", "a/b")),
        ("alice.lee", None),
        ("user/", None),
        ("user", None),
        ("id/4711", None),
        ("", None),
    ],
)
def test_a_spelled_key_is_read_back(text: str, expected: Key | None) -> None:
    """Other texts are not keys."""
    assert expected == parse_key(text)


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (desired_user("ann", {"displayName": "Ann Lee"}), "Ann Lee"),
        (desired_user("ann", {"displayName": None}), "ann@example.com"),
        (desired_user("ann", {"userName": None}), "ann"),
        (desired_group("finance"), "Finance"),
        (desired_group("finance", attributes={"displayName": None}), "finance"),
        (live_user("ann", {"displayName": "Ann Lee"}), "Ann Lee"),
        (live_user("ann"), "ann@example.com"),
        (LiveUser("4711", {}, active=True), "4711"),
        (live_group("finance"), "Finance"),
        (LiveGroup("4712", {}, frozenset()), "4712"),
    ],
)
def test_a_resource_is_called_as_people_call_it(resource: LiveUser | LiveGroup, expected: str) -> None:
    """The display name, else the userName, else the id."""
    assert expected == resource.name


def test_a_desired_state_finds_its_resources_by_key_and_tells_them_all() -> None:
    """Users come before groups; an undeclared key has no resource."""
    ann, finance = desired_user("ann"), desired_group("finance")
    state = desired_state(ann, finance)

    assert [ann, finance] == list(state)
    assert (ann, finance) == (state.resource(user_key("ann")), state.resource(group_key("finance")))
    assert state.resource(group_key("ann")) is None


@pytest.mark.parametrize(("faults", "expected"), [((), True), (("page 2 is missing",), False)])
def test_a_read_with_a_fault_is_not_complete(faults: tuple[str, ...], expected: bool) -> None:  # noqa: FBT001
    """Users who were not read must never look like leavers."""
    assert expected is Certificate("full", users=3, groups=0, requests=1, faults=faults).complete


@pytest.mark.parametrize(
    ("status", "succeeded", "redirects"),
    [(199, False, False), (200, True, False), (204, True, False), (302, False, True), (400, False, False)],
)
def test_a_response_says_what_its_status_means(status: int, succeeded: bool, redirects: bool) -> None:  # noqa: FBT001
    """2xx is success and 3xx is a redirect (RFC 9110 section 15)."""
    assert (succeeded, redirects) == (Response(status).succeeded, Response(status).redirects)
