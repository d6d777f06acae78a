"""The input becomes a plan: changes decided, guardrails checked, convergence simulated, cost counted."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial

import pytest

from reconciler.core.access.compile import compile_state
from reconciler.core.changes.plan import Cost, Plan, ReadSummary
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.redaction import Redaction
from reconciler.core.declarations.tenant import Guardrails, Limit, LimitException, Rate, SeparateDuties, Tenant, Window
from reconciler.core.model.resources import LiveGroup, LiveUser
from reconciler.core.model.states import Certificate
from reconciler.core.safety.make_plan import PlanInput, make_plan
from reconciler.errors import Problem, Source
from tests.core.examples import (
    SANDBOX,
    clause,
    declarations,
    declared_group,
    declared_user,
    desired_group,
    desired_state,
    desired_user,
    evidence_of,
    live_group,
    live_state,
    live_user,
)

DESIRED = desired_state(desired_user("ann", {"title": "Senior"}), desired_user("bob"), desired_group("desk", ["bob"]))
LIVE = live_state(live_user("ann"), live_user("zoe"))
BEFORE = Earlier(desired_state(desired_user("ann")))
GATHERED = PlanInput(DESIRED, LIVE, SANDBOX, Guardrails(), date(2026, 3, 31), commit="c0ffee", base="decade")


def test_a_plan_says_what_it_is_a_plan_of() -> None:
    """The tenant and its address, the revisions, the day, and how the account was read."""
    plan = make_plan(GATHERED).plan

    assert ("production", "sandbox", "c0ffee", "decade", "2026-03-31") == (
        plan.tenant,
        plan.url,
        plan.commit,
        plan.base,
        plan.as_of,
    )
    assert ReadSummary(mode="full", complete=True, users=2, groups=0, requests=2) == plan.read
    assert (True, True) == (plan.applyable, plan.converges)
    assert {"create_user": 1, "update_user": 1, "create_group": 1} == plan.summary
    assert ["id-zoe"] == [one.id for one in plan.unmanaged]


def test_a_plan_counts_its_cost_in_requests() -> None:
    """One for each resource written, at the tenant's pace."""
    slow = Tenant.model_validate({"url": "sandbox", "rate": {"burst": "1 per 5s"}})

    assert Cost(requests=3, seconds=0.0) == make_plan(GATHERED).plan.cost
    assert Cost(requests=3, seconds=10.0) == make_plan(replace(GATHERED, tenant=slow)).plan.cost


def test_the_ids_that_apply_needs_come_with_the_plan() -> None:
    """And are not in it."""
    made = make_plan(GATHERED)

    assert {"user/ann": "id-ann"} == made.decided.ids
    assert made.plan.changes == made.decided.changes


@pytest.mark.parametrize(
    ("certificate", "applyable", "codes"),
    [
        (Certificate("full", 2, 0, 2), True, []),
        (Certificate("snapshot", 2, 0, 0), False, []),
        (Certificate("full", 2, 0, 2, ("page 2 is missing",)), False, ["incomplete_read"]),
        (Certificate("full", 2, 0, 2, ("a", "b")), False, ["incomplete_read", "incomplete_read"]),
    ],
)
def test_a_plan_from_a_read_that_is_not_complete_is_shown_and_can_not_be_applied(
    certificate: Certificate,
    applyable: bool,  # noqa: FBT001
    codes: list[str],
) -> None:
    """A plan from a saved state can't be applied either."""
    plan = make_plan(replace(GATHERED, live=replace(LIVE, certificate=certificate))).plan

    assert (applyable, 3) == (plan.applyable, len(plan.changes))
    assert codes == [problem.code for problem in plan.problems]
    assert not certificate.faults or "the read is not complete: " in plan.problems[0].message


def test_a_guardrail_refuses_and_never_trims() -> None:
    """The changes are all there, and the plan can't be applied."""
    strict = Guardrails(max_deactivations=Limit(count=0))
    gathered = replace(GATHERED, desired=desired_state(desired_user("ann", in_scope=False)), guardrails=strict)
    plan = make_plan(gathered).plan

    assert (False, ["deactivate_user"]) == (plan.applyable, [change.action for change in plan.changes])
    assert ["guardrail"] == [problem.code for problem in plan.problems]


def test_the_limits_on_who_holds_what_and_on_the_population_refuse_too() -> None:
    """An earlier breach of a rule is a warning, and refuses nothing."""
    rule = SeparateDuties(roles=["auditor", "key_contact"])
    strict = Guardrails(separation_of_duties=[rule], max_privileged_grants=Limit(count=0), privileged_roles=["auditor"])
    gathered = replace(GATHERED, desired=desired_state(desired_user("ann", roles=rule.roles)), guardrails=strict)
    kept = replace(gathered, live=live_state(live_user("ann", roles=rule.roles)))
    fewer = replace(GATHERED, population=100)

    refused = make_plan(gathered).plan
    assert (False, ["max_privileged_grants", "separation_of_duties"]) == (
        refused.applyable,
        [problem.message.partition(":")[0] for problem in refused.problems],
    )
    assert (True, ["warning"]) == (
        make_plan(kept).plan.applyable,
        [one.severity for one in make_plan(kept).plan.problems],
    )
    assert (False, ["guardrail"]) == (
        make_plan(fewer).plan.applyable,
        [one.code for one in make_plan(fewer).plan.problems],
    )


def test_a_plan_that_would_not_settle_says_so() -> None:
    """An item without a value is nothing that 4me keeps."""
    labels: dict[str, str | bool | int | float] = {"type": "work"}
    user = desired_user("ann", {"emails": [labels]})
    plan = make_plan(replace(GATHERED, desired=desired_state(user))).plan

    assert plan.converges is False
    assert ["does_not_converge"] == [problem.code for problem in plan.problems]


def test_problems_come_errors_first_and_each_once() -> None:
    """From any part of the plan; then by source and words."""

    def problem(code: str, line: int, severity: str) -> Problem:
        return Problem(code, "x", Source("people.yaml", line), severity=severity)  # type: ignore[arg-type]

    info, warning, second, first = (
        problem("info", 1, "info"),
        problem("warning", 1, "warning"),
        problem("second", 2, "error"),
        problem("first", 1, "error"),
    )
    desired = replace(DESIRED, problems=(info, second, warning))

    plan = make_plan(replace(GATHERED, desired=desired, problems=(second, first))).plan
    assert (first, second, warning, info) == plan.problems


def test_an_account_that_is_as_it_should_be_makes_an_empty_plan() -> None:
    """Which converges, costs nothing, and is a plan."""
    plan = make_plan(replace(GATHERED, desired=desired_state(desired_user("ann")))).plan

    assert ((), Cost(requests=0, seconds=0.0), True) == (plan.changes, plan.cost, plan.converges)


def test_who_left_git_is_known_from_what_was_applied() -> None:
    """Without an applied state no user is treated as a leaver."""
    gathered = replace(GATHERED, desired=desired_state())
    before = replace(gathered, earlier=BEFORE, evidence=evidence_of(BEFORE))

    assert {} == make_plan(gathered).plan.summary
    assert {"deactivate_user": 1} == make_plan(before).plan.summary


def test_roles_over_rest_cost_requests_of_their_own_at_the_same_time() -> None:
    """Two hosts, each with its pace: what takes longer is what it takes."""
    rate = Rate(burst=Window(1, 2))
    tenant = Tenant(url="sandbox", roles_via="permissions", rate=rate)
    names = ("ann", "bob", "cid")
    live = live_state(
        *(replace(live_user(name), person=f"3{number}", roles_looked_up=True) for number, name in enumerate(names))
    )
    desired = desired_state(
        desired_user("ann", {"title": "x"}), *(desired_user(name, roles=["auditor"]) for name in names[1:])
    )
    plan = make_plan(replace(GATHERED, desired=desired, live=live, tenant=tenant)).plan

    assert ({"update_user": 1, "grant_roles": 2}, Cost(requests=3, seconds=2.0)) == (plan.summary, plan.cost)


def test_twice_the_company_takes_twice_the_calls() -> None:
    """Counted, not timed: no group looks at everybody, however its members are chosen, and no change at all of them."""
    half, whole = (_count_calls(partial(_plan_company, count)) for count in (200, 400))

    assert whole <= 2.1 * half


def _plan_company(count: int) -> None:
    """As many groups as people, chosen by name, by a clause and by nesting, of which one in ten has lost a member."""
    everyone = Tenant(url="sandbox", scope="all")
    users = [declared_user(f"u{one}", department=f"d{one % 20}") for one in range(count)]
    by_name = [declared_group(f"n{one}", [f"u{one}", f"u{(one * 7) % count}"]) for one in range(0, count, 3)]
    by_clause = [
        declared_group(f"c{one}", ["u1"], [clause("department", "EQUALS", "none"), clause("title", "EQUALS", "x")])
        for one in range(0, count, 3)
    ]
    nesting = [declared_group(f"o{one}", [f"group/n{one}"]) for one in range(0, count, 3)]
    desired = compile_state(
        declarations(users, [*by_name, *by_clause, *nesting], tenant=everyone), "production", date(2026, 3, 31)
    )
    account: list[LiveUser | LiveGroup] = [
        *(live_user(one.key.name, one.attributes) for one in desired.users.values()),
        *(
            live_group(one.key.name, sorted(member.name for member in one.members or ())[at % 10 == 0 :])
            for at, one in enumerate(desired.groups.values())
        ),
    ]
    assert make_plan(replace(GATHERED, desired=desired, live=live_state(*account))).plan.changes


def _count_calls(work: Callable[[], None]) -> int:
    """How many functions were called, ours and Python's own."""
    calls = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


def test_what_earlier_applies_did_counts_and_the_first_apply_may_adopt() -> None:
    """Both are known from the record of applies."""
    leaving = replace(GATHERED, desired=desired_state(desired_user("ann", in_scope=False)))
    limits = Guardrails(max_deactivations=Limit(count=5), max_adoptions=Limit(count=0))
    found = LiveUser("id-ann", {"userName": "ann@example.com"}, active=True)
    adopting = replace(GATHERED, desired=desired_state(desired_user("ann")), live=live_state(found), guardrails=limits)

    def messages(gathered: PlanInput) -> list[str]:
        problems = make_plan(gathered).plan.problems
        return [problem.message.partition(":")[0] for problem in problems if problem.code != "adoption"]

    assert [] == messages(replace(leaving, guardrails=limits, done={"max_deactivations": 4}))
    assert ["max_deactivations"] == messages(replace(leaving, guardrails=limits, done={"max_deactivations": 5}))
    assert ["max_adoptions"] == messages(adopting)
    assert [] == messages(replace(adopting, first_apply=True))


@pytest.mark.parametrize("redaction", [Redaction(), Redaction(("title",), b"key")], ids=["as it is", "redacted"])
def test_one_plan_passes_the_limits_by_the_digest_that_people_read(redaction: Redaction) -> None:
    """And nothing but the limits: the protected stay, as they would without it."""
    desired = desired_state(desired_user("ann", {"title": "Head", "userName": "anne@example.com"}))
    none = Guardrails(max_updates=Limit(count=0))
    gathered = replace(GATHERED, desired=desired, guardrails=none, redaction=redaction)
    refused = make_plan(gathered).plan
    exception = LimitException(plan=refused.digest, reason="CHG-77", expires=GATHERED.as_of)

    def allowed(**more: object) -> Plan:
        limits = none.model_copy(update={"exceptions": [exception], **more})
        return make_plan(replace(gathered, guardrails=limits)).plan

    assert (False, True, refused.digest) == (refused.applyable, allowed().applyable, allowed().digest)
    assert [("limit_exception", "info")] == [(one.code, one.severity) for one in allowed().problems]
    assert not allowed(protected=["user/ann"]).applyable
    assert not allowed(exceptions=[exception.model_copy(update={"plan": f"sha256:{'0' * 64}"})]).applyable
