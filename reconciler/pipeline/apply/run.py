"""Runs one apply: records its begin, plans, compares the plan with the approved plans, executes, records its end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace

from reconciler.core.approval.closing import Ended
from reconciler.core.approval.coverage import Approval
from reconciler.core.changes.outcome import Outcome, Run, count_active_after
from reconciler.core.changes.plan import Plan, has_errors
from reconciler.core.declarations.tenant import SANDBOX
from reconciler.core.safety.guardrails import count_population
from reconciler.core.safety.limits import effects_of
from reconciler.core.safety.make_plan import MadePlan
from reconciler.desired.records.exchange import Pushed
from reconciler.pipeline.account.connect import connect, read_token
from reconciler.pipeline.account.connections import Connections
from reconciler.pipeline.account.roles import connect_rest
from reconciler.pipeline.apply.approvals import (
    Approved,
    approve,
    find_approved,
    join_plans,
    refuse_all,
    refuse_unless_applyable,
    warn_of_refused,
)
from reconciler.pipeline.apply.begun_apply import (
    BegunApply,
    begin_apply,
    extend_begin,
    find_nothing_to_apply,
    find_own_begin,
    is_settled,
    lock_clone,
    name_run,
    refuse_disabled,
    refuse_unrecorded,
    warn_unless_pushed,
)
from reconciler.pipeline.apply.execution import Bounds, Deadline, carry_out, make_link_wait, open_channel, read_within
from reconciler.pipeline.apply.old_runs import refuse_old_run
from reconciler.pipeline.apply.request import ApplyRequest, ApplyResult
from reconciler.pipeline.apply.signals import ignore_signals, interrupt_on_signals
from reconciler.pipeline.desired.current_state import CurrentState
from reconciler.pipeline.notifications import Declined
from reconciler.pipeline.plan.reading import (
    AccountRead,
    Past,
    covers_all_changes,
    plan_account,
    read_account_for,
    select_state,
)
from reconciler.pipeline.provisioning_log import open_log, record_run
from reconciler.pipeline.record.history import History, open_history
from reconciler.pipeline.record.prior_state import find_prior_state, with_front
from reconciler.report.render import render_plan

PARTIAL = "This apply was partial: it was about some keys. The next apply carries out the other pending changes."


def apply_state(current: CurrentState, request: ApplyRequest) -> ApplyResult:
    """Plans again and carries out the plan, or only the effects that an approved plan shows.

    Raises Refused if the tenant is disabled, the plan must not be applied, or the apply can't be recorded.
    """
    refuse_disabled(current)
    refuse_unrecorded(current)
    with lock_clone(current.workspace, current.tenant_name), open_history(current, request.record) as history:
        history.raise_unknown()
        approved = find_approved(history, request.approved, request.approvals, current.workspace.warn)
        nothing = find_nothing_to_apply(history, approved)
        if nothing is not None and (nothing.later or request.approvals is not None):
            return _end_early(current, request, nothing.reason)
        if request.record == "remote":
            refuse_old_run(history)
        return ApplyRun(current, request, history, approved).run()


def _end_early(current: CurrentState, request: ApplyRequest, reason: str) -> ApplyResult:
    """Returns an empty result of an apply that has nothing to do, for which the account is not read."""
    current.workspace.log(f"Nothing to do: {reason}")
    run = Run(tenant=current.tenant_name, commit=current.commit, digest="", outcomes=(), requests=0)
    request.report(run)
    return ApplyResult(run, settled=True)


@dataclass(frozen=True, slots=True)
class _Planned:
    """A plan, with the account, the past and the connections that it was made from."""

    made: MadePlan
    account: AccountRead
    past: Past
    connections: Connections

    @property
    def plan(self) -> Plan:
        """The plan."""
        return self.made.plan


@dataclass(frozen=True, slots=True)
class _Applied:
    """The outcome of an apply, with its plan."""

    planned: _Planned
    run: Run
    approval: Approval
    created: Mapping[str, str] = field(default_factory=dict)  # live ids by key
    logged: str | None = field(default=None)  # the run's name in the provisioning log, if anything was attempted

    @property
    def settled(self) -> bool:
        """Whether the account is as git declares it, as far as the plan goes."""
        return self.run.whole and not self.approval.refused and not has_errors(self.planned.plan)


@dataclass(slots=True)
class ApplyRun:
    """One apply of a current state; `approved` decides which effects may run."""

    current: CurrentState
    request: ApplyRequest
    history: History
    approved: Approved
    sent: bool = field(default=False)
    began: float = field(default=0.0)

    def run(self) -> ApplyResult:
        """Applies, and records begin and end if any request may change the account.

        The approvals of a merge are recorded even if nothing is to do, because this apply uses them up.
        """
        repeats = is_settled(self.history) and not (self.approved.union and self.approved.has_changes)
        if (self.request.confirm is not None or repeats) and (result := self._plan_first()) is not None:
            return result
        if self.current.commit is None:
            self.current.workspace.log(
                "This apply is not on record, because the desired state is not committed: leavers will not be found. "
                "Commit the files and apply again."
            )
            return self._end(asyncio.run(self._apply(None)), None)
        interrupt_on_signals()
        begun = self._begin()
        with self._abandoned_if_nothing_was_sent(begun):
            applied = asyncio.run(self._apply(begun))
        return self._end(applied, begun)

    def _plan_first(self) -> ApplyResult | None:
        """Plans before the begin is recorded, so that a person can confirm and an empty apply pushes nothing.

        Returns None if the apply must go on.
        """
        planned, workspace = asyncio.run(self._plan_only()), self.current.workspace
        confirm = self.request.confirm if planned.plan.changes else None
        if confirm is not None or not planned.plan.applyable:
            workspace.warn(render_plan(planned.plan, "text"))
            refuse_unless_applyable(planned.plan)
        if confirm is not None and not confirm(planned.plan):
            raise Declined("the plan was not confirmed, so nothing was done (if no person can answer, use --yes)")
        if confirm is not None and not self.approved.limited:
            self.approved = Approved((planned.plan,), limited=True)
        if not is_settled(self.history) or (approval := self._approve(planned)).to_run:
            return None
        if confirm is None:
            workspace.log(render_plan(planned.plan, "text"))
        if approval.dropped:
            with open_log(workspace) as log:
                record_run(log, self.current, planned.plan, approval.dropped)
        return self._end(_Applied(planned, _make_run(planned, approval.not_run, 0, None), approval), None)

    def _begin(self) -> BegunApply:
        if self.current.tenant.url != SANDBOX:
            read_token(self.current)  # without a token nothing can be applied, so nothing must be recorded
        run = name_run(self.current.workspace)
        if self.request.record == "local":
            begun = find_own_begin(self.history, run)
        else:
            begun = begin_apply(self.history, run, self.request.max_duration)
        self.history = replace(self.history, record=replace(self.history.record, history=begun.history))
        return begun

    @contextmanager
    def _abandoned_if_nothing_was_sent(self, begun: BegunApply) -> Iterator[None]:
        try:
            yield
        except BaseException:
            if not self.sent:
                ignore_signals()
                warn_unless_pushed(self.current.workspace, begun.abandon())
            raise

    async def _plan_only(self) -> _Planned:
        async with AsyncExitStack() as stack:
            return await self._plan(stack)

    async def _plan(self, stack: AsyncExitStack) -> _Planned:
        """Reads the account and plans, with the history on record."""
        client = await connect(stack, self.current)
        rest = await connect_rest(stack, self.current, client)
        approved_targeted = any(plan.read.mode == "targeted" for plan in self.approved.plans)
        targeted = approved_targeted or self.request.read_request.looks_for_difference
        past = Past(find_prior_state(self.history, self.request.base, front=targeted), self.history)
        current = select_state(self.current, past, self.request.read_request, join_plans(self.approved.plans))
        connections = Connections(client, rest)
        async with read_within(self.request.max_duration):
            account = await read_account_for(connections, current, past, self.request.read_options)
        past = past if targeted else replace(past, prior=with_front(self.history, past.prior))
        return _Planned(plan_account(account, past), account, past, connections)

    async def _apply(self, begun: BegunApply | None) -> _Applied:
        self.began = asyncio.get_running_loop().time()
        async with AsyncExitStack() as stack:
            planned = await self._plan(stack)
            workspace = self.current.workspace
            show = workspace.log if planned.plan.applyable else workspace.warn  # a refused plan is shown first
            show(render_plan(planned.plan, "text"))
            refuse_unless_applyable(planned.plan)
            approval = self._approve(planned)
            if approval.refused and self.request.all_or_nothing:
                raise refuse_all(approval)
            log = stack.enter_context(open_log(workspace))
            recorder = record_run(log, self.current, planned.plan, approval.dropped)
            begun = self._extend(begun, planned) if begun else None

            before = planned.connections.requests
            wait = make_link_wait(self.request.wait_for_people, planned.account, approval)
            channel = open_channel(planned.connections, planned.account.current, recorder, wait)
            self.sent = bool(approval.to_run)
            bounds = Bounds(tuple(self._deadlines(begun)), workspace.progress)
            done = await carry_out(planned.connections, channel, planned.made, approval, bounds)
            for advice in channel.forms.advice():
                workspace.log(advice)
        requests = planned.connections.requests - before
        run = _make_run(planned, (*done.outcomes, *approval.not_run), requests, done.stopped)
        return _Applied(planned, run, approval, done.created, recorder.run if done.outcomes else None)

    def _approve(self, planned: _Planned) -> Approval:
        """Returns the changes that may run, by the approved plans and by what the last applies left open."""
        return approve(self.approved, self.history, planned.account, planned.made, planned.past)

    def _extend(self, begun: BegunApply, planned: _Planned) -> BegunApply:
        """Extends the time on record, before any change is sent, for a plan that takes longer."""
        waits = any(change.awaits_person for change in planned.plan.changes)
        needed = 2 * planned.plan.cost.seconds + waits * self.request.wait_for_people
        if self.request.max_duration is not None or self.request.record == "local" or needed <= begun.seconds_left:
            return begun
        return extend_begin(begun, needed)

    def _deadlines(self, begun: BegunApply | None) -> list[Deadline]:
        most, used = self.request.max_duration, asyncio.get_running_loop().time() - self.began
        given = [Deadline(most - used, f"--max-duration {most} s is over")] if most else []
        sends = [Deadline(begun.seconds_left, f"its time to send ended at {begun.record.until}")] if begun else []
        return [*given, *sends]

    def _end(self, applied: _Applied, begun: BegunApply | None) -> ApplyResult:
        """Records the end even if a note can't be written, and before the outcome is reported."""
        ended = self._make_end(applied, begun) if begun else None
        try:
            self._note(applied, ended)
        finally:
            pushed = self._record_and_report(applied.run, begun, ended)
        not_pushed = warn_unless_pushed(self.current.workspace, pushed)
        return ApplyResult(applied.run, applied.settled, tuple(applied.approval.refused), not_pushed)

    def _note(self, applied: _Applied, ended: Ended | None) -> None:
        workspace = self.current.workspace
        if applied.logged is not None:
            workspace.log(f"Each attempt is logged: reconciler log --run {applied.logged}")
        warn_of_refused(applied.approval, workspace.warn)
        if ended is not None and ended.only:
            workspace.log(PARTIAL)

    def _record_and_report(self, run: Run, begun: BegunApply | None, ended: Ended | None) -> Pushed | None:
        try:
            return begun.end(ended) if begun and ended else None
        finally:
            self.request.report(run)

    def _make_end(self, applied: _Applied, begun: BegunApply) -> Ended:
        planned, outcomes = applied.planned, applied.run.outcomes
        done = [outcome.change for outcome in outcomes if outcome.took_effect]
        prior, current = planned.past.prior, planned.account.current
        active = count_population(planned.account.live, prior.population).users
        whole = current.desired.selection is None or covers_all_changes(current, prior)
        only = bool(self.request.read_request.only) or not whole
        return Ended(
            plan=planned.plan,
            decided=planned.made.decided,
            desired=current.desired,
            outcomes=outcomes,
            settled=applied.settled,
            only=only,
            open=begun.find_open(applied.approval, outcomes, only=only),
            effects=effects_of(done, self.current.guardrails, first_apply=not prior.applied),
            population=count_active_after(active, outcomes),
            ignored=len(planned.made.decided.ignored),
            created=applied.created,
            plans=self.approved.digests if self.request.limited else (),
        )


def _make_run(planned: _Planned, outcomes: tuple[Outcome, ...], requests: int, stopped: str | None) -> Run:
    plan = planned.plan
    return Run(
        tenant=plan.tenant,
        commit=plan.commit,
        digest=plan.digest,
        outcomes=outcomes,
        requests=requests,
        stopped=stopped,
        named=len(plan.named),
    )
