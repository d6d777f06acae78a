"""Exchanges the branch of a record with a remote: one ref, never by force except to erase, within a time limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reconciler.core.record.ancestors import find_ancestors
from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import RECORD_FILE, ApplyRecord, RecordEntry
from reconciler.core.record.refusals import refuse_unknown
from reconciler.desired.records.branch import RecordBranch, tracking_ref
from reconciler.desired.records.load import load_entries
from reconciler.desired.records.walk import guess_line
from reconciler.desired.records.write import make_commit
from reconciler.errors import NotARecord, RecordUnknown

TRIES = 20
FETCHES = 3
NOT_THERE = 2  # the exit code of `git ls-remote --exit-code` without a matching ref
_RACES = ("cannot lock ref", "failed to update ref", "incorrect old value", "stale info", "reference already exists")


@dataclass(frozen=True, slots=True)
class Pushed:
    """The result of a push: `lost` if another push was faster, `refused` by the host's rules; `words` are git's."""

    state: Literal["done", "lost", "refused", "unreachable"]
    words: str = ""


def fetch_record(branch: RecordBranch) -> bool:
    """Fetches only the branch of a record from its remote, and returns whether the remote has it.

    Moves the local branch to the remote's if it has no record that the remote's lacks. Raises RecordUnknown with git's
    message if the remote can't be read.
    """
    if branch.remote is None:
        return False
    if not _fetch(branch, branch.remote):
        branch.repository.attempt("update-ref", branch.absence, "HEAD")
        return False
    branch.repository.attempt("update-ref", "-d", branch.absence)
    theirs = branch.theirs()
    if theirs is not None:
        _fetch_blobs(branch, theirs)
        _follow(branch, theirs)
    return True


def _fetch(branch: RecordBranch, remote: str) -> bool:
    """Fetches the branch and returns whether the remote has it; retries if another run creates it meanwhile."""
    words = ""
    for _ in range(FETCHES):
        refspec = f"+{branch.local}:{branch.tracking}"
        code, _out, words = _converse(branch, *_FETCH, "--no-filter", remote, refspec)
        if not code:
            return True
        listed, _out, list_words = _converse(branch, "ls-remote", "--exit-code", "--heads", remote, branch.local)
        if listed == NOT_THERE:
            return False
        if listed:
            raise refuse_unknown(list_words).as_error()
    raise refuse_unknown(words).as_error()


def push_record(branch: RecordBranch) -> Pushed:
    """Pushes the local branch; after a lost race, merges the remote's records and retries."""
    pushed = Pushed("done")
    for _ in range(TRIES):
        ours = branch.ours()
        if branch.remote is None or ours is None or ours == branch.theirs():
            return Pushed("done")
        pushed = push_commit(branch, ours)
        if pushed.state != "lost":
            return pushed
        try:
            fetch_record(branch)
            _join(branch)
        except (RecordUnknown, NotARecord) as error:
            return Pushed("unreachable", str(error))
    return pushed


def push_commit(branch: RecordBranch, commit: str, lease: str | None = None) -> Pushed:
    """Pushes a commit as the remote's branch; it may replace the remote's commit only if that is `lease`."""
    if branch.remote is None:
        return Pushed("done")
    force = () if lease is None else (f"--force-with-lease={branch.local}:{lease}",)
    code, out, words = _converse(
        branch,
        *("push", "--porcelain", "--no-verify", "--no-signed", "--no-follow-tags", "--recurse-submodules=no", *force),
        *(branch.remote, f"{commit}:{branch.local}"),
    )
    if not code:
        branch.repository.attempt("update-ref", tracking_ref(branch.remote, branch.name), commit)
        return Pushed("done")
    verdict = next((line for line in out.decode(errors="replace").splitlines() if line.startswith("!")), None)
    if verdict is None:
        return Pushed("unreachable", words)
    reason = verdict.rpartition("\t")[2]
    if reason.startswith("[rejected]") or any(race in reason for race in _RACES):
        return Pushed("lost", reason)
    return Pushed("refused", f"{reason}: {words}")


_FETCH = (
    *("-c", "gc.auto=0", "-c", "maintenance.auto=false", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head"),
    *("--recurse-submodules=no", "--no-prune"),
)


def _follow(branch: RecordBranch, theirs: str) -> None:
    """Moves the local branch to the remote's if the remote has each of its records, possibly without hashes."""
    ours = branch.ours()
    if ours is None or ours == theirs:
        return
    try:
        entries = load_entries(branch, (ours, theirs))
    except (RecordUnknown, NotARecord):
        return  # loading the history raises this error
    remote, local = _reached(entries, theirs), _reached(entries, ours)
    remote &= entries.keys()  # unreadable commits before a recovery are not in `entries`
    known = {_step(entries[entry_id].record) for entry_id in remote}
    if all(entry_id in remote or _step(entries[entry_id].record) in known for entry_id in local & entries.keys()):
        branch.move(theirs, ours)


def _join(branch: RecordBranch) -> None:
    """Rewrites the last local record with the remote's records as parents too, so that no record is lost."""
    ours, theirs = branch.ours(), branch.theirs()
    if ours is None or theirs is None or ours == theirs:
        return
    entries = load_entries(branch, (ours, theirs))
    if theirs in _reached(entries, ours):
        return
    others = ApplyHistory(tuple(entry for entry_id, entry in entries.items() if entry_id != ours))
    joined = make_commit(branch.repository, entries[ours].record, [tip.id for tip in others.tips()])
    branch.move(joined.id, ours)


def _reached(entries: Mapping[str, RecordEntry], tip: str) -> set[str]:
    return find_ancestors((tip,), lambda entry_id: entries[entry_id].parents if entry_id in entries else ())


def _step(record: ApplyRecord) -> tuple[object, ...]:
    """Returns the fields that identify a record and that an erasure keeps."""
    return record.state, record.serial, record.run, record.at, record.commit


def _fetch_blobs(branch: RecordBranch, tip: str) -> None:
    """In a partial clone, fetches all missing files at once; git would open a connection for each file."""
    repository = branch.repository
    if repository.attempt("config", "--get-regexp", r"^remote\..*\.promisor$") is None:
        return
    names = "".join(f"{commit}:{RECORD_FILE}\n" for commit in guess_line(repository, (tip,)))
    listed = repository.ask("cat-file", "--batch-check=%(objectname)", stdin=names.encode()).decode().splitlines()
    blobs = [line for line in listed if " " not in line]
    listed_missing = repository.attempt(
        *("rev-list", "--objects", "--no-walk", "--missing=print", "--stdin"),
        stdin="".join(f"{blob}\n" for blob in blobs).encode(),
    )
    missing = [line[1:] for line in (listed_missing or b"").decode().splitlines() if line.startswith("?")]
    if missing and branch.remote is not None:
        _converse(
            branch,
            *("-c", "fetch.negotiationAlgorithm=noop", *_FETCH, "--filter=blob:none", "--stdin", branch.remote),
            stdin="".join(f"{blob}\n" for blob in missing).encode(),
        )


def _converse(branch: RecordBranch, *arguments: str, stdin: bytes = b"") -> tuple[int, bytes, str]:
    return branch.repository.converse(*arguments, seconds=branch.seconds, stdin=stdin)
