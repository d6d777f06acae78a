"""Erases the hashes of users from the records before the last full apply, which need them no longer."""

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
    """Rewrites the branch, here and at the remote, without what the last whole full apply made needless.

    Returns how many records lost their lists of hashes. The one push by force of this program: the remote takes it only
    where its branch is what was read. Raises Failed where the remote does not take it; then nothing is changed here.
    """
    fetch_record(branch)
    pushed = push_record(branch)
    if pushed.state != "done":
        raise Failed(f"the record can't be pushed ({pushed.words}): nothing was erased")
    history = load_history(branch)
    erased = find_erased(history)
    if not erased:
        return 0
    before = branch.ours()
    tip = rewrite(branch.repository, history, erased)
    pushed = push_commit(branch, tip, lease=branch.theirs())
    if pushed.state != "done":
        raise Failed(f"{branch.remote} does not take the rewritten record ({pushed.words}): nothing was erased")
    if before is not None and not branch.move(tip, before):
        raise Failed(f"{branch.local} was moved meanwhile: erase again")
    return len(erased)


def find_erased(history: ApplyHistory) -> dict[str, ApplyRecord]:
    """Returns what is written instead of records before the last whole full apply, by id, where that differs."""
    last = history.last_full()
    behind = history.before((last,)) if last else set()
    changed = {entry.id: _without_hashes(entry.record) for entry in history.entries if entry.id in behind}
    return {
        entry.id: changed[entry.id] for entry in history.entries if changed.get(entry.id, entry.record) != entry.record
    }


def _without_hashes(record: ApplyRecord) -> ApplyRecord:
    """Returns the record without hashes: what covered some keys covers none, which at worst leaves a user in doubt."""
    covers = record.covers if record.covers.kind == "all" else Covers(kind="only")
    return record.model_copy(update={"covers": covers, "open": (), "sample": ()})


def rewrite(repository: Repository, history: ApplyHistory, erased: Mapping[str, ApplyRecord]) -> str:
    """Writes the branch anew with other records in some places, by their authors and dates; returns its tip."""
    (tip,) = (one.id for one in history.tips())
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
        raise Failed("git did not write the record anew: nothing was erased")
    return made


def _parents_first(history: ApplyHistory) -> list[RecordEntry]:
    entries = {entry.id: entry for entry in history.entries}
    done: dict[str, RecordEntry] = {}
    waiting = [tip.id for tip in history.tips()]
    while waiting:
        lacking = [parent for parent in entries[waiting[-1]].parents if parent not in done and parent in entries]
        if lacking:
            waiting.extend(lacking)
        else:
            one = waiting.pop()
            done[one] = entries[one]
    return list(done.values())


def _spell_commit(draft: str, commit: RecordCommit, record: ApplyRecord | None, marks: Mapping[str, str]) -> bytes:
    """One commit in the words of `git fast-import`."""
    head, message = commit.raw.split(b"\n\n", 1)
    people = [line for line in head.split(b"\n") if line.startswith((b"author ", b"committer "))]
    content = spell_record(record) if record is not None else commit.content or b""
    parents = [marks.get(parent, parent) for parent in (*commit.parents, commit.applied or "")]
    lines = [
        f"commit {draft}".encode(),
        f"mark {marks[commit.id]}".encode(),
        *people,
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
