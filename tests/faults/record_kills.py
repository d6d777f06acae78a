"""Kills an apply at each push and each request, reverts its commit, and applies from another clone.

`python -m tests.faults.record_kills` tries every position and prints a table; the suite tries a few.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.cli.project import Ran, finish
from tests.ownership.lines import Commit, Person, Saying
from tests.ownership.real.gateway import Moment
from tests.ownership.real.place import OURS, Place, Served, serve_place
from tests.ownership.real.repository import Repositories, Spoilt

SENIORS = {f"s{number}": Person(f"s{number}1", marked=True, member=number < 3) for number in range(1, 6)}
LEAVER = {"a": Person("a1", marked=True, member=True)}
HIRED = {
    "b": Person("b1", marked=True, member=True, auditor=True),
    "c": Person("c1", marked=False, member=True),
    "s4": replace(SENIORS["s4"], member=True, auditor=True),
}
THE_SAME, ANOTHER = 0, 1
OPEN = "has begun, has no end on record"


@dataclass(frozen=True)
class At:
    """The point of a kill: the number of a push or a request, and its moment."""

    what: str
    number: int
    moment: str

    def __str__(self) -> str:
        return f"{self.what} {self.number}, {self.moment}"


@dataclass
class Killed:
    """The result: whether the apply was killed before its end, whether the next run waited, and what was wrong."""

    killed: bool
    waited: bool = False
    wrong: str = ""


def say(people: dict[str, Person]) -> Saying:
    """Returns the YAML of a commit."""
    return Saying(tuple(sorted(people.items())))


@dataclass
class Bench:
    """One company: the state applied without faults, the change, and its revert."""

    place: Place
    git: Repositories
    account: Served
    first: Commit
    change: Commit
    back: Commit

    def run(self, clone: int, commit: Commit, *arguments: str) -> Ran:
        """Runs a command in a clone with a commit checked out."""
        self.git.write({"main": commit}, ignore=False)
        project = self.git.check_out(clone, {"main": commit}, commit)
        project.environment["SCIM_TOKEN"] = OURS
        return project.run(*arguments)

    def kill(self, at: At) -> int:
        """Kills the apply of the change there. Returns its exit code, which is negative after a kill."""
        self.git.write({"main": self.change}, ignore=False)
        project = self.git.check_out(0, {"main": self.change}, self.change)
        project.environment["SCIM_TOKEN"] = OURS
        self.place.gateway.calm()
        process = project.start("apply", "--yes")
        if at.what == "push":
            assert at.moment in ("before", "after")
            spoilt: Spoilt = "kill before" if at.moment == "before" else "kill after"
            self.git.spoil(at.number, spoilt, process.pid)
        else:
            moment: Moment = "arrived" if at.moment == "arrived" else "done"
            self.place.gateway.kill_at = (at.number, moment)
            self.place.gateway.kill = process.kill
        code = finish(process).code
        self.git.calm()
        self.place.gateway.calm()
        return code


def start_bench(place: Place, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Returns the company, with everything applied except the change."""
    account, _other = place.fresh()
    tenant = f"url: '{place.url}', token: {{env: SCIM_TOKEN}}, scope: all, dialect: {place.dialect}"
    git = Repositories(folder, monkeypatch, tenant, roles=True)
    first = Commit(say({**SENIORS, **LEAVER}))
    change = Commit(say({**SENIORS, **HIRED}), (first,))
    bench = Bench(place, git, account, first, change, Commit(first.saying, (change,)))
    place.gateway.calm()
    ran = bench.run(1, first, "apply", "--yes")
    assert 0 == ran.code, ran.said
    return bench


def kill_and_revert(
    at: At, place: Place, folder: Path, monkeypatch: pytest.MonkeyPatch, *, clone: int = ANOTHER
) -> Killed:
    """Kills, reverts and applies again; another clone waits for the open apply, the same clone continues at once."""
    bench = start_bench(place, folder, monkeypatch)
    code = bench.kill(at)
    if code != -9:
        return Killed(killed=False, wrong="" if code == 0 else f"ended with {code}")
    state = bench.git.last()["state"]
    ran = bench.run(clone, bench.back, "apply", "--yes")
    waited = ran.code == 4 and OPEN in " ".join(ran.said.split())
    if waited != (state == "begun" and clone == ANOTHER):
        return Killed(
            killed=True, waited=waited, wrong=f"the record is {state}, and the next run: exit {ran.code} {ran.err}"
        )
    if waited:
        bench.git.let_time_pass()
        ran = bench.run(clone, bench.back, "apply", "--yes")
    return Killed(killed=True, waited=waited, wrong="".join(_find_wrong(bench, ran)))


def _find_wrong(bench: Bench, ran: Ran) -> Iterator[str]:
    if ran.code:
        yield f"the next apply ended with {ran.code}: {ran.err}"
    account = bench.account.read()
    logins = Counter(one.login for one in account.users.values())
    if max(logins.values()) > 1:
        yield f"twice: {logins}"
    active = {one.login for one in account.users.values() if one.active}
    if active != {person.login for _name, person in bench.back.saying.people}:
        yield f"active are {sorted(active)}; {ran.said}"
    members = {account.users[one].login for one in account.members}
    if members != {"s11", "s21", "a1"}:
        yield f"members are {sorted(members)}"
    if any(one.auditor for one in account.users.values() if one.active):
        yield "a role stays"
    if bench.git.last()["state"] != "ended":
        yield "the record does not end"
    after = bench.run(0, bench.back, "plan", "--exit-code")
    if after.code:
        yield f"afterwards a plan from the clone that was killed says {after.code}: {after.said}"


def list_positions(place: Place, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[At]:
    """Returns every push and every request of an apply without faults."""
    bench = start_bench(place, folder, monkeypatch)
    place.gateway.calm()
    ran = bench.run(0, bench.change, "apply", "--yes")
    assert 0 == ran.code, ran.said
    requests = range(len(place.gateway.asked))
    pushes = [At("push", number, moment) for number in (1, 2) for moment in ("before", "after")]
    return [*pushes, *(At("request", number, moment) for number in requests for moment in ("arrived", "done"))]


def main() -> int:
    """Kills at every position. Returns 1 if anything was wrong."""
    counts = Counter[tuple[str, str]]()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as monkeypatch:
        kind = sys.argv[1] if len(sys.argv) > 1 else "embedded"
        with serve_place(kind, Path(folder)) as place:
            for number, at in enumerate(list_positions(place, Path(folder) / "peace", monkeypatch)):
                for clone in (THE_SAME, ANOTHER):
                    git = Path(folder) / f"{number}-{clone}"
                    found = kill_and_revert(at, place, git, monkeypatch, clone=clone)
                    counts[at.what, "positions"] += 1
                    counts[at.what, "killed"] += found.killed
                    counts[at.what, "waited"] += found.waited
                    counts[at.what, "wrong"] += bool(found.wrong)
                    print(f"{at}, clone {clone}: {found}", flush=True)  # noqa: T201
    columns = ("positions", "killed", "waited", "wrong")
    print(f"| killed at | {' | '.join(columns)} |")  # noqa: T201
    for what in ("push", "request"):
        print(f"| {what} | {' | '.join(str(counts[what, column]) for column in columns)} |")  # noqa: T201
    return int(any(counts[what, "wrong"] for what in ("push", "request")))


if __name__ == "__main__":
    sys.exit(main())
