"""Reads an account for a plan: all of it, or the part that a plan about some keys needs."""

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
from reconciler.pipeline.desired.current_state import CurrentState
from reconciler.pipeline.plan.gathering import gather
from reconciler.pipeline.plan.origins import trace
from reconciler.pipeline.record.evidence import check_same_account, find_evidence, find_sample_keys
from reconciler.pipeline.record.history import History
from reconciler.pipeline.record.prior_state import PriorState, explain_full_read

if TYPE_CHECKING:
    from reconciler.live.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class AccountRead:
    """What was read of the account: the live state, and all answers (None where only some keys were read).

    The selection of `current` may have grown: it has what its keys need and the account lacks. `evidence` is of
    the live state, and `refusals` say why the account may not be applied to.
    """

    live: LiveState
    snapshot: Snapshot | None
    current: CurrentState
    evidence: Evidence = NO_EVIDENCE
    refusals: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read, whether the plan keeps its selection after a full read, and whether a snapshot is kept.

    One that is there is advanced in mode `incremental` alone.
    """

    mode: ReadMode
    keeps_focus: bool
    keeps_snapshot: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """The prior state, and the history behind it; `history` is None where it does not matter."""

    prior: PriorState
    history: History | None = None

    @property
    def record(self) -> str:
        """The identity of the record: a snapshot of the account is valid for this record alone."""
        return self.history.record.history.identity if self.history else ""

    def judge(self, current: CurrentState, live: LiveState) -> tuple[Evidence, tuple[Problem, ...]]:
        """Returns the evidence about a live state, and the reasons not to apply to its account."""
        if self.history is None:
            return NO_EVIDENCE, ()
        evidence = find_evidence(self.history, current, self.prior, live)
        return evidence, tuple(check_same_account(self.history, current, self.prior, live))

    def base_of(self, decided: Decisions) -> PriorState:
        """Returns the prior state with the files of the commits that declared leavers: each has a line there."""
        if self.history is None:
            return self.prior
        ownership = decided.ownership
        commits = [*(one.commit for one in ownership.leavers), *(one.commit for one in ownership.groups)]
        states = [self.history.states.at(commit) for commit in dict.fromkeys(commits) if commit]
        loaded = {one.commit: one.loaded for one in states if one.loaded is not None}
        return replace(self.prior, loaded={**self.prior.loaded, **loaded})


def plan_account(account: AccountRead, past: Past) -> MadePlan:
    """Returns the plan of an account that was read, each change with the line that it comes from."""
    with collector_off():
        made = make_plan(gather_account(account, past.prior))
        return replace(made, plan=trace(account.current, past.base_of(made.decided), made.plan))


def gather_account(account: AccountRead, prior: PriorState) -> PlanInput:
    """Returns everything that the plan of an account is made from."""
    gathered = gather(account.current, prior, account.live, account.evidence)
    cut = () if account.evidence.known else account.evidence.incomplete
    told = tuple(Problem("history_cut", one) for one in cut)
    return replace(gathered, refusals=(*gathered.refusals, *account.refusals), problems=(*gathered.problems, *told))


async def read_account_for(
    connections: Connections, current: CurrentState, past: Past, how: ReadOptions
) -> AccountRead:
    """Reads the account as far as the selection goes. `auto` reads everything where look-ups can't be trusted.

    The plan is then about everything too, unless it keeps its selection: of named keys, or of approved changes.
    """
    if current.desired.selection is None or how.mode in ("full", "incremental"):
        return await _read_everything(connections, current, past, how)
    from reconciler.live.targeted import read_targeted

    lookup_planner = make_lookup_planner(current.desired, past.prior.earlier, find_sample_keys(past.history, current))
    targeted = await read_targeted(connections.scim, DIALECTS[current.tenant.dialect], lookup_planner)
    faults = targeted.live.certificate.faults
    if not faults or how.mode == "targeted":
        asked = replace(current, desired=targeted.desired)
        evidence, refusals = past.judge(asked, targeted.live)
        live = await read_roles_of_asked(connections.rest, asked, past.prior.earlier, targeted.live, evidence)
        return AccountRead(live, None, asked, evidence, refusals)
    current.workspace.log(f"Everything is read, because the keys can't be looked up alone: {faults[0]}")
    unfocused = current if how.keeps_focus else replace(current, desired=replace(current.desired, selection=None))
    everything = await _read_everything(connections, unfocused, past, how)
    whole = everything.live.certificate
    certificate = replace(whole, requests=whole.requests + targeted.live.certificate.requests)
    return replace(everything, live=replace(everything.live, certificate=certificate))


async def _read_everything(
    connections: Connections, current: CurrentState, past: Past, how: ReadOptions
) -> AccountRead:
    if how.mode == "incremental":
        read = await read_incrementally(connections.scim, current, past.record)
    elif how.keeps_snapshot:
        read = await read_and_keep(connections.scim, current, past.record)
    else:
        read = await read_live(connections.scim, current)
    evidence, refusals = past.judge(current, read[0])
    live, snapshot = await read_roles(connections.rest, current, past.prior.earlier, read, evidence)
    return AccountRead(live, snapshot, grow_state(current, past.prior, live), evidence, refusals)


def grow_state(current: CurrentState, prior: PriorState, live: LiveState) -> CurrentState:
    """Returns the state with a larger selection: it also has what its keys need and the account lacks."""
    if current.desired.selection is None:
        return current
    links = link_account(current.desired, prior.earlier, live)
    everything = current.desired.users.keys() | current.desired.groups.keys()
    return replace(current, desired=grow_selection(current.desired, links, everything))


def focus_state(
    current: CurrentState, past: Past, read_request: ReadRequest, approved: Plan | None = None
) -> CurrentState:
    """Returns the state with the selection that is asked for; without one where a part would not be enough.

    Where roles take effect over REST, a user who was linked since the last apply waits for roles though git changed
    nothing: a plan about git's changes would miss it.
    """
    if current.tenant.roles_via == "permissions" and not read_request.only and approved is None:
        if read_request.read == "targeted":
            raise UsageError(
                "--read targeted can't tell who waits for roles over REST: use --read full, or name keys with --only"
            )
        return current
    page_size = DIALECTS[current.tenant.dialect].page_size
    selection = choose_selection(read_request, current.desired, past.prior.earlier, page_size, approved)
    reason = (
        explain_full_read(past.history) if selection is not None and not read_request.only and past.history else None
    )
    if reason is not None:
        current.workspace.log(f"Everything is read: {reason}")
        selection = None
    return replace(current, desired=replace(current.desired, selection=selection))


def connect_and_read(current: CurrentState, past: Past, how: ReadOptions) -> AccountRead:
    """Connects, and reads the account as `read_account_for` does."""
    import asyncio

    async def read() -> AccountRead:
        async with AsyncExitStack() as stack:
            client = await connect(stack, current)
            connections = Connections(client, await connect_rest(stack, current, client))
            return await read_account_for(connections, current, past, how)

    return asyncio.run(read())


def covers_all_changes(current: CurrentState, prior: PriorState) -> bool:
    """Checks whether the plan covers every change of git since the last apply on record."""
    selection = current.desired.selection
    return selection is None or (prior.applied and covers(selection, select_difference(current.desired, prior.earlier)))
