"""After any history an incremental read says what a full read says, or that it can't."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.increment import MARGIN, Binding, Kept, NotCertain, find_obstacle
from reconciler.core.model import LiveState
from reconciler.core.twin.machine import Twin
from reconciler.core.twin.quirks import Quirks
from reconciler.core.twin.search import SearchQuirks
from reconciler.core.wire import DIALECTS
from reconciler.live.client import Client
from reconciler.live.incremental import Read, read_on, read_to_keep
from reconciler.live.kept import kept_to_text, read_kept
from reconciler.live.snapshot import to_live_state
from tests.account import NOON, URL
from tests.properties.test_plan_properties import STEADY
from tests.properties.worlds import NAMES, Account, accounts

OURS = Binding("production", URL, "1.0")
DIALECT = DIALECTS["4me"]
CLOSE = MARGIN - timedelta(seconds=2)  # how far apart clocks may be
AHEAD = timedelta(days=3)
PAUSES = [timedelta(0), timedelta(seconds=1), timedelta(minutes=9), timedelta(hours=5), timedelta(days=2)]
QUIRKS = [
    Quirks(),
    Quirks(members_in_lists=True, page_limit=2),
    Quirks(search=SearchQuirks(ignores_filters=True)),
    Quirks(search=SearchQuirks(finds_nothing_by=frozenset({"meta"}))),
    Quirks(tells_groups=False, page_limit=1),
]
pauses = st.sampled_from(PAUSES)
whom = st.integers(0, 5)
skews = st.sampled_from([-CLOSE, timedelta(0), timedelta(0), CLOSE])


@dataclass
class Story:
    """An account through time, what was kept of it, and what it once was."""

    twin: Twin
    now: datetime = NOON
    kept: Kept | None = None
    backups: list[tuple[dict[str, dict[str, object]], dict[str, dict[str, object]]]] = field(default_factory=list)

    def pick(self, index: int) -> str | None:
        ids = sorted(self.twin.users)
        return ids[index % len(ids)] if ids else None

    def write(self, method: str, path: str, body: dict[str, object], skew: timedelta) -> None:
        """A write by somebody else, at a service whose clock is apart."""
        self.twin.answer(method, path, body, self.now + skew)

    def client(self, clock: timedelta) -> Client:
        """A client of an account that dates its answers by its own clock."""

        def answer(request: httpx.Request) -> httpx.Response:
            target = request.url.raw_path.decode().removeprefix("/scim/v2")
            response = self.twin.answer(request.method, target, json.loads(request.content or b"null"), self.now)
            date = (self.now + clock).strftime("%a, %d %b %Y %H:%M:%S GMT")
            return httpx.Response(response.response.status, json=response.response.body, headers={"Date": date})

        return Client(URL, "any token", (), transport=httpx.MockTransport(answer))


Step = Callable[[Story], None]


def edit(who: int, title: str, skew: timedelta) -> Step:
    def step(story: Story) -> None:
        if target := story.pick(who):
            story.write("PATCH", f"/Users/{target}", {"title": title}, skew)

    return step


def create(name: str, skew: timedelta) -> Step:
    def step(story: Story) -> None:
        story.write("POST", "/Users", {"userName": f"{name}@new.example"}, skew)

    return step


def delete(who: int) -> Step:
    def step(story: Story) -> None:
        if target := story.pick(who):
            story.twin = Twin(
                story.twin.quirks,
                [user for live_id, user in story.twin.users.items() if live_id != target],
                story.twin.groups.values(),
            )

    return step


def move(who: int, group: int) -> Step:
    """Somebody is put into a group, which may not be told by its last change."""

    def step(story: Story) -> None:
        groups, target = sorted(story.twin.groups), story.pick(who)
        if target:
            there = story.twin.groups[groups[group % len(groups)]]
            there["members"] = [{"value": target}]

    return step


def back_up(story: Story) -> None:
    """With quiet around it: whose change is lost by a restore is only known where clocks agree on the order."""
    story.now += 2 * MARGIN
    story.backups.append((deepcopy(story.twin.users), deepcopy(story.twin.groups)))
    story.now += 2 * MARGIN


def restore(story: Story) -> None:
    if story.backups:
        users, groups = story.backups[-1]
        story.twin = Twin(story.twin.quirks, deepcopy(users).values(), deepcopy(groups).values())
        story.now += 2 * MARGIN


def date_ahead(who: int) -> Step:
    """Somebody's change is dated by a clock that is years ahead."""

    def step(story: Story) -> None:
        if target := story.pick(who):
            story.write("PATCH", f"/Users/{target}", {"nickName": "ahead"}, timedelta(days=800))

    return step


def wait(pause: timedelta) -> Step:
    def step(story: Story) -> None:
        story.now += pause

    return step


def read(ours: timedelta, theirs: timedelta) -> Step:
    return lambda story: read_and_compare(story, ours, theirs)


def read_and_compare(story: Story, ours: timedelta, theirs: timedelta) -> None:
    """Reads on from what is kept, or all; what was read is what is there."""
    now = story.now + ours
    result, whole = asyncio.run(_read(story, now, theirs)), asyncio.run(_read_whole(story, now, theirs))

    assert of(whole) == of(result)
    assert result.kept is not None
    story.kept = read_kept(kept_to_text(result.kept).encode())


async def _read(story: Story, now: datetime, theirs: timedelta) -> Read:
    async with story.client(theirs) as client:
        if story.kept is None or find_obstacle(story.kept, OURS, now):
            return await read_to_keep(client, DIALECT, OURS, now)
        try:
            return await read_on(client, DIALECT, story.kept, now)
        except NotCertain:
            return await read_to_keep(client, DIALECT, OURS, now)


async def _read_whole(story: Story, now: datetime, theirs: timedelta) -> Read:
    async with story.client(theirs) as client:
        return await read_to_keep(client, DIALECT, OURS, now)


def of(read: Read) -> tuple[object, object, bool]:
    state: LiveState = to_live_state(read.snapshot, read.certificate)
    users, groups = ({one.id: one for one in several} for several in (state.users, state.groups))
    return users, groups, state.certificate.complete


steps = st.one_of(
    st.builds(edit, whom, st.sampled_from(["Chief", "Clerk"]), skews),
    st.builds(edit, whom, st.sampled_from(["Chief", "Clerk"]), skews),
    st.builds(create, st.sampled_from(NAMES), skews),
    st.builds(delete, whom),
    st.builds(move, whom, st.integers(0, 2)),
    st.builds(date_ahead, whom),
    st.just(back_up),
    st.just(restore),
    st.builds(wait, pauses),
    st.builds(wait, pauses),
    st.builds(read, skews, skews),
    st.builds(read, st.sampled_from([AHEAD, -AHEAD]), st.just(timedelta(0))),  # kept in the future, or in the past
    st.builds(read, st.just(timedelta(0)), st.just(timedelta(0))),
)


@settings(STEADY, max_examples=60)
@given(accounts(), st.sampled_from(QUIRKS), st.lists(steps, min_size=4, max_size=24))
def test_an_incremental_read_is_what_a_full_read_is(account: Account, quirks: Quirks, history: list[Step]) -> None:
    """Whoever changes what meanwhile, however clocks differ, whatever is put back."""
    twin = account.twin()
    twin.quirks = quirks
    story = Story(twin)
    for step in [*history, read(timedelta(0), timedelta(0))]:
        step(story)
