"""After any history, an incremental read gives the same state as a full read, or fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.core.model.messages import JsonObject
from reconciler.core.scim.increment import (
    MARGIN,
    OLDEST,
    Binding,
    IncrementalSnapshot,
    NotCertain,
    changed_at,
    find_obstacle,
)
from reconciler.core.scim.wire import DIALECTS, read_group, read_user
from reconciler.core.simulator.machine import Simulator
from reconciler.core.simulator.quirks import Quirks
from reconciler.core.simulator.search import SearchQuirks
from reconciler.live.client import Client
from reconciler.live.incremental import Read, read_on, read_to_keep
from reconciler.live.incremental_snapshot import parse_snapshot, snapshot_to_text
from reconciler.live.snapshot import to_live_state
from tests.account import NOON, URL
from tests.properties.test_plan_properties import STEADY

OURS = Binding("production", URL, "1.0")
DIALECT = DIALECTS["4me"]
NOTHING = timedelta(0)
CLOSE = MARGIN - timedelta(seconds=2)  # how far apart clocks may be
AHEAD = timedelta(days=3)
LONGEST_UNSEEN = (
    OLDEST + 2 * AHEAD + MARGIN
)  # after a change, since everything was read, by clocks that are ahead and then behind
PAUSES = [timedelta(seconds=0.4), timedelta(seconds=1), timedelta(minutes=9), timedelta(hours=5), timedelta(days=2)]
PLAIN = Quirks(page_limit=1)  # pages of one, so that what is compared with the list hides nothing else
FINDS_NOTHING = Quirks(page_limit=1, search=SearchQuirks(finds_nothing_by=frozenset({"meta"})))
QUIRKS = [
    *[PLAIN] * 7,
    Quirks(page_limit=1, tells_groups=False),
    Quirks(members_in_lists=True, page_limit=2),
    Quirks(page_limit=1, search=SearchQuirks(ignores_filters=True)),
    FINDS_NOTHING,
]


@dataclass
class Story:
    """An account through time, its snapshot, and its earlier states.

    `unseen` are the users whose change the service does not date: since when, and how many reads ago.
    """

    simulator: Simulator
    now: datetime = NOON
    kept: IncrementalSnapshot | None = None
    backup: tuple[dict[str, JsonObject], dict[str, JsonObject]] | None = None
    unseen: dict[str, tuple[datetime, int]] = field(default_factory=dict)

    def pick(self, index: int) -> str | None:
        ids = sorted(self.simulator.users)
        return ids[index % len(ids)] if ids else None

    def replace(self, users: dict[str, JsonObject], groups: dict[str, JsonObject]) -> None:
        self.simulator = Simulator(self.simulator.quirks, deepcopy(users).values(), deepcopy(groups).values())

    def write(self, method: str, path: str, body: JsonObject, skew: timedelta) -> None:
        """Writes by hand, at a service with another clock."""
        self.simulator.answer(method, path, body, self.now + skew)

    def client(self, clock: timedelta | None) -> Client:
        """Returns a client of an account that dates its answers by its own clock, or not at all."""

        def answer(request: httpx.Request) -> httpx.Response:
            target = request.url.raw_path.decode().removeprefix("/scim/v2")
            answered = self.simulator.answer(request.method, target, json.loads(request.content or b"null"), self.now)
            dated = {"Date": f"{self.now + clock:%a, %d %b %Y %H:%M:%S GMT}"} if clock is not None else {}
            return httpx.Response(answered.response.status, json=answered.response.body, headers=dated)

        return Client(URL, "any token", (), transport=httpx.MockTransport(answer))

    def list_excused(self) -> set[str]:
        """Returns users that may still be outdated: for a week, or until their page is read, and with a date."""
        known = self.kept.users if self.kept else {}
        return {
            live_id
            for live_id, (since, reads) in self.unseen.items()
            if reads < len(self.simulator.users)
            and self.now - since <= LONGEST_UNSEEN
            and changed_at(known.get(live_id, {}))
        }


Step = Callable[[Story], None]


def edit(who: int, title: str, skew: timedelta) -> Step:
    def step(story: Story) -> None:
        if target := story.pick(who):
            story.write("PATCH", f"/Users/{target}", {"title": title}, skew)

    return step


def edit_untold(who: int, title: str) -> Step:
    """Changes a user without a new date."""

    def step(story: Story) -> None:
        if target := story.pick(who):
            story.simulator.users[target]["title"] = title
            story.unseen.setdefault(target, (story.now, 0))

    return step


def silence(who: int, title: str) -> Step:
    """Changes a user without a new date, and dates none of its later changes."""

    def step(story: Story) -> None:
        if target := story.pick(who):
            story.simulator.users[target].pop("meta", None)
            edit_untold(who, title)(story)

    return step


def create(name: str, skew: timedelta) -> Step:
    return lambda story: story.write("POST", "/Users", {"userName": f"{name}@new.example"}, skew)


def delete(who: int) -> Step:
    def step(story: Story) -> None:
        target = story.pick(who)
        users = {live_id: user for live_id, user in story.simulator.users.items() if live_id != target}
        story.replace(users, story.simulator.groups)

    return step


def move(who: int) -> Step:
    """Adds a member to a group, perhaps without a new date of the group."""

    def step(story: Story) -> None:
        if target := story.pick(who):
            story.simulator.groups["g1"]["members"] = [{"value": target}]

    return step


def back_up(story: Story) -> None:
    """Restores a backup after a pause, because only equal clocks show which changes it lost."""
    story.now += 2 * MARGIN
    story.backup = deepcopy(story.simulator.users), deepcopy(story.simulator.groups)
    story.now += 2 * MARGIN


def restore(story: Story) -> None:
    if story.backup is None:
        return
    story.replace(*story.backup)
    for live_id, row in (story.kept.users if story.kept else {}).items():
        now = story.simulator.users.get(live_id, row)
        if changed_at(now) == changed_at(row) and now.get("title") != row.get("title"):
            story.unseen.setdefault(live_id, (story.now, 0))
    story.now += 2 * MARGIN


def wait(pause: timedelta) -> Step:
    def step(story: Story) -> None:
        story.now += pause

    return step


def read(ours: timedelta, theirs: timedelta | None) -> Step:
    """Reads from the snapshot, or all; the result equals the account, except for changes that are not visible yet."""

    def step(story: Story) -> None:
        result = asyncio.run(_read(story, story.now + ours, theirs))
        told = to_live_state(result.snapshot, result.certificate)

        excused = story.list_excused() if result.certificate.mode == "incremental" else set()
        assert told.certificate.complete
        assert {
            live_id: read_user(row) for live_id, row in story.simulator.users.items() if live_id not in excused
        } == {user.id: user for user in told.users if user.id not in excused}
        assert {live_id: read_group(row) for live_id, row in story.simulator.groups.items()} == {
            group.id: group for group in told.groups
        }
        assert result.kept is not None
        story.kept = parse_snapshot(snapshot_to_text(result.kept).encode())
        stay = story.unseen if result.certificate.mode == "incremental" else {}
        story.unseen = {live_id: (since, reads + 1) for live_id, (since, reads) in stay.items()}

    return step


def keep_ahead(theirs: timedelta | None) -> Step:
    """Reads all with a clock that is days ahead, so the next read finds a snapshot from the future."""

    def step(story: Story) -> None:
        story.kept = None
        read(AHEAD, theirs)(story)

    return step


async def _read(story: Story, now: datetime, theirs: timedelta | None) -> Read:
    async with story.client(theirs) as client:
        if story.kept is None or find_obstacle(story.kept, OURS, now):
            return await read_to_keep(client, DIALECT, OURS, now)
        try:
            return await read_on(client, DIALECT, story.kept, now)
        except NotCertain:
            return await read_to_keep(client, DIALECT, OURS, now)


WHO, SKEWS = range(4), [-CLOSE, NOTHING, CLOSE]
STEPS = [  # as often as each can matter
    *(edit(who, title, skew) for who in WHO for title in ("Chief", "Clerk") for skew in SKEWS),
    *(edit_untold(who, title) for who in WHO for title in ("Guest", "Clerk", "Chief")),
    *(create(name, skew) for name in ("new", "newer") for skew in SKEWS),
    *(delete(who) for who in WHO),
    *(move(who) for who in WHO),
    *(edit(who, "Seer", timedelta(days=800)) for who in WHO),  # by a clock that is years ahead
    *[silence(0, "Monk"), silence(1, "Monk")],
    *[back_up, restore] * 3,
    *(wait(pause) for pause in (*PAUSES, *PAUSES, 2 * LONGEST_UNSEEN, 2 * LONGEST_UNSEEN)),
]
LOOKS = [
    *[read(NOTHING, NOTHING)] * 16,
    *(read(ours, theirs) for ours in SKEWS for theirs in (*SKEWS, None)),
    *[read(AHEAD, NOTHING), read(-AHEAD, NOTHING)],
    *[keep_ahead(AHEAD), keep_ahead(None)] * 2,
]
chapters = st.tuples(st.lists(st.sampled_from(STEPS), max_size=2), st.sampled_from(LOOKS))


def make_account(quirks: Quirks, ages: list[timedelta]) -> Simulator:
    """Draws some users that were changed that long ago, and a group."""
    users: list[JsonObject] = [
        {"id": f"u{index}", "userName": f"u{index}@example.com", "meta": {"lastModified": (NOON - age).isoformat()}}
        for index, age in enumerate(ages)
    ]
    return Simulator(quirks, users, [{"id": "g1", "displayName": "Staff", "members": []}])


LOOK, AGES = read(NOTHING, NOTHING), [AHEAD, 2 * AHEAD, 3 * AHEAD]


@settings(STEADY, max_examples=40)
@example(PLAIN, AGES, [([edit(0, "Chief", CLOSE)], keep_ahead(AHEAD)), ([edit(1, "Chief", -CLOSE)], LOOK)])
@example(PLAIN, AGES, [([edit_untold(1, "Guest"), wait(2 * LONGEST_UNSEEN)], LOOK)])
@example(PLAIN, AGES, [([edit_untold(2, "Guest")], LOOK), ([], LOOK), ([], LOOK), ([], LOOK)])
@example(FINDS_NOTHING, AGES, [([edit(1, "Chief", NOTHING)], LOOK)])
@example(PLAIN, AGES, [([silence(1, "Monk")], keep_ahead(None)), ([edit_untold(1, "Guest")], LOOK)])
@given(
    st.sampled_from(QUIRKS),
    st.lists(st.sampled_from([NOTHING, CLOSE, AHEAD]), min_size=2, max_size=4),
    st.lists(chapters, min_size=2, max_size=10),
)
def test_an_incremental_read_is_what_a_full_read_is(
    quirks: Quirks, ages: list[timedelta], history: list[tuple[list[Step], Step]]
) -> None:
    """Whoever changes what meanwhile, however clocks differ, whatever is put back."""
    story = Story(make_account(quirks, ages))
    for steps_before, read_on_then in [([], LOOK), *history]:
        for step in (*steps_before, read_on_then):
            step(story)
