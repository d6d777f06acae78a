"""Loads the approved plans of an apply, compares them with the fresh plan, and reports refused changes.

`core/approval` decides which changes run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.core.approval.carried import find_apply_of, list_open
from reconciler.core.approval.coverage import Approval, approve_all, compare_with_approved
from reconciler.core.approval.sources import InForce
from reconciler.core.approval.unplanned import AccountNow
from reconciler.core.changes.plan import Change, Plan, digest_of, order_changes, summarise
from reconciler.core.changes.plan_notes import is_refusal
from reconciler.core.model.states import DesiredState, LiveState
from reconciler.core.record.record import OpenAtom
from reconciler.core.safety.make_plan import MadePlan
from reconciler.errors import Problem, Refused
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.desired.current_state import CurrentState
from reconciler.pipeline.private_files import read_text
from reconciler.pipeline.record.history import History
from reconciler.pipeline.record.prior_state import PriorState
from reconciler.pipeline.saved_plans import read_plan
from reconciler.pipeline.workspace import Log


@dataclass(frozen=True, slots=True)
class AppliedSince:
    """The facts from the record of applies that approvals depend on.

    `open` are the atoms left open, each with the salt of its record; `applied` the states of git at the applied
    commits, with the serials of their applies. `used` are the digests of approved plans that an earlier apply used,
    with its serial: such a plan approves only the effects left open.
    """

    open: Sequence[tuple[str, OpenAtom]] = ()
    applied: Sequence[tuple[int, DesiredState]] = ()
    used: Mapping[str, int] = field(default_factory=dict)


NOT_ON_RECORD = AppliedSince()


def load_approved(files: Iterable[Path]) -> tuple[Plan, ...]:
    """Reads the approved plans; raises UsageError if a file is not a plan."""
    return tuple(read_plan(read_text(file), str(file)) for file in files)


def join_plans(plans: Sequence[Plan]) -> Plan | None:
    """Returns one plan with the changes of all, from which the keys to read are chosen; None without plans.

    It is targeted only if each plan is.
    """
    if not plans:
        return None
    changes = order_changes({change.id: change for plan in plans for change in plan.changes}.values())
    broadest = next((plan for plan in plans if plan.read.mode != "targeted"), plans[0])
    joined = {"changes": changes, "digest": digest_of(changes), "summary": summarise(changes)}
    return broadest.model_copy(update=joined)


def find_applied_since(history: History, approved: Sequence[Plan]) -> AppliedSince:
    """Returns the states applied since the oldest approved plan, and the effects that the last applies left open."""
    found, states = history.record.history, history.states
    serials = [plan.record.serial or 0 for plan in approved if plan.record is not None]
    open_atoms = list(list_open(found)) if approved else []
    oldest = min([*serials, *(atom.serial for _salt, atom in open_atoms)], default=found.next_serial)
    later = [entry.record for entry in found.entries if entry.record.serial > oldest]
    commits = {record.commit: record.serial for record in later if not record.abandoned}
    applied = [(serial, states.at(commit).state) for commit, serial in commits.items()]
    used = {plan.digest: serial for plan in approved if (serial := find_apply_of(plan, found)) is not None}
    return AppliedSince(open_atoms, [(serial, state) for serial, state in applied if state is not None], used)


def approve(  # noqa: PLR0913  # the facts that an approval is compared with
    current: CurrentState,
    prior: PriorState,
    made: MadePlan,
    live: LiveState,
    approved: Sequence[Plan],
    *,
    since: AppliedSince = NOT_ON_RECORD,
) -> Approval:
    """Returns the changes of a fresh plan that may run: those that approved plans cover, or all without such plans.

    Raises Refused if an approved plan is of another account or was not applyable.
    """
    if not approved:
        return approve_all(made.plan)
    today = now_in_utc().date()
    force = InForce(today, current.tenant.approvals, open=since.open, applied=since.applied, earlier=prior.earlier)
    account = AccountNow(made.plan, current.desired, live, made.decided, current.redaction)
    return compare_with_approved(
        made.plan, [plan for plan in approved if plan.digest not in since.used], force, account
    )


def refuse_unless_applyable(plan: Plan) -> None:
    """Raises Refused, with every reason, if a plan must not be applied. The plan has been shown already."""
    refusing = tuple(problem for problem in plan.problems if is_refusal(problem))
    if not plan.applyable:
        raise Refused("; ".join(map(str, refusing)) or "this plan can't be applied", refusing)


def refuse_all(approval: Approval) -> Refused:
    """Returns the refusal of an apply with --all-or-nothing, with the changes that no approved plan shows."""
    refused = list(map(describe_change, approval.refused))
    problems = tuple(Problem("not_approved", change) for change in refused)
    return Refused(
        f"--all-or-nothing was given, and no approved plan shows these changes: {', '.join(refused)}", problems
    )


def warn_of_refused(approval: Approval, warn: Log) -> None:
    """Warns of each refused change."""
    for change in approval.refused:
        warn(f"Refused, because no approved plan shows it: {describe_change(change)}")


def describe_change(change: Change) -> str:
    """Returns the key and the action of a change, for messages."""
    return f"{change.key} ({change.action})"
