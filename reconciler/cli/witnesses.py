"""What `ownership` looks up in the account: the witnesses of one user, and what a recovery of the record gives up."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.cli.account import read_whole
from reconciler.cli.begun import name_run, refuse_unrecorded
from reconciler.cli.history import History, find_base, open_history
from reconciler.cli.line import load_head, now_in_utc
from reconciler.cli.main import Options
from reconciler.cli.reading import Account, Past, plan_account
from reconciler.core.make_plan import Made
from reconciler.core.ownership.history import ApplyHistory
from reconciler.core.ownership.record import ApplyRecord, Covers, make_sample
from reconciler.core.ownership.witnesses import KnownResource, as_if_active, find_known, list_verdicts
from reconciler.desired.records.branch import RecordBranch
from reconciler.desired.records.exchange import Pushed
from reconciler.desired.records.load import load_readable
from reconciler.desired.records.steps import write_recovery
from reconciler.errors import Refused, UsageError
from reconciler.report.quote import plain_line
from reconciler.settings import read_settings


@dataclass(frozen=True, slots=True)
class Recovery:
    """A recovery that can be written: what it gives up, line by line, and the record."""

    given_up: tuple[str, ...]
    record: ApplyRecord
    branch: RecordBranch

    @property
    def text(self) -> str:
        """What a person is shown."""
        lines = "".join(f"  - {plain_line(line)}\n" for line in self.given_up)
        return f"A recovery of the record reconciler/{self.branch.name} gives up:\n{lines}"

    @property
    def digest(self) -> str:
        """What stands for what was shown."""
        return hashlib.sha256("\n".join((self.record.commit, *self.given_up)).encode()).hexdigest()[:12]

    def write(self) -> Pushed:
        """Puts it on record."""
        return write_recovery(self.branch, self.record).pushed


def ask_witnesses(options: Options, key: str, live: Path | None) -> Sequence[KnownResource]:
    """Returns what is known of the users and groups that a key or an id names; raises UsageError for nobody."""
    with open_history(load_head(options, None)) as history:
        history.raise_unknown()
        account, made = _plan_everybody(options, history, live)
        past = Past(find_base(history, None), history)
        evidence, _refusals = past.judge(history.head, as_if_active(account.live))
    found = find_known(account.live, evidence, made.decided, key)
    if not found:
        raise UsageError(
            f'no user or group of the account has the id "{key}", and no active one matches a declaration of that key: '
            "write user/alice.lee, group/finance or 4711; `reconciler explain KEY --account` finds the id by name"
        )
    return found


def prepare_recovery(options: Options) -> Recovery:
    """Reads everybody, and returns what a recovery of the record gives up; raises Refused where it can't be written."""
    head = load_head(options, None)
    refuse_unrecorded(head)
    with open_history(head) as history:
        record, branch = history.record, history.record.branch
        unreadable = record.unknown is not None and record.unknown.code == "not_a_record"
        if branch is None or head.commit is None or head.repository is None:
            raise Refused("nothing is committed here yet, so there is no record to recover")
        if not unreadable:
            history.raise_unknown()
        known = load_readable(branch) if unreadable else record.history
        _account, made = _plan_everybody(options, history, None)
        given_up = tuple(_give_up(history, made))
        salt = known.salt or secrets.token_hex(16)
        users = {str(key) for key, user in head.desired.users.items() if user.in_scope}
        recovered = ApplyRecord(
            serial=known.next_serial,
            state="recovered",
            commit=head.commit,
            tree=head.repository.tree_of(head.commit),
            folder=head.repository.folder,
            run=name_run(options, read_settings()),
            at=now_in_utc().isoformat(timespec="milliseconds"),
            as_of=head.today.isoformat(),
            salt=salt,
            covers=Covers(kind="only"),
            sample=make_sample(salt, ((key, one) for key, one in made.decided.ids.items() if key in users)),
        )
    return Recovery(given_up, recovered, branch)


def _plan_everybody(options: Options, history: History, live: Path | None) -> tuple[Account, Made]:
    """The whole account, and what a plan decides about it."""
    past = Past(find_base(history, None), history)
    state = read_whole(options, history.head, live)
    evidence, _refusals = past.judge(history.head, state)
    account = Account(state, None, history.head, evidence)
    return account, plan_account(account, replace(past, base=replace(past.base, refusals=())))


def _give_up(history: History, made: Made) -> Iterator[str]:
    record = history.record.history
    if history.record.unknown is not None:
        yield f"all applies on record, for the record does not parse: {history.record.unknown.message}"
    yield from _give_up_records(record)
    yield from list_verdicts(made.decided)


def _give_up_records(record: ApplyHistory) -> Iterator[str]:
    for entry in record.open_begins():
        yield f"apply #{entry.record.serial}, which has begun at {entry.record.at} and has no end on record"
    atoms = record.open_atoms()
    if atoms:
        yield f"{'all' if atoms == 'all' else len(atoms)} approved effects that are needed and were not carried out"
    last = record.last_applies()
    if last:
        named = ", ".join(f"#{entry.record.serial} of {entry.record.commit[:12]}" for entry in last)
        yield f"the line of the last apply ({named}): the next apply starts from HEAD"
    sample = record.last_sample()
    if sample is not None:
        yield f"the account of apply #{sample.serial}: the account that the token opens now takes its place"
