"""The input of a plan → the Plan: changes decided, guardrails checked, convergence simulated, cost counted.

Every command makes its plan here. The input is one value, so that the same plan can be made again from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from reconciler.core.changes.asked import NEVER_ASKED, AskedBefore
from reconciler.core.changes.plan import Change, Cost, Plan, ReadSummary, digest_of, order_changes
from reconciler.core.changes.plan_notes import NamedResource, RecordNote
from reconciler.core.changes.redact import redact_change, redact_plan
from reconciler.core.comparison.assumed_members import assume_members
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.limit_exceptions import pass_by_exception
from reconciler.core.declarations.redaction import Redaction
from reconciler.core.declarations.tenant import Guardrails, Tenant
from reconciler.core.model.amounts import few
from reconciler.core.model.states import Certificate, DesiredState, LiveState
from reconciler.core.ownership.evidence import NO_EVIDENCE, Evidence
from reconciler.core.planner.effective_roles import list_effective_roles
from reconciler.core.planner.planner import Decisions, decide_changes
from reconciler.core.planner.schedule import make_schedule
from reconciler.core.safety.asked_before import warn_of_asked_before
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
    """All inputs of a plan. `commit` and `base` are the revisions of `desired` and of `earlier.base`.

    `evidence` shows which users and groups are owned, and `record` is the plan's note from the record of applies.
    `population` is the number of active users after the last apply, if that is on record. `done` counts the effects of
    applies within `guardrails.within`, by the name of the guardrail. `first_apply` is true if no complete apply is on
    record: this one may adopt a whole account. `refusals` are problems of the record that refuse an apply. `asked` is
    what earlier applies asked for and the service did not do.
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
    asked: AskedBefore = NEVER_ASKED


@dataclass(frozen=True, slots=True)
class MadePlan:
    """The plan, and the decisions with the live ids that its apply needs."""

    plan: Plan
    decided: Decisions


def make_plan(gathered: PlanInput) -> MadePlan:
    """Returns the plan for the input. Equal inputs give the same plan, whatever their order."""
    if "hides_members" in gathered.tenant.quirks and not gathered.first_apply:
        gathered = replace(gathered, live=assume_members(gathered.desired, gathered.earlier, gathered.live))
    decided = decide_changes(gathered.desired, gathered.live, gathered.tenant, gathered.earlier, gathered.evidence)
    exceeded = _check_guardrails(gathered, decided)
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
            warn_of_asked_before(
                decided.changes, gathered.asked, gathered.desired, gathered.redaction, gathered.tenant.quirks
            ),
        ),
    )
    resources = (*gathered.live.users, *gathered.live.groups, *gathered.desired)
    return MadePlan(redact_plan(plan, gathered.redaction, (resource.attributes for resource in resources)), decided)


def _check_guardrails(gathered: PlanInput, decided: Decisions) -> list[Problem]:
    """Returns a problem for each guardrail that the plan exceeds, and warnings of earlier breaches."""
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
    """Returns the unresolved users and groups."""
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
    """Returns the note; a plan of selected keys repeats the counts of unresolved and ignored users on record."""
    evidence, all_keys = gathered.evidence, gathered.desired.selection is None
    counts = (
        {"unsettled": 0, "ignored": 0}
        if all_keys
        else {
            "unsettled": evidence.unsettled,
            "ignored": evidence.ignored,
        }
    )
    return gathered.record and gathered.record.model_copy(update=counts)


def _adoptions(gathered: PlanInput, decided: Decisions) -> list[Problem]:
    """Names the users and groups that an apply of the plan makes owned: a user who then leaves git loses access.

    Empty if no earlier apply is known, because then it holds for all users and groups.
    """
    adopted = [str(key) for key in decided.ownership.adopted]
    if not adopted or not _has_the_last_apply(gathered):
        return []
    message = f"already in the account, and not covered by an apply yet: {few(adopted, MOST_NAMED)}"
    hint = "an apply of this plan makes them owned: a user who leaves git after it loses access"
    return [Problem("adopts", message, None, hint, severity="info")]


def _has_the_last_apply(gathered: PlanInput) -> bool:
    """Whether the evidence includes the last apply; it may not, if no user or group is in question."""
    serials = {record.serial for state in gathered.evidence for record in state.records}
    last = gathered.record.serial if gathered.record else max(serials, default=None)
    return last is not None and last in serials


def _digest_as_read(changes: Sequence[Change], redaction: Redaction) -> str:
    """Returns the digest that reports show and an exception names: that of the redacted changes."""
    return digest_of(order_changes(redact_change(change, redaction) for change in changes))


def _is_applyable(gathered: PlanInput) -> bool:
    """Whether the input allows an apply: a complete read, not from a snapshot, with known evidence and no refusal."""
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
    """Returns the requests and seconds of an apply. SCIM and REST are separate hosts with a pace each, used at once."""
    units = make_schedule(decided.changes, tenant.roles_via)
    over_rest = sum(unit.requests for unit in units if unit.steps[0].via == "permissions")
    requests = sum(unit.requests for unit in units)
    seconds = max(seconds_needed(some, tenant.windows) for some in (requests - over_rest, over_rest))
    return Cost(requests=requests, seconds=seconds)


def _faults(certificate: Certificate) -> list[Problem]:
    again = "plan again with --read full" if certificate.mode == "targeted" else "plan again"
    hint = f"{again}; a plan from an incomplete read is not applied"
    return [
        Problem("incomplete_read", f"the read is not complete: {fault}", None, hint) for fault in certificate.faults
    ]


_GRAVITY = {"error": 0, "warning": 1, "info": 2}


def _in_order(*gathered: Iterable[Problem]) -> tuple[Problem, ...]:
    """Sorts the problems: errors first, then by source, code and message, so that the order of inputs has no effect."""
    return tuple(
        sorted(
            {problem for problems in gathered for problem in problems},
            key=lambda problem: (_GRAVITY[problem.severity], str(problem.source or ""), problem.code, problem.message),
        )
    )
