"""Makes one plan: reads the record, the past, and the account as far as the plan needs it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler.collector import collector_off
from reconciler.core.changes.plan import Plan
from reconciler.core.model.states import LiveState
from reconciler.core.targeting.reading import ReadRequest
from reconciler.live.snapshot import Snapshot, load_snapshot, read_snapshot_file
from reconciler.pipeline.account.connect import read_account
from reconciler.pipeline.desired.current_state import CurrentState
from reconciler.pipeline.plan.reading import (
    AccountRead,
    Past,
    ReadOptions,
    connect_and_read,
    grow_state,
    plan_account,
    select_state,
)
from reconciler.pipeline.record.history import open_history
from reconciler.pipeline.record.prior_state import find_prior_state, with_front
from reconciler.pipeline.record.tenant_record import RecordMode


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """The request for a plan: the read, the keys, and the base.

    `base` is a revision of git. With `live`, the account is loaded from that file. `keeps_snapshot` is true if the
    account's answers are saved after the plan.
    """

    read_request: ReadRequest = field(default_factory=ReadRequest)
    base: str | None = None
    record: RecordMode = "remote"
    live: Path | None = None
    keeps_snapshot: bool = False


def plan_state(current: CurrentState, request: PlanRequest) -> tuple[Plan, AccountRead]:
    """Reads the account, and returns the plan with the account that it was made from."""
    with open_history(current, request.record) as history:
        past = Past(find_prior_state(history, request.base, front=request.read_request.looks_for_difference), history)
        selected = select_state(current, past, request.read_request)
        account = (
            _load_account(selected, past, request.live, keeps_snapshot=request.keeps_snapshot)
            if request.live
            else connect_and_read(
                selected, past, ReadOptions(request.read_request.read, bool(request.read_request.only))
            )
        )
        return plan_account(account, _add_front(past, request.read_request)).plan, account


def _add_front(past: Past, read_request: ReadRequest) -> Past:
    """Returns the past with the applies since the last complete one, as an apply has it: it links by their values."""
    if past.history is None or read_request.looks_for_difference:
        return past
    return replace(past, prior=replace(past.prior, earlier=with_front(past.history, past.prior).earlier))


def read_live_state_of(current: CurrentState) -> LiveState:
    """Reads the whole account; over REST, only the roles of users that a plan needs."""
    if current.tenant.roles_via == "scim":
        return read_account(current)[0]
    with open_history(current) as history:
        past = Past(find_prior_state(history, None), history)
        return connect_and_read(current, past, ReadOptions("full", keeps_selection=False)).live


def plan_live_state(current: CurrentState, live: LiveState, base: str | None, only: tuple[str, ...]) -> Plan:
    """Returns the plan from a live state of the whole account, for the keys of `only`, or for all keys."""
    with open_history(current) as history:
        past = Past(find_prior_state(history, base), history)
        read_request = ReadRequest("full", only, base=base is not None)
        selected = select_state(current, past, read_request)
        return plan_account(_add_evidence(selected, past, live, None), _add_front(past, read_request)).plan


def _load_account(current: CurrentState, past: Past, path: Path, *, keeps_snapshot: bool) -> AccountRead:
    """Loads a saved account, with its answers only if they are saved again, because they need as much memory."""
    with collector_off():
        state = load_snapshot(path)
    return _add_evidence(current, past, state, read_snapshot_file(path) if keeps_snapshot else None)


def _add_evidence(current: CurrentState, past: Past, live: LiveState, snapshot: Snapshot | None) -> AccountRead:
    evidence, refusals = past.judge(current, live)
    return AccountRead(live, snapshot, grow_state(current, past.prior, live), evidence, refusals)
