"""Reads an account for a plan: the whole account, or the part that a plan about some keys needs."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.collector import collector_off
from reconciler.core.approval.carried import list_open, mark_carried_on
from reconciler.core.approval.left_open import note_left_open
from reconciler.core.changes.asked import AskedBefore
from reconciler.core.changes.plan import Plan
from reconciler.core.comparison.link import link_account
from reconciler.core.model.amounts import few
from reconciler.core.model.states import LiveState
from reconciler.core.ownership.evidence import NO_EVIDENCE, Evidence
from reconciler.core.planner.planner import Decisions
from reconciler.core.safety.make_plan import MadePlan, PlanInput, make_plan
from reconciler.core.scim.dialect import dialect_of
from reconciler.core.targeting.lookup_planner import grow_selection, make_lookup_planner
from reconciler.core.targeting.reading import ReadMode, ReadRequest, choose_selection
from reconciler.core.targeting.selection import covers, select_difference
from reconciler.errors import Problem, UsageError
from reconciler.pipeline.account.connect import connect, read_live
from reconciler.pipeline.account.connections import Connections
from reconciler.pipeline.account.incremental import read_and_save, read_incrementally
from reconciler.pipeline.account.roles import connect_rest, read_roles, read_roles_of_selection
from reconciler.pipeline.desired.current_state import CurrentState
from reconciler.pipeline.plan.gathering import gather
from reconciler.pipeline.plan.origins import trace
from reconciler.pipeline.record.evidence import check_same_account, find_evidence, find_sample_keys
from reconciler.pipeline.record.history import History
from reconciler.pipeline.record.prior_state import PriorState, explain_full_read

if TYPE_CHECKING:
    from reconciler.live.snapshot import Snapshot

MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class AccountRead:
    """An account that was read: the live state, and the answers (None after a partial read).

    The selection of `current` also has the keys that its own keys need and the account lacks. `evidence` is about the
    live state. `refusals` are the reasons against an apply to this account.
    """

    live: LiveState
    snapshot: Snapshot | None
    current: CurrentState
    evidence: Evidence = NO_EVIDENCE
    refusals: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """The mode of a read, whether the plan keeps its selection after a full read, and whether a snapshot is kept.

    Only the mode `incremental` starts from an existing snapshot.
    """

    mode: ReadMode
    keeps_selection: bool
    keeps_snapshot: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """The prior state and its history; `history` is None if the plan needs none."""

    prior: PriorState
    history: History | None = None

    @property
    def record(self) -> str:
        """The identity of the record. A snapshot of the account is valid only for this record."""
        return self.history.record.history.identity if self.history else ""

    def judge(self, current: CurrentState, live: LiveState) -> tuple[Evidence, tuple[Problem, ...]]:
        """Returns the evidence about a live state, and the reasons against an apply to its account."""
        if self.history is None:
            return NO_EVIDENCE, ()
        evidence = find_evidence(self.history, current, self.prior, live)
        return evidence, tuple(check_same_account(self.history, current, self.prior, live))

    def note_left_open(self, plan: Plan, asked: AskedBefore) -> Plan:
        """Returns the plan with a note on what the last apply left undone."""
        last = self.history.record.history.last_ended() if self.history else None
        if self.history is None or last is None:
            return plan
        return note_left_open(plan, tuple(list_open(self.history.record.history)), asked, last.record.serial)

    def base_of(self, decided: Decisions) -> PriorState:
        """Returns the prior state with the files of the commits that declared leavers, where their lines are."""
        if self.history is None:
            return self.prior
        ownership = decided.ownership
        commits = [*(user.commit for user in ownership.leavers), *(group.commit for group in ownership.groups)]
        states = [self.history.states.at(commit) for commit in dict.fromkeys(commits) if commit]
        loaded = {state.commit: state.loaded for state in states if state.loaded is not None}
        return replace(self.prior, loaded={**self.prior.loaded, **loaded})


def plan_account(account: AccountRead, past: Past) -> MadePlan:
    """Returns the plan for an account that was read, each change with its source line."""
    with collector_off():
        gathered = gather_account(account, past.prior)
        made = make_plan(gathered)
        open_atoms = list_open(past.history.record.history) if past.history else ()
        plan = mark_carried_on(past.note_left_open(made.plan, gathered.asked), open_atoms, account.live)
        return replace(made, plan=trace(account.current, past.base_of(made.decided), plan))


def gather_account(account: AccountRead, prior: PriorState) -> PlanInput:
    """Returns the inputs for the plan of an account."""
    gathered = gather(account.current, prior, account.live, account.evidence)
    gaps = () if account.evidence.known else account.evidence.incomplete
    cut = tuple(Problem("history_cut", gap) for gap in gaps)
    return replace(gathered, refusals=(*gathered.refusals, *account.refusals), problems=(*gathered.problems, *cut))


async def read_account_for(
    connections: Connections, current: CurrentState, past: Past, options: ReadOptions
) -> AccountRead:
    """Reads the selected part of the account. Mode `auto` reads the whole account if lookups can't be trusted.

    Then the plan is about all keys too, unless it keeps its selection of named keys or approved changes.
    """
    if current.desired.selection is None or options.mode in ("full", "incremental"):
        return await _read_everything(connections, current, past, options)
    from reconciler.live.targeted import read_targeted

    sample = find_sample_keys(past.history, current)
    lookup_planner = make_lookup_planner(current.desired, past.prior.earlier, sample, current.tenant.dialect)
    targeted = await read_targeted(connections.scim, dialect_of(current.tenant), lookup_planner)
    faults = targeted.live.certificate.faults
    if targeted.unconcluded and not faults:
        keys = few(sorted(map(str, targeted.unconcluded)), MOST_NAMED)
        current.workspace.log(f"Full read: the service can't be asked for {keys} by every matching attribute")
        return _with_requests(await _read_everything(connections, current, past, options), targeted.live)
    if not faults or options.mode == "targeted":
        selected = replace(current, desired=targeted.desired)
        evidence, refusals = past.judge(selected, targeted.live)
        live = await read_roles_of_selection(connections.rest, selected, past.prior.earlier, targeted.live, evidence)
        return AccountRead(live, None, selected, evidence, refusals)
    current.workspace.log(f"Full read, because lookups of single keys can't be trusted: {faults[0]}")
    if not options.keeps_selection:
        current = replace(current, desired=replace(current.desired, selection=None))
    account = await _read_everything(connections, current, past, options)
    return _with_requests(account, targeted.live)


def _with_requests(account: AccountRead, before: LiveState) -> AccountRead:
    """Returns the account with the requests of the read before counted."""
    certificate = account.live.certificate
    certificate = replace(certificate, requests=certificate.requests + before.certificate.requests)
    return replace(account, live=replace(account.live, certificate=certificate))


async def _read_everything(
    connections: Connections, current: CurrentState, past: Past, options: ReadOptions
) -> AccountRead:
    if options.mode == "incremental":
        read = await read_incrementally(connections.scim, current, past.record)
    elif options.keeps_snapshot:
        read = await read_and_save(connections.scim, current, past.record)
    else:
        read = await read_live(connections.scim, current)
    evidence, refusals = past.judge(current, read[0])
    live, snapshot = await read_roles(connections.rest, current, past.prior.earlier, read, evidence)
    return AccountRead(live, snapshot, grow_state(current, past.prior, live), evidence, refusals)


def grow_state(current: CurrentState, prior: PriorState, live: LiveState) -> CurrentState:
    """Returns the state with the selection and the keys that it needs and the account lacks."""
    if current.desired.selection is None:
        return current
    links = link_account(current.desired, prior.earlier, live)
    everything = current.desired.users.keys() | current.desired.groups.keys()
    return replace(current, desired=grow_selection(current.desired, links, everything))


def select_state(
    current: CurrentState, past: Past, read_request: ReadRequest, approved: Plan | None = None
) -> CurrentState:
    """Returns the state with the requested selection, or without a selection if a part of the account is not enough.

    If roles take effect over REST, a person that 4me linked during the last apply may hold roles that git does not
    assign. A plan about git's changes would miss that user. Raises UsageError if such a plan is requested.
    """
    if current.tenant.roles_via == "permissions" and not read_request.only and approved is None:
        if read_request.read == "targeted":
            raise UsageError(
                "--read targeted can't find the roles over REST that linked people held before: use --read full, or "
                "name keys with --only"
            )
        return current
    page_size = dialect_of(current.tenant).page_size
    selection = choose_selection(read_request, current.desired, past.prior.earlier, page_size, approved)
    reason = (
        explain_full_read(past.history) if selection is not None and not read_request.only and past.history else None
    )
    if reason is not None:
        current.workspace.log(f"Full read: {reason}")
        selection = None
    return replace(current, desired=replace(current.desired, selection=selection))


def connect_and_read(current: CurrentState, past: Past, options: ReadOptions) -> AccountRead:
    """Connects, and reads the account as `read_account_for` does."""
    import asyncio

    async def read() -> AccountRead:
        async with AsyncExitStack() as stack:
            client = await connect(stack, current)
            connections = Connections(client, await connect_rest(stack, current, client))
            return await read_account_for(connections, current, past, options)

    return asyncio.run(read())


def covers_all_changes(current: CurrentState, prior: PriorState) -> bool:
    """Checks whether the plan covers every change of git since the last apply on record."""
    selection = current.desired.selection
    return selection is None or (prior.applied and covers(selection, select_difference(current.desired, prior.earlier)))
