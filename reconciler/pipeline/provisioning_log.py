"""What runs keep for themselves, in the private folder: the provisioning log."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from pathlib import Path

from reconciler.apply.log import LogClock, ProvisioningLog, Recorder
from reconciler.core.changes.attempt import RunInfo
from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.plan import Plan
from reconciler.errors import Failed, Refused, UsageError
from reconciler.pipeline.desired.current_state import Head, now_in_utc
from reconciler.pipeline.output import make_private_folder
from reconciler.pipeline.workspace import Options
from reconciler.settings import Settings

LOG_FILE = "provisioning-log.db"


def log_path(options: Options, settings: Settings) -> Path:
    """Where the provisioning log is, or will be: one for all tenants."""
    return settings.private_folder(options.folder) / LOG_FILE


def open_log(options: Options, settings: Settings) -> ProvisioningLog:
    """The provisioning log, to be written; raises Refused where it can't be: nothing is applied without a record."""
    path = log_path(options, settings)
    try:
        make_private_folder(path.parent)
        return ProvisioningLog(path)
    except UsageError as error:
        raise Refused(f"{error}. Nothing was applied: there would be no record of it") from error


def record_run(
    log: ProvisioningLog, head: Head, plan: Plan, dropped: Sequence[Outcome], settings: Settings
) -> Recorder:
    """What the run tells its attempts to, first what was dropped; raises Refused where the log takes nothing."""
    now = now_in_utc()
    occasion = RunInfo(
        run=f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
        tenant=plan.tenant,
        url=plan.url,
        commit=plan.commit,
        digest=plan.digest,
        who=_who(head, settings),
    )
    try:
        recorder = log.record(occasion, LogClock(now_in_utc, time.monotonic))
        recorder.end(dropped, None, 0)
    except Failed as error:
        raise Refused(f"{error}. Nothing was applied: there would be no record of it") from error
    return recorder


def _who(head: Head, settings: Settings) -> str:
    """Who is at work: whom the build service names, else whom git knows here, else the user of this machine."""
    identity = head.repository.identity() if head.repository else None
    return settings.build_actor() or identity or settings.machine_user() or "unknown"
