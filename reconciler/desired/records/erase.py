"""Erases the hashes of users from the records before the last full apply, where they are no longer needed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import RECORD_FILE, ApplyRecord, Covers, RecordEntry, spell_record
from reconciler.desired.git.repository import Repository
from reconciler.desired.records.branch import RecordBranch
from reconciler.desired.records.exchange import fetch_record, push_commit, push_record
from reconciler.desired.records.load import load_history
from reconciler.desired.records.walk import RecordCommit, walk_commits
from reconciler.errors import Failed


def erase(branch: RecordBranch) -> int:
    """Rewrites both branches without the hashes in records before the last complete apply with a full read.

    Returns the number of records that lost their hashes. Pushes with a lease, the only forced push of this program: the
    remote accepts it only if its branch is unchanged since it was read. Raises Failed if the remote refuses; then the
    local branch is unchanged.
    """
    fetch_record(branch)
    pushed = push_record(branch)
    if pushed.state != "done":
        raise Failed(f"the record can't be pushed ({pushed.words}), so nothing was erased")
    history = load_history(branch)
    erased = find_erased(history)
    if not erased:
        return 0
    before = branch.ours()
    tip = rewrite(branch.repository, history, erased)
    pushed = push_commit(branch, tip, lease=branch.theirs())
    if pushed.state != "done":
        raise Failed(f"{branch.remote} refuses the rewritten record ({pushed.words}), so nothing was erased")
    if before is not None and not branch.move(tip, before):
        raise Failed(f"another process moved {branch.local} meanwhile: erase again")
    return len(erased)


def find_erased(history: ApplyHistory) -> dict[str, ApplyRecord]:
    """Returns the new records, by the id of the old, for those before the last full apply that have hashes."""
    last = history.last_full()
    ancestors = history.before((last,)) if last else set()
    changed = {entry.id: _without_hashes(entry.record) for entry in history.entries if entry.id in ancestors}
    return {
        entry.id: changed[entry.id] for entry in history.entries if changed.get(entry.id, entry.record) != entry.record
    }


def _without_hashes(record: ApplyRecord) -> ApplyRecord:
    """Returns the record without hashes. If it covered some keys, it covers none: at worst, a user is unresolved."""
    covers = record.covers if record.covers.kind == "all" else Covers(kind="only")
    return record.model_copy(update={"covers": covers, "open": (), "sample": ()})


def rewrite(repository: Repository, history: ApplyHistory, erased: Mapping[str, ApplyRecord]) -> str:
    """Rewrites the branch with the erased records, keeping authors and dates; returns the new tip."""
    (tip,) = (entry.id for entry in history.tips())
    commits, _missing = walk_commits(repository, (tip,))
    draft = f"refs/reconciler-drafts/{secrets.token_hex(8)}"
    marks: dict[str, str] = {}
    stream: list[bytes] = []
    for entry in _parents_first(history):
        record = erased.get(entry.id)
        if record is not None or any(parent in marks for parent in entry.parents):
            marks[entry.id] = f":{len(marks) + 1}"
            stream.append(_spell_commit(draft, commits[entry.id], record, marks))
    try:
        repository.ask("fast-import", "--quiet", "--date-format=raw", "--force", stdin=b"".join([*stream, b"done\n"]))
        made = repository.resolve(draft)
    finally:
        repository.attempt("update-ref", "-d", draft)
    if made is None:
        raise Failed("git did not rewrite the record, so nothing was erased")
    return made


def _parents_first(history: ApplyHistory) -> list[RecordEntry]:
    entries = {entry.id: entry for entry in history.entries}
    done: dict[str, RecordEntry] = {}
    waiting = [tip.id for tip in history.tips()]
    while waiting:
        missing = [parent for parent in entries[waiting[-1]].parents if parent not in done and parent in entries]
        if missing:
            waiting.extend(missing)
        else:
            entry_id = waiting.pop()
            done[entry_id] = entries[entry_id]
    return list(done.values())


def _spell_commit(draft: str, commit: RecordCommit, record: ApplyRecord | None, marks: Mapping[str, str]) -> bytes:
    """Returns a commit in the format of `git fast-import`."""
    head, message = commit.raw.split(b"\n\n", 1)
    identities = [line for line in head.split(b"\n") if line.startswith((b"author ", b"committer "))]
    content = spell_record(record) if record is not None else commit.content or b""
    parents = [marks.get(parent, parent) for parent in (*commit.parents, commit.applied or "")]
    lines = [
        f"commit {draft}".encode(),
        f"mark {marks[commit.id]}".encode(),
        *identities,
        _data(message),
        *(f"{'merge' if number else 'from'} {parent}".encode() for number, parent in enumerate(parents)),
        b"deleteall",
        f"M 100644 inline {RECORD_FILE}".encode(),
        _data(content),
        b"",
    ]
    return b"\n".join(lines)


def _data(content: bytes) -> bytes:
    return b"data %d\n%s" % (len(content), content)
