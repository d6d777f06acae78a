"""Separation of duties: a new breach refuses the plan and names where each role comes from; an earlier one warns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pytest

from reconciler.core.access.compile import compile_state
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.declared import Declarations, DeclaredAssignment
from reconciler.core.declarations.tenant import Guardrails, SeparateDuties
from reconciler.core.model.resources import LiveUser
from reconciler.core.model.states import DesiredState
from reconciler.core.planner.effective_roles import list_effective_roles
from reconciler.core.planner.planner import decide_changes
from reconciler.core.safety.duties import check_duties, warn_of_breaches
from reconciler.errors import Problem, Source
from tests.core.examples import (
    SANDBOX,
    assignment,
    declarations,
    declared_group,
    declared_user,
    desired_state,
    desired_user,
    evidence_of,
    live_state,
    live_user,
)

TODAY = date(2026, 3, 31)
BOOKS = SeparateDuties(roles=["auditor", "key_contact"], reason="SOX 4.2")
GROUPS = [declared_group("desk", ["group/night"]), declared_group("night", ["ann"])]
BOTH = [assignment("auditor", groups=["desk"]), assignment("key_contact", "ann")]


def world(*assignments: DeclaredAssignment, rules: Iterable[SeparateDuties] = (BOOKS,)) -> Declarations:
    declared = declarations([declared_user("ann", displayName="Ann Lee"), declared_user("bob")], GROUPS, assignments)
    return replace(declared, guardrails=Guardrails(separation_of_duties=[*rules]))


def compiled(*assignments: DeclaredAssignment) -> DesiredState:
    return compile_state(world(*assignments), "production", TODAY)


def judge(desired: DesiredState, live: Iterable[LiveUser] = (), earlier: Earlier = Earlier()) -> list[Problem]:  # noqa: B008  # frozen
    account = live_state(*live)
    decided = decide_changes(desired, account, SANDBOX, earlier, evidence_of(earlier))
    return check_duties([BOOKS], list_effective_roles(decided, account), desired, earlier)


def test_who_newly_holds_two_roles_that_are_apart_is_told_with_the_way_each_comes() -> None:
    """With the rule's own reason, at the line of a role that is new."""
    [problem] = judge(compiled(*BOTH), [live_user("ann", roles=["auditor"])])

    assert (
        "separation_of_duties: ann@example.com (user/ann) would hold key_contact and auditor (SOX 4.2): "
        "key_contact directly [desired-state/roles.yaml:5]; "
        "auditor through desk → night [desired-state/roles.yaml:5]"
    ) == problem.message
    assert ("guardrail", "error", Source("desired-state/roles.yaml", 5)) == (
        problem.code,
        problem.severity,
        problem.source,
    )
    assert "remove one of the assignments: no user may hold two of auditor, key_contact" == problem.hint


@pytest.mark.parametrize(
    ("live", "severity"),
    [
        ([], "error"),
        ([live_user("ann")], "error"),
        ([live_user("ann", roles=["key_contact"])], "error"),
        ([live_user("ann", active=False, roles=["auditor", "key_contact"])], "error"),
        ([live_user("ann", roles=["auditor", "key_contact"])], "warning"),
        ([live_user("ann", roles=["auditor", "key_contact", "specialist"])], "warning"),
    ],
)
def test_what_the_account_holds_already_refuses_nothing(live: list[LiveUser], severity: str) -> None:
    """The roles of an inactive user have no effect."""
    assert [severity] == [problem.severity for problem in judge(compiled(*BOTH), live)]


@pytest.mark.parametrize(
    ("earlier", "severity"),
    [
        (Earlier(), "error"),
        (Earlier(base=compiled(BOTH[0]), applied=compiled(BOTH[1])), "error"),
        (Earlier(base=compiled(*BOTH)), "warning"),
        (Earlier(base=compiled(), applied=compiled(*BOTH)), "warning"),
    ],
)
def test_what_git_gave_before_refuses_nothing(earlier: Earlier, severity: str) -> None:
    """At the base, or when it was last applied; one role at each is not both."""
    assert [severity] == [problem.severity for problem in judge(compiled(*BOTH), earlier=earlier)]


def test_a_rule_that_is_kept_says_nothing() -> None:
    """One of the roles, an expired one, or no user in scope."""
    assert [] == judge(compiled(BOTH[0]))
    assert [] == judge(compiled(BOTH[0], assignment("key_contact", "ann", expires=date(2026, 3, 30))))
    assert [] == judge(desired_state(desired_user("ann", in_scope=False)), [live_user("ann", roles=["auditor"])])


def test_where_git_gives_no_roles_those_of_the_account_count() -> None:
    """They take effect again when the user is reactivated."""
    held = ["auditor", "key_contact"]
    [back] = judge(desired_state(desired_user("ann")), [live_user("ann", active=False, roles=held)])
    [stranger] = judge(desired_state(), [live_user("zoe", roles=held)])

    assert ("error", None) == (back.severity, back.source)
    assert back.message.endswith("auditor already in the account; key_contact already in the account")
    assert ("warning", True) == (stranger.severity, "zoe@example.com (id/id-zoe) holds auditor" in stranger.message)


def test_what_this_plan_can_not_write_yet_is_judged_all_the_same() -> None:
    """Two who could be one are left alone, and git gives them what it gives."""
    twice = [live_user("ann"), replace(live_user("ann"), id="id-other")]

    assert ["error"] == [problem.severity for problem in judge(compiled(*BOTH), twice)]


def test_ten_are_named_and_the_others_counted() -> None:
    """Of what is new and of what is old."""
    names = [f"u{number:02}" for number in range(25)]
    desired = desired_state(*(desired_user(name, roles=BOOKS.roles) for name in names))
    problems = judge(desired, [live_user(name, roles=BOOKS.roles) for name in names[:12]])

    assert 10 + 1 + 10 + 1 == len(problems)
    assert [("guardrail", "separation_of_duties: 3 more like these")] == [
        (one.code, one.message) for one in problems if "more" in one.message and one.severity == "error"
    ]


def test_of_git_alone_a_breach_is_a_warning() -> None:
    """Only a plan can show whether it is new; each assignment is named."""
    given = [*BOTH, assignment("auditor", "ann", "bob"), assignment("specialist", "bob")]
    [problem] = warn_of_breaches(compiled(*given).breaches)

    assert (
        "separation_of_duties: Ann Lee (user/ann) is given auditor and key_contact (SOX 4.2): "
        "auditor through desk → night [desired-state/roles.yaml:5] and directly [desired-state/roles.yaml:5]; "
        "key_contact directly [desired-state/roles.yaml:5]"
    ) == problem.message.replace("ann@example.com", "Ann Lee")
    assert ("separation_of_duties", "warning") == (problem.code, problem.severity)
    assert () == compile_state(world(*BOTH, rules=()), "production", TODAY).breaches


def test_a_rule_without_a_reason_gives_none() -> None:
    """No empty brackets."""
    rule = SeparateDuties(roles=["auditor", "key_contact"])
    [breach] = compile_state(world(*BOTH, rules=[rule]), "production", TODAY).breaches

    assert "is given auditor and key_contact: auditor" in warn_of_breaches([breach])[0].message
