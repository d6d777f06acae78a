"""The members of groups whose service hides them."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.comparison.assumed_members import assume_members
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.model.resources import LiveGroup
from tests.core.examples import desired_group, desired_state, desired_user, live_group, live_state, live_user

ANN, BOB, CID = (desired_user(name) for name in ("ann", "bob", "cid"))


def hidden(name: str) -> LiveGroup:
    return replace(live_group(name), lists_members=False)


APPLIED = desired_state(ANN, BOB, CID, desired_group("desk", ["ann", "bob", "cid"]), desired_group("free", ["ann"]))
HEAD = desired_state(ANN, BOB, desired_group("desk", ["ann"]))


def test_a_hidden_group_has_the_members_of_the_last_apply_who_are_there() -> None:
    """Also of a group that left git; who is not in the account is in no group."""
    live = live_state(live_user("ann"), live_user("bob"), hidden("desk"), hidden("free"), hidden("other"))

    assumed = {group.id: group.members for group in assume_members(HEAD, Earlier(applied=APPLIED), live).groups}

    assert {"id-desk": {"id-ann", "id-bob"}, "id-free": {"id-ann"}, "id-other": frozenset()} == assumed


def test_a_group_that_lists_its_members_has_those() -> None:
    """Whatever the last apply put in."""
    live = live_state(live_user("ann"), live_user("bob"), live_group("desk", ["bob"]), hidden("free"))

    assumed = {group.id: group.members for group in assume_members(HEAD, Earlier(applied=APPLIED), live).groups}

    assert {"id-desk": {"id-bob"}, "id-free": {"id-ann"}} == assumed


def test_the_base_is_the_last_apply_where_no_other_is_named() -> None:
    """A named base beside an apply is not what was applied."""
    live = live_state(live_user("ann"), live_user("bob"), hidden("desk"))

    assert {"id-ann", "id-bob"} == assume_members(HEAD, Earlier(base=APPLIED), live).groups[0].members
    assert {"id-ann"} == assume_members(HEAD, Earlier(APPLIED, HEAD), live).groups[0].members


def test_without_hidden_groups_or_an_apply_nothing_is_assumed() -> None:
    """The live state stays as it is."""
    listed = live_state(live_user("ann"), live_group("desk", ["ann"]))
    concealed = live_state(live_user("ann"), hidden("desk"))

    assert listed is assume_members(HEAD, Earlier(applied=APPLIED), listed)
    assert concealed == assume_members(HEAD, Earlier(), concealed)


def test_a_group_that_was_out_of_scope_or_whose_members_were_unmanaged_is_left() -> None:
    """The last apply put nobody in."""
    applied = desired_state(
        ANN,
        replace(desired_group("desk", ["ann"]), in_scope=False),
        replace(desired_group("free"), members=None),
    )
    live = live_state(live_user("ann"), hidden("desk"), hidden("free"))

    assert [frozenset(), frozenset()] == [
        group.members for group in assume_members(HEAD, Earlier(applied=applied), live).groups
    ]
