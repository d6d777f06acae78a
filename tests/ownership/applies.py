"""One apply of a world: refused or not, planned, carried out, recorded, and compared with the truth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from reconciler.core.changes.plan import Change
from reconciler.core.model.resources import Key
from reconciler.core.model.states import DesiredState, LiveState, Selection
from reconciler.core.planner.planner import Decisions, decide_changes
from reconciler.core.record.record import Covers, salted
from reconciler.core.targeting.selection import select_difference
from tests.ownership.account import MemoryAccount
from tests.ownership.lines import compile_saying, origins

if TYPE_CHECKING:
    from tests.ownership.world import World

SALT = "salt"
FAULTS = {1: "partial", 2: "kill", 3: "lost end"}


@dataclass
class Run:
    """An apply in progress: what it reads, what it decides, and the keys that it left out."""

    kind: str
    account: MemoryAccount
    desired: DesiredState
    decided: Decisions
    fault: str | None
    left_out: set[str]

    @property
    def is_whole(self) -> bool:
        """Returns whether every change ran, and a plan of a part named no user."""
        named = self.kind == "targeted" and bool(self.decided.ownership.doubts)
        return self.fault is None and self.kind != "only" and not named

    def linked(self) -> dict[str, str]:
        """Returns the live ids of the selected declared users, by name."""
        ids, users = self.decided.ids, self.desired.users
        return {key.name: ids[str(key)] for key in users if self.desired.is_selected(key) and str(key) in ids}


def run_apply(world: World, x: int, y: int, kind: str, account: MemoryAccount) -> None:
    """Runs an apply of the commit that is checked out."""
    world.now += 1
    world.seen["applies"] += 1
    kind = kind if may_look_at_a_part(world) else "full"
    if why := world.refusal(account):
        world.seen[f"refused {why}"] += 1
        if account is world.ours and y % 2 == 0:
            take_the_way_out(world, why)
        return
    live, desired = look(world, x, kind, account)
    earlier, evidence = world.earlier(), world.evidence()
    decided = decide_changes(desired, live, world.tenant, earlier, evidence)
    if y % 11 == 7:
        return  # the begin could not be pushed: nothing is sent
    run = Run(kind, account, desired, decided, FAULTS.get(y % 9), set())
    world.copies = [*world.copies, world.record][-2:]
    serial = world.record.history.next_serial
    until = {"until": (world.moment() + timedelta(hours=2)).isoformat()}
    judge_before(world, run)
    world.write("begun", Covers(kind="all"), serial=serial, **until)
    ids = carry_out(world, run, x)
    remember(world, run, ids)
    if run.fault not in ("kill", "lost end"):
        end(world, run, serial)
    judge_after(world, run)


def may_look_at_a_part(world: World) -> bool:
    """Returns whether a partial read is allowed: after a complete apply of an ancestor, same settings, no recovery."""
    history = world.record.history
    full = history.last_full()
    if full is None or history.recovered or world.record.ignored != world.ignore:
        return False
    return world.place(world.commits[full.record.commit]) == "here"


def take_the_way_out(world: World, why: str) -> None:
    """Follows the refusal's instruction; a refusal that stays is a dead end."""
    history = world.record.history
    last = [world.commits[entry.record.commit] for entry in history.last_applies()]
    can_merge = why == "beside" and all(any(one.id in tip.leading() for tip in world.branches.values()) for one in last)
    if can_merge:
        return
    if why == "open":
        world.now += 9
    else:
        world.recover()
    if world.refusal(world.ours) == why:
        world.bad[f"dead end: {why}"] += 1


def look(world: World, x: int, kind: str, account: MemoryAccount) -> tuple[LiveState, DesiredState]:
    """Reads the part of the account that the plan is about."""
    desired, earlier = compile_saying(world.head.saying), world.earlier()
    if kind == "full":
        return account.state(), desired
    selection = select_difference(desired, earlier)
    if kind == "only":
        every = sorted({*selection.keys, *desired.users})
        selection = Selection(frozenset(every[x % len(every) : x % len(every) + 1] if every else ()))
    return account.asked(replace(desired, selection=selection), earlier)


def carry_out(world: World, run: Run, x: int) -> dict[str, str]:
    """Writes the changes until a failure. Returns the live id of every key."""
    ids = dict(run.decided.ids)
    keys = sorted({change.key for change in run.decided.changes})
    if run.fault in ("partial", "kill"):
        run.left_out = {key for number, key in enumerate(keys) if (x + number) % 2}
    for change in run.decided.changes:
        skipped = change.key in run.left_out or (run.fault == "kill" and change.action == "deactivate_user")
        members = tuple(one for one in change.members if one in ids or one.startswith("id/"))
        if not skipped and not any(one in run.left_out for one in change.members if one not in ids):
            run.account.write(change.model_copy(update={"members": members}), ids)
            count(world, run, change)
    return ids


def count(world: World, run: Run, change: Change) -> None:
    """Counts writes to the wrong account."""
    known = world.record.expected & world.ours.users.keys()
    if run.account is world.other and len(known) > 1:
        world.bad[f"wrong account written by a {run.kind} apply"] += 1
    world.seen[change.action] += 1


def remember(world: World, run: Run, ids: dict[str, str]) -> None:
    """Updates the truth after the apply."""
    if run.account is not world.ours:
        return
    head, truth = world.head, world.truth
    for name, person in head.saying.people:
        key = Key("user", name)
        if not run.desired.is_selected(key) or str(key) in run.left_out or str(key) not in ids:
            continue
        live_id = ids[str(key)]
        truth.ours[live_id] = (head, person.login)
        truth.handed.discard(live_id)
        truth.released.discard(live_id)
        if head.saying.team == "authoritative" and person.member and live_id in world.ours.members:
            truth.members.add(live_id)
    truth.members &= world.ours.members
    if head.saying.team == "additive":
        truth.members.clear()
    world.mark_released(set(run.linked().values()))


def end(world: World, run: Run, serial: int) -> None:
    """Pushes the end of the apply."""
    unclear = {*run.left_out, *run.decided.unclear}
    covers = Covers(kind="all_but", keys=hashed(unclear)) if unclear else Covers(kind="all")
    if run.kind != "full" and not run.is_whole:
        asked = {str(key) for key in run.desired.users if run.desired.is_selected(key)} - unclear
        covers = Covers(kind="only", keys=hashed(asked))
    before = 0 if run.kind == "full" else world.record.history.unsettled
    doubts = max(before, run.decided.unsettled)
    mode = "full" if run.kind == "full" else "targeted"
    world.write(
        "ended",
        covers,
        serial=serial,
        mode=mode,
        whole=run.is_whole,
        only=run.kind == "only",
        unsettled=doubts,
        ignored=len(run.decided.ignored),
        counts={"applied": 1},
    )
    linked = frozenset(run.linked().values())
    if run.kind == "full":
        expected = linked if run.is_whole else world.record.expected | linked
        ignored = world.ignore if run.is_whole else world.record.ignored
        world.record = replace(world.record, expected=expected, ignored=ignored)


def judge_before(world: World, run: Run) -> None:
    """Checks that no user loses access wrongly."""
    if run.account is not world.ours:
        return
    truth, head = world.truth, world.head
    leading = head.leading().values()
    lines, trees = origins(leading), {one.saying for one in leading}
    deactivated = {change.target_id for change in run.decided.changes if change.action == "deactivate_user"}
    for leaver in run.decided.ownership.leavers:
        live_id = leaver.live.id
        if live_id not in deactivated or leaver.serial is None:
            continue
        commit, _login = truth.ours.get(live_id, (None, ""))
        begun = {one.record.serial for one in world.record.history.open_begins()}
        if commit is None and leaver.serial not in begun | unfinished(world):
            world.bad["hit: never ours"] += 1
        world.seen["leaver by an open begin, never written"] += commit is None
        if live_id in truth.released:
            world.bad["hit: was released"] += 1
        elif commit and not commit.first & lines and commit.saying not in trees:
            world.bad["hit: of another line"] += 1
    spared = {one.id for one in run.decided.ownership.doubts}
    for change in run.decided.changes:
        if change.action == "remove_members" and any(one.removeprefix("id/") in spared for one in change.members):
            world.bad["hit: membership of one who is not settled"] += 1
        if change.target_id in spared and change.action != "remove_members":
            world.bad["hit: one who is not settled"] += 1


def hashed(names: set[str]) -> tuple[str, ...]:
    """Returns the hashes of user keys for a record."""
    return tuple(sorted(salted(SALT, name) for name in names))


def unfinished(world: World) -> set[int]:
    """Returns the serials of applies without an end."""
    records = [entry.record for entry in world.record.entries]
    return {one.serial for one in records} - {one.serial for one in records if one.state == "ended"}


def judge_after(world: World, run: Run) -> None:
    """Checks that each user who should have lost access did, or was named."""
    if run.account is not world.ours or not run.is_whole or world.ignore:
        return
    truth, ownership, users = world.truth, run.decided.ownership, world.ours.users
    linked = {one.id for one in world.links().users.live_of.values()}
    named = {one.id for one in ownership.doubts}
    gone = {one.live.id for one in ownership.leavers}
    lines = origins(world.head.leading().values())
    unsettled = run.kind == "targeted" and world.record.history.unsettled
    for live_id, (commit, _login) in sorted(truth.ours.items()):
        if live_id not in users or not users[live_id].active or (live_id in linked and live_id not in gone):
            continue
        if live_id in truth.released or world.known_as(live_id) & world.head.saying.released:
            continue
        if not commit.first & lines or (run.kind == "targeted" and live_id in truth.handed) or unsettled:
            continue
        if live_id in named:
            world.seen["leaver named, not acted on"] += 1
        elif live_id not in run.decided.contested:
            world.bad["silent leaver" + (" (targeted)" if run.kind == "targeted" else "")] += 1
    if (
        run.kind == "full"
        and world.head.saying.team is None
        and not any(one.kind == "group" for one in ownership.doubts)
    ):
        left = (
            (truth.members & world.ours.members)
            - named
            - truth.released
            - {one for _kind, one, _why in ownership.released}
        )
        world.bad["silent: members of a group that left"] += bool(left)
        truth.members.clear()
