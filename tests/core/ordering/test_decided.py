"""What a plan does about a name that is held: the rest goes on, and the problem names the holder and the way out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.logins import make_third_name
from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key, LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState, Selection
from reconciler.core.planner.planner import Decisions, decide_changes
from tests.core.examples import (
    SANDBOX,
    desired_group,
    desired_state,
    desired_user,
    evidence_of,
    live_group,
    live_state,
    live_user,
)

IGNORE = Tenant(url="sandbox", on_out_of_scope="ignore", on_removed="ignore")
BOSS = {"userName": "boss@example.com"}


def state(*resources: DesiredUser | DesiredGroup, only: Iterable[str] | None = None) -> DesiredState:
    """What git says; each is found by the externalId alone."""
    selection = None if only is None else Selection(frozenset(Key("user", name) for name in only))
    matching = {"matching": ("externalId",), "group_matching": ("externalId",)}
    return replace(desired_state(*resources), selection=selection, **matching)  # type: ignore[arg-type]  # two names


def decide(
    desired: DesiredState, *live: LiveUser | LiveGroup, tenant: Tenant = SANDBOX, earlier: Earlier | None = None
) -> Decisions:
    earlier = earlier or Earlier()
    return decide_changes(desired, live_state(*live), tenant, earlier, evidence_of(earlier))


def written(decided: Decisions) -> list[str]:
    return [f"{one.action} {one.key} {','.join(part.path for part in one.attributes)}" for one in decided.changes]


LEFT = Earlier(applied=state(desired_user("jo", BOSS)))


@pytest.mark.parametrize(
    ("desired", "live", "earlier", "begin", "end", "hint"),
    [
        (
            state(desired_user("ann", BOSS)),
            [live_user("ann"), live_user("zoe", BOSS, active=False)],
            None,
            'user/ann keeps its login: login "boss@example.com"',
            "belongs to boss@example.com (id-zoe, inactive), and git does not declare that user",
            "declare another userName for user/ann, or change the userName of id-zoe in the account",
        ),
        (
            state(desired_user("ann", BOSS)),
            [live_user("ann"), live_user("jo", BOSS)],
            LEFT,
            'user/ann keeps its login: login "boss@example.com"',
            "belongs to user/jo (id-jo), which left git and keeps its login",
            "declare another userName for user/ann, or change the userName of id-jo in the account",
        ),
        (
            state(desired_user("ann", BOSS), desired_user("bob"), only=["ann"]),
            [live_user("ann"), live_user("bob", BOSS)],
            None,
            'user/ann keeps its login: login "boss@example.com"',
            "belongs to user/bob (id-bob), which this plan leaves out",
            "--with-dependencies includes user/bob",
        ),
        (
            state(desired_user("ann", BOSS), desired_user("bob", {"userName": None})),
            [live_user("ann"), live_user("bob", BOSS)],
            None,
            'user/ann keeps its login: login "boss@example.com"',
            "belongs to user/bob (id-bob), for which git declares no userName",
            "declare another userName for one of the two",
        ),
        (
            state(desired_user("ann", BOSS), desired_user("bob", BOSS, in_scope=False)),
            [live_user("ann"), live_user("bob", BOSS)],
            None,
            'user/ann keeps its login: login "boss@example.com"',
            "belongs to user/bob (id-bob), which keeps it",
            "declare another userName for one of the two",
        ),
        (
            state(desired_group("desk", attributes={"displayName": "Staff"})),
            [live_group("desk"), live_group("old", attributes={"displayName": "STAFF"})],
            None,
            'group/desk keeps its name: name "Staff"',
            "belongs to STAFF (id-old), and git does not declare that group",
            "declare another displayName for group/desk, or change the displayName of id-old in the account",
        ),
        (
            state(desired_user("ann", {"userName": "reconciler.0123456789ab@example.com"})),
            [],
            None,
            'user/ann is not created: login "reconciler.0123456789ab@example.com"',
            "has the form of a third name, over which this program exchanges names",
            "declare another userName for user/ann",
        ),
        (
            state(desired_user("ann", BOSS), desired_user("bob", BOSS)),
            [],
            None,
            'user/bob is not created: login "boss@example.com"',
            "goes to user/ann in this plan",
            "declare another userName for user/bob",
        ),
    ],
)
def test_the_problem_names_the_holder_and_what_to_write(  # noqa: PLR0913, PLR0917  # the columns of the table
    desired: DesiredState, live: list[LiveUser | LiveGroup], earlier: Earlier | None, begin: str, end: str, hint: str
) -> None:
    """By its key, or by the id and whether it is active."""
    [problem] = [one for one in decide(desired, *live, earlier=earlier).problems if one.code == "name_held"]

    who, _colon, name = begin.partition(": ")
    assert (f"{who}: the {name} {end}", hint, "error") == (problem.message, problem.hint, problem.severity)


def test_who_is_settled_keeps_the_login_alone() -> None:
    """The primary e-mail that equals it stays too; everything else is written."""
    emails: Any = [{"value": "boss@example.com", "primary": True}]
    before: Any = [{"value": "ann@example.com", "primary": True}]
    wanted = desired_user("ann", {**BOSS, "emails": emails, "title": "Chief"})
    ann = live_user("ann", {"emails": before})

    assert ["update_user user/ann title"] == written(decide(state(wanted), ann, live_user("zoe", BOSS)))


def test_an_adoption_is_held_back_whole_and_nothing_refers_to_it() -> None:
    """Neither a manager nor a group."""
    ann = desired_user("ann", {**BOSS, "employeeNumber": "1"})
    desired = replace(
        state(ann, desired_user("bob", {"manager": "user/ann"}), desired_group("desk", ["ann", "bob"])),
        matching=("externalId", "employeeNumber"),
    )
    live = (live_user("x", {"employeeNumber": "1"}), live_user("zoe", BOSS), live_group("desk"))

    decided = decide(desired, *live)

    assert ["create_user user/bob externalId,userName", "add_members group/desk "] == written(decided)
    assert ("user/bob",) == decided.changes[1].members
    assert ["user/ann is not adopted (id-x)"] == [
        one.message.partition(":")[0] for one in decided.problems if one.code == "name_held"
    ]
    assert ['its login "boss@example.com" is not free'] == [one.reason for one in decided.skipped]
    assert {"user/ann"} == decided.names.held


@pytest.mark.parametrize(
    ("jo", "live", "tenant", "expected"),
    [
        ({"in_scope": False}, live_user("jo", BOSS), SANDBOX, ["deactivate_user", "update_user"]),
        ({"in_scope": False}, live_user("jo", BOSS, active=False), SANDBOX, ["update_user"]),
        ({"in_scope": False, "declared_inactive": False}, live_user("jo", BOSS), SANDBOX, []),
        ({"in_scope": False}, live_user("jo", BOSS), IGNORE, []),
    ],
)
def test_who_is_out_of_scope_gives_up_a_name_that_another_one_wants(
    jo: dict[str, bool], live: LiveUser, tenant: Tenant, expected: list[str]
) -> None:
    """With the deactivation, or alone if inactive already; not if the plan leaves the access as it is."""
    wanted = decide(state(desired_user("jo", **jo), desired_user("joan", BOSS)), live, tenant=tenant)  # type: ignore[arg-type]  # booleans
    alone = decide(state(desired_user("jo", **jo)), live, tenant=tenant)  # type: ignore[arg-type]  # booleans

    assert expected == [one.action for one in wanted.changes if one.key == "user/jo"][::-1]
    assert "update_user" not in [one.action for one in alone.changes]
    assert bool(expected) == ("create_user user/joan externalId,userName" in written(wanted))


THIRD = {"userName": make_third_name("user", "id-jo", "jo@example.com")}


@pytest.mark.parametrize(
    ("desired", "live", "tenant", "expected"),
    [
        (state(desired_user("jo")), live_user("jo", THIRD), SANDBOX, ["update_user"]),
        (state(desired_user("jo")), live_user("jo", THIRD, active=False), SANDBOX, ["reactivate_user"]),
        (state(desired_user("jo", in_scope=False)), live_user("jo", THIRD, active=False), SANDBOX, ["update_user"]),
        (state(desired_user("jo", in_scope=False)), live_user("jo", THIRD), IGNORE, ["update_user"]),
        (state(), live_user("jo", THIRD), SANDBOX, ["update_user", "deactivate_user"]),
        (state(), live_user("jo", THIRD), IGNORE, ["update_user"]),
    ],
)
def test_who_is_left_on_a_third_name_is_put_right_whatever_git_says_of_the_access(
    desired: DesiredState, live: LiveUser, tenant: Tenant, expected: list[str]
) -> None:
    """It is no drift: an exchange was not ended."""
    before = state(desired_user("jo"))
    decided = decide(desired, live, tenant=tenant, earlier=Earlier(before, before))

    assert expected == [one.action for one in decided.changes]
    [renamed] = [one for one in decided.changes if one.attributes]
    assert renamed.reason.startswith("left over from an exchange of names, which was not ended")
    assert "drift" != renamed.cause


def test_a_group_that_is_left_on_a_third_name_is_put_right() -> None:
    """It is no drift either."""
    desk = state(desired_group("desk"))
    left = live_group("desk", attributes={"displayName": make_third_name("group", "id-desk", "Desk")})
    [change] = decide(desk, left, earlier=Earlier(desk, desk)).changes

    assert ("merged", True) == (change.cause, change.reason.startswith("left over from an exchange of names"))
