"""Gathers the inputs of a plan into one value."""

from __future__ import annotations

from reconciler.core.model.states import LiveState
from reconciler.core.ownership.evidence import NO_EVIDENCE, Evidence
from reconciler.core.safety.make_plan import PlanInput
from reconciler.core.targeting.selection import warn_of_selection
from reconciler.pipeline.desired.current_state import CurrentState, token_problems
from reconciler.pipeline.provisioning_log import read_asked_before
from reconciler.pipeline.record.prior_state import PriorState


def gather(current: CurrentState, prior: PriorState, live: LiveState, evidence: Evidence = NO_EVIDENCE) -> PlanInput:
    """Returns the inputs of a plan."""
    asked, unreadable = read_asked_before(current)
    return PlanInput(
        desired=current.desired,
        live=live,
        tenant=current.tenant,
        guardrails=current.guardrails,
        as_of=current.today,
        earlier=prior.earlier,
        commit=current.commit,
        base=prior.commit,
        population=prior.population,
        problems=(
            *prior.problems,
            *token_problems(current),
            *unreadable,
            *warn_of_selection(current.desired, prior.earlier, everything_read=live.certificate.mode != "targeted"),
        ),
        redaction=current.redaction,
        evidence=evidence,
        record=prior.record,
        done=prior.done,
        first_apply=not prior.applied,
        refusals=prior.refusals,
        asked=asked,
    )
