"""Opens the provisioning log in the private folder, and starts the entry of a run."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from pathlib import Path

from reconciler.apply.log import LogClock, ProvisioningLog, Recorder
from reconciler.core.changes.asked import NEVER_ASKED, AskedBefore
from reconciler.core.changes.attempt import RunInfo
from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.plan import Plan
from reconciler.errors import Failed, Problem, Refused, UsageError
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.desired.current_state import CurrentState
from reconciler.pipeline.private_files import make_private_folder
from reconciler.pipeline.workspace import Workspace

LOG_FILE = "provisioning-log.db"
NOT_LOGGED = "Nothing was applied, because the provisioning log could not record it"


def log_path(workspace: Workspace) -> Path:
    """Returns the path of the provisioning log, which all tenants share and which may not exist yet."""
    return workspace.private_folder / LOG_FILE


def open_log(workspace: Workspace) -> ProvisioningLog:
    """Opens the log for writing; raises Refused if it can't be opened, because nothing is applied without it."""
    path = log_path(workspace)
    try:
        make_private_folder(path.parent)
        return ProvisioningLog(path)
    except UsageError as error:
        raise Refused(f"{error}. {NOT_LOGGED}") from error


def record_run(log: ProvisioningLog, current: CurrentState, plan: Plan, dropped: Sequence[Outcome]) -> Recorder:
    """Returns the recorder of a run's attempts, and records the dropped changes; raises Refused if the log fails."""
    now = now_in_utc()
    info = RunInfo(
        run=f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
        tenant=plan.tenant,
        url=plan.url,
        commit=plan.commit,
        digest=plan.digest,
        who=_find_actor(current),
        dialect=current.tenant.dialect,
    )
    try:
        recorder = log.record(info, LogClock(now_in_utc, time.monotonic))
        recorder.end(dropped, None, 0)
    except Failed as error:
        raise Refused(f"{error}. {NOT_LOGGED}") from error
    return recorder


def read_asked_before(current: CurrentState) -> tuple[AskedBefore, tuple[Problem, ...]]:
    """Returns what the tenant's service was asked for and did not do; a warning if the log can't be read.

    Raises UsageError if the private folder came with the repository: then others may have written what it says.
    """
    path = log_path(current.workspace)
    if not path.exists():
        return NEVER_ASKED, ()
    make_private_folder(path.parent)
    try:
        with ProvisioningLog(path) as log:
            return log.find_asked(current.tenant_name, current.tenant.url, current.tenant.dialect), ()
    except (UsageError, Failed) as error:
        hint = "repair the file or move it away; until then, no plan names what the service did not take before"
        return NEVER_ASKED, (Problem("log_unreadable", str(error), None, hint, severity="warning"),)


def _find_actor(current: CurrentState) -> str:
    """Returns the actor: from the build service, else git's identity, else the user of this machine."""
    settings = current.workspace.settings
    identity = current.repository.identity() if current.repository else None
    return settings.build_actor() or identity or settings.machine_user() or "unknown"
