"""A world with git repositories and accounts behind HTTP, and the steps that people take in them, but for applies.

The history of git stays in memory too, as the one that the steps are said in. Most seniors stay, so that a sample tells
one account from another.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.cli.project import Project, Ran
from tests.ownership.account import Record
from tests.ownership.lines import Commit, Person, Saying
from tests.ownership.real.place import OTHER, OURS, Place, Served
from tests.ownership.real.repository import Repositories
from tests.ownership.world import NAMES, World

SENIORS = {f"s{number}": Person(f"s{number}1", marked=True, member=number < 3) for number in range(1, 10)}


def say_first() -> Saying:
    """What the first commit says."""
    return Saying(tuple(sorted(SENIORS.items())))


@dataclass
class Lived(World):
    """The repositories, the accounts, and what people do; `told` is what was said where things went wrong."""

    branches: dict[str, Commit] = field(default_factory=lambda: {"main": Commit(say_first())})
    place: Place = None  # type: ignore[assignment]  # the fields before it have defaults
    git: Repositories = None  # type: ignore[assignment]  # the same
    served: dict[str, Served] = field(default_factory=dict)
    tips: list[str] = field(default_factory=list)
    possible: set[str] = field(default_factory=set)
    begun: list[Commit] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        ours, other = self.place.fresh()
        self.served = {OURS: ours, OTHER: other}
        for number in range(3):
            ours.add(Record(None, f"stranger{number}"))
            other.add(Record(None, f"foreign{number}"))
        self.sync()

    # what is there

    def sync(self) -> None:
        """Reads both accounts."""
        self.ours, self.other = self.served[OURS].read(), self.served[OTHER].read()

    def project(self, number: int, commit: Commit | None = None) -> Project:
        """A clone with a commit checked out, else HEAD."""
        self.git.write(self.branches, ignore=self.ignore)
        project = self.git.check_out(number, self.branches, commit or self.head)
        project.environment["SCIM_TOKEN"] = OURS
        return project

    def command(self, project: Project, *arguments: str) -> Ran:
        """Runs a command; one that ends otherwise than commands do is wrong."""
        ran = project.run(*arguments)
        if ran.code not in (0, 1, 4) or "Traceback" in ran.said:
            self.wrong(f"exit {ran.code} of {arguments[0]}", ran)
        return ran

    def wrong(self, what: str, ran: Ran) -> None:
        """Counts what must not happen, and keeps what was said."""
        self.bad[what] += 1
        self.told.append(f"{what}\n{ran.err}\n{ran.out[:3000]}")

    # git

    def remove(self, x: int, _y: int) -> None:
        people = self.head.saying.named
        if gone := [name for name in sorted(people) if name not in SENIORS or x % 7 == 0]:
            del people[gone[x % len(gone)]]
            self.say(people)

    def release(self, x: int, _y: int) -> None:
        people = self.head.saying.named
        if gone := [name for name in sorted(people) if name not in SENIORS]:
            name = gone[x % len(gone)]
            del people[name]
            self.say(people, released=self.head.saying.released | {name})

    def toggle_ignore(self, _x: int, _y: int) -> None:
        self.ignore = not self.ignore
        self.commit(self.head.saying)

    # hands on the account and the record

    def hand_on(self, x: int, _y: int) -> None:
        off = sorted(live_id for live_id, one in self.ours.users.items() if not one.active)
        if off:
            self.served[OURS].edit("Users", off[x % len(off)], "replace", "active", value=True)
            self.truth.handed.add(off[x % len(off)])
            self.sync()

    def hand_add(self, x: int, _y: int) -> None:
        teams = [one for one in self.served[OURS].list("Groups") if one["displayName"] == "Team"]
        every = sorted(self.ours.users)
        if teams and every[x % len(every)] not in self.ours.members:
            self.served[OURS].edit("Groups", teams[0]["id"], "add", "members", value=[{"value": every[x % len(every)]}])
            self.sync()

    def hand_name(self, x: int, _y: int) -> None:
        """Somebody renames a user by hand."""
        mine = sorted(one for one in self.truth.ours if one in self.ours.users)
        if mine:
            live_id = mine[x % len(mine)]
            login = self.ours.users[live_id].login + "r"
            if all(one.login != login for one in self.ours.users.values()):
                self.served[OURS].edit("Users", live_id, "replace", "userName", value=f"{login}@example.com")
                self.sync()

    def imported(self, x: int, y: int) -> None:
        name, people = NAMES[x % 4], self.head.saying.named
        known = any(one.login[0] == name or one.mark == name for one in self.ours.users.values())
        if name not in people and not known and all(person.login[0] != name for person in people.values()):
            self.served[OURS].add(Record(name if y % 2 else None, f"{name}1"))
            self.sync()
            self.say({**people, name: Person(f"{name}1", y % 2 > 0)})

    def double(self, x: int, _y: int) -> None:
        if all(one.mark != NAMES[x % 4] for one in self.ours.users.values()):
            self.served[OURS].add(Record(NAMES[x % 4], f"double{len(self.ours.users)}"))
            self.sync()

    def restore(self, _x: int, _y: int) -> None:
        moved, truth = self.served[OURS].restore(), self.truth
        truth.ours = {moved[one]: known for one, known in truth.ours.items() if one in moved}
        for ids in (truth.released, truth.handed, truth.members, self.possible):
            there = {moved[one] for one in ids if one in moved}
            ids.clear()
            ids.update(there)
        self.lost.add("ids")
        self.sync()

    def lose_record(self, _x: int, _y: int) -> None:
        self.git.set_record(None)
        self.lost.add("record")

    def old_record(self, x: int, _y: int) -> None:
        if self.tips:
            self.git.set_record(self.tips[x % len(self.tips)])
            self.tips = []
            self.lost.add("record")

    def forget_record(self, x: int, _y: int) -> None:
        """The record is lost in one clone alone, which loses nothing."""
        self.git.forget(self.git.clone(x % 2).root)
