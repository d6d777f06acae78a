"""Records the begin of an apply before its first request, and its end after the last; names its run."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

from reconciler.core.approval.carried import keep_open, list_open, open_after
from reconciler.core.approval.closing import Ended, end_apply, end_without_effect
from reconciler.core.approval.coverage import Approval
from reconciler.core.changes.outcome import Outcome
from reconciler.core.declarations.tenant import SANDBOX
from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import ApplyRecord, Covers, OpenAtom, RecordEntry, State
from reconciler.desired.evidence.apply_line import check_line
from reconciler.desired.evidence.graph import read_graph
from reconciler.desired.git.repository import Repository, explain_absence
from reconciler.desired.records.branch import RecordBranch
from reconciler.desired.records.exchange import Pushed
from reconciler.desired.records.steps import begin, end
from reconciler.errors import Refused, UsageError
from reconciler.pipeline.apply.approvals import Approved
from reconciler.pipeline.apply.signals import stoppable_by_hand
from reconciler.pipeline.clock import now_in_utc
from reconciler.pipeline.desired.current_state import CurrentState
from reconciler.pipeline.private_files import make_private_folder
from reconciler.pipeline.record.history import History
from reconciler.pipeline.workspace import Workspace
from reconciler.private_store import find_private_fault

LEASE = timedelta(hours=1)
READING = timedelta(minutes=10)  # for the read and the plan, before the first request that changes the account
NOT_PUSHED = (
    "Error: the end of this apply can't be pushed ({}), and is on record only in this clone. Push it with "
    "`reconciler ownership push`, or let the next apply push it; no change is made twice"
)
RUN_FILE, RUN_BYTES = "run-id", 8
NOT_BEGUN = "no begin of this run is on record: run `reconciler ownership begin` before `apply --record local`"


@dataclass(frozen=True, slots=True)
class BegunApply:
    """A begun apply: the branch and entry of its record, and the history that its plan is made from."""

    branch: RecordBranch
    entry: RecordEntry
    history: ApplyHistory

    @property
    def record(self) -> ApplyRecord:
        """The begin."""
        return self.entry.record

    @property
    def seconds_left(self) -> float:
        """The seconds during which it may still send requests."""
        return (self.record.sends_until - now_in_utc()).total_seconds()

    def find_open(
        self, approval: Approval, outcomes: Sequence[Outcome], *, only: bool
    ) -> tuple[OpenAtom, ...] | Literal["all"]:
        """Returns the approved effects that the apply leaves open; with `only`, those of other keys stay open too."""
        salt = self.record.salt
        left = open_after(approval, outcomes, salt, self.record.serial - 1)
        done = [outcome.change for outcome in outcomes if outcome.took_effect]
        return keep_open(list_open(self.history), left, done, salt) if only else left

    def end(self, ended: Ended) -> Pushed:
        """Records the end of the apply, with its outcome."""
        sample = self.history.last_sample()
        return self._write(end_apply(self.record, ended, _now(), sample.entries if sample else ()))

    def abandon(self) -> Pushed:
        """Records that the apply ended before any request that changes the account."""
        last = self.history.last_ended()
        return self._write(end_without_effect(self.record, _now(), last.record if last else None))

    def _write(self, record: ApplyRecord) -> Pushed:
        return end(self.branch, record, stoppable_by_hand).pushed


def warn_unless_pushed(workspace: Workspace, pushed: Pushed | None) -> str | None:
    """Warns of an end that the remote lacks, and returns git's reason; None if nothing is left to push."""
    if pushed is None or pushed.state == "done":
        return None
    workspace.warn(NOT_PUSHED.format(pushed.words))
    return pushed.words


def is_settled(history: History) -> bool:
    """Checks whether the last apply was complete and of HEAD's folder: then a new apply may have nothing to do."""
    repository, commit = history.current.repository, history.current.commit
    if repository is None or commit is None or history.record.history.open_begins():
        return False
    return history.record.history.is_settled(repository.tree_of(commit))


@dataclass(frozen=True, slots=True)
class NothingToApply:
    """The reason why an apply has nothing to do; `later` if a later complete apply contains HEAD."""

    reason: str
    later: bool = False


def find_nothing_to_apply(history: History, approved: Approved) -> NothingToApply | None:
    """Returns the reason if an apply of HEAD has nothing to do, else None; raises Refused if HEAD must not be applied.

    A later apply may contain HEAD. Or no plan approves a change, and the last apply of this desired state was complete.
    """
    refusal = check_line(history.graph, history.record.history) if history.graph else None
    if refusal is not None and refusal.exit_code:
        raise refusal.as_error()
    if refusal is not None:
        return NothingToApply(refusal.sentence, later=True)
    if approved.limited and not approved.has_changes and is_settled(history):
        return NothingToApply(
            "no plan approves a change, and the desired state is as in the last apply, which was complete"
        )
    return None


def refuse_disabled(current: CurrentState) -> None:
    """Raises Refused if provisioning to the tenant is disabled in git."""
    if not current.tenant.enabled:
        raise Refused(
            f"provisioning to {current.tenant_name} is disabled: set `enabled: true` in git, and have it reviewed"
        )


def refuse_unrecorded(current: CurrentState) -> None:
    """Raises Refused if an apply can't be recorded; only the embedded 4me may be applied to without a record."""
    if current.commit is not None or current.tenant.url == SANDBOX:
        return
    why = explain_absence() if current.repository is None else "the desired state is not committed"
    raise Refused(f"{why}, and an apply is recorded by its commit: commit the desired state, then apply")


def begin_apply(history: History, run: str, seconds: int | None) -> BegunApply:
    """Records the begin of an apply of HEAD, here and at the remote; raises Refused, with what to do.

    The apply may send requests for `seconds` and the ten minutes of its read and plan; by default for an hour.
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
    """Records a later time until which the apply may send requests, for a plan that takes longer."""
    until = (now_in_utc() + timedelta(seconds=seconds)).isoformat(timespec="seconds")
    extended = begun.record.model_copy(update={"until": until, "at": _now()})
    written = begin(begun.branch, begun.record.run, now_in_utc, lambda _found: extended)
    return replace(begun, entry=written.entry)


def find_own_begin(history: History, run: str) -> BegunApply:
    """Returns the begin that an earlier step of this run recorded; raises Refused without such a begin."""
    branch, found = history.record.branch, history.record.history
    commit = history.current.commit
    own = [entry for entry in found.open_begins() if (entry.record.run, entry.record.commit) == (run, commit)]
    if branch is None or not own:
        raise Refused(NOT_BEGUN)
    theirs = branch.theirs()
    if branch.remote is not None and not (theirs and branch.repository.is_before(own[-1].id, theirs)):
        raise Refused(f"{NOT_BEGUN}; the begin in this clone was not pushed")
    return BegunApply(replace(branch, remote=None), own[-1], found.without([own[-1].id]))


def make_record(
    current: CurrentState, repository: Repository, history: ApplyHistory, run: str, state: State
) -> ApplyRecord:
    """Returns the next record, of HEAD now. By default it covers everything that the commit declares."""
    assert current.commit is not None  # noqa: S101  # `refuse_unrecorded` was called before
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
    """Returns the time after its begin during which an apply may send requests."""
    return timedelta(seconds=seconds) + READING if seconds is not None else LEASE


def name_run(workspace: Workspace) -> str:
    """Returns the name of this run, from the workflow run or from this clone; a re-run has the same name."""
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
        if fault := find_private_fault(path):
            raise UsageError(f"{path} is not believed as the name of this clone: {fault}; delete it")
        return f"clone-{path.read_text(encoding='utf-8').strip()[: 2 * RUN_BYTES]}"
    except OSError as error:
        raise UsageError(f"{path} can't be used: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} can't be used: it is not UTF-8 text; delete it, and a new one is made") from error


@contextmanager
def lock_clone(workspace: Workspace, tenant: str) -> Iterator[None]:
    """Locks this clone against other applies until the block ends; raises Refused if another apply is running."""
    import fcntl  # not on every system, and only an apply needs it

    folder = workspace.private_folder
    make_private_folder(folder)
    with _open_lock(folder / f"{tenant}.lock") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Refused(f"another apply to {tenant} is running in this clone: wait until it ends") from None
        yield


@contextmanager
def _open_lock(path: Path) -> Iterator[int]:
    try:
        handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise UsageError(f"{path} can't be used: {error.strerror}") from error
    try:
        yield handle
    finally:
        os.close(handle)


def _now() -> str:
    return now_in_utc().isoformat(timespec="milliseconds")
