"""Loads the history of applies from a record's branch, or says which commit of it does not read."""

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
    """Returns the union of the branch here and as the remote had it when it was asked last.

    Raises NotARecord where a commit of it does not read, which names the last one that does, and RecordUnknown where
    a record is not in this clone.
    """
    return ApplyHistory(tuple(load_entries(branch, branch.find_tips()).values()))


def load_readable(branch: RecordBranch) -> ApplyHistory:
    """Returns what reads of the branch, for a recovery from what does not: records that are damaged are left out."""
    commits, _missing = walk_commits(branch.repository, branch.find_tips(), strictly=False)
    entries, _wrong = parse_commits(commits)
    return ApplyHistory(tuple(_skip(entries, commits).values()))


def load_entries(branch: RecordBranch, tips: Sequence[str]) -> dict[str, RecordEntry]:
    """Returns the records that some commits of the branch lead to, by id; raises as `load_history` does.

    What does not read, and was given up by a recovery, is left out.
    """
    with collector_off():
        commits, missing = walk_commits(branch.repository, tips)
        if missing:
            raise refuse_cut(f"the record {min(missing)[:12]} is not in this clone").as_error()
        entries, wrong = parse_commits(commits)
    if not wrong:
        return entries
    commits, _missing = walk_commits(branch.repository, tips, strictly=False)
    entries, _words = parse_commits(commits)
    given_up = _before_recoveries(commits, entries)
    bad = next((one for one in wrong if one not in given_up), None)
    if bad is not None:
        raise refuse_unreadable(branch.name, bad, wrong[bad], _find_last_good(entries)).as_error()
    return _skip(entries, commits)


def parse_commits(commits: Mapping[str, RecordCommit]) -> tuple[dict[str, RecordEntry], dict[str, str]]:
    """Returns the entries of the commits that read as records, and in words what is wrong with each other one."""
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
        raise NotARecord("its last parent is not the commit that it says was applied")
    return RecordEntry(commit.id, commit.parents, record)


def _find_last_good(entries: Mapping[str, RecordEntry]) -> str | None:
    """The newest commit that reads, as do all records before it."""
    good: set[str] = set()
    before = -1
    while before < len(good):  # twice, but for unions that cross the order in which they were found
        before = len(good)
        for one in reversed([*entries.values()]):
            if good.issuperset(one.parents):
                good.add(one.id)
    newest = ApplyHistory(tuple(entries[one] for one in good)).entries
    return newest[-1].id if newest else None


def _before_recoveries(commits: Mapping[str, RecordCommit], entries: Mapping[str, RecordEntry]) -> set[str]:
    given_up = (parent for one in entries.values() if one.record.state == "recovered" for parent in one.parents)
    return find_ancestors(given_up, lambda one: _all_before(commits[one], entries) if one in commits else ())


def _skip(entries: Mapping[str, RecordEntry], commits: Mapping[str, RecordCommit]) -> dict[str, RecordEntry]:
    """The entries, each after what reads before the commits between that do not."""
    kept: dict[str, RecordEntry] = {}
    for entry in entries.values():
        waiting, parents, seen = list(entry.parents), [], set[str]()
        while waiting:
            one = waiting.pop()
            if one in entries:
                parents.append(one)
            elif one in commits and one not in seen:
                waiting.extend(_all_before(commits[one], entries))
            seen.add(one)
        kept[entry.id] = replace(entry, parents=tuple(sorted(set(parents))))
    return kept


def _all_before(commit: RecordCommit, entries: Mapping[str, RecordEntry]) -> tuple[str, ...]:
    """What a commit follows: of one that does not read, its last parent may be a record too."""
    if commit.id in entries or commit.applied is None:
        return commit.parents
    return (*commit.parents, commit.applied)
