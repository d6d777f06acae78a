"""What an apply did to an account, held against what applies did before: who was hit wrongly, and who was forgotten."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.cli.project import Ran
from tests.ownership.account import MemoryAccount
from tests.ownership.lines import origins

if TYPE_CHECKING:
    from tests.ownership.real.world import RealWorld


@dataclass(frozen=True)
class Judged:
    """An apply: its kind, the account before, what it came to, and what went wrong in it."""

    kind: str
    before: MemoryAccount
    ran: Ran
    fault: str | None

    def warns_of(self, live_id: str) -> bool:
        """Whether a warning has this id."""
        warnings = re.findall(r"^[!x] .*(?:\n  .*)*", self.ran.said, re.MULTILINE)
        return any(re.search(rf"\b{re.escape(live_id)}\b", one) for one in warnings)


def match(world: RealWorld, account: MemoryAccount) -> dict[str, str]:
    """The live ids of the declared people: by mark, then by name, then by the mark of `was`."""
    people, linked = world.head.saying.people, dict[str, str]()
    for how in ("mark", "login", "was"):
        for name, person in people:
            if name in linked:
                continue
            hits = [
                live_id
                for live_id, one in account.users.items()
                if live_id not in linked.values()
                and (
                    (how == "mark" and person.marked and one.mark == name)
                    or (how == "login" and one.login == person.login)
                    or (how == "was" and person.was is not None and one.mark == person.was)
                )
            ]
            if len(hits) == 1:
                linked[name] = hits[0]
    return linked


def may_be_ours(world: RealWorld, account: MemoryAccount) -> set[str]:
    """Whom an apply of HEAD may make ours, at most: everybody who matches a declaration by anything."""
    people = world.head.saying.named
    marks = {*people, *(one.was for one in people.values() if one.was)}
    logins = {one.login for one in people.values()}
    return {live_id for live_id, one in account.users.items() if one.mark in marks or one.login in logins}


def judge(world: RealWorld, judged: Judged) -> None:
    """Judges an apply, and keeps what is true now."""
    _judge_hits(world, judged)
    _remember(world, judged)
    if judged.ran.code == 0 and judged.kind == "full":
        _judge_silence(world, judged)


def _judge_hits(world: RealWorld, judged: Judged) -> None:
    truth, head, before = world.truth, world.head, judged.before
    leading = head.leading().values()
    declared = set(match(world, before).values())
    hit = [
        i for i, one in before.users.items() if one.active and i in world.ours.users and not world.ours.users[i].active
    ]
    for live_id in hit:
        world.seen["deactivated"] += 1
        commit, _login = truth.ours.get(live_id, (None, ""))
        one = before.users[live_id]
        keys = {one.mark, f"id-{live_id}", one.login.rstrip("r12")}
        known = keys | (world.known_as(live_id) if commit else set())
        explicit = bool(known & head.saying.left)
        if live_id in declared:
            world.wrong("hit: declared", judged.ran)
        elif explicit:
            world.seen["deactivated by left:"] += 1
        elif world.ignore:
            world.wrong("hit: though on_removed ignores", judged.ran)
        elif live_id not in world.possible:
            world.wrong("hit: never ours", judged.ran)
        elif live_id in truth.released:
            world.wrong("hit: was released", judged.ran)
        elif commit and not commit.first & origins(leading) and commit.saying not in {each.saying for each in leading}:
            world.wrong("hit: of another line", judged.ran)
    lost = before.members - world.ours.members
    named = {i for i in lost if _is_named(judged, i)}
    if named - set(hit):
        world.wrong("hit: membership of one who is named", judged.ran)


def _is_named(judged: Judged, live_id: str) -> bool:
    said = " ".join(judged.ran.said.split())
    return re.search(rf"\? [^?]*?, id {re.escape(live_id)}: ", said) is not None


def _remember(world: RealWorld, judged: Judged) -> None:
    truth, before, after = world.truth, judged.before.users, world.ours.users
    by_login = {one.login: live_id for live_id, one in after.items()}
    linked = set()
    for name, person in world.head.saying.people:
        live_id = by_login.get(person.login)
        if live_id is None or (person.marked and after[live_id].mark != name):
            continue
        everything = judged.ran.code == 0 and judged.kind == "full"
        if everything or before.get(live_id) != after[live_id]:
            linked.add(live_id)
            truth.ours[live_id] = (world.head, person.login)
            truth.handed.discard(live_id)
            truth.released.discard(live_id)
    if judged.ran.code == 0:
        world.mark_released(linked)


def _judge_silence(world: RealWorld, judged: Judged) -> None:
    truth, head, users = world.truth, world.head, world.ours.users
    declared = set(match(world, world.ours).values())
    lines = origins(head.leading().values())
    for live_id, (commit, _login) in sorted(truth.ours.items()):
        if live_id not in users or not users[live_id].active or live_id in declared or live_id in truth.released:
            continue
        if world.known_as(live_id) & head.saying.released or not commit.first & lines:
            continue
        keys = world.known_as(live_id)
        if (
            _is_named(judged, live_id)
            or judged.warns_of(live_id)
            or (world.ignore and any(f"user/{key}: left git" in judged.ran.said for key in keys))
        ):
            world.seen["named, not acted on"] += 1
        else:
            world.wrong("silent", judged.ran)
