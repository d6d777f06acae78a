"""Reads an account as a command asks for it: all of it, or what a plan about some keys needs."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.collector import collector_off
from reconciler.core.changes.plan import Plan
from reconciler.core.comparison.link import link_account
from reconciler.core.model.states import LiveState
from reconciler.core.ownership.evidence import NO_EVIDENCE, Evidence
from reconciler.core.planner.planner import Decisions
from reconciler.core.safety.make_plan import MadePlan, PlanInput, make_plan
from reconciler.core.scim.wire import DIALECTS
from reconciler.core.targeting.lookup_planner import grow_selection, make_lookup_planner
from reconciler.core.targeting.reading import ReadMode, ReadRequest, choose_selection
from reconciler.core.targeting.selection import covers, select_difference
from reconciler.errors import Problem, UsageError
from reconciler.pipeline.account.connect import connect, read_live
from reconciler.pipeline.account.connections import Connections
from reconciler.pipeline.account.roles import connect_rest, read_roles, read_roles_of_asked
from reconciler.pipeline.account.snapshots import read_and_keep, read_incrementally
from reconciler.pipeline.desired.current_state import Base, Head, gather, say
from reconciler.pipeline.plan.origins import trace
from reconciler.pipeline.record.evidence import check_same_account, find_evidence, find_sample_keys
from reconciler.pipeline.record.history import History, find_full_reason
from reconciler.pipeline.workspace import Options
from reconciler.settings import read_settings

if TYPE_CHECKING:
    from reconciler.live.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Account:
    """What was read: the live state, all of it as answered (None where only some keys were read), and the head.

    The head's selection may have grown: what is needed and is not there is in it too. `evidence` is about the live state,
    and `refusals` say why it may not be applied to.
    """

    live: LiveState
    snapshot: Snapshot | None
    head: Head
    evidence: Evidence = NO_EVIDENCE
    refusals: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class How:
    """How to read, whether the plan keeps its selection where everything is read after all, and whether a snapshot is kept.

    One that is there is advanced in mode `incremental` alone.
    """

    mode: ReadMode
    keeps_focus: bool
    keeps_snapshot: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of the past when an account is read: `history` is None where nothing of it matters."""

    base: Base
    history: History | None = None

    @property
    def record(self) -> str:
        """What stands for the record, so that what was kept of an account is of use to that record alone."""
        return self.history.record.history.identity if self.history else ""

    def judge(self, head: Head, live: LiveState) -> tuple[Evidence, tuple[Problem, ...]]:
        """Returns the evidence about a live state, and why its account may not be applied to."""
        if self.history is None:
            return NO_EVIDENCE, ()
        evidence = find_evidence(self.history, head, self.base, live)
        return evidence, tuple(check_same_account(self.history, head, self.base, live))

    def base_of(self, decided: Decisions) -> Base:
        """Returns the base with the files of the commits that declared those who left: each leaver has a line there."""
        if self.history is None:
            return self.base
        ownership = decided.ownership
        commits = [*(one.commit for one in ownership.leavers), *(one.commit for one in ownership.groups)]
        states = [self.history.states.at(commit) for commit in dict.fromkeys(commits) if commit]
        loaded = {one.commit: one.loaded for one in states if one.loaded is not None}
        return replace(self.base, loaded={**self.base.loaded, **loaded})


def plan_account(account: Account, past: Past) -> MadePlan:
    """Returns the plan of an account that was read, each change with the line that it comes from."""
    with collector_off():
        made = make_plan(gather_account(account, past.base))
        return replace(made, plan=trace(account.head, past.base_of(made.decided), made.plan))


def gather_account(account: Account, base: Base) -> PlanInput:
    """All that a plan of an account is made from."""
    gathered = gather(account.head, base, account.live, account.evidence)
    cut = () if account.evidence.known else account.evidence.incomplete
    told = tuple(Problem("history_cut", one) for one in cut)
    return replace(gathered, refusals=(*gathered.refusals, *account.refusals), problems=(*gathered.problems, *told))


async def read_asked(lines: Connections, options: Options, head: Head, past: Past, how: How) -> Account:
    """The account as far as the head's selection goes. `auto` reads everything where look-ups can't be believed.

    The plan is then about everything too, unless it keeps its selection: on keys that were named, or on what was approved.
    """
    if head.desired.selection is None or how.mode in ("full", "incremental"):
        return await _read_everything(lines, options, head, past, how)
    from reconciler.live.targeted import read_targeted

    lookup_planner = make_lookup_planner(head.desired, past.base.earlier, find_sample_keys(past.history, head))
    targeted = await read_targeted(lines.scim, DIALECTS[head.tenant.dialect], lookup_planner)
    faults = targeted.live.certificate.faults
    if not faults or how.mode == "targeted":
        asked = replace(head, desired=targeted.desired)
        evidence, refusals = past.judge(asked, targeted.live)
        live = await read_roles_of_asked(lines.rest, asked, past.base.earlier, targeted.live, evidence)
        return Account(live, None, asked, evidence, refusals)
    say(options, f"Everything is read, because the keys can't be looked up alone: {faults[0]}")
    unfocused = head if how.keeps_focus else replace(head, desired=replace(head.desired, selection=None))
    everything = await _read_everything(lines, options, unfocused, past, how)
    whole = everything.live.certificate
    certificate = replace(whole, requests=whole.requests + targeted.live.certificate.requests)
    return replace(everything, live=replace(everything.live, certificate=certificate))


async def _read_everything(lines: Connections, options: Options, head: Head, past: Past, how: How) -> Account:
    if how.mode == "incremental":
        read = await read_incrementally(lines.scim, options, head, past.record)
    elif how.keeps_snapshot:
        read = await read_and_keep(lines.scim, options, head, past.record)
    else:
        read = await read_live(lines.scim, head)
    evidence, refusals = past.judge(head, read[0])
    live, snapshot = await read_roles(lines.rest, head, past.base.earlier, read, evidence)
    return Account(live, snapshot, grown(head, past.base, live), evidence, refusals)


def grown(head: Head, base: Base, live: LiveState) -> Head:
    """The head with what its selection needs and the account lacks in the selection, where it may grow."""
    if head.desired.selection is None:
        return head
    links = link_account(head.desired, base.earlier, live)
    everything = head.desired.users.keys() | head.desired.groups.keys()
    return replace(head, desired=grow_selection(head.desired, links, everything))


def focus_head(
    options: Options, head: Head, past: Past, read_request: ReadRequest, approved: Plan | None = None
) -> Head:
    """Returns the head with the selection that the command line asks for; without one where a part would not be enough.

    Where roles take effect over REST, a user who was linked since the last apply waits for roles though git changed
    nothing: a plan about git's changes would miss it.
    """
    if head.tenant.roles_via == "permissions" and not read_request.only and approved is None:
        if read_request.read == "targeted":
            raise UsageError(
                "--read targeted can't tell who waits for roles over REST: use --read full, or name keys with --only"
            )
        return head
    page_size = DIALECTS[head.tenant.dialect].page_size
    selection = choose_selection(read_request, head.desired, past.base.earlier, page_size, approved)
    reason = (
        find_full_reason(past.history) if selection is not None and not read_request.only and past.history else None
    )
    if reason is not None:
        say(options, f"Everything is read: {reason}")
        selection = None
    return replace(head, desired=replace(head.desired, selection=selection))


def read_account_asked(options: Options, head: Head, past: Past, how: How) -> Account:
    """Reads an account as `read_asked` does, over connections of its own."""
    import asyncio

    async def read() -> Account:
        async with AsyncExitStack() as stack:
            settings = read_settings()
            client = await connect(stack, options, head, settings)
            lines = Connections(client, await connect_rest(stack, head, settings, client))
            return await read_asked(lines, options, head, past, how)

    return asyncio.run(read())


def is_all_that_waits(head: Head, base: Base) -> bool:
    """Whether the plan covers every change of git since the last apply on record."""
    selection = head.desired.selection
    return selection is None or (base.applied and covers(selection, select_difference(head.desired, base.earlier)))
