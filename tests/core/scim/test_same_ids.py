"""References in another letter case than the id."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model.resources import LiveGroup, LiveUser
from reconciler.core.scim.same_ids import align_references, is_same_id

SPELLED = st.sampled_from(["a", "A", "b", "B", "c"])


def user(live_id: str, manager: str | None = None) -> LiveUser:
    return LiveUser(live_id, {} if manager is None else {"manager": manager}, active=True)


def group(live_id: str, *members: str) -> LiveGroup:
    return LiveGroup(live_id, {}, frozenset(members))


def expected(reference: str, ids: Sequence[str]) -> tuple[str, bool]:
    """Returns what a reference means, and whether it is unclear, by looking at every id."""
    if reference in ids:
        return reference, False
    candidates = [one for one in ids if one.upper() == reference.upper()]
    return (candidates[0] if len(candidates) == 1 else reference), len(candidates) > 1


@given(
    st.lists(SPELLED, unique=True, max_size=5), st.lists(st.sets(SPELLED), max_size=3), st.lists(SPELLED, max_size=3)
)
def test_each_reference_is_the_id_that_it_names(ids: list[str], members: list[set[str]], managers: list[str]) -> None:
    """Exactly, else in another case, if only one id fits."""
    reports = [user(f"report{number}", manager) for number, manager in enumerate(managers)]
    groups = [group(f"group{number}", *names) for number, names in enumerate(members)]
    aligned = align_references([*map(user, ids), *reports], groups)

    for before, after in zip(groups, aligned.groups, strict=True):
        assert {expected(one, ids)[0] for one in before.members} == after.members
    for manager, after_user in zip(managers, aligned.users[len(ids) :], strict=True):
        assert expected(manager, ids)[0] == after_user.attributes["manager"]
    unclear = [expected(one, ids)[1] for names in members for one in names] + [expected(m, ids)[1] for m in managers]
    assert sum(unclear) == len(aligned.faults)


def test_a_reference_that_fits_two_ids_is_a_fault() -> None:
    """Both are named, and neither is taken."""
    aligned = align_references([user("abc"), user("abC"), user("x", "ABC")], [group("g", "ABC")])

    assert (
        "Groups: a member of g, ABC, could be abC or abc: these ids differ in case only",
        "Users: the manager of x, ABC, could be abC or abc: these ids differ in case only",
    ) == aligned.faults
    assert {"ABC"} == aligned.groups[0].members


def test_ids_that_are_listed_as_they_are_referred_to_stay() -> None:
    """A nested group too."""
    users, groups = [user("a"), user("b", "a")], [group("g", "a", "h"), group("h", "b")]

    aligned = align_references(users, groups)

    assert (users, groups, ()) == (aligned.users, aligned.groups, aligned.faults)


@pytest.mark.parametrize(
    ("one", "other", "same"), [("a", "a", True), ("aB", "Ab", True), ("a", "b", False), ("ß", "ss", False)]
)
def test_an_answer_may_spell_an_id_otherwise(one: str, other: str, *, same: bool) -> None:
    """In another letter case; folding is no equality."""
    assert same is is_same_id(one, other)
