"""The steps of `tests.ownership.world` with git, the command line and accounts behind HTTP; what applies did judges.

The accounts are read anew after each command.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from reconciler.core.record.refusals import FEWEST
from tests.cli.project import Project, Ran, finish
from tests.ownership.account import MemoryAccount
from tests.ownership.real.judge import Judged, judge, may_be_ours
from tests.ownership.real.lived import Lived
from tests.ownership.real.place import OTHER, OURS, Place
from tests.ownership.real.repository import Repositories
from tests.ownership.world import NAMES

FAULTS = {1: "partial", 2: "kill", 3: "lost end", 4: "kill before", 5: "kill after"}
KINDS = {
    "another apply": r"has begun, has no end on record",
    "another account": r"this is not the account of apply",
    "beside": r"has neither that commit nor an equal folder",
    "behind": r"has begun and is not complete",
    "look-up": r"a lookup (did not find every resource, and no witness|found no resource by \w+, though some should)",
    "begin": r"the begin of this apply can't be pushed",
    "not approved": r"not approved|was not in|nobody approved|nobody saw",
}
STEPS = (
    *("add", "add", "add", "remove", "remove", "release", "tidy", "rekey", "group", "group", "ignore", "branch"),
    *("merge", "merge", "rewrite", "hand_on", "hand_add", "hand_name", "imported", "double", "restore"),
    *("lose_record", "old_record", "forget_record", *["apply"] * 6, *["targeted"] * 3, "only", "approved", "token"),
    *("settle", "settle", "again", "look_around"),
)


@dataclass
class RealWorld(Lived):
    """A world whose commits, applies and accounts are real."""

    def apply(self, x: int, y: int) -> None:
        self.run_real(x, y, "full")

    def targeted(self, x: int, y: int) -> None:
        self.run_real(x, y, "targeted")

    def only(self, x: int, y: int) -> None:
        self.run_real(x, y, "only")

    def approved(self, x: int, y: int) -> None:
        """A plan is made, and approved."""
        self.run_real(x, y, "approved")

    def token(self, x: int, y: int) -> None:
        if len(self.git.last().get("sample", [])) >= FEWEST:
            project = self.project(y % 2)
            project.environment["SCIM_TOKEN"] = OTHER
            self.place.gateway.calm()
            ran = self.command(project, *self.arguments(x, ("full", "targeted", "only")[y % 3]))
            if self.place.gateway.writes[OTHER]:
                self.wrong("wrong account written", ran)
            self.count(ran)

    def again(self, x: int, y: int) -> None:
        """The run of an older commit is started again: nothing may be written."""
        if not self.begun or self.git.last().get("commit") != self.git.hashes.get(self.begun[-1].id):
            return  # nothing tells that it is older
        older = [one for name, one in sorted(self.begun[-1].leading().items()) if one is not self.begun[-1]]
        if older and self.begun[-1].id in self.head.leading():
            project = self.project(y % 2, older[x % len(older)])
            self.place.gateway.calm()
            ran = self.command(project, "apply", "--yes")
            equal = older[x % len(older)].saying == self.begun[-1].saying
            if self.place.gateway.writes[OURS] and not equal:
                self.wrong("an old commit was applied again", ran)
            self.seen["again"] += 1
            self.sync()

    def arguments(self, x: int, kind: str) -> list[str]:
        """The command line of an apply."""
        chain = [self.head]
        while chain[-1].parents:
            chain.append(chain[-1].parents[0])
        base = self.git.hashes[chain[min(1 + x % 3, len(chain) - 1)].id]
        names = sorted(self.head.saying.named)
        match kind:
            case "targeted":
                return ["apply", "--yes", "--base", base, "--read", "targeted"]
            case "only":
                return ["apply", "--yes", "--only", f"user/{names[x % len(names)]}"]
        return ["apply", "--yes"]

    def run_real(self, x: int, y: int, kind: str) -> None:
        """An apply, with what goes wrong in it."""
        self.now += 1
        self.seen["applies"] += 1
        project, number = self.project(y % 2), y % 2
        arguments = self.arguments(x, kind)
        if kind == "approved":
            planned = self.command(project, "plan", "-o", "approved.json")
            arguments = ["apply", "approved.json"]
            if planned.code:
                return
        fault = "first push" if y % 11 == 7 else FAULTS.get(y % 9)
        self.tips = [*self.tips, *filter(None, [self.git.record()])][-2:]
        ran, before = self.carry_out(project, arguments, fault, x)
        if ran.code == 4 and kind != "approved":
            why = self.count(ran)
            if why != "begin" and y % 2 == 0:
                self.take_the_way_out(number, why)
            return
        judge(self, Judged(kind, before, ran, fault))

    def carry_out(self, project: Project, arguments: list[str], fault: str | None, x: int) -> tuple[Ran, MemoryAccount]:
        """Runs an apply while something breaks; what it came to, and the account before."""
        before, gateway = self.ours, self.place.gateway
        gateway.calm()
        possible = self.possible | may_be_ours(self, before)
        if fault == "partial":
            gateway.refuse = lambda number: (x + number) % 2 == 0
        if fault in ("first push", "lost end"):
            self.git.spoil(1 if fault == "first push" else 2, "refuse")
        ran = (
            self.killed(project, arguments, fault, x)
            if fault and "kill" in fault
            else self.command(project, *arguments)
        )
        self.git.calm()
        sent = gateway.writes[OURS]
        gateway.calm()
        self.sync()
        if ran.code != 4:
            self.possible = possible | {one for one in self.ours.users if one not in before.users}
            self.begun.append(self.head)
        elif sent and "approved" not in ran.said:
            self.wrong("a refused apply wrote", ran)
        return ran, before

    def killed(self, project: Project, arguments: list[str], fault: str, x: int) -> Ran:
        """The apply as a process of its own, killed."""
        process = project.start(*arguments, PYTHONDONTWRITEBYTECODE="1")
        if fault == "kill":
            self.place.gateway.kill_at = (x % 12, "arrived" if x % 2 else "done")
            self.place.gateway.kill = process.kill
        else:
            self.git.spoil(1 + x % 2, "kill before" if fault == "kill before" else "kill after", process.pid)
        ran = finish(process)
        self.seen["killed"] += ran.code < 0
        return ran

    def count(self, ran: Ran) -> str:
        """Counts a refusal by its kind."""
        if ran.code != 4:
            return ""
        said = " ".join(ran.said.split())
        why = next((kind for kind, words in KINDS.items() if re.search(words, said)), "other")
        self.seen[f"refused: {why}"] += 1
        if why == "other":
            self.wrong("refused for another reason", ran)
        return why

    def take_the_way_out(self, number: int, why: str) -> None:
        """Does what a refusal says; a refusal that stays is a dead end."""
        if why == "look-up":
            pass  # a whole read is the way out
        elif why == "another apply":
            self.git.let_time_pass()
        elif why == "behind":
            self.branches = {**self.branches, self.current: self.begun[-1]}
        elif why == "beside" and any(
            self.begun and self.begun[-1].id in tip.leading() for tip in self.branches.values()
        ):
            if "side" not in self.branches:
                return
            self.merge(0, 0)
        else:
            self.recover_real(number)
        project = self.project(number)
        before = self.ours
        ran, before = self.carry_out(project, ["apply", "--yes"], None, 0)
        if ran.code == 4:
            if self.count(ran) == why:
                self.wrong(f"dead end: {why}", ran)
            return
        judge(self, Judged("full", before, ran, None))

    def recover_real(self, number: int) -> None:
        """Somebody says: this account, this line, from here on."""
        project = self.project(number)
        shown = self.command(project, "ownership", "recover")
        digest = re.search(r"--yes (\w+)", shown.err)
        if digest is None:
            self.wrong("dead end: no recovery", shown)
            return
        ran = self.command(project, "ownership", "recover", "--yes", digest[1])
        self.seen["recoveries"] += 1
        if ran.code:
            self.wrong("dead end: a recovery that is refused", ran)

    # looking

    def plan(self, number: int) -> tuple[Ran, dict[str, object]]:
        """A plan, as it is said and as a document."""
        ran = self.command(self.project(number), "plan", "--read", "full", "--format", "json")
        return ran, json.loads(ran.out) if ran.code in (0, 4) and ran.out.startswith("{") else {}

    def settle(self, x: int, y: int) -> None:
        ran, plan = self.plan(y % 2)
        named = [one for one in plan.get("named", ()) if one["kind"] == "user"]  # type: ignore[attr-defined]
        if not named or not plan["applyable"]:
            return
        doubt = named[x % len(named)]
        word = "released" if y % 4 == 0 else "left"
        self.seen[f"settled by {word}"] += 1
        [line] = yaml.safe_load(doubt["settle"])["left"]
        name = f"id-{line['id']}" if "id" in line else line["key"].removeprefix("user/")
        if name in self.head.saying.named:
            self.wrong("dead end: the line that a plan names is of a key that is declared", ran)
            return
        self.commit(replace(self.head.saying, **{word: getattr(self.head.saying, word) | {name}}))
        after, plan = self.plan(y % 2)
        gone = {one["target_id"] for one in plan.get("changes", ()) if one["action"] == "deactivate_user"}  # type: ignore[attr-defined]
        skipped = json.dumps(plan.get("skipped", ()))
        named_still = doubt["id"] in {one["id"] for one in plan.get("named", ())}  # type: ignore[attr-defined]
        left = doubt["id"] in gone or (self.ignore and (doubt["key"] in skipped or doubt["id"] in skipped))
        if not plan or (word == "left" and not left) or (word == "released" and (named_still or doubt["id"] in gone)):
            self.told.append(f"before: {doubt}")
            self.wrong(f"dead end: named, and {word}: settles nothing", after)

    def look_around(self, x: int, y: int) -> None:
        """Commands that only look."""
        project = self.project(y % 2)
        key = f"user/{NAMES[x % 4]}"
        commands = (
            ["drift"],
            ["ownership", "show"],
            ["log", "--applies"],
            ["ownership", "show", key],
            ["ownership", "fetch"],
        )
        ran = project.run(*commands[x % 5])
        allowed = {0, 1, 4} if commands[x % 5][-1] != key else {0, 2, 4}
        if ran.code not in allowed or "Traceback" in ran.said:
            self.wrong(f"exit {ran.code} of {commands[x % 5]}", ran)

    def known_as(self, live_id: str) -> set[str]:
        """The keys, and the id, by which a line may settle who is ours."""
        return super().known_as(live_id) | {f"id-{live_id}"}


def start_world(place: Place, folder: Path, monkeypatch: pytest.MonkeyPatch) -> RealWorld:
    """An empty remote, two clones and two accounts with strangers in them."""
    shutil.rmtree(folder, ignore_errors=True)
    tenant = f"url: '{place.url}', token: {{env: SCIM_TOKEN}}, scope: all, dialect: {place.dialect}"
    git = Repositories(folder, monkeypatch, tenant, roles=place.dialect == "4me")
    return RealWorld(place=place, git=git)


def take_step(world: RealWorld, name: str, x: int, y: int) -> None:
    """Takes one step of a history."""
    step: Callable[[int, int], None] = getattr(world, "toggle_ignore" if name == "ignore" else name)
    step(x, y)
