"""The Python API: the steps of the commands as functions. `import reconciler` has all these names.

No function prints, asks a person or returns an exit code: a step that fails raises an exception of `reconciler.errors`.
Each function returns when its work is done, and can't be called from a coroutine. docs/python.md has an example.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import get_args

from reconciler.core.changes.notification import RunResult
from reconciler.core.changes.outcome import Outcome, Run
from reconciler.core.changes.plan import Change, Plan
from reconciler.core.model.resources import Key
from reconciler.core.model.states import DesiredState, LiveState
from reconciler.core.planner.late_grant import SECONDS_TO_WAIT
from reconciler.core.targeting.reading import ReadRequest
from reconciler.desired.git.checkout import read_desired_files
from reconciler.desired.git.repository import find_repository
from reconciler.errors import (
    Failed,
    IncompleteInput,
    InvalidInput,
    Problem,
    ReconcilerError,
    Refused,
    Source,
    Unreachable,
    UsageError,
)
from reconciler.live.snapshot import load_snapshot
from reconciler.pipeline.apply.approvals import load_approved
from reconciler.pipeline.apply.request import ApplyRequest, ApplyResult
from reconciler.pipeline.apply.run import apply_state
from reconciler.pipeline.apply.signals import SIGNALS
from reconciler.pipeline.desired.check import check_files
from reconciler.pipeline.desired.current_state import CurrentState, load_current_state
from reconciler.pipeline.notifications import run_and_notify
from reconciler.pipeline.plan import drift
from reconciler.pipeline.plan.planning import plan_live_state, read_live_state_of
from reconciler.pipeline.workspace import Log, Workspace, drop
from reconciler.report.render import Format
from reconciler.report.render import render_plan as render
from reconciler.report.render import render_run as render_outcome
from reconciler.settings import Settings, read_settings

__all__ = [
    "ApplyResult",
    "Change",
    "CurrentState",
    "DesiredState",
    "Failed",
    "IncompleteInput",
    "InvalidInput",
    "Key",
    "LiveState",
    "Outcome",
    "Plan",
    "Problem",
    "ReconcilerError",
    "Refused",
    "Run",
    "Source",
    "Unreachable",
    "UsageError",
    "apply_plan",
    "check_desired_state",
    "find_drift",
    "load_desired_state",
    "load_live_state",
    "load_plan",
    "make_plan",
    "read_live_state",
    "render_plan",
    "render_run",
]


def check_desired_state(
    folder: str | Path, tenant: str | None = None, as_of: date | None = None
) -> tuple[Problem, ...]:
    """Returns every problem of a desired-state folder at once, as `reconciler validate` does.

    `tenant` is the tenant to compile for (default: each), and `as_of` the day (default: today). A state without a
    problem of severity `error` can be planned. Raises UsageError if the folder or the tenant does not exist.
    """
    workspace = Workspace(_as_path(folder), tenant)
    files = read_desired_files(workspace.folder, find_repository(workspace.folder))
    try:
        problems, _summary = check_files(workspace, as_of, files)
    except IncompleteInput as error:
        return error.problems
    return tuple(problems)


def load_desired_state(
    folder: str | Path,
    tenant: str | None = None,
    as_of: date | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    log: Callable[[str], None] | None = None,
) -> CurrentState:
    """Loads the desired state that is checked out in a folder, and compiles it for one tenant and a day.

    `tenant` may be left out if a single tenant is declared, and `as_of` for today. `environment` has the variables that
    the declarations name for tokens and other secrets (default: those of this process). `log` takes each note and
    warning about this state, its plans and its applies. Raises InvalidInput with all problems, IncompleteInput if a
    file can't be read, and UsageError if the folder or the tenant does not exist.
    """
    settings = read_settings() if environment is None else Settings(dict(environment))
    report: Log = log or drop
    place = _find_folder(folder)
    return load_current_state(Workspace(place, tenant, settings, log=report, warn=report), as_of)


def read_live_state(state: CurrentState) -> LiveState:
    """Reads the whole account of the tenant: users, groups, members and roles.

    An incomplete read is returned with its faults in `certificate.faults`; a plan from it can't be applied. Raises
    Unreachable if the account can't be reached or refuses the credentials.
    """
    _refuse_event_loop()
    return read_live_state_of(state)


def load_live_state(path: str | Path) -> LiveState:
    """Loads a live state that `reconciler plan --save-live` wrote. A plan from it can be shown, but not applied.

    Raises UsageError if the file is not a live state.
    """
    return load_snapshot(_as_path(path))


def make_plan(state: CurrentState, live: LiveState, *, base: str | None = None, only: str | Sequence[str] = ()) -> Plan:
    """Plans the changes that bring the account to the desired state, with the digest of `reconciler plan`.

    The record of applies is fetched and git's history is read, so that leavers are found and guardrails hold. `base` is
    the revision of git from which a branch's changes are counted, as in a pull request. `only` limits the plan to keys
    such as `user/alice.lee`. If `plan.applyable` is false, `plan.problems` has the reasons. Raises UsageError if a
    revision or key is unknown, or if another commit was checked out since the state was loaded.
    """
    _refuse_moved(state)
    return plan_live_state(state, live, base, _as_keys(only))


def find_drift(state: CurrentState, *, only: str | Sequence[str] = ()) -> Plan:
    """Reads the account, and plans to revert the changes made there since the last apply, as `reconciler drift` does.

    Changes with the `cause` `drift` or `conflict` were made in the account. Raises Failed if no apply is on record.
    """
    _refuse_event_loop()
    return drift.find_drift(state, None, ReadRequest(only=_as_keys(only)))


def render_plan(plan: Plan, form: Format = "text") -> str:
    """Renders a plan as `text`, `markdown`, `html` or `json`; the same plan gives the same text."""
    _refuse_unknown_form(form)
    return render(plan, form)


def render_run(run: Run, form: Format = "text") -> str:
    """Renders the outcomes of an apply as `text`, `markdown`, `html` or `json`."""
    _refuse_unknown_form(form)
    return render_outcome(run, form)


def load_plan(path: str | Path) -> Plan:
    """Loads a plan file; raises UsageError if the file is not a plan or was edited."""
    [plan] = load_approved([_as_path(path)])
    return plan


def apply_plan(
    plan: Plan,
    state: CurrentState,
    *,
    all_or_nothing: bool = False,
    max_duration: int | None = None,
    wait_for_people: int = SECONDS_TO_WAIT,
) -> ApplyResult:
    """Applies a plan as `reconciler apply FILE --yes` does: plans again, and sends the effects that the plan shows.

    Begin and end are recorded, each attempt is logged, and notifications are sent to the tenant's notifiers. If git now
    asks for a change that the plan lacks, that change is refused and returned in `result.refused`; with
    `all_or_nothing`, the whole apply is refused. No new change starts after `max_duration` seconds. With roles over
    REST, the apply waits `wait_for_people` seconds for 4me to link people to the users who get roles.

    Raises Refused, before any change is sent, if the plan must not be applied: a guardrail, a disabled tenant, an
    incomplete read, another open apply. Raises UsageError if another commit was checked out since the state was loaded.
    A change that fails raises nothing: see `result.run.outcomes` and `result.settled`.
    """
    _refuse_event_loop()
    _refuse_moved(state)
    request = ApplyRequest(
        (plan,), all_or_nothing=all_or_nothing, max_duration=max_duration, wait_for_people=wait_for_people
    )

    def run() -> tuple[ApplyResult, RunResult]:
        result = apply_state(state, request)
        return result, result.as_run_result(state)

    with _keep_signal_handlers():
        return run_and_notify(state, "apply", run)


def _as_path(value: str | Path) -> Path:
    """Returns the path; raises UsageError for one with a null byte, which no system call takes."""
    if "\0" in str(value):
        raise UsageError(f"{str(value)!r} is not a path: it has a null byte")
    return Path(value)


def _as_keys(only: str | Sequence[str]) -> tuple[str, ...]:
    """Returns the keys; a single key may be given as a string, which is not a sequence of letters."""
    return (only,) if isinstance(only, str) else tuple(only)


def _find_folder(folder: str | Path) -> Path:
    """Returns the folder, absolute if it exists: the working directory may change before the apply."""
    path = _as_path(folder)
    return path.absolute() if path.is_dir() else path


def _refuse_event_loop() -> None:
    """Raises UsageError in a coroutine or a notebook, before anything is read, recorded or sent."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise UsageError("an event loop runs in this thread: call this function in another, with `asyncio.to_thread`")


def _refuse_unknown_form(form: str) -> None:
    if form not in get_args(Format):
        raise UsageError(f'"{form}" is no form: use {", ".join(get_args(Format))}')


def _refuse_moved(state: CurrentState) -> None:
    """Raises UsageError if another commit is checked out now, because the record is read for that commit."""
    if state.commit is not None and state.repository is not None and state.repository.head() != state.commit:
        raise UsageError("another commit was checked out since this desired state was loaded: load it again")


@contextmanager
def _keep_signal_handlers() -> Iterator[None]:
    """Restores the signal handlers of this process, because an apply replaces them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            if handler is not None:  # None: it was not installed from Python
                signal.signal(number, handler)
