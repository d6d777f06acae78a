"""Writes a record as a commit of its branch, with the applied commit as its last parent."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.record.record import RECORD_FILE, ApplyRecord, RecordEntry, spell_record
from reconciler.desired.git.repository import Repository
from reconciler.desired.records.branch import RecordBranch
from reconciler.errors import Failed


def write_record(branch: RecordBranch, record: ApplyRecord, parents: Sequence[str], before: str | None) -> RecordEntry:
    """Writes a record to the local branch, after the records `parents`, and returns it with its commit.

    `before` is the branch's commit when the parents were found, or None. Raises Failed if the branch moved since.
    """
    entry = make_commit(branch.repository, record, parents)
    if not branch.move(entry.id, before):
        raise Failed(f"{branch.local} can't be written: it was moved meanwhile, or another git process holds its lock")
    return entry


def make_commit(repository: Repository, record: ApplyRecord, parents: Sequence[str]) -> RecordEntry:
    """Writes a record as a commit without a branch. Raises UsageError if git fails."""
    before = tuple(sorted(set(parents)))
    content = repository.ask("hash-object", "-w", "--stdin", stdin=spell_record(record)).decode().strip()
    entry = f"100644 blob {content}\t{RECORD_FILE}\n"
    tree = repository.ask("mktree", stdin=entry.encode()).decode().strip()
    follows = [word for parent in (*before, record.commit) for word in ("-p", parent)]
    message = describe_record(record).encode()
    commit = repository.ask(*_signed(repository), "commit-tree", tree, *follows, stdin=message)
    return RecordEntry(commit.decode().strip(), before, record)


def describe_record(record: ApplyRecord) -> str:
    """Returns the commit message of a record; `[skip ci]` keeps workflows from running for it."""
    return f"#{record.serial} {record.state}: {record.commit[:12]} [skip ci]\n"


def _signed(repository: Repository) -> tuple[str, ...]:
    """Returns git's options for the identity `reconciler`, if no git identity is configured."""
    if repository.attempt("var", "GIT_COMMITTER_IDENT") is not None:
        return ()
    return ("-c", "user.name=reconciler", "-c", "user.email=reconciler@localhost")
