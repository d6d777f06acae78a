"""`apply`: plan again, hold it against the approved plan, execute, write the receipt."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import click

from reconciler.apply.execute import Channel, Log, RolesChannel, Stop, execute
from reconciler.cli.account import connect
from reconciler.cli.approved import approve, join_plans, load_approved, print_refused, refuse_all
from reconciler.cli.history import find_base
from reconciler.cli.line import Base, Head, gather, load_head, now_in_utc, say
from reconciler.cli.main import Options
from reconciler.cli.notify import Declined, ending_of, tell_of
from reconciler.cli.output import print_result
from reconciler.cli.people import connect_rest
from reconciler.cli.plan import FORMATS, as_of_option, base_option, dependencies_option, only_option, read_option
from reconciler.cli.private import open_log, record_run
from reconciler.cli.progress import Progress
from reconciler.cli.reading import How, Ways, focus_head, is_all_that_waits, read_asked
from reconciler.cli.trace import trace
from reconciler.collector import collector_off
from reconciler.core.approval.coverage import Approval
from reconciler.core.guardrails import count_population
from reconciler.core.make_plan import Made, make_plan
from reconciler.core.model import LiveState
from reconciler.core.notification import Ending
from reconciler.core.outcome import Outcome, Run, count_active_after, count_statuses
from reconciler.core.plan import Plan
from reconciler.core.reading import ReadMode, Wish
from reconciler.core.receipt import Receipt
from reconciler.core.steps import make_steps
from reconciler.core.wire import DIALECTS, Dialect
from reconciler.desired.git import FETCH_ALL
from reconciler.desired.receipts import write_receipt
from reconciler.errors import Failed, ReconcilerError, Refused
from reconciler.live.client import Client
from reconciler.live.rest import RestLine
from reconciler.report.render import Format, render_plan, render_run
from reconciler.settings import read_settings

DONE, FAILED, REFUSED = 0, 1, 4
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class _Applied:
    plan: Plan
    run: Run
    live: LiveState
    approval: Approval
    all_that_waits: bool


@click.command()
@click.argument("files", metavar="[FILE]...", type=click.Path(path_type=Path), nargs=-1)
@base_option
@as_of_option
@click.option("--yes", is_flag=True, help="Don't ask; without FILE and without this, the plan is confirmed.")
@click.option("--all-or-nothing", is_flag=True, help="With FILE: do nothing if anything was not approved.")
@click.option("--max-duration", type=click.IntRange(min=1), metavar="SECONDS", help="Take no new change after that.")
@click.option("--format", "form", type=FORMATS, default="text", show_default=True)
@only_option
@dependencies_option
@read_option
@click.pass_obj
def apply(
    options: Options,
    files: tuple[Path, ...],
    base: str | None,
    as_of: date | None,
    *,
    read: ReadMode,
    only: tuple[str, ...],
    with_dependencies: bool,
    yes: bool,
    all_or_nothing: bool,
    max_duration: int | None,
    form: Format,
) -> int:
    """Plan again and carry it out. With FILE, only the effects that one of these plans shows."""
    head = load_head(options, as_of)
    asked = _Asked(files, base, Wish(read, only, with_dependencies, base is not None), form)
    keeps_focus = bool(only) or bool(files)
    limits = _Limits(not yes and not files, all_or_nothing, max_duration, How(read, keeps_focus), options.verbosity)
    return tell_of(options, head, "apply", lambda: _plan_and_apply(options, head, asked, limits))


@dataclass(frozen=True, slots=True)
class _Asked:
    files: tuple[Path, ...]
    base: str | None
    wish: Wish
    form: Format


def _plan_and_apply(options: Options, head: Head, asked: _Asked, limits: _Limits) -> tuple[int, Ending]:
    """The exit code, and how it ended for those who were not there."""
    if not head.tenant.enabled:
        raise Refused(
            f"provisioning to {head.tenant_name} is disabled: set `enabled: true` in git, and have it reviewed"
        )
    approved = load_approved(asked.files)
    earlier = find_base(head, asked.base)
    if earlier.cut_off:
        raise Refused(
            f"this clone is shallow and lacks what was applied to {head.tenant_name} last, so who left git since would "
            f"keep their access for good: {FETCH_ALL}"
        )
    head = focus_head(head, earlier, asked.wish, join_plans(approved))

    applied = asyncio.run(_apply(options, head, earlier, approved, limits))

    try:
        _leave_receipt(options, head, earlier, applied)  # before printing: whoever reads may have gone
    finally:
        print_result(render_run(applied.run, asked.form))
    refused = len(applied.approval.refused)
    ending = replace(ending_of("apply", head), run=applied.run, settled=_is_whole(applied), not_approved=refused)
    return _exit_of(applied), ending


@dataclass(frozen=True, slots=True)
class _Limits:
    ask: bool
    all_or_nothing: bool
    max_duration: int | None
    how: How
    verbosity: int


async def _apply(options: Options, head: Head, base: Base, approved: tuple[Plan, ...], limits: _Limits) -> _Applied:
    async with AsyncExitStack() as stack:
        settings = read_settings()
        client = await connect(stack, options, head, settings)
        rest = await connect_rest(stack, head, settings, client)
        account = await read_asked(Ways(client, rest), options, head, base, limits.how)
        live, head = account.live, account.head
        with collector_off():
            made = make_plan(gather(head, base, live))
            made = replace(made, plan=trace(head, base, made.plan))
        asks = limits.ask and bool(made.plan.changes)
        # nobody is asked about, or refused, what is not shown
        if options.verbosity >= 0 or asks or not made.plan.applyable:
            click.echo(render_plan(made.plan, "text"), err=True)

        refuse_unless_applyable(made.plan)
        approval = approve(head, base, made, live, approved)
        if approval.refused and limits.all_or_nothing:
            raise refuse_all(approval)
        log = stack.enter_context(open_log(options, settings))
        if asks and not _confirmed(head.tenant_name):
            raise Declined("not confirmed: nothing was done (where nobody can be asked, say --yes)")

        lines = _Lines(client, rest)
        before = lines.requests
        recorder = record_run(log, head, made.plan, approval.dropped, settings)
        channel = lines.channel(DIALECTS[head.tenant.dialect], recorder)
        outcomes, stopped = await _execute(lines, channel, made, approval, limits)
        if outcomes:
            say(options, f"On record: reconciler log --run {recorder.run}")
    run = Run(
        tenant=made.plan.tenant,
        commit=made.plan.commit,
        digest=made.plan.digest,
        outcomes=(*outcomes, *approval.not_run),
        requests=lines.requests - before,
        stopped=stopped,
    )
    return _Applied(made.plan, run, live, approval, is_all_that_waits(head, base))


def _confirmed(tenant: str) -> bool:
    """Whether a person said yes; an end of input is no."""
    try:
        return click.confirm(f"Apply this to {tenant}?", err=True)
    except click.Abort:
        return False


@dataclass(frozen=True, slots=True)
class _Lines:
    """The ways to the account: SCIM, and REST where roles take effect there."""

    scim: Client
    rest: RestLine | None

    @property
    def requests(self) -> int:
        return self.scim.requests + (self.rest.requests if self.rest else 0)

    @property
    def clients(self) -> list[Client]:
        return [self.scim, *([self.rest.client] if self.rest else [])]

    def hurry(self, event: asyncio.Event) -> None:
        self.scim.hurry = event
        if self.rest:
            self.rest.hurry(event)

    def channel(self, dialect: Dialect, log: Log) -> Channel:
        roles = RolesChannel(self.rest.client.send, self.rest.account) if self.rest else None
        return Channel(self.scim.send, dialect, log, roles)


async def _execute(
    lines: _Lines, channel: Channel, made: Made, approval: Approval, limits: _Limits
) -> tuple[tuple[Outcome, ...], str | None]:
    stop = Stop()
    lines.hurry(stop.event)
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, stop.set, f"interrupted by {number.name}")
    if limits.max_duration:
        loop.call_later(limits.max_duration, stop.set, f"--max-duration {limits.max_duration} s is over")
    progress = Progress(len(approval.to_run))
    requests = sum(step.requests for step in make_steps(approval.to_run, "permissions" if lines.rest else "scim"))
    async with progress.watched(*lines.clients, requests=requests, verbosity=limits.verbosity):
        outcomes = await execute(approval.to_run, made.decided.ids, channel, stop, progress.tell)
    for number in SIGNALS:  # from here to the end: what was done leaves its receipt, however impatient somebody is
        loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_IGN)
    return outcomes, stop.reason


def refuse_unless_applyable(plan: Plan) -> None:
    """Raises Refused, with every reason, where a plan must not be carried out. It has been printed already."""
    refusing = tuple(problem for problem in plan.problems if problem.code in {"guardrail", "incomplete_read"})
    if not plan.applyable:
        raise Refused("; ".join(map(str, refusing)) or "this plan can't be applied", refusing)


def _leave_receipt(options: Options, head: Head, base: Base, applied: _Applied) -> None:
    """The record that git keeps; none where what was applied is not a commit."""
    if applied.approval.refused and not applied.approval.to_run:
        return  # nothing ran
    if head.repository is None or head.commit is None:
        say(options, "No receipt: the desired state is not committed, so what leaves git later can't be noticed.")
        return
    receipt = Receipt(
        at=now_in_utc().isoformat(timespec="milliseconds"),
        tenant=head.tenant_name,
        url=head.tenant.url,
        commit=head.commit,
        digest=applied.plan.digest,
        outcome="whole" if _is_whole(applied) and applied.all_that_waits else "partial",
        counts=count_statuses(applied.run.outcomes),
        population=count_active_after(count_population(applied.live, base.population).users, applied.run.outcomes),
    )
    if not applied.all_that_waits:
        say(options, "The receipt is partial: the plan was about some keys, and git says more than was applied so far.")
    try:
        write_receipt(head.repository, receipt)
    except ReconcilerError as error:
        raise Failed(
            f"carried out as told, but no receipt could be left ({error}): apply again once that is mended; "
            "nothing is done twice"
        ) from error


def _is_whole(applied: _Applied) -> bool:
    """Whether the account is what git says, as far as the plan goes. What is left open must not be forgotten."""
    unsettled = any(problem.severity == "error" for problem in applied.plan.problems)
    return applied.run.whole and not applied.approval.refused and not unsettled


def _exit_of(applied: _Applied) -> int:
    if applied.approval.refused:
        print_refused(applied.approval)
        return REFUSED
    return DONE if _is_whole(applied) else FAILED
