"""The refusals that follow from the record of applies, each with a sentence and what to do.

A closed set, decided from facts that the caller gathers; knows nothing of git. A refusal exits with 4, except
`applied_already`, which exits with 0.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from reconciler.core.record.history import ApplyHistory, Lock, Sample
from reconciler.core.record.record import SampleEntry, salted
from reconciler.errors import ApplyIsOpen, NotARecord, Problem, RecordUnknown, Refused

Because: TypeAlias = Literal[
    "apply_is_open",
    "begin_not_pushed",
    "record_unknown",
    "another_account",
    "another_tenant",
    "applied_already",
    "behind",
    "beside",
    "not_the_tip",
    "history_cut",
    "two_folders",
    "not_a_record",
]
ERRORS: Mapping[Because, type[Refused]] = {
    "record_unknown": RecordUnknown,
    "history_cut": RecordUnknown,
    "not_a_record": NotARecord,
}
FEWEST = 5  # the fewest known keys of a sample that can refuse an account
LOOKED_UP = 5  # the keys of a sample that a targeted read looks up as well


@dataclass(frozen=True, slots=True)
class RecordRefusal:
    """The reason for which nothing is applied, in a sentence, and what to do (`way_out`).

    `until` is when the reason ends by itself, `serial` the apply that the sentence is about.
    """

    because: Because
    sentence: str
    way_out: str
    serial: int | None = None
    until: datetime | None = None

    @property
    def exit_code(self) -> int:
        """0 if HEAD was applied already, else 4."""
        return 0 if self.because == "applied_already" else 4

    def as_problem(self) -> Problem:
        """Returns the refusal as a problem of a plan, with what to do as the hint."""
        severity: Literal["error", "info"] = "info" if self.exit_code == 0 else "error"
        return Problem(self.because, self.sentence, hint=self.way_out, severity=severity)

    def as_error(self) -> Refused:
        """Returns the refusal as an error, with the sentence, what to do, and the problem that a plan shows."""
        sentence = f"{self.sentence}: {self.way_out}"
        if self.because == "apply_is_open" and self.until is not None:
            return ApplyIsOpen(sentence, self.until)
        return ERRORS.get(self.because, Refused)(sentence, (self.as_problem(),))


def check_lock(lock: Lock) -> RecordRefusal | None:
    """Returns the refusal of an apply while another apply is open, or None."""
    if lock.state != "held" or lock.until is None:
        return None
    until = f"{lock.until:%Y-%m-%d %H:%M:%S} UTC"
    return RecordRefusal(
        "apply_is_open",
        f"apply #{lock.serial} of {lock.run} has begun, has no end on record, and may still send requests",
        f"wait until it ends, or until {until}, when the next run takes over",
        lock.serial,
        lock.until,
    )


def check_behind(history: ApplyHistory, ahead: Collection[str]) -> RecordRefusal | None:
    """Returns the refusal of HEAD if an apply of a later commit, which contains HEAD, has begun or ended; or None.

    `ahead` are the commits on record that have HEAD as an ancestor, without HEAD. If their last apply was complete,
    HEAD's changes are done or were reverted since, which is not a failure.
    """
    later = [entry for entry in history.front() if entry.record.commit in ahead]
    last = max(later, key=lambda entry: entry.record.serial, default=None)
    if last is None:
        return None
    serial, commit = last.record.serial, last.record.commit[:12]
    if last.record.moves_front:
        return RecordRefusal(
            "applied_already",
            f"apply #{serial} applied {commit}, a later commit that contains HEAD (to go back, revert)",
            "",
            serial,
        )
    return RecordRefusal(
        "behind",
        f"apply #{serial} of {commit}, a later commit that contains HEAD, has begun and is not complete",
        f"apply {commit} or a newer commit again; to go back to an earlier state, revert",
        serial,
    )


def check_beside(history: ApplyHistory, line: Collection[str], trees: Collection[str]) -> RecordRefusal | None:
    """Returns the refusal of HEAD if its history has neither the last applied commit nor an equal folder; or None.

    `line` are the commits on record that are HEAD or its ancestors; `trees` are the tree ids of the folder at those
    commits.
    """
    beside = [entry for entry in history.last_applies() if not entry.is_on(line, trees)]
    last = max(beside, key=lambda entry: entry.record.serial, default=None)
    if last is None:
        return None
    serial, commit = last.record.serial, last.record.commit[:12]
    return RecordRefusal(
        "beside",
        f"the last apply, #{serial}, applied {commit}, and HEAD's history has neither that commit nor an equal folder",
        f"run git fetch and git merge {commit}; if its branch was deleted or rewritten, run reconciler ownership "
        "recover",
        serial,
    )


def check_tip(head: str, branch: str, tip: str, run: str) -> RecordRefusal | None:
    """Returns the refusal of an old run, or of a run from another branch, unless HEAD is the tip of the default branch.

    `run` describes the run, as in `this is attempt 2 of the run`.
    """
    if head == tip:
        return None
    return RecordRefusal(
        "not_the_tip",
        f"{run}, and {head[:12]} is not the tip of {branch}, which is {tip[:12]}",
        f"run the newest again: the workflow's last run on {branch}, or a new run there",
    )


def refuse_unknown_tip(run: str, words: str) -> RecordRefusal:
    """Returns the refusal of an old run, or of a run from another branch, where the tip can't be asked for."""
    return RecordRefusal(
        "not_the_tip",
        f"{run}, and the remote can't be asked for the tip of the default branch ({words})",
        "make sure that git can reach the remote, and run again; or start a new run on the default branch",
    )


def check_folder(history: ApplyHistory, folder: str, present: Collection[str], name: str) -> RecordRefusal | None:
    """Returns the refusal of a folder whose record belongs to another folder that HEAD still has, or None.

    `present` are the folders on record that HEAD has; a folder that moved is not among them.
    """
    others = {entry.record.folder for entry in history.last_applies()} - {folder}
    owners = sorted(others & set(present))
    if not owners:
        return None
    return RecordRefusal(
        "two_folders",
        f'the record "{name}" belongs to the folder {owners[0]}, which HEAD has beside {folder}',
        "give one of the two tenants its own record, with `record: other-name`",
    )


def check_account(
    sample: Sample | None, linked: Mapping[str, str], ids: Collection[str], *, targeted: bool = False
) -> RecordRefusal | None:
    """Returns the refusal of an account that is not the one of earlier applies, or None.

    `linked` are live ids by key, of all users that git declares or declared at a commit on record. `ids` are the users
    that were read. If at least five keys of the sample are known, half of them must have their id; of the five that a
    targeted read looks up, three.
    """
    if sample is None:
        return None
    known, found = count_found(sample, linked, ids)
    needed = 3 if targeted else (known + 1) // 2
    if known < FEWEST or found >= needed:
        return None
    return RecordRefusal(
        "another_account",
        f"this is not the account of apply #{sample.serial}: {found} of {known} users on record have their id here",
        "use the right token; if the account was restored, copied over or replaced, run reconciler ownership recover",
        sample.serial,
    )


def check_other_tenants(
    history: ApplyHistory,
    others: Mapping[str, Sample],
    linked: Mapping[str, str],
    ids: Collection[str],
    beside: str | None = None,
) -> RecordRefusal | None:
    """Returns the refusal of an account that has the users of another tenant's sample, or None.

    Applies to a tenant that has no sample yet. `others` are samples by tenant name, of tenants on the same host. The
    tenant that `beside:` names may be on this account.
    """
    if history.last_sample() is not None:
        return None
    for name, sample in sorted(others.items()):
        known, found = count_found(sample, linked, ids)
        if name != beside and known >= FEWEST and 2 * found >= known:
            return RecordRefusal(
                "another_tenant",
                f"this is the account of the tenant {name}: {found} of {known} users on its record are here",
                f"use the right token; for a renamed tenant set `formerly: {name}`, for two tenants on one account "
                f"set `beside: {name}`",
            )
    return None


def count_found(sample: Sample, linked: Mapping[str, str], ids: Collection[str]) -> tuple[int, int]:
    """Returns how many entries of a sample have a known key, and how many of those have an id that was read.

    `linked` has an empty id for a known key without a link.
    """
    entries = {entry.key: entry.linked for entry in sample.entries}
    known = found = 0
    for key, live_id in linked.items():
        expected = entries.pop(salted(sample.salt, key), None)
        if expected is None:
            continue
        known += 1
        likely = (live_id,) if live_id in ids else ()
        found += any(salted(sample.salt, key, candidate) == expected for candidate in (*likely, *ids))
    return known, found


def choose_sample(sample: Sample | None, keys: Iterable[str], most: int = LOOKED_UP) -> tuple[str, ...]:
    """Returns the five keys of the sample that a targeted read looks up as well, those with the lowest hashes."""
    if sample is None:
        return ()
    entries = {entry.key: entry for entry in sample.entries}
    found: list[tuple[SampleEntry, str]] = [
        (entries[hashed], key) for key in keys if (hashed := salted(sample.salt, key)) in entries
    ]
    return tuple(key for _entry, key in sorted(found, key=lambda pair: pair[0].key)[:most])


def refuse_begin(words: str) -> RecordRefusal:
    """Returns the refusal of an apply whose begin the remote refused, with git's or the host's message."""
    return RecordRefusal(
        "begin_not_pushed",
        f"the begin of this apply can't be pushed ({words}), so no request was sent",
        "fix the fault that the host reports; its rules for all branches (linear history, signatures, pull requests) "
        "must exclude reconciler/*",
    )


def refuse_unknown(words: str) -> RecordRefusal:
    """Returns the refusal of an apply, or the warning of a plan, whose record can't be fetched."""
    return RecordRefusal(
        "record_unknown",
        f"the record of applies can't be fetched ({words}), so ownership is not known",
        "make sure that git can fetch from the remote, and run again",
    )


def refuse_cut(words: str) -> RecordRefusal:
    """Returns the refusal of a clone that lacks history."""
    return RecordRefusal(
        "history_cut",
        f"this clone lacks history that the record of applies needs ({words})",
        "run git fetch --unshallow (fetch-depth: 0 for actions/checkout); for a lost blob, run git fetch --refetch",
    )


def refuse_unreadable(name: str, bad: str, words: str, last_good: str | None) -> RecordRefusal:
    """Returns the refusal of a record that does not parse; `last_good` is the last commit that parses, if any."""
    back = f"set the branch reconciler/{name} to {last_good}, the last readable commit; or " if last_good else ""
    return RecordRefusal(
        "not_a_record",
        f"commit {bad[:12]} of the branch reconciler/{name} can't be read: {words}",
        f"{back}run reconciler ownership recover",
    )
