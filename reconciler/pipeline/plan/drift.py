"""Finds drift: the changes made in the account since the last apply on record."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.changes.plan import Plan
from reconciler.core.targeting.reading import ReadMode, ReadRequest
from reconciler.errors import Failed
from reconciler.pipeline.desired.current_state import CurrentState
from reconciler.pipeline.plan.reading import Past, ReadOptions, connect_and_read, plan_account, select_state
from reconciler.pipeline.record.history import open_history
from reconciler.pipeline.record.prior_state import find_applied_state, with_front
from reconciler.pipeline.record.tenant_record import RecordMode


def find_drift(
    current: CurrentState, base: str | None, read_request: ReadRequest, record: RecordMode = "remote"
) -> Plan:
    """Returns the plan back to the desired state; the state applied last separates drift from pending changes.

    Raises Failed if no apply is on record, or the applied state can't be compiled.
    """
    with open_history(current, record) as history:
        history.raise_unknown()
        applied = find_applied_state(history, base)
        if applied.commit is None:
            raise Failed(
                f"no apply to {current.tenant_name} is on record, or none since the last recovery: apply first, "
                "or name the applied revision with --base"
            )
        if applied.earlier.base is None:
            why = "; ".join(map(str, applied.problems))
            raise Failed(f"the commit applied last ({applied.commit[:12]}) can't be compiled: {why}")
        past = Past(with_front(history, applied), history)
        mode: ReadMode = read_request.read if read_request.only or read_request.read == "full" else "incremental"
        selected = select_state(current, past, replace(read_request, read=mode)) if read_request.only else current
        options = ReadOptions(mode, keeps_selection=bool(read_request.only), keeps_snapshot=True)
        return plan_account(connect_and_read(selected, past, options), past).plan
