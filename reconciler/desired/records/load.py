"""Loads the history of applies from the branch of a record, or names the commit that can't be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.collector import collector_off
from reconciler.core.record.ancestors import find_ancestors
from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import RECORD_FILE, RecordEntry, SampleEntry, parse_record
from reconciler.core.record.refusals import refuse_cut, refuse_unreadable
from reconciler.desired.records.branch import RecordBranch
from reconciler.desired.records.walk import RecordCommit, walk_commits
from reconciler.errors import NotARecord


def load_history(branch: RecordBranch) -> ApplyHistory:
    """Returns the union of the local branch and the remote's branch as last fetched or pushed.

    Raises NotARecord if a commit can't be read, with the last readable commit, and RecordUnknown if a record is missing
    in this clone.
    """
    return ApplyHistory(tuple(load_entries(branch, branch.find_tips()).values()))


def load_readable(branch: RecordBranch) -> ApplyHistory:
    """Returns the readable records of the branch, for a recovery; skips damaged records."""
    commits, _missing = walk_commits(branch.repository, branch.find_tips(), strictly=False)
    entries, _wrong = parse_commits(commits)
    return ApplyHistory(tuple(_skip(entries, commits).values()))


def load_entries(branch: RecordBranch, tips: Sequence[str]) -> dict[str, RecordEntry]:
    """Returns the records at these commits and their ancestors, by id; raises the errors of `load_history`.

    Skips unreadable commits before a recovery.
    """
    with collector_off():
        commits, missing = walk_commits(branch.repository, tips)
        if missing:
            raise refuse_cut(f"the record {min(missing)[:12]} is not in this clone").as_error()
        entries, wrong = parse_commits(commits)
    if not wrong:
        return entries
    commits, _missing = walk_commits(branch.repository, tips, strictly=False)
    entries, _wrong = parse_commits(commits)
    superseded = _before_recoveries(commits, entries)
    bad = next((commit_id for commit_id in wrong if commit_id not in superseded), None)
    if bad is not None:
        raise refuse_unreadable(branch.name, bad, wrong[bad], _find_last_good(entries)).as_error()
    return _skip(entries, commits)


def parse_commits(commits: Mapping[str, RecordCommit]) -> tuple[dict[str, RecordEntry], dict[str, str]]:
    """Returns the entries of the commits that are records, and the fault of each other commit, by id."""
    samples: dict[bytes, tuple[SampleEntry, ...]] = {}
    entries: dict[str, RecordEntry] = {}
    wrong: dict[str, str] = {}
    for commit in commits.values():
        try:
            entries[commit.id] = _parse(commit, samples)
        except NotARecord as error:
            wrong[commit.id] = str(error)
    return entries, wrong


def _parse(commit: RecordCommit, samples: dict[bytes, tuple[SampleEntry, ...]]) -> RecordEntry:
    if commit.content is None:
        raise NotARecord(f"its tree is not the one file {RECORD_FILE}")
    record = parse_record(commit.content, samples)
    if record.commit != commit.applied:
        raise NotARecord("its last parent is not the applied commit that it names")
    return RecordEntry(commit.id, commit.parents, record)


def _find_last_good(entries: Mapping[str, RecordEntry]) -> str | None:
    """Returns the newest readable commit whose ancestors are all readable."""
    good: set[str] = set()
    before = -1
    while before < len(good):  # usually two rounds; unions may need more, if parents were found after children
        before = len(good)
        for entry in reversed([*entries.values()]):
            if good.issuperset(entry.parents):
                good.add(entry.id)
    newest = ApplyHistory(tuple(entries[entry_id] for entry_id in good)).entries
    return newest[-1].id if newest else None


def _before_recoveries(commits: Mapping[str, RecordCommit], entries: Mapping[str, RecordEntry]) -> set[str]:
    starts = (parent for entry in entries.values() if entry.record.state == "recovered" for parent in entry.parents)
    return find_ancestors(
        starts, lambda commit_id: _all_parents(commits[commit_id], entries) if commit_id in commits else ()
    )


def _skip(entries: Mapping[str, RecordEntry], commits: Mapping[str, RecordCommit]) -> dict[str, RecordEntry]:
    """Returns the entries, with unreadable parents replaced by their nearest readable ancestors."""
    kept: dict[str, RecordEntry] = {}
    for entry in entries.values():
        waiting, parents, seen = list(entry.parents), [], set[str]()
        while waiting:
            parent = waiting.pop()
            if parent in entries:
                parents.append(parent)
            elif parent in commits and parent not in seen:
                waiting.extend(_all_parents(commits[parent], entries))
            seen.add(parent)
        kept[entry.id] = replace(entry, parents=tuple(sorted(set(parents))))
    return kept


def _all_parents(commit: RecordCommit, entries: Mapping[str, RecordEntry]) -> tuple[str, ...]:
    """Returns the records that are parents of a commit; if it is unreadable, its last parent may be a record too."""
    if commit.id in entries or commit.applied is None:
        return commit.parents
    return (*commit.parents, commit.applied)
