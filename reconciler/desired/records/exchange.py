"""Exchanges a record's branch with a remote: one ref, never by force, and within a time."""

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
NOT_THERE = 2  # what `git ls-remote --exit-code` ends with
_RACES = ("cannot lock ref", "failed to update ref", "incorrect old value", "stale info", "reference already exists")


@dataclass(frozen=True, slots=True)
class Pushed:
    """How a push ended: `lost` where another was faster, `refused` by the host's rules; `words` are git's."""

    state: Literal["done", "lost", "refused", "unreachable"]
    words: str = ""


def fetch_record(branch: RecordBranch) -> bool:
    """Fetches the branch of a record from its remote, and nothing else; whether the remote has one.

    Where the branch here has nothing that the remote's lacks, it follows. Raises RecordUnknown with git's words where
    the remote can't be asked.
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
    """Whether the remote has the branch, which is fetched then; one that another run makes meanwhile is asked again."""
    words = ""
    for _ in range(FETCHES):
        refspec = f"+{branch.local}:{branch.tracking}"
        code, _out, words = _converse(branch, *_FETCH, "--no-filter", remote, refspec)
        if not code:
            return True
        asked, _out, more = _converse(branch, "ls-remote", "--exit-code", "--heads", remote, branch.local)
        if asked == NOT_THERE:
            return False
        if asked:
            raise refuse_unknown(more).as_error()
    raise refuse_unknown(words).as_error()


def push_record(branch: RecordBranch) -> Pushed:
    """Pushes what the branch here has; a push that loses a race is joined with what won it, and tried again."""
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
    """Pushes one commit as the remote's branch; only where `lease` says what is there now may it replace that."""
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
    """Moves the branch here to the remote's, where each of its records is there too, or was before an erasure."""
    ours = branch.ours()
    if ours is None or ours == theirs:
        return
    try:
        entries = load_entries(branch, (ours, theirs))
    except (RecordUnknown, NotARecord):
        return  # the error is raised to those who load the history
    there, here = _reached(entries, theirs), _reached(entries, ours)
    there &= entries.keys()  # what does not read, and was given up by a recovery, is among none of the entries
    known = {_step(entries[one].record) for one in there}
    if all(one in there or _step(entries[one].record) in known for one in here & entries.keys()):
        branch.move(theirs, ours)


def _join(branch: RecordBranch) -> None:
    """Writes the last record here anew, so that it follows what the remote has too: nothing of either is lost."""
    ours, theirs = branch.ours(), branch.theirs()
    if ours is None or theirs is None or ours == theirs:
        return
    entries = load_entries(branch, (ours, theirs))
    if theirs in _reached(entries, ours):
        return
    others = ApplyHistory(tuple(entry for one, entry in entries.items() if one != ours))
    joined = make_commit(branch.repository, entries[ours].record, [tip.id for tip in others.tips()])
    branch.move(joined.id, ours)


def _reached(entries: Mapping[str, RecordEntry], tip: str) -> set[str]:
    return find_ancestors((tip,), lambda one: entries[one].parents if one in entries else ())


def _step(record: ApplyRecord) -> tuple[object, ...]:
    """What an erasure leaves of a record."""
    return record.state, record.serial, record.run, record.at, record.commit


def _fetch_blobs(branch: RecordBranch, tip: str) -> None:
    """In a partial clone: fetches at once what git would fetch file by file, from a connection each."""
    repository = branch.repository
    if repository.attempt("config", "--get-regexp", r"^remote\..*\.promisor$") is None:
        return
    names = "".join(f"{commit}:{RECORD_FILE}\n" for commit in guess_line(repository, (tip,)))
    listed = repository.ask("cat-file", "--batch-check=%(objectname)", stdin=names.encode()).decode().splitlines()
    blobs = [line for line in listed if " " not in line]
    lacking = repository.attempt(
        *("rev-list", "--objects", "--no-walk", "--missing=print", "--stdin"),
        stdin="".join(f"{blob}\n" for blob in blobs).encode(),
    )
    wanted = [line[1:] for line in (lacking or b"").decode().splitlines() if line.startswith("?")]
    if wanted and branch.remote is not None:
        _converse(
            branch,
            *("-c", "fetch.negotiationAlgorithm=noop", *_FETCH, "--filter=blob:none", "--stdin", branch.remote),
            stdin="".join(f"{blob}\n" for blob in wanted).encode(),
        )


def _converse(branch: RecordBranch, *arguments: str, stdin: bytes = b"") -> tuple[int, bytes, str]:
    return branch.repository.converse(*arguments, seconds=branch.seconds, stdin=stdin)
