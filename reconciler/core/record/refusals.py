"""The refusals that follow from the record of applies, each with its sentence and its way out.

A closed set. Decides on facts that the rooms around gather; knows nothing of git. Exit 4 but for an apply that is done
already, which is exit 0.
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
    "history_cut",
    "two_folders",
    "not_a_record",
]
ERRORS: Mapping[Because, type[Refused]] = {
    "record_unknown": RecordUnknown,
    "history_cut": RecordUnknown,
    "not_a_record": NotARecord,
}
FEWEST = 5  # keys of a sample that must be known before it speaks against an account
ASKED = 5  # keys of the sample that a targeted read looks up as well


@dataclass(frozen=True, slots=True)
class RecordRefusal:
    """Why nothing is applied: one of a closed set, in a sentence, with the way out.

    `until` is when the way out opens by itself, `serial` the apply that it is about.
    """

    because: Because
    sentence: str
    way_out: str
    serial: int | None = None
    until: datetime | None = None

    @property
    def exit_code(self) -> int:
        """0 where what was asked for is done already, else 4."""
        return 0 if self.because == "applied_already" else 4

    def as_problem(self) -> Problem:
        """Returns the problem that a plan shows for it."""
        severity: Literal["error", "info"] = "info" if self.exit_code == 0 else "error"
        return Problem(self.because, self.sentence, hint=self.way_out, severity=severity)

    def as_error(self) -> Refused:
        """Returns the error for it: the sentence, the way out, and the problem that a plan shows."""
        sentence = f"{self.sentence}: {self.way_out}"
        if self.because == "apply_is_open" and self.until is not None:
            return ApplyIsOpen(sentence, self.until)
        return ERRORS.get(self.because, Refused)(sentence, (self.as_problem(),))


def check_lock(lock: Lock) -> RecordRefusal | None:
    """Returns why this run may not begin: another apply is open."""
    if lock.state != "held" or lock.until is None:
        return None
    until = f"{lock.until:%Y-%m-%d %H:%M:%S} UTC"
    return RecordRefusal(
        "apply_is_open",
        f"apply #{lock.serial} of {lock.run} has begun and may send requests; it has no end on record",
        f"wait for its end, or until {until}: then the next run takes over",
        lock.serial,
        lock.until,
    )


def check_behind(history: ApplyHistory, ahead: Collection[str]) -> RecordRefusal | None:
    """Returns why HEAD is not applied: a commit that contains it was begun or applied later.

    `ahead` are the commits on record that HEAD leads to, without HEAD. Where their last apply was whole, what HEAD asks
    for is done or was taken back since: that is no failure.
    """
    later = [entry for entry in history.front() if entry.record.commit in ahead]
    last = max(later, key=lambda entry: entry.record.serial, default=None)
    if last is None:
        return None
    serial, commit = last.record.serial, last.record.commit[:12]
    if last.record.moves_front:
        return RecordRefusal(
            "applied_already",
            f"apply #{serial} applied {commit}, which has HEAD in its history (to go back, revert)",
            "",
            serial,
        )
    return RecordRefusal(
        "behind",
        f"apply #{serial} of {commit}, which has HEAD in its history, began later and was not whole",
        f"apply {commit} or a newer commit again; to go back to an earlier state, revert",
        serial,
    )


def check_beside(history: ApplyHistory, line: Collection[str], trees: Collection[str]) -> RecordRefusal | None:
    """Returns why HEAD is not applied: the last apply is of a commit that does not lead to it.

    `line` are the commits on record that lead to HEAD, with HEAD; `trees` git's names of the folder at commits of that
    line: an apply of an equal folder is not beside it.
    """
    beside = [one for one in history.last_applies() if not one.is_on(line, trees)]
    last = max(beside, key=lambda entry: entry.record.serial, default=None)
    if last is None:
        return None
    serial, commit = last.record.serial, last.record.commit[:12]
    return RecordRefusal(
        "beside",
        f"the last apply, #{serial}, applied {commit}: HEAD's history has neither that commit nor an equal folder",
        f"git fetch, git merge {commit}; where its branch is gone or was rewritten: reconciler ownership recover",
        serial,
    )


def check_folder(history: ApplyHistory, folder: str, present: Collection[str], name: str) -> RecordRefusal | None:
    """Returns why a folder may not go on with the record of another folder that is still there.

    `present` are the folders among those on record that HEAD has: a folder that moved is not there any more.
    """
    others = {entry.record.folder for entry in history.last_applies()} - {folder}
    there = sorted(others & set(present))
    if not there:
        return None
    return RecordRefusal(
        "two_folders",
        f'the record "{name}" is of the folder {there[0]}, which HEAD has too, beside {folder}',
        "give one of the two tenants a record of its own: record: other-name",
    )


def check_account(
    sample: Sample | None, linked: Mapping[str, str], ids: Collection[str], *, targeted: bool = False
) -> RecordRefusal | None:
    """Returns why the account is not that of earlier applies.

    `linked` are live ids by key, of all users that git declares or declared at a commit on record; `ids` are the users
    of the account that were read. Of the keys in the sample that are known, if at least five, half must have their id;
    of the five that a targeted read looks up, three.
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
        "use the right token; where the account was restored, copied over or replaced: reconciler ownership recover",
        sample.serial,
    )


def check_other_tenants(
    history: ApplyHistory,
    others: Mapping[str, Sample],
    linked: Mapping[str, str],
    ids: Collection[str],
    beside: str | None = None,
) -> RecordRefusal | None:
    """Returns why the account is not this tenant's, which has no sample yet: it has the users of another one's sample.

    `others` are samples by name, of tenants on the same host; the one that `beside:` names may be on this account.
    """
    if history.last_sample() is not None:
        return None
    for name, sample in sorted(others.items()):
        known, found = count_found(sample, linked, ids)
        if name != beside and known >= FEWEST and 2 * found >= known:
            return RecordRefusal(
                "another_tenant",
                f"this is the account of the tenant {name}: of {known} users on its record, {found} are here",
                f"use the right token; for a tenant with a new name `formerly: {name}`, for two on one account "
                f"`beside: {name}`",
            )
    return None


def count_found(sample: Sample, linked: Mapping[str, str], ids: Collection[str]) -> tuple[int, int]:
    """Returns how many of a sample have a known key, and how many of those an id that was read.

    `linked` has an empty id for a key that is known and has no link.
    """
    entries = {entry.key: entry.linked for entry in sample.entries}
    known = found = 0
    for key, live_id in linked.items():
        expected = entries.pop(salted(sample.salt, key), None)
        if expected is None:
            continue
        known += 1
        likely = (live_id,) if live_id in ids else ()
        found += any(salted(sample.salt, key, one) == expected for one in (*likely, *ids))
    return known, found


def choose_asked(sample: Sample | None, keys: Iterable[str], most: int = ASKED) -> tuple[str, ...]:
    """Returns the keys, of those in the sample, that a targeted read asks for as well: five, by the hash of the key."""
    if sample is None:
        return ()
    entries = {entry.key: entry for entry in sample.entries}
    found: list[tuple[SampleEntry, str]] = [
        (entries[hashed], key) for key in keys if (hashed := salted(sample.salt, key)) in entries
    ]
    return tuple(key for _entry, key in sorted(found, key=lambda pair: pair[0].key)[:most])


def refuse_begin(words: str) -> RecordRefusal:
    """Returns the refusal of an apply whose begin the remote does not take, with what its host said."""
    return RecordRefusal(
        "begin_not_pushed",
        f"the begin of this apply can't be pushed ({words}): nothing was sent",
        "mend what the host says; its rules for all branches (linear history, signatures, pull requests) must leave "
        "out reconciler/*",
    )


def refuse_unknown(words: str) -> RecordRefusal:
    """Returns the refusal of an apply, or the warning of a plan, for which the record can't be fetched."""
    return RecordRefusal(
        "record_unknown",
        f"the record of applies can't be fetched ({words}): ownership is not known",
        "see that git can fetch from the remote, and run again",
    )


def refuse_cut(words: str) -> RecordRefusal:
    """Returns the refusal for a history of which something is not here."""
    return RecordRefusal(
        "history_cut",
        f"the history that the record of applies needs is not all here ({words})",
        "git fetch --unshallow (fetch-depth: 0 for actions/checkout); for a blob that is lost, git fetch --refetch",
    )


def refuse_unreadable(name: str, bad: str, words: str, last_good: str | None) -> RecordRefusal:
    """Returns the refusal for a record that does not parse; `last_good` is the last commit that does, if any."""
    back = f"set the branch reconciler/{name} to {last_good}, the last commit that reads; or " if last_good else ""
    return RecordRefusal(
        "not_a_record",
        f"{bad[:12]} of the branch reconciler/{name} does not read: {words}",
        f"{back}reconciler ownership recover",
    )
