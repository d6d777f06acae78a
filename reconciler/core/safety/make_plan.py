"""Everything that was gathered → the Plan: decided, held against the guardrails, tried on the simulator, priced.

The one way to a Plan, for every command. What it needs is one value, so that a plan can be made again from the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from reconciler.core.changes.plan import Change, Cost, Plan, ReadSummary, digest_of, order_changes
from reconciler.core.changes.plan_notes import NamedResource, RecordNote
from reconciler.core.changes.redact import redact_change, redact_plan
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.limit_exceptions import pass_by_exception
from reconciler.core.declarations.redaction import Redaction
from reconciler.core.declarations.tenant import Guardrails, Tenant
from reconciler.core.model.amounts import few
from reconciler.core.model.states import Certificate, DesiredState, LiveState
from reconciler.core.ownership.evidence import NO_EVIDENCE, Evidence
from reconciler.core.planner.effective_roles import list_effective_roles
from reconciler.core.planner.planner import Decisions, decide_changes
from reconciler.core.planner.steps import make_steps
from reconciler.core.safety.converge import check_convergence
from reconciler.core.safety.duties import check_duties
from reconciler.core.safety.guardrails import (
    check_last_holders,
    check_limits,
    check_own_user,
    check_population,
    check_privileged_grants,
    check_protected,
    count_population,
)
from reconciler.core.scim.pace import seconds_needed
from reconciler.errors import Problem

MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class PlanInput:
    """All that a plan is made from. `commit` and `base` are the revisions that `desired` and `earlier.base` are of.

    `evidence` says who was ours, and `record` what the record of applies says for the plan.
    `population` is how many active users the account had after the last apply, where that is on record. `done` is what
    the applies within `guardrails.within` did, by the name of the guardrail that limits it; `first_apply` says that no
    apply was whole before this one, which may adopt a whole account. `refusals` are what the record of applies has
    against an apply of this plan.
    """

    desired: DesiredState
    live: LiveState
    tenant: Tenant
    guardrails: Guardrails
    as_of: date
    earlier: Earlier = Earlier()  # noqa: RUF009  # frozen, and empty
    commit: str | None = None
    base: str | None = None
    population: int | None = None
    problems: tuple[Problem, ...] = ()
    redaction: Redaction = Redaction()  # noqa: RUF009  # frozen, and empty
    evidence: Evidence = NO_EVIDENCE
    record: RecordNote | None = None
    done: Mapping[str, int] = field(default_factory=dict)
    first_apply: bool = False
    refusals: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class MadePlan:
    """The plan, and the live id of every key that has one, which applying it needs."""

    plan: Plan
    decided: Decisions


def make_plan(gathered: PlanInput) -> MadePlan:
    """The same things gathered make the same plan, in whatever order they came."""
    decided = decide_changes(gathered.desired, gathered.live, gathered.tenant, gathered.earlier, gathered.evidence)
    exceeded = _held_against_guardrails(gathered, decided)
    unsettled = check_convergence(gathered.desired, gathered.live, gathered.tenant, gathered.earlier, decided)
    certificate = gathered.live.certificate
    plan = Plan(
        tenant=gathered.desired.tenant,
        url=gathered.tenant.url,
        commit=gathered.commit,
        base=gathered.base,
        as_of=gathered.as_of.isoformat(),
        applyable=_is_applyable(gathered) and not _refuse(exceeded),
        converges=not unsettled,
        read=_read_summary(certificate),
        cost=_cost(decided, gathered.tenant),
        changes=decided.changes,
        unmanaged=decided.unmanaged,
        skipped=decided.skipped,
        named=_named(decided),
        record=_record_note(gathered),
        problems=_in_order(
            *(gathered.refusals, gathered.problems, gathered.desired.problems, _faults(certificate)),
            *(decided.problems, _adoptions(gathered, decided), exceeded, unsettled),
        ),
    )
    resources = (*gathered.live.users, *gathered.live.groups, *gathered.desired)
    return MadePlan(redact_plan(plan, gathered.redaction, (one.attributes for one in resources)), decided)


def _held_against_guardrails(gathered: PlanInput, decided: Decisions) -> list[Problem]:
    """Every guardrail that the plan exceeds, and warnings of what exceeded one before."""
    guardrails, population = gathered.guardrails, count_population(gathered.live, gathered.population)
    effective_roles = list_effective_roles(decided, gathered.live)
    limits = [
        *check_limits(decided.changes, guardrails, population, gathered.done, first_apply=gathered.first_apply),
        *check_privileged_grants(effective_roles, guardrails, population, gathered.done),
    ]
    digest = _digest_as_read(decided.changes, gathered.redaction) if guardrails.exceptions else ""
    return [
        *pass_by_exception(limits, digest, guardrails, gathered.as_of),
        *check_protected(decided.changes, guardrails),
        *check_last_holders(effective_roles, guardrails, population),
        *check_own_user(decided.changes, gathered.live),
        *check_population(population, gathered.population, guardrails),
        *check_duties(guardrails.separation_of_duties, effective_roles, gathered.desired, gathered.earlier),
    ]


def _named(decided: Decisions) -> tuple[NamedResource, ...]:
    """The users and groups in doubt."""
    return tuple(
        NamedResource(
            kind=doubt.kind,
            id=doubt.id,
            name=doubt.name,
            verdict=doubt.verdict,
            key=doubt.key,
            witnesses=doubt.witnesses,
            settle=doubt.settle,
        )
        for doubt in decided.ownership.doubts
        if doubt.verdict != "leaver"
    )


def _record_note(gathered: PlanInput) -> RecordNote | None:
    """The note; a plan that does not look at everybody repeats how many users are not settled."""
    evidence, everybody = gathered.evidence, gathered.desired.selection is None
    counts = (
        {"unsettled": 0, "ignored": 0}
        if everybody
        else {
            "unsettled": evidence.unsettled,
            "ignored": evidence.ignored,
        }
    )
    return gathered.record and gathered.record.model_copy(update=counts)


def _adoptions(gathered: PlanInput, decided: Decisions) -> list[Problem]:
    """Says of whom an apply of the plan makes users and groups of ours: they leave with git from then on.

    Nothing where nobody is known to have been ours before: then that goes for everybody.
    """
    adopted = [str(key) for key in decided.ownership.adopted]
    if not adopted or not _has_the_last_apply(gathered):
        return []
    message = f"in the account already, and covered by no apply yet: {few(adopted, MOST_NAMED)}"
    hint = "from the apply of this plan on they are ours: who leaves git then loses access"
    return [Problem("adopts", message, None, hint, severity="info")]


def _has_the_last_apply(gathered: PlanInput) -> bool:
    """Whether the evidence has what the last apply covers: it need not, where nobody is in question."""
    serials = {record.serial for state in gathered.evidence for record in state.records}
    last = gathered.record.serial if gathered.record else max(serials, default=None)
    return last is not None and last in serials


def _digest_as_read(changes: Sequence[Change], redaction: Redaction) -> str:
    """The digest that people see of the plan, and name in an exception: that of what may be read."""
    return digest_of(order_changes(redact_change(change, redaction) for change in changes))


def _is_applyable(gathered: PlanInput) -> bool:
    """Whether what the plan was made from allows an apply: a complete read of the account that is on record."""
    certificate = gathered.live.certificate
    read = certificate.complete and certificate.mode != "snapshot"
    return read and gathered.evidence.known and not _refuse(gathered.refusals)


def _refuse(exceeded: Iterable[Problem]) -> bool:
    return any(problem.severity == "error" for problem in exceeded)


def _read_summary(certificate: Certificate) -> ReadSummary:
    return ReadSummary(
        mode=certificate.mode,
        complete=certificate.complete,
        users=certificate.users,
        groups=certificate.groups,
        requests=certificate.requests,
    )


def _cost(decided: Decisions, tenant: Tenant) -> Cost:
    """What applying takes; SCIM and REST are hosts of their own, each with its pace, and asked at once."""
    steps = make_steps(decided.changes, tenant.roles_via)
    over_rest = sum(step.requests for step in steps if step.via == "permissions")
    requests = sum(step.requests for step in steps)
    seconds = max(seconds_needed(some, tenant.windows) for some in (requests - over_rest, over_rest))
    return Cost(requests=requests, seconds=seconds)


def _faults(certificate: Certificate) -> list[Problem]:
    again = "plan again with --read full" if certificate.mode == "targeted" else "plan again"
    hint = f"{again}; nothing is applied from a read that is not complete"
    return [
        Problem("incomplete_read", f"the read is not complete: {fault}", None, hint) for fault in certificate.faults
    ]


_GRAVITY = {"error": 0, "warning": 1, "info": 2}


def _in_order(*gathered: Iterable[Problem]) -> tuple[Problem, ...]:
    """Errors first; then by place and words, so that the order things were gathered in does not show."""
    return tuple(
        sorted(
            {problem for problems in gathered for problem in problems},
            key=lambda one: (_GRAVITY[one.severity], str(one.source or ""), one.code, one.message),
        )
    )
