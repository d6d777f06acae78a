"""The provisioning log: what was attempted is on disk before it is sent, what came of it after, and nothing else is."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.apply.channel import Channel, Stop
from reconciler.apply.execute import execute
from reconciler.apply.log import LogClock, ProvisioningLog
from reconciler.core.changes.attempt import Attempt, AttemptQuery, RunInfo
from reconciler.core.changes.outcome import Outcome, count_statuses
from reconciler.core.changes.redact import redact_change
from reconciler.core.declarations.redaction import Redaction
from reconciler.core.model.messages import Request, Response
from reconciler.core.scim.wire import DIALECTS
from reconciler.errors import Failed, LostAnswer, UsageError
from tests.apply.world import NOON, World, fail, git_says, groups, make, people, refuse, troubles

OCCASION = RunInfo("r1", "sandbox", "sandbox", "c0ffee", "sha256:0", "Ada <ada@example.com>")
TEAM = git_says(people("ann", "bob manager=ann", "cid title=Clerk") + groups(staff="ann bob"))
LATER = git_says(people("ann title=Chief", "bob manager=ann", "cid", "dee") + groups(staff="ann dee"))


@dataclass
class Time:
    """A second goes by whenever somebody looks."""

    ticks: int = 0

    def tick(self) -> int:
        self.ticks += 1
        return self.ticks

    @property
    def clock(self) -> LogClock:
        return LogClock(now=lambda: NOON + timedelta(seconds=self.tick()), seconds=lambda: float(self.tick()))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[ProvisioningLog]:
    with ProvisioningLog(tmp_path / "log.db") as opened:
        yield opened


@dataclass
class Applied:
    """A world whose applies are on record; each is a run of its own."""

    log: ProvisioningLog
    world: World = field(default_factory=make)
    redaction: Redaction = field(default_factory=Redaction)
    runs: int = 0

    def apply(self, state: Any, send: Any = None, stop: Stop | None = None) -> tuple[Outcome, ...]:
        self.runs += 1
        made = self.world.plan(state)
        changes = [redact_change(change, self.redaction) for change in made.plan.changes]
        recorder = self.log.record(replace(OCCASION, run=f"r{self.runs}"), Time().clock)
        channel = Channel(send or self.world.send, DIALECTS["4me"], recorder)
        return asyncio.run(execute(changes, made.decided.ids, channel, stop or Stop()))

    def attempts(self, **wanted: Any) -> list[Attempt]:
        """As they happened: found are the newest first."""
        return list(self.log.find(AttemptQuery(**wanted)))[::-1]


def test_an_attempt_says_who_did_what_when_where_why_and_how_it_went(log: ProvisioningLog) -> None:
    """Everything that a question about a change is answered from."""
    applied = Applied(log)
    applied.apply(TEAM)

    applied.apply(git_says(people("ann title=Chief", "bob manager=ann", "cid title=Clerk") + groups(staff="ann bob")))

    [attempt] = applied.attempts(run="r2")
    assert {
        "run": "r2",
        "tenant": "sandbox",
        "url": "sandbox",
        "commit": "c0ffee",
        "who": "Ada <ada@example.com>",
        "action": "update_user",
        "key": "user/ann",
        "name": "Ann",
        "target_id": applied.world.user("ann")["id"],
        "cause": "this_change",
        "attributes": [{"path": "title", "before": None, "after": "Chief"}],
        "members": [],
        "roles": [],
        "status": "applied",
        "detail": "",
        "requests": 1,
    }.items() <= attempt.model_dump(mode="json").items()
    assert attempt.reason == "everyone is in scope; no scoping filters"
    assert attempt.at == "2026-11-23T12:00:02.000+00:00"
    assert attempt.seconds is not None
    assert attempt.seconds > 0


def test_what_is_created_gets_its_id_when_that_is_known(log: ProvisioningLog) -> None:
    """Before it is created it has none."""
    applied = Applied(log)

    applied.apply(TEAM)

    ids = {str(user["id"]) for user in applied.world.simulator.users.values()}
    assert ids == {str(one.target_id) for one in applied.attempts(actions=("create_user",))}


def test_a_change_is_on_disk_before_anything_is_sent_for_it(log: ProvisioningLog) -> None:
    """Seen by another process, at the moment of the request."""
    applied = Applied(log)
    seen: list[list[str]] = []

    async def send(request: Request) -> Response:
        with closing(sqlite3.connect(log.path)) as other:
            rows = other.execute("SELECT key || ' ' || status FROM attempts WHERE status = 'started'")
            seen.append([row[0] for row in rows])
        return await applied.world.send(request)

    applied.apply(git_says(people("ann")), send)

    assert [["user/ann started"]] == seen
    assert ["applied"] == [one.status for one in applied.attempts()]


def test_all_requests_of_a_step_are_counted_those_that_were_lost_too(log: ProvisioningLog) -> None:
    """A create that was lost, the look-ups by externalId and userName, and the create that arrived."""
    applied = Applied(log)
    lost = LostAnswer("broken")
    lost.requests = 3

    applied.apply(git_says(people("ann")), troubles(applied.world.send, {0: fail(lost, done=False)}))

    assert [(3 + 2 + 1, "applied")] == [(one.requests, one.status) for one in applied.attempts()]


def test_what_was_never_begun_is_on_record_as_skipped(log: ProvisioningLog) -> None:
    """It took no time and no request."""
    applied = Applied(log)
    stop = Stop()
    stop.set("interrupted")

    applied.apply(TEAM, stop=stop)

    assert 4 == len(applied.attempts())
    assert {("skipped", "the run stopped: interrupted", None, 0)} == {
        (one.status, one.detail, one.seconds, one.requests) for one in applied.attempts()
    }


TROUBLES = {
    "refused": refuse(400, detail="bad"),
    "lost": fail(LostAnswer("broken"), done=False),
    "lost but done": fail(LostAnswer("broken"), done=True),
    "gone": refuse(404),
}


@settings(max_examples=25, deadline=None)
@given(
    first=st.dictionaries(st.integers(0, 8), st.sampled_from(sorted(TROUBLES)), max_size=5),
    later=st.dictionaries(st.integers(0, 8), st.sampled_from(sorted(TROUBLES)), max_size=5),
)
def test_the_log_adds_up_with_the_outcomes(
    tmp_path_factory: pytest.TempPathFactory, first: Mapping[int, str], later: Mapping[int, str]
) -> None:
    """Whatever goes wrong: one attempt for each outcome, with its status and detail, run by run."""
    with ProvisioningLog(tmp_path_factory.mktemp("log") / "log.db") as log:
        applied = Applied(log)
        for run, (state, wrong) in {"r1": (TEAM, first), "r2": (LATER, later)}.items():
            before = len(applied.world.asked)
            send = troubles(applied.world.send, {at: TROUBLES[name] for at, name in wrong.items()})
            outcomes = applied.apply(state, send)

            attempts = applied.attempts(run=run)
            assert Counter((one.change.id, one.status, one.detail) for one in outcomes) == Counter(
                (one.change, one.status, one.detail) for one in attempts
            )
            assert count_statuses(outcomes) == {
                status: sum(one.status == status for one in attempts) for status in count_statuses(outcomes)
            }
            assert (
                len(applied.world.asked) - before <= sum({one.key: one.requests or 0 for one in attempts}.values()) * 2
            )


def test_redacted_attributes_are_kept_as_fingerprints_only(log: ProvisioningLog) -> None:
    """Not in the file either, nor in what a service says of them."""
    applied = Applied(log, redaction=Redaction(("title", "displayName"), b"key"))
    applied.apply(git_says(people("ann title=Forewoman")))
    applied.apply(
        git_says(people("ann title=Chieftain")),
        troubles(applied.world.send, {0: refuse(400, detail="no such title: Chieftain")}),
    )

    [attempt] = applied.attempts(run="r2")
    [title] = attempt.attributes
    assert attempt.detail.startswith(f"title refused: 400 no such title: {title.after}; to stop asking")
    assert str(title.before).startswith("fingerprint:")
    assert title.before != title.after
    assert "ann" == attempt.name
    stored = b"".join(path.read_bytes() for path in log.path.parent.iterdir())
    assert [] == [word for word in (b"Forewoman", b"Chieftain", b"Ann") if word in stored]


def test_attempts_are_found_by_what_they_have(log: ProvisioningLog) -> None:
    """Every filter, alone and together."""
    applied = Applied(log)
    applied.apply(TEAM)
    applied.apply(LATER)

    def found(**wanted: Any) -> list[str]:
        return [f"{one.run} {one.key} {one.action}" for one in applied.attempts(**wanted)]

    assert ["r1 user/ann create_user", "r2 user/ann update_user"] == found(keys=("user/ann",))
    assert found() == found(tenant="sandbox")
    assert [] == found(tenant="qa")
    assert ["r1 group/staff create_group"] == found(actions=("create_group", "update_group"))
    assert [] == found(statuses=("failed", "started"))
    assert [one for one in found() if one.startswith("r2")] == found(run="r2")
    assert found()[-2:] == found(limit=2)
    assert [] == found(until=NOON)
    assert found() == found(since=NOON)
    [second] = found(run="r1", limit=1)
    assert [second] == found(run="r1", since=datetime.fromisoformat(applied.attempts(run="r1")[-1].at))


def test_pruning_removes_what_is_old_from_the_bytes_too(log: ProvisioningLog) -> None:
    """And the runs that nothing is left of."""
    applied = Applied(log)
    applied.apply(git_says(people("ann title=Forewoman")))
    assert 0 == log.prune(NOON)

    assert 1 == log.prune(NOON + timedelta(days=1))

    assert [] == applied.attempts()
    stored = b"".join(path.read_bytes() for path in log.path.parent.iterdir())
    assert [] == [word for word in (b"Forewoman", b"c0ffee") if word in stored]


def test_the_log_is_for_its_owner_alone(log: ProvisioningLog) -> None:
    """It holds personal data; so do the files that SQLite puts beside it."""
    Applied(log).apply(TEAM)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in log.path.parent.iterdir()}
    assert {"log.db", "log.db-wal", "log.db-shm"} == set(modes)
    assert {0o600} == set(modes.values())


def test_a_log_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    """It came out of a backup; what SQLite puts beside it has its mode."""
    path = tmp_path / "log.db"
    path.touch(0o644)
    path.chmod(0o644)

    with ProvisioningLog(path) as opened:
        Applied(opened).apply(TEAM)
        assert {0o600} == {stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()}


def test_two_runs_at_once_lose_nothing_of_each_other(log: ProvisioningLog) -> None:
    """Of two tenants, say."""
    with ProvisioningLog(log.path) as other:
        one, two = Applied(log), Applied(other, runs=1)
        one.apply(TEAM)
        two.apply(TEAM)
        one.log.write([])

        assert {"r1": 4, "r2": 4} == Counter(attempt.run for attempt in one.attempts())


@pytest.mark.parametrize("what", ["a folder", "no database", "a newer version"])
def test_a_file_that_can_not_be_used_is_said(tmp_path: Path, what: str) -> None:
    """With its path and the reason."""
    path = tmp_path / "log.db"
    if what == "a folder":
        path.mkdir()
    elif what == "no database":
        path.write_text("x" * 4096)
    else:
        with closing(sqlite3.connect(path)) as newer:
            newer.execute("PRAGMA user_version = 99")

    with pytest.raises(UsageError, match=r"the provisioning log .*log.db can't be"):
        ProvisioningLog(path)


def test_a_row_that_is_none_of_ours_is_said(log: ProvisioningLog) -> None:
    """Somebody edited the file."""
    applied = Applied(log)
    applied.apply(TEAM)
    with closing(sqlite3.connect(log.path, isolation_level=None)) as other:
        other.execute("UPDATE attempts SET status = 'forgotten'")

    with pytest.raises(Failed, match=r"the provisioning log .*log.db can't be read"):
        applied.attempts()


def test_a_log_that_breaks_stops_the_run_and_what_was_done_is_told(log: ProvisioningLog) -> None:
    """No new change is begun; the one in flight has its outcome, and the run says why it stopped."""
    applied = Applied(log)
    stop = Stop()
    state = git_says(people("ann", "bob manager=ann", "cid manager=bob"))

    async def send(request: Request) -> Response:
        with closing(sqlite3.connect(log.path, isolation_level=None)) as other:
            other.execute("DROP TABLE attempts")
        return await applied.world.send(request)

    outcomes = applied.apply(state, send, stop)

    assert ["applied", "skipped", "skipped"] == [one.status for one in outcomes]
    assert 1 == len(applied.world.simulator.users)
    assert stop.reason is not None
    assert "log.db can't be written: no such table: attempts" in stop.reason
    with pytest.raises(Failed, match="can't be read"):
        applied.attempts()


def test_a_log_that_takes_no_beginning_lets_nothing_be_sent(log: ProvisioningLog) -> None:
    """The request would leave no trace."""
    applied = Applied(log)
    with closing(sqlite3.connect(log.path, isolation_level=None)) as other:
        other.execute("DROP TABLE attempts")

    outcomes = applied.apply(TEAM)

    assert ({"skipped"}, []) == ({one.status for one in outcomes}, applied.world.asked)
