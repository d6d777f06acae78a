"""An apply on record: its begin before the first request, its end after the last, and the name of its run."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from reconciler.core.approval.closing import Ended, end_apply, end_without_effect
from reconciler.core.declarations.tenant import SANDBOX
from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import ApplyRecord, Covers, RecordEntry, State
from reconciler.desired.evidence.apply_line import check_line
from reconciler.desired.evidence.graph import read_graph
from reconciler.desired.git.repository import Repository, explain_absence
from reconciler.desired.records.branch import RecordBranch
from reconciler.desired.records.exchange import Pushed
from reconciler.desired.records.steps import begin, end
from reconciler.errors import Refused, UsageError
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.desired.current_state import CurrentState
from reconciler.pipeline.private_files import make_private_folder
from reconciler.pipeline.record.history import History
from reconciler.pipeline.workspace import Workspace

LEASE = timedelta(hours=1)
READING = timedelta(minutes=10)  # what goes before the first request that changes anything: the account is read
RUN_FILE, RUN_BYTES = "run-id", 8
NOT_BEGUN = "no begin of this run is on record: `reconciler ownership begin` goes before `apply --record local`"


@dataclass(frozen=True, slots=True)
class BegunApply:
    """An apply that has begun: where it is on record, and the history that it is planned from."""

    branch: RecordBranch
    entry: RecordEntry
    history: ApplyHistory

    @property
    def record(self) -> ApplyRecord:
        """The begin."""
        return self.entry.record

    @property
    def seconds_left(self) -> float:
        """How many seconds are left in which it may send requests."""
        return (self.record.sends_until - now_in_utc()).total_seconds()

    def end(self, ended: Ended) -> Pushed:
        """Puts the outcome of the apply on record."""
        sample = self.history.last_sample()
        return self._write(end_apply(self.record, ended, _now(), sample.entries if sample else ()))

    def abandon(self) -> Pushed:
        """Puts on record that the apply ended before anything was sent."""
        last = self.history.last_ended()
        return self._write(end_without_effect(self.record, _now(), last.record if last else None))

    def _write(self, record: ApplyRecord) -> Pushed:
        return end(self.branch, record).pushed


def is_settled(history: History) -> bool:
    """Checks whether the last apply was whole and of HEAD's folder: then there may be nothing to do."""
    repository, commit = history.current.repository, history.current.commit
    if repository is None or commit is None or history.record.history.open_begins():
        return False
    return history.record.history.is_settled(repository.tree_of(commit))


def refuse_disabled(current: CurrentState) -> None:
    """Raises Refused where provisioning to the tenant is disabled in git."""
    if not current.tenant.enabled:
        raise Refused(
            f"provisioning to {current.tenant_name} is disabled: set `enabled: true` in git, and have it reviewed"
        )


def refuse_unrecorded(current: CurrentState) -> None:
    """Raises Refused where an apply can't be on record, which only the embedded 4me goes without."""
    if current.commit is not None or current.tenant.url == SANDBOX:
        return
    why = explain_absence() if current.repository is None else "the desired state is not committed"
    raise Refused(f"{why}, and an apply is on record by its commit: commit the desired state, then apply")


def begin_apply(history: History, run: str, seconds: int | None) -> BegunApply:
    """Puts the begin of an apply of HEAD on record, here and at the remote; raises Refused with the way out.

    It may send requests for so many seconds, and ten minutes in which it reads and plans; else for an hour.
    """
    branch = history.record.branch
    assert branch is not None  # noqa: S101  # a commit is checked out
    assert history.current.repository is not None  # noqa: S101  # the same
    current, repository = history.current, history.current.repository

    def draft(found: ApplyHistory) -> ApplyRecord:
        graph = read_graph(repository, {entry.record.commit for entry in found.entries})
        if (refusal := check_line(graph, found)) is not None:
            raise refusal.as_error()
        until = (now_in_utc() + lease_of(seconds)).isoformat(timespec="seconds")
        return make_record(current, repository, found, run, "begun").model_copy(update={"until": until})

    begun = begin(branch, run, now_in_utc, draft)
    return BegunApply(branch, begun.entry, begun.history)


def extend_begin(begun: BegunApply, seconds: float) -> BegunApply:
    """Puts a later end of the time to send on record, for a plan that takes longer."""
    until = (now_in_utc() + timedelta(seconds=seconds)).isoformat(timespec="seconds")
    longer = begun.record.model_copy(update={"until": until, "at": _now()})
    again = begin(begun.branch, begun.record.run, now_in_utc, lambda _found: longer)
    return replace(begun, entry=again.entry)


def find_own_begin(history: History, run: str) -> BegunApply:
    """Returns the begin that an earlier step of this run put on record; raises Refused where there is none."""
    branch, found = history.record.branch, history.record.history
    mine = [one for one in found.open_begins() if one.record.run == run and one.record.commit == history.current.commit]
    if branch is None or not mine:
        raise Refused(NOT_BEGUN)
    theirs = branch.theirs()
    if branch.remote is not None and not (theirs and branch.repository.is_before(mine[-1].id, theirs)):
        raise Refused(f"{NOT_BEGUN}; the one that is in this clone was not pushed")
    return BegunApply(replace(branch, remote=None), mine[-1], found.without([mine[-1].id]))


def make_record(
    current: CurrentState, repository: Repository, history: ApplyHistory, run: str, state: State
) -> ApplyRecord:
    """Returns the next record, of HEAD as of now. It covers all that the commit declares, unless it says otherwise."""
    assert current.commit is not None  # noqa: S101  # `refuse_unrecorded` goes before
    return ApplyRecord(
        serial=history.next_serial,
        state=state,
        commit=current.commit,
        tree=repository.tree_of(current.commit),
        folder=repository.folder,
        run=run,
        at=_now(),
        as_of=current.today.isoformat(),
        salt=history.salt or secrets.token_hex(16),
        covers=Covers(kind="all"),
    )


def lease_of(seconds: int | None) -> timedelta:
    """Returns how long after its begin an apply may send requests."""
    return timedelta(seconds=seconds) + READING if seconds is not None else LEASE


def name_run(workspace: Workspace) -> str:
    """Returns the name of this run: that of the workflow run, else of this clone; a re-run is the same run."""
    job = workspace.settings.job()
    if job.repository and job.run_id:
        return f"{job.repository}/{job.run_id}"
    path = workspace.private_folder / RUN_FILE
    make_private_folder(path.parent)
    try:
        with suppress(FileExistsError):
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(secrets.token_hex(RUN_BYTES))
        return f"clone-{path.read_text(encoding='utf-8').strip()[: 2 * RUN_BYTES]}"
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} can't be used: {error}") from error


@contextmanager
def hold_clone(workspace: Workspace, tenant: str) -> Iterator[None]:
    """Keeps other applies of this clone away until the block ends; raises Refused where one is at work."""
    import fcntl  # not on every system, and needed by an apply alone

    folder = workspace.private_folder
    make_private_folder(folder)
    with _open_lock(folder / f"{tenant}.lock") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Refused(f"another apply to {tenant} is at work in this clone: wait for its end") from None
        yield


@contextmanager
def _open_lock(path: Path) -> Iterator[int]:
    try:
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise UsageError(f"{path} can't be used: {error.strerror}") from error
    try:
        yield handle
    finally:
        os.close(handle)


def _now() -> str:
    return now_in_utc().isoformat(timespec="milliseconds")
