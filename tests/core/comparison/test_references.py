"""Keys and live ids: which references can be written now, and which users wait for their manager."""

from __future__ import annotations

import pytest

from reconciler.core.comparison.references import References, make_references
from reconciler.core.model.matching import Matches, match_resources
from reconciler.core.model.resources import LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState
from tests.core.examples import desired_group, desired_state, desired_user, live_group, live_user

BY_USER, BY_GROUP = ("externalId", "userName"), ("externalId", "displayName")


def refer(desired: DesiredState, *live: LiveUser | LiveGroup) -> References:
    users: Matches[LiveUser] = match_resources(
        desired.users.values(), [one for one in live if isinstance(one, LiveUser)], BY_USER
    )
    groups: Matches[LiveGroup] = match_resources(
        desired.groups.values(), [one for one in live if isinstance(one, LiveGroup)], BY_GROUP
    )
    return make_references(desired, [users], [groups])


def test_keys_and_ids_translate_both_ways() -> None:
    """An id without a key becomes `id/…`; the id of a group is no user's."""
    references = refer(
        desired_state(desired_user("ann"), desired_group("desk")),
        live_user("ann"),
        live_user("zoe"),
        live_group("desk"),
    )

    assert {"user/ann": "id-ann", "group/desk": "id-desk"} == references.ids
    assert ("user/ann", "id/id-desk", "id/id-zoe") == tuple(map(references.key_of, ("id-ann", "id-desk", "id-zoe")))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("user/live", True),
        ("user/new", True),
        ("user/out", False),
        ("user/out-and-live", True),
        ("user/unclear", False),
        ("user/unknown", False),
        ("group/new", True),
    ],
)
def test_a_reference_can_be_written_to_what_is_live_or_will_be(key: str, expected: bool) -> None:  # noqa: FBT001
    """A user out of scope is not created; one with an unclear match is not found and not created."""
    references = refer(
        desired_state(
            desired_user("live"),
            desired_user("new"),
            desired_user("out", in_scope=False),
            desired_user("out-and-live", in_scope=False),
            desired_user("unclear"),
            desired_group("new"),
        ),
        live_user("live"),
        live_user("out-and-live"),
        live_user("one", {"externalId": "unclear"}),
        live_user("two", {"externalId": "unclear"}),
    )

    assert expected is references.will_exist(key)
    assert {"id-one", "id-two"} == references.contested


@pytest.mark.parametrize(
    ("managers", "expected"),
    [
        ({"ann": "bob"}, set()),
        ({"ann": "bob", "bob": "cid"}, set()),
        ({"ann": "bob", "bob": "ann"}, {"user/ann"}),
        ({"bob": "cid", "cid": "bob"}, {"user/bob"}),
        ({"ann": "ann"}, {"user/ann"}),
        ({"cid": "bob", "bob": "ann", "ann": "cid"}, {"user/ann"}),
        ({"dee": "ann", "ann": "bob", "bob": "ann"}, {"user/ann"}),
        ({"ann": "bob", "bob": "ann", "cid": "dee", "dee": "cid"}, {"user/ann", "user/cid"}),
        ({"ann": "live"}, set()),
    ],
)
def test_in_each_circle_of_new_managers_the_first_by_key_waits(managers: dict[str, str], expected: set[str]) -> None:
    """Created without a manager, which is set once both exist; a user who only reports into a circle does not wait."""
    users = [
        desired_user(name, {"manager": f"user/{managers[name]}"} if name in managers else None)
        for name in ("dee", "cid", "bob", "ann")
    ]
    state = desired_state(*users, desired_user("live", {"manager": "user/ann"}))

    assert expected == refer(state, live_user("live")).deferred
