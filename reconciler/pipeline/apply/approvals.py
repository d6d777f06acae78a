"""Loads the approved plans of an apply, compares them with the fresh plan, and reports refused changes.

`core/approval` decides which changes run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.core.approval.carried import find_apply_of, list_open
from reconciler.core.approval.coverage import Approval, approve_all, compare_with_approved
from reconciler.core.approval.reasons import CHANGED
from reconciler.core.approval.sources import InForce
from reconciler.core.approval.unplanned import AccountNow
from reconciler.core.changes.plan import Change, Plan, digest_of, order_changes, summarise
from reconciler.core.changes.plan_notes import is_refusal
from reconciler.core.model.states import DesiredState
from reconciler.core.record.record import MOST_PLANS, OpenAtom
from reconciler.core.safety.make_plan import MadePlan
from reconciler.errors import Problem, Refused
from reconciler.pipeline.apply.approvals_folder import ApprovalsFolder, count_plans_of
from reconciler.pipeline.apply.merged_union import MergedUnion, describe_uncounted
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.plan.reading import AccountRead, Past
from reconciler.pipeline.private_files import read_text
from reconciler.pipeline.record.history import History
from reconciler.pipeline.saved_plans import read_plan
from reconciler.pipeline.workspace import Log


@dataclass(frozen=True, slots=True)
class Approved:
    """The plans whose effects an apply may carry out, with the effects that earlier applies left open.

    If `limited` is false, the whole fresh plan may run. `union` is set if the plans were gathered for a merge.
    """

    plans: tuple[Plan, ...] = ()
    limited: bool = False
    union: MergedUnion | None = None

    @property
    def has_changes(self) -> bool:
        """Whether any plan approves an effect."""
        return any(plan.changes for plan in self.plans)

    @property
    def digests(self) -> tuple[str, ...]:
        """The digests of the plans, each once; the newest, if they are more than a record holds."""
        return tuple(dict.fromkeys(plan.digest for plan in self.plans))[-MOST_PLANS:]


def find_approved(
    history: History, plans: Sequence[Plan], folder: ApprovalsFolder | None, warn: Log | None = None
) -> Approved:
    """Returns the given plans, or those of a merge that count; without either, the whole fresh plan may run.

    Warns of each plan that does not count. Raises Refused if the approvals of a merge were gathered for another tenant
    or commit.
    """
    if folder is None:
        return Approved(tuple(plans), limited=bool(plans))
    counted = count_plans_of(folder, history.current, history.record.history)
    if warn is not None:
        for line in describe_uncounted(counted):
            warn(line)
    return Approved(counted.plans, limited=True, union=MergedUnion(counted, folder.merge.line, history))


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


def approve(approved: Approved, history: History, account: AccountRead, made: MadePlan, past: Past) -> Approval:
    """Returns the changes of a fresh plan that may run: those that plans or open effects cover, or all of them.

    Raises Refused if a plan that was given by hand is of another account or was not applyable.
    """
    if not approved.limited:
        return approve_all(made.plan)
    current, found, log = account.current, history.record.history, history.current.workspace.log
    valid = []
    for plan in approved.plans:
        if (serial := find_apply_of(plan, found)) is None:
            valid.append(plan)
        else:
            log(f"Apply #{serial} used the plan {plan.digest[:19]}: only the effects that it left open may run.")
    open_atoms = list(list_open(found))
    force = InForce(
        today=now_in_utc().date(),
        lasts=current.tenant.approvals,
        open=open_atoms,
        applied=find_applied_since(history, valid, open_atoms),
        earlier=past.prior.earlier.in_keys_of(current.desired),
    )
    now = AccountNow(made.plan, current.desired, account.live, made.decided, current.redaction)
    if approved.union is None:
        return compare_with_approved(made.plan, valid, force, now)
    approval = compare_with_approved(made.plan, valid, force, now, approved.union.asked(now))
    return approved.union.explain(approval, current, past.base_of(made.decided))


def find_applied_since(
    history: History, approved: Sequence[Plan], open_atoms: Iterable[tuple[str, OpenAtom]]
) -> list[tuple[int, DesiredState]]:
    """Returns the states of git at the commits applied since the oldest approval, with the serials of their applies."""
    found = history.record.history
    serials = [plan.record.serial or 0 for plan in approved if plan.record is not None]
    oldest = min([*serials, *(atom.serial for _salt, atom in open_atoms)], default=found.next_serial)
    later = [entry.record for entry in found.entries if entry.record.serial > oldest]
    commits = {record.commit: record.serial for record in later if not record.abandoned}
    applied = [(serial, history.states.at(commit).state) for commit, serial in commits.items()]
    return [(serial, state) for serial, state in applied if state is not None]


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
    for outcome in approval.not_run:
        if outcome.status == "refused":
            changed = outcome.detail.endswith(CHANGED)
            why = "the account changed since it was approved" if changed else "no approved plan shows it"
            warn(f"Refused, because {why}: {describe_change(outcome.change)}")


def describe_change(change: Change) -> str:
    """Returns the key and the action of a change, for messages."""
    return f"{change.key} ({change.action})"
