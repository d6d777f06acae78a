"""The keys of a plan and the kind of read, by options, base and number of declared resources."""

from __future__ import annotations

import pytest

from reconciler.core.changes.plan import Cost, Plan, ReadSummary, UpdateUser
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.model.states import DesiredState, Selection
from reconciler.core.targeting.reading import ReadRequest, choose_selection, count_requests
from reconciler.errors import UsageError
from tests.core.examples import desired_group, desired_state, desired_user, user_key

ANN, BOB = user_key("u0"), user_key("u1")


def company(people: int, *differing: str) -> DesiredState:
    """That many users, some of them with a title."""
    names = [f"u{number}" for number in range(people)]
    users = [desired_user(name, {"title": "x"} if name in differing else None) for name in names]
    return desired_state(*users, desired_group("all", names[:2]))


THEN = Earlier(company(300))
NOW = company(300, "u0")
ABOUT_ANN = Selection(frozenset({ANN}), grows=True)


def plan_of(mode: str) -> Plan:
    """An approved plan that changes one user."""
    summary = ReadSummary.model_validate({"mode": mode, "complete": True, "users": 1, "groups": 0, "requests": 1})
    return Plan(
        tenant="qa",
        url="sandbox",
        commit=None,
        base=None,
        as_of="2026-01-01",
        applyable=True,
        converges=True,
        read=summary,
        cost=Cost(requests=1, seconds=0),
        changes=(UpdateUser(key="user/u1", target_id="1"),),
    )


@pytest.mark.parametrize(
    ("read_request", "now", "selection"),
    [
        (ReadRequest(), NOW, None),
        (ReadRequest(base=True), NOW, ABOUT_ANN),
        (ReadRequest("targeted"), NOW, ABOUT_ANN),
        (ReadRequest("full", base=True), NOW, None),
        (ReadRequest(only=("u1",)), NOW, Selection(frozenset({BOB}))),
        (ReadRequest("full", only=("u1",)), NOW, Selection(frozenset({BOB}))),
        (ReadRequest(base=True), company(300, *(f"u{number}" for number in range(280))), None),
    ],
    ids=["no base", "base", "asked to", "asked not to", "named", "named, full", "nearly everybody"],
)
def test_what_a_plan_is_about(read_request: ReadRequest, now: DesiredState, selection: Selection | None) -> None:
    """Everything is None."""
    assert selection == choose_selection(read_request, now, THEN, page_size=25)


def test_where_everything_is_few_requests_everything_is_read() -> None:
    """A full read shows more, at almost no cost."""
    assert None is choose_selection(ReadRequest(base=True), company(200, "u0"), Earlier(company(200)), page_size=25)
    assert ABOUT_ANN == choose_selection(ReadRequest("targeted"), company(9, "u0"), Earlier(company(9)), page_size=25)


def test_without_a_word_of_git_before_everything_is_read() -> None:
    """Or it is a usage error, if it was asked for."""
    assert None is choose_selection(ReadRequest(base=True), NOW, Earlier(), page_size=25)
    with pytest.raises(UsageError, match="give --base, or name keys with --only"):
        choose_selection(ReadRequest("targeted"), NOW, Earlier(), page_size=25)


def test_an_approved_plan_is_planned_again_as_it_was_read() -> None:
    """About its changes, and all other differences between the states of git."""
    both = Selection(frozenset({ANN, BOB}), grows=True)

    assert both == choose_selection(ReadRequest(), NOW, THEN, 25, plan_of("targeted"))
    assert both == choose_selection(ReadRequest("targeted"), NOW, THEN, 25, plan_of("full"))
    assert None is choose_selection(ReadRequest(), NOW, THEN, 25, plan_of("full"))
    assert None is choose_selection(ReadRequest("full"), NOW, THEN, 25, plan_of("targeted"))


def test_dependencies_come_with_keys_that_are_named() -> None:
    """And with nothing else."""
    named = choose_selection(ReadRequest(only=("u0",), dependencies=True), NOW, THEN, 25)

    assert named is not None
    assert {"user/u0", "group/all"} == set(map(str, named.keys))
    with pytest.raises(UsageError, match="--with-dependencies needs --only"):
        choose_selection(ReadRequest(dependencies=True), NOW, THEN, 25)


def test_names_that_are_nobodys_are_told_together() -> None:
    """In one sentence each."""
    with pytest.raises(UsageError, match=r'"x" is no user.*; "y" is no user'):
        choose_selection(ReadRequest(only=("x", "y")), NOW, THEN, 25)


def test_reading_everything_is_pages_and_a_request_for_each_group() -> None:
    """As 4me has it."""
    assert [0, 1 + 1 + 2, 200 + 2 + 40] == [count_requests(*one, 25) for one in ((0, 0), (3, 2), (5000, 40))]
