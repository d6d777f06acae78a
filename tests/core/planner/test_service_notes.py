"""What a plan says of a service that leaves members or `active` out of its answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from reconciler.core.changes.plan import Plan
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.quirk import Quirk
from reconciler.core.declarations.tenant import Guardrails, Tenant
from reconciler.core.model.resources import LiveGroup, LiveUser
from reconciler.core.model.states import Certificate, DesiredState
from reconciler.core.safety.make_plan import PlanInput, make_plan
from tests.core.examples import (
    desired_group,
    desired_state,
    desired_user,
    evidence_of,
    live_group,
    live_state,
    live_user,
)

PEOPLE = [desired_user(name) for name in ("ann", "bob", "cid")]
LIVE = [live_user(name) for name in ("ann", "bob", "cid")]
HIDDEN = replace(live_group("desk"), lists_members=False)


def plan_of(
    live: list[LiveUser | LiveGroup], *quirks: Quirk, members: str = "ann bob", applied: str | None = "ann bob"
) -> Plan:
    """Returns the plan of a group with those members, after an apply with others."""
    head = desired_state(*PEOPLE, desired_group("desk", members.split()))
    before: DesiredState | None = (
        None if applied is None else desired_state(*PEOPLE, desired_group("desk", applied.split()))
    )
    earlier = Earlier(before, before)
    tenant = Tenant(url="sandbox", quirks=list(quirks))
    gathered = PlanInput(
        head, live_state(*live), tenant, Guardrails(), date(2026, 3, 31), earlier, first_apply=applied is None
    )
    return make_plan(replace(gathered, evidence=evidence_of(earlier))).plan


def moves(plan: Plan) -> list[tuple[str, tuple[str, ...]]]:
    return [(change.action, change.members) for change in plan.changes]


def test_hidden_members_are_those_of_the_last_apply() -> None:
    """Nobody is gained or lost at every apply; the plan names the group, and what it does not see."""
    plan = plan_of([*LIVE, HIDDEN], "hides_members")

    assert ([], True) == (moves(plan), plan.converges)
    [problem] = [problem for problem in plan.problems if problem.code == "members_hidden"]
    assert "info" == problem.severity
    assert "does not list the members of 1 group (Desk): those of the last apply are assumed" in problem.message


def test_what_git_changes_of_hidden_members_is_sent() -> None:
    """Who comes is added, and who is taken out is removed, because the last apply put them in."""
    plan = plan_of([*LIVE, HIDDEN], "hides_members", members="bob cid")

    assert [("add_members", ("user/cid",)), ("remove_members", ("user/ann",))] == sorted(moves(plan))
    assert plan.converges


def test_before_the_first_apply_all_are_added() -> None:
    """Nothing is known of the group: who is in it already is added again, which does no harm."""
    assert [("add_members", ("user/ann", "user/bob"))] == moves(plan_of([*LIVE, HIDDEN], "hides_members", applied=None))


def test_a_service_that_lists_no_member_though_an_apply_put_some_in_is_suspected() -> None:
    """All are added again, with the setting that helps if it goes on."""
    plan = plan_of([*LIVE, HIDDEN])

    assert [("add_members", ("user/ann", "user/bob"))] == moves(plan)
    [problem] = [problem for problem in plan.problems if problem.code == "members_hidden"]
    assert ("warning", "if it never lists them, add `quirks: [hides_members]` to the tenant") == (
        problem.severity,
        problem.hint,
    )


@pytest.mark.parametrize(
    ("live", "applied"),
    [
        ([HIDDEN], None),
        ([HIDDEN], ""),
        ([HIDDEN, live_group("other", ["ann"])], "ann"),
        ([live_group("desk")], "ann"),
    ],
    ids=["no apply", "an apply without members", "another lists some", "an empty list"],
)
def test_an_empty_group_is_no_reason_for_suspicion(live: list[LiveUser | LiveGroup], applied: str | None) -> None:
    """A service may leave out an empty list (RFC 7643 section 2.5)."""
    plan = plan_of([*LIVE, *live], members="ann", applied=applied)

    assert [] == [problem for problem in plan.problems if problem.code == "members_hidden"]


def unlisted(user: LiveUser) -> LiveUser:
    return replace(user, lists_active=False)


@pytest.mark.parametrize(
    ("live", "quirks", "warned"),
    [
        ([LIVE[0], LIVE[1], unlisted(LIVE[2])], [], True),
        ([LIVE[0], LIVE[1], unlisted(LIVE[2])], ["active_absent_is_true"], False),
        ([LIVE[0], LIVE[1], unlisted(LIVE[2])], ["active_absent_is_false"], False),
        ([LIVE[0], live_user("bob", active=False), unlisted(LIVE[2])], [], False),
        ([*map(unlisted, LIVE)], [], False),
        (LIVE, [], False),
    ],
    ids=["all others active", "declared active", "declared inactive", "inactive ones are listed", "never", "always"],
)
def test_users_without_active_beside_active_ones_are_named(
    live: list[LiveUser | LiveGroup], quirks: list[Quirk], *, warned: bool
) -> None:
    """The service may leave `active` out where it is false: a reader can't know."""
    problems = [problem for problem in plan_of(live, *quirks).problems if problem.code == "active_unlisted"]

    assert ([("warning", True)] if warned else []) == [
        (one.severity, "active_absent_is_false" in (one.hint or "")) for one in problems
    ]


def test_a_targeted_read_is_too_small_to_judge_a_service_by() -> None:
    """Of a few users and groups each may lack what others have."""
    few = Certificate("targeted", 3, 1, 2)
    head = desired_state(*PEOPLE, desired_group("desk", ["ann"]))
    live = live_state(*LIVE[:2], unlisted(LIVE[2]), HIDDEN, certificate=few)
    gathered = PlanInput(head, live, Tenant(url="sandbox"), Guardrails(), date(2026, 3, 31), Earlier(head, head))

    assert {"members_hidden", "active_unlisted"}.isdisjoint(
        problem.code for problem in make_plan(gathered).plan.problems
    )
