"""Git, an account and the record of applies under random steps; the real effects of applies decide about plans.

Each step is a name and two numbers, which are taken modulo the existing choices, so a history stays valid without some
steps. The planner, the verdicts and the history are the real ones; git and the account are in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import yaml

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.comparison.link import Links, link_account
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.resources import Key
from reconciler.core.ownership.evidence import Evidence, Place, StateAt
from reconciler.core.planner.planner import Decisions, decide_changes
from reconciler.core.record.applied import find_applied
from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import ApplyRecord, Covers, RecordEntry
from tests.ownership.account import MemoryAccount, Record
from tests.ownership.applies import SALT, run_apply
from tests.ownership.lines import Commit, Person, Saying, compile_saying, merge, origins, rewrite, say

Step: TypeAlias = tuple[str, int, int]
NAMES = "abcd"
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
FEW = 2  # the size of a sample, if there are four users
STEPS = (
    *("add", "add", "add", "remove", "remove", "release", "tidy", "rekey", "group", "group", "ignore", "branch"),
    *("merge", "rewrite", "hand_on", "hand_add", "imported", "imported", "double", "restore", "lose_record"),
    *("old_record", "fork", *["apply"] * 6, *["targeted"] * 3, "only", "token", "settle", "settle"),
)


@dataclass(frozen=True)
class Branch:
    """The branch of the record: the applies, the users of the last complete read, and `on_removed` at that time."""

    entries: tuple[RecordEntry, ...] = ()
    expected: frozenset[str] = frozenset()
    ignored: bool = False

    @property
    def history(self) -> ApplyHistory:
        """Returns the applies on record."""
        return ApplyHistory(self.entries)


@dataclass
class Truth:
    """The effects of applies: owned users by commit and login, released users, and members added to the group."""

    ours: dict[str, tuple[Commit, str]] = field(default_factory=dict)
    released: set[str] = field(default_factory=set)
    handed: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)


@dataclass
class World:
    """The whole world. `bad` counts forbidden events, `seen` allowed ones."""

    branches: dict[str, Commit] = field(default_factory=lambda: {"main": Commit(Saying())})
    current: str = "main"
    ignore: bool = False
    ours: MemoryAccount = field(default_factory=MemoryAccount)
    other: MemoryAccount = field(default_factory=MemoryAccount)
    record: Branch = Branch()
    now: int = 0
    truth: Truth = field(default_factory=Truth)
    lost: set[str] = field(default_factory=set)
    copies: list[Branch] = field(default_factory=list)
    forked: tuple[dict[str, Commit], Branch] | None = None
    bad: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    commits: dict[str, Commit] = field(default_factory=dict)
    pushed: int = 0

    def __post_init__(self) -> None:
        """Adds unmanaged users to both accounts."""
        for number in range(3):
            self.ours.add(Record(None, f"stranger{number}"))
            self.other.add(Record(None, f"foreign{number}"))

    @property
    def head(self) -> Commit:
        """Returns the commit that is checked out."""
        return self.branches[self.current]

    @property
    def tenant(self) -> Tenant:
        """Returns the tenant with its current settings."""
        return Tenant(url="sandbox", on_removed="ignore" if self.ignore else "deactivate")

    # edits in git

    def commit(self, saying: Saying) -> None:
        """Commits a new content."""
        self.branches[self.current] = Commit(saying, (self.head,))

    def say(self, people: Mapping[str, Person], **others: object) -> None:
        """Commits these users."""
        self.commit(say(people, self.head.saying, **others))

    def add(self, x: int, y: int) -> None:
        """Declares a new user, sometimes another person under an earlier key."""
        name, people = NAMES[x % 4], self.head.saying.named
        login = name + ("2" if y % 7 == 0 else "1")
        if name not in people and login not in {person.login for person in people.values()}:
            self.say({**people, name: Person(login, y % 3 > 0, y % 2 > 0, y % 5 == 0)})

    def remove(self, x: int, _y: int) -> None:
        """Removes a user from git."""
        people = self.head.saying.named
        if people:
            del people[sorted(people)[x % len(people)]]
            self.say(people)

    def release(self, x: int, _y: int) -> None:
        """Releases a user."""
        people = self.head.saying.named
        if people:
            name = sorted(people)[x % len(people)]
            del people[name]
            self.say(people, released=self.head.saying.released | {name})

    def tidy(self, _x: int, _y: int) -> None:
        """Removes the lines of `left:`, `released:` and `was:`."""
        self.commit(replace(self.head.saying, released=frozenset(), left=frozenset()))

    def rekey(self, x: int, y: int) -> None:
        """Changes the key of a user, with or without `was`."""
        people, name, new = self.head.saying.named, NAMES[x % 4], NAMES[y % 4]
        if name in people and new not in people:
            one = replace(people.pop(name), was=name if x % 3 else None)
            self.say({**people, new: one})

    def group(self, x: int, y: int) -> None:
        """Changes the group, its members, or the role."""
        people, name = self.head.saying.named, NAMES[x % 4]
        if y % 4 == 0:
            self.commit(replace(self.head.saying, team=("authoritative", "additive", None)[x % 3]))
        elif name in people:
            one = people[name]
            self.say({**people, name: replace(one, member=not one.member, auditor=one.auditor ^ (y % 3 == 0))})

    def toggle_ignore(self, _x: int, _y: int) -> None:
        """Changes `on_removed`."""
        self.ignore = not self.ignore

    def branch(self, x: int, _y: int) -> None:
        """Makes a branch, or checks out another one."""
        self.branches.setdefault("side", self.head)
        self.current = sorted(self.branches)[x % len(self.branches)]

    def merge(self, _x: int, _y: int) -> None:
        """Merges the branch."""
        if "side" in self.branches:
            self.branches = {"main": merge(self.branches["main"], self.branches["side"])}
            self.current = "main"

    def rewrite(self, x: int, _y: int) -> None:
        """Rewrites history, and force-pushes it."""
        self.branches = {"main": rewrite(self.branches["main"], x % 3)}
        self.current = "main"
        self.lost.add("history")

    # changes of the account and the record by hand

    def hand_on(self, x: int, _y: int) -> None:
        """Reactivates a user by hand."""
        inactive = sorted(live_id for live_id, one in self.ours.users.items() if not one.active)
        if inactive:
            live_id = inactive[x % len(inactive)]
            self.ours.users[live_id].active = True
            self.truth.handed.add(live_id)

    def hand_add(self, x: int, _y: int) -> None:
        """Adds a member by hand."""
        every = sorted(self.ours.users)
        self.ours.members.add(every[x % len(every)])

    def imported(self, x: int, y: int) -> None:
        """Declares a user as the account has it."""
        name, people = NAMES[x % 4], self.head.saying.named
        known = any(one.login[0] == name or one.mark == name for one in self.ours.users.values())
        if name not in people and not known and all(person.login[0] != name for person in people.values()):
            self.ours.add(Record(name if y % 2 else None, f"{name}1"))
            self.say({**people, name: Person(f"{name}1", y % 2 > 0)})

    def double(self, x: int, _y: int) -> None:
        """Creates a user by hand with the externalId of a key."""
        if all(one.mark != NAMES[x % 4] for one in self.ours.users.values()):
            self.ours.add(Record(NAMES[x % 4], f"double{len(self.ours.users)}"))

    def restore(self, _x: int, _y: int) -> None:
        """Restores the account from a backup, with new ids."""
        moved, truth = self.ours.restored(), self.truth
        truth.ours = {moved[one]: known for one, known in truth.ours.items() if one in moved}
        for people in (truth.released, truth.handed, truth.members):
            there = {moved[one] for one in people if one in moved}
            people.clear()
            people.update(there)
        self.lost.add("ids")

    def lose_record(self, _x: int, _y: int) -> None:
        """Loses the branch of the record."""
        self.record = Branch()
        self.lost.add("record")

    def old_record(self, x: int, _y: int) -> None:
        """Resets the branch of the record to an older commit."""
        if self.copies:
            self.record = self.copies[x % len(self.copies)]
            self.copies = []
            self.lost.add("record")

    def fork(self, x: int, _y: int) -> None:
        """Forks the repository without the record, and applies from the fork."""
        if self.lost:
            return
        if self.forked is None:
            self.forked = {"main": self.branches["main"]}, Branch()
            return
        mine = self.branches, self.record, self.current
        before, known = Counter(self.bad), dict(self.truth.ours)
        (self.branches, self.record), self.current = self.forked, "main"
        (self.remove, self.apply, self.apply)[x % 3](x, 0)
        for what in list(self.bad):
            if more := self.bad[what] - before[what]:
                self.bad[what] -= more
                self.bad[f"fork: {what}"] += more
        self.forked = self.branches, self.record
        self.branches, self.record, self.current = mine
        self.truth.ours = known

    # applies

    def apply(self, x: int, y: int) -> None:
        """Applies with a full read."""
        self.run(x, y, "full", self.ours)

    def targeted(self, x: int, y: int) -> None:
        """Applies with a targeted read."""
        self.run(x, y, "targeted", self.ours)

    def only(self, x: int, y: int) -> None:
        """Applies one key."""
        self.run(x, y, "only", self.ours)

    def token(self, x: int, y: int) -> None:
        """Applies with the token of another account."""
        if len(self.truth.ours.keys() & self.ours.users.keys()) > 1 and len(self.record.expected) > 1:
            self.run(x, y * 9, "targeted" if y % 2 else "full", self.other)

    def run(self, x: int, y: int, kind: str, account: MemoryAccount) -> None:
        """Applies, with a fault."""
        run_apply(self, x, y, kind, account)

    def settle(self, x: int, _y: int) -> None:
        """Commits the line that a plan offers for a named user."""
        doubts = [one for one in self.look().ownership.doubts if one.kind == "user"]
        if not doubts or self.refusal(self.ours):
            return
        doubt = doubts[x % len(doubts)]
        [line] = yaml.safe_load(doubt.settle)["left"]
        name = line["id"] if "id" in line else line["key"].removeprefix("user/")
        self.commit(replace(self.head.saying, left=self.head.saying.left | {name}))
        if all(one.live.id != doubt.id for one in self.look().ownership.leavers):
            self.bad["dead end: named, and the line settles nothing"] += 1

    def look(self) -> Decisions:
        """Returns a full plan of the account."""
        desired = compile_saying(self.head.saying)
        return decide_changes(desired, self.ours.state(), self.tenant, self.earlier(), self.evidence())

    # derived from git and the record

    def refusal(self, account: MemoryAccount) -> str | None:
        """Returns the reason to refuse an apply, or None."""
        history = self.record.history
        if history.lock(self.moment(), f"run {self.now}").state == "held":
            return "open"
        expected = self.record.expected
        if len(expected) >= FEW and 2 * len(expected & account.users.keys()) < len(expected):
            return "account"
        beside = [entry for entry in history.last_applies() if self.place(self.commits[entry.record.commit]) != "here"]
        return "beside" if beside else None

    def moment(self) -> datetime:
        """Returns the time."""
        return FIRST + timedelta(hours=self.now)

    def place(self, commit: Commit) -> Place:
        """Returns the place of a commit: here if it, or an equal tree, is an ancestor of HEAD; elsewhere, or gone."""
        leading = self.head.leading()
        if commit.id in leading or commit.saying in {one.saying for one in leading.values()}:
            return "here"
        return "elsewhere" if any(commit.id in one.leading() for one in self.branches.values()) else "gone"

    def earlier(self) -> Earlier:
        """Returns the earlier state, with the last applied ancestor as base."""
        history = self.record.history
        front = [self.commits[entry.record.commit] for entry in reversed(history.front())]
        base = next((one for one in front if self.place(one) == "here"), None)
        leading = self.head.leading().values()
        whole = [self.commits[entry.record.commit] for entry in history.front() if entry.record.moves_front]
        since = [one for one in leading if not any(one.id in behind.leading() for behind in whole)]
        touched = {name for one in since for parent in one.parents for name in _touched(one.saying, parent.saying)}
        return Earlier(
            base=compile_saying(base.saying) if base else None,
            front=tuple(compile_saying(one.saying) for one in (*front, *since)),
            touched=frozenset(Key("user", name) for name in touched),
        )

    def evidence(self) -> Evidence:
        """Returns the evidence of all commits that are ancestors or on record, newest first."""
        records = _records_by_commit(self.record.history)
        leading = self.head.leading()
        every = {**{name: self.commits[name] for name in records}, **leading}
        nodes = {name: self._nodes(one, leading) for name, one in every.items()}
        behind = {name: {one for node in nodes[name] for one in _before(node)} for name in every}
        states = [
            StateAt(
                name,
                compile_saying(one.saying),
                self.place(one),
                records.get(name, ()),
                frozenset(other for other in every if other != name and _leads(nodes[other], behind[name])),
            )
            for name, one in sorted(every.items(), reverse=True)
        ]
        history = self.record.history
        return Evidence(tuple(states), unsettled=history.unsettled, ignored=history.ignored)

    def _nodes(self, commit: Commit, leading: Mapping[str, Commit]) -> list[Commit]:
        if commit.id in leading:
            return [commit]
        return [one for one in leading.values() if one.saying == commit.saying] or [commit]

    def write(self, state: str, covers: Covers, **fields: Any) -> None:
        """Adds a begin or an end to the record."""
        self.pushed += 1
        self.commits[self.head.id] = self.head
        entries = self.record.entries
        record = ApplyRecord(
            state=state,  # type: ignore[arg-type]  # one of the three
            covers=covers,
            commit=self.head.id,
            tree=None,
            folder="desired-state",
            run=f"run {self.now}",
            at=self.moment().isoformat(),
            as_of="2026-01-01",
            salt=SALT,
            **fields,
        )
        entry = RecordEntry(f"{self.pushed:040x}", (entries[-1].id,) if entries else (), record)
        self.record = replace(self.record, entries=(*entries, entry))

    def recover(self) -> None:
        """Recovers the record from this account and this line of history."""
        self.write("recovered", Covers(kind="only"), serial=self.record.history.next_serial)
        expected = frozenset(one.id for one in self.links().users.live_of.values())
        self.record = replace(self.record, expected=expected)

    def links(self) -> Links:
        """Returns the links between git and the account."""
        desired = compile_saying(self.head.saying)
        return link_account(desired, self.earlier(), self.ours.state())

    def known_as(self, live_id: str) -> set[str]:
        """Returns the keys, and the id, by which a line may resolve an owned user."""
        commit, _login = self.truth.ours[live_id]
        one = self.ours.users[live_id]
        named = {name for name, person in commit.saying.people if one.mark == name or person.login == one.login}
        since = {
            name
            for each in self.head.leading().values()
            for name, person in each.saying.people
            if person.login == one.login
        }
        return {*named, *since, *([one.mark] if one.mark else []), live_id}

    def mark_released(self, linked: set[str]) -> None:
        """Marks users as released that were owned when an apply read the line."""
        for live_id, (commit, _login) in self.truth.ours.items():
            if live_id not in self.ours.users or live_id in linked:
                continue
            known = self.known_as(live_id)
            for each in self.head.leading().values():
                if known & each.saying.released and commit.first & origins(each.leading().values()):
                    self.truth.released.add(live_id)


def _records_by_commit(history: ApplyHistory) -> dict[str, tuple[ApplyRecord, ...]]:
    """Returns the records of each commit, oldest first, without recoveries, because those cover no user."""
    recoveries = [entry.id for entry in history.entries if entry.record.state == "recovered"]
    applied = find_applied(history.without(recoveries)).records
    return {commit: tuple(reversed(records)) for commit, records in reversed([*applied.items()])}


def _leads(nodes: list[Commit], behind: set[str]) -> bool:
    return any(node.id in behind for node in nodes)


def _before(commit: Commit) -> set[str]:
    return commit.leading().keys() - {commit.id}


def _touched(one: Saying, other: Saying) -> set[str]:
    now, then = one.named, other.named
    people = {name for name in {**now, **then} if now.get(name) != then.get(name)}
    settled = (one.left ^ other.left) | (one.released ^ other.released)
    return people | {f"id/{name}" if name.startswith("id-") else name for name in settled}
