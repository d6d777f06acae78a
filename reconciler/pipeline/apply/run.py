"""One apply: begin on record, plan, hold the plan against what was approved, execute, end on record."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import click

from reconciler.core.approval.carried import open_after
from reconciler.core.approval.closing import Ended
from reconciler.core.approval.coverage import Approval
from reconciler.core.changes.notification import RunResult
from reconciler.core.changes.outcome import Outcome, Run, count_active_after
from reconciler.core.changes.plan import Plan, has_errors
from reconciler.core.changes.plan_notes import is_refusal
from reconciler.core.declarations.tenant import SANDBOX
from reconciler.core.safety.guardrails import count_population
from reconciler.core.safety.limits import effects_of
from reconciler.core.safety.make_plan import MadePlan
from reconciler.core.scim.wire import DIALECTS
from reconciler.core.targeting.reading import ReadRequest
from reconciler.errors import Refused
from reconciler.pipeline.account.connect import connect, read_token
from reconciler.pipeline.account.connections import Connections
from reconciler.pipeline.account.roles import connect_rest
from reconciler.pipeline.apply.approvals import approve, find_applied_since, join_plans, print_refused, refuse_all
from reconciler.pipeline.apply.begun_apply import (
    BegunApply,
    begin_apply,
    extend_begin,
    find_own_begin,
    name_run,
    stands,
)
from reconciler.pipeline.apply.execution import Bounds, Deadline, carry_out, open_channel
from reconciler.pipeline.desired.current_state import Head, say
from reconciler.pipeline.notifications import Declined, ending_of
from reconciler.pipeline.output import print_result
from reconciler.pipeline.plan.reading import Account, How, Past, focus_head, is_all_that_waits, plan_account, read_asked
from reconciler.pipeline.provisioning_log import open_log, record_run
from reconciler.pipeline.record.history import History, find_base, with_front
from reconciler.pipeline.record.tenant_record import RecordMode
from reconciler.pipeline.workspace import Options
from reconciler.report.render import Format, render_plan, render_run
from reconciler.settings import Settings

DONE, FAILED, REFUSED = 0, 1, 4
PARTIAL = "This apply is partial: it was about some keys, and what else git asks for waits for the next apply."
NOT_PUSHED = (
    "Error: the end of this apply can't be pushed ({}). It is on record in this clone: push it with "
    "`reconciler ownership push`, or the next apply does; nothing is done twice"
)


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """What the command line asks for. `confirm` says that a person is asked before anything is sent."""

    files: tuple[Path, ...]
    base: str | None
    read_request: ReadRequest
    form: Format
    confirm: bool
    all_or_nothing: bool
    max_duration: int | None
    record: RecordMode

    @property
    def how(self) -> How:
        """How the account is read."""
        return How(self.read_request.read, keeps_focus=bool(self.read_request.only) or bool(self.files))


@dataclass(frozen=True, slots=True)
class _Planned:
    """A plan, what it was made from, and the connections by which the account was read."""

    made: MadePlan
    account: Account
    past: Past
    lines: Connections

    @property
    def plan(self) -> Plan:
        """The plan."""
        return self.made.plan


@dataclass(frozen=True, slots=True)
class _Applied:
    """What an apply came to."""

    planned: _Planned
    run: Run
    approval: Approval
    created: Mapping[str, str] = field(default_factory=dict)  # live ids by key

    @property
    def settled(self) -> bool:
        """Whether the account is what git says, as far as the plan goes."""
        return self.run.whole and not self.approval.refused and not has_errors(self.planned.plan)


@dataclass(slots=True)
class ApplyRun:
    """One apply of a head. `approved` is what may run; it is all of the plan where that is empty."""

    options: Options
    head: Head
    asked: ApplyOptions
    settings: Settings
    history: History
    approved: list[Plan]
    sent: bool = field(default=False)

    def run(self) -> tuple[int, RunResult]:
        """Applies, and puts it on record where anything may be sent."""
        if (self.asked.confirm or stands(self.history)) and (ended := self._look_first()) is not None:
            return ended
        if self.head.commit is None:
            say(self.options, "Not on record: the desired state is not committed. Users who leave it are not noticed.")
            return self._end(asyncio.run(self._apply(None)), None)
        begun = self._begin()
        with self._abandoned_if_nothing_was_sent(begun):
            applied = asyncio.run(self._apply(begun))
        return self._end(applied, begun)

    def _look_first(self) -> tuple[int, RunResult] | None:
        """Plans before anything is on record: a person is asked, and where there is nothing to do nothing is pushed."""
        planned = asyncio.run(self._plan_only())
        shows = bool(planned.plan.changes) and self.asked.confirm
        if shows or not planned.plan.applyable:
            click.echo(render_plan(planned.plan, "text"), err=True)
            refuse_unless_applyable(planned.plan)
        if shows and not _confirmed(self.head.tenant_name):
            raise Declined("not confirmed: nothing was done (use --yes where no person can answer)")
        if shows:
            self.approved = [planned.plan]
        if not stands(self.history) or (approval := self._approve(planned)).to_run:
            return None
        if self.options.verbosity >= 0 and not shows:
            click.echo(render_plan(planned.plan, "text"), err=True)
        if approval.dropped:
            with open_log(self.options, self.settings) as log:
                record_run(log, self.head, planned.plan, approval.dropped, self.settings)
        return self._end(_Applied(planned, _make_run(planned, approval.not_run, 0, None), approval), None)

    def _begin(self) -> BegunApply:
        if self.head.tenant.url != SANDBOX:
            read_token(self.head, self.settings)  # without one nothing can be done: nothing is put on record
        run = name_run(self.options, self.settings)
        if self.asked.record == "local":
            begun = find_own_begin(self.history, run)
        else:
            begun = begin_apply(self.history, run, self.asked.max_duration)
        self.history = replace(self.history, record=replace(self.history.record, history=begun.history))
        return begun

    @contextmanager
    def _abandoned_if_nothing_was_sent(self, begun: BegunApply) -> Iterator[None]:
        try:
            yield
        except BaseException:
            if not self.sent:
                begun.abandon()
            raise

    async def _plan_only(self) -> _Planned:
        async with AsyncExitStack() as stack:
            return await self._plan(stack)

    async def _plan(self, stack: AsyncExitStack) -> _Planned:
        """Reads the account and plans, from what is on record."""
        client = await connect(stack, self.options, self.head, self.settings)
        rest = await connect_rest(stack, self.head, self.settings, client)
        planned_so = any(plan.read.mode == "targeted" for plan in self.approved)
        targeted = planned_so or self.asked.read_request.looks_for_difference
        past = Past(find_base(self.history, self.asked.base, front=targeted), self.history)
        head = focus_head(self.options, self.head, past, self.asked.read_request, join_plans(self.approved))
        lines = Connections(client, rest)
        account = await read_asked(lines, self.options, head, past, self.asked.how)
        past = past if targeted else replace(past, base=with_front(self.history, past.base))
        return _Planned(plan_account(account, past), account, past, lines)

    async def _apply(self, begun: BegunApply | None) -> _Applied:
        async with AsyncExitStack() as stack:
            planned = await self._plan(stack)
            # what is refused is shown first
            if self.options.verbosity >= 0 or not planned.plan.applyable:
                click.echo(render_plan(planned.plan, "text"), err=True)
            refuse_unless_applyable(planned.plan)
            approval = self._approve(planned)
            if approval.refused and self.asked.all_or_nothing:
                raise refuse_all(approval)
            log = stack.enter_context(open_log(self.options, self.settings))
            recorder = record_run(log, self.head, planned.plan, approval.dropped, self.settings)
            begun = self._extend(begun, planned) if begun else None

            before = planned.lines.requests
            channel = open_channel(planned.lines, DIALECTS[self.head.tenant.dialect], recorder)
            self.sent = bool(approval.to_run)
            bounds = Bounds(tuple(self._deadlines(begun)), self.options.verbosity)
            done = await carry_out(planned.lines, channel, planned.made, approval, bounds)
            if done.outcomes:
                say(self.options, f"On record: reconciler log --run {recorder.run}")
        requests = planned.lines.requests - before
        run = _make_run(planned, (*done.outcomes, *approval.not_run), requests, done.stopped)
        return _Applied(planned, run, approval, done.created)

    def _approve(self, planned: _Planned) -> Approval:
        """What may run, by the approved plans and by what the last applies left open."""
        account, base = planned.account, planned.past.base
        since = find_applied_since(self.history, self.approved)
        for digest, serial in since.used.items():
            say(self.options, f"The plan {digest[:19]} was applied by #{serial}: only what that left open may run.")
        return approve(account.head, base, planned.made, account.live, self.approved, since=since)

    def _extend(self, begun: BegunApply, planned: _Planned) -> BegunApply:
        """A plan that takes longer than the begin allows says so on record, before it sends anything."""
        needed = 2 * planned.plan.cost.seconds
        if self.asked.max_duration is not None or self.asked.record == "local" or needed <= begun.seconds_left:
            return begun
        return extend_begin(begun, needed)

    def _deadlines(self, begun: BegunApply | None) -> list[Deadline]:
        most = self.asked.max_duration
        given = [Deadline(most, f"--max-duration {most} s is over")] if most else []
        leased = [Deadline(begun.seconds_left, f"it may send until {begun.record.until} only")] if begun else []
        return [*given, *leased]

    def _end(self, applied: _Applied, begun: BegunApply | None) -> tuple[int, RunResult]:
        """Leaves the end on record before anything is printed, for the reader may have gone."""
        code = _exit_of(applied)
        ended = self._ended(applied, begun) if begun else None
        if ended is not None and ended.only:
            say(self.options, PARTIAL)
        try:
            pushed = begun.end(ended) if begun and ended else None
        finally:
            print_result(render_run(applied.run, self.asked.form))
        if pushed is not None and pushed.state != "done":
            click.echo(NOT_PUSHED.format(pushed.words), err=True)
            code = code or FAILED
        refused = len(applied.approval.refused)
        ending = replace(ending_of("apply", self.head), run=applied.run, settled=applied.settled, not_approved=refused)
        return code, ending

    def _ended(self, applied: _Applied, begun: BegunApply) -> Ended:
        planned = applied.planned
        outcomes = applied.run.outcomes
        done = [one.change for one in outcomes if one.status == "applied"]
        base, head = planned.past.base, planned.account.head
        active = count_population(planned.account.live, base.population).users
        whole = head.desired.selection is None or is_all_that_waits(head, base)
        return Ended(
            plan=planned.plan,
            decided=planned.made.decided,
            desired=head.desired,
            outcomes=outcomes,
            settled=applied.settled,
            only=bool(self.asked.read_request.only) or not whole,
            open=open_after(applied.approval, outcomes, begun.record.salt, begun.record.serial - 1),
            effects=effects_of(done, self.head.guardrails, first_apply=not base.applied),
            population=count_active_after(active, outcomes),
            ignored=len(planned.made.decided.ignored),
            created=applied.created,
            plans=tuple(plan.digest for plan in self.approved) if self.asked.files else (),
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


def _confirmed(tenant: str) -> bool:
    """Whether a person said yes; an end of input is no."""
    try:
        return click.confirm(f"Apply this to {tenant}?", err=True)
    except click.Abort:
        return False


def refuse_unless_applyable(plan: Plan) -> None:
    """Raises Refused, with every reason, where a plan must not be carried out. It has been printed already."""
    refusing = tuple(problem for problem in plan.problems if is_refusal(problem))
    if not plan.applyable:
        raise Refused("; ".join(map(str, refusing)) or "this plan can't be applied", refusing)


def _exit_of(applied: _Applied) -> int:
    if applied.approval.refused:
        print_refused(applied.approval)
        return REFUSED
    return DONE if applied.settled else FAILED
