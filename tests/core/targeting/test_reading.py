"""The keys of a plan and the kind of read, by options, base and number of declared resources."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.changes.plan import Cost, Plan, ReadSummary, UpdateUser
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.tenant import SecretDeclaration, Tenant
from reconciler.core.model.states import DesiredState, Selection
from reconciler.core.targeting.reading import FullApply, ReadRequest, choose_selection, count_requests, find_full_reason
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


TENANT = Tenant(url="https://a.example/scim/v2", token=SecretDeclaration(env="TOKEN"))


def test_after_a_full_apply_with_the_same_settings_a_part_is_enough() -> None:
    assert find_full_reason(NOW, TENANT, FullApply(7, TENANT, company(2))) is None


@pytest.mark.parametrize(
    ("full", "reason"),
    [
        (None, "no complete apply with a full read is on record in HEAD's history"),
        (FullApply(7, None, None), "the commit of apply #7 does not compile"),
        (FullApply(7, TENANT, None), "the commit of apply #7 does not compile"),
        (
            FullApply(7, TENANT.model_copy(update={"scope": "all", "dialect": "rfc7644"}), company(2)),
            "scope, dialect changed since apply #7",
        ),
        (
            FullApply(7, TENANT, replace(company(2), matching=("externalId",))),
            "the matching attributes changed since apply #7",
        ),
    ],
)
def test_why_the_whole_account_must_be_read(full: FullApply | None, reason: str) -> None:
    assert reason == find_full_reason(NOW, TENANT, full)


def test_after_a_recovery_of_the_record_the_whole_account_must_be_read() -> None:
    """Whatever else is on record."""
    reason = find_full_reason(NOW, TENANT, FullApply(7, TENANT, NOW), recovered=True)

    assert "no complete apply with a full read followed the recovery of the record" == reason


@pytest.mark.parametrize(
    ("read_request", "expected"),
    [
        (ReadRequest(), False),
        (ReadRequest(base=True), True),
        (ReadRequest("targeted"), True),
        (ReadRequest("full", base=True), False),
        (ReadRequest("targeted", ("user/u0",)), False),
    ],
)
def test_a_plan_may_be_about_the_difference_by_itself_or_where_it_is_asked_for(
    read_request: ReadRequest, *, expected: bool
) -> None:
    assert expected is read_request.looks_for_difference
