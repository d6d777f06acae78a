"""One plan: the record, the past, the account as far as the plan needs it, and the plan."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    focus_state,
    grow_state,
    plan_account,
)
from reconciler.pipeline.record.history import open_history
from reconciler.pipeline.record.prior_state import find_prior_state
from reconciler.pipeline.record.tenant_record import RecordMode


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """The request for a plan: how to read, about which keys, and since which revision.

    `base` names a revision. With `live` the account is as it was saved there. `keeps_snapshot` is whether the answers
    of the account are needed after the plan.
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
        selected = focus_state(current, past, request.read_request)
        account = (
            _load_account(selected, past, request.live, keeps_snapshot=request.keeps_snapshot)
            if request.live
            else connect_and_read(
                selected, past, ReadOptions(request.read_request.read, bool(request.read_request.only))
            )
        )
        return plan_account(account, past).plan, account


def read_live_state_of(current: CurrentState) -> LiveState:
    """Reads the whole account; roles over REST only for the users that a plan needs."""
    if current.tenant.roles_via == "scim":
        return read_account(current)[0]
    with open_history(current) as history:
        past = Past(find_prior_state(history, None), history)
        return connect_and_read(current, past, ReadOptions("full", keeps_focus=False)).live


def plan_live_state(current: CurrentState, live: LiveState, base: str | None, only: tuple[str, ...]) -> Plan:
    """Returns the plan from a complete live state that was read before, about all keys or some."""
    with open_history(current) as history:
        past = Past(find_prior_state(history, base), history)
        selected = focus_state(current, past, ReadRequest("full", only, base=base is not None))
        return plan_account(_judge(selected, past, live, None), past).plan


def _load_account(current: CurrentState, past: Past, path: Path, *, keeps_snapshot: bool) -> AccountRead:
    """Loads a saved account; its answers, which are as large again, only where they are saved once more."""
    with collector_off():
        state = load_snapshot(path)
    return _judge(current, past, state, read_snapshot_file(path) if keeps_snapshot else None)


def _judge(current: CurrentState, past: Past, live: LiveState, snapshot: Snapshot | None) -> AccountRead:
    evidence, refusals = past.judge(current, live)
    return AccountRead(live, snapshot, grow_state(current, past.prior, live), evidence, refusals)
