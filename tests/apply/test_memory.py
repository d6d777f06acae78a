"""What a service did not take is kept in the provisioning log until it does, for that service alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from reconciler.apply.log import LogClock, ProvisioningLog, Recorder
from reconciler.core.changes.asked import NEVER_ASKED, AskedBefore, NotTaken
from reconciler.core.changes.attempt import RunInfo
from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.plan import AddMembers, AttributeChange, UpdateUser
from reconciler.core.changes.undone import Undone
from tests.apply.world import NOON

RUN = RunInfo("r1", "qa", "https://qa", "c0ffee", "sha256:0", "Ada", "4me")
SERVICE = ("qa", "https://qa", "4me")
TITLE = AttributeChange(path="title", before="Clerk", after="Lead ")
UPDATE = UpdateUser(key="user/ann", target_id="a", attributes=(TITLE,))
ADD = AddMembers(key="group/g", target_id="g", members=("user/ann", "user/bob"))
STORED = Undone(path="title", why="changed", asked="Lead ", got="Lead")
REFUSED = Undone(path="title", why="refused", asked="Lead ", error="400 no")
LOST = Undone(path="title", why="failed", asked="Lead ", error="lost")
NO_MEMBER = Undone(path="members", of="user/bob", why="refused", asked=True, error="400 no")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[ProvisioningLog]:
    with ProvisioningLog(tmp_path / "log.db") as opened:
        yield opened


RUNS = count()


def recorder(log: ProvisioningLog, **other: Any) -> Recorder:
    """A run of its own."""
    return log.record(replace(RUN, run=f"r{next(RUNS)}", **other), LogClock(lambda: NOON, lambda: 0.0))


def outcome(*undone: Undone, change: Any = UPDATE, status: str = "failed") -> Outcome:
    return Outcome.model_validate({"change": change, "status": status if undone else "applied", "undone": undone})


def found(log: ProvisioningLog, service: Sequence[str] = SERVICE) -> AskedBefore:
    return log.find_asked(*service)


def test_what_is_asked_for_again_is_counted_and_what_is_taken_is_forgotten(log: ProvisioningLog) -> None:
    """Another value starts again; an answer that never came changes nothing."""
    for times in (1, 2, 3):
        recorder(log).end([outcome(STORED)], None, 1)
        row = NotTaken("user/ann", "title", "", '"Lead "', "Lead", "changed", "", times)
        assert {("user/ann", "title", ""): row} == found(log).not_taken
    recorder(log).end([outcome(LOST)], None, 1)
    assert [3] == [one.times for one in found(log).not_taken.values()]

    other = UPDATE.model_copy(update={"id": "x", "attributes": (TITLE.model_copy(update={"after": "Boss "}),)})
    kept = Outcome.model_construct(change=other, status="failed", detail="", undone=(REFUSED,))
    recorder(log).end([kept], None, 1)
    assert [('"Boss "', "refused", "400 no", 1)] == [
        (one.asked, one.why, one.error, one.times) for one in found(log).not_taken.values()
    ]
    assert {("user", "title"): "400 no"} == found(log).refused

    recorder(log).end([outcome()], None, 1)
    assert NEVER_ASKED == found(log)


@pytest.mark.parametrize("other", [("qb", *SERVICE[1:]), ("qa", "https://qb", "4me"), (*SERVICE[:2], "rfc7644")])
def test_another_service_has_taken_and_refused_nothing(log: ProvisioningLog, other: Sequence[str]) -> None:
    """Another tenant, address or dialect; and what it takes is not forgotten here."""
    recorder(log).end([outcome(REFUSED)], None, 1)

    assert NEVER_ASKED == found(log, other)
    tenant, url, dialect = other
    recorder(log, tenant=tenant, url=url, dialect=dialect).end([outcome()], None, 1)
    assert {("user", "title"): "400 no"} == found(log).refused


def test_a_refused_member_is_kept_for_its_group_alone(log: ProvisioningLog) -> None:
    """Members are no attribute that a service refuses of all groups."""
    recorder(log).end([outcome(NO_MEMBER, change=ADD)], None, 1)

    assert ({("group/g", "members", "user/bob")}, {}) == (set(found(log).not_taken), found(log).refused)


def test_old_rows_are_pruned_with_the_attempts(log: ProvisioningLog) -> None:
    """They are personal data too."""
    recorder(log).end([outcome(REFUSED)], None, 1)

    log.prune(NOON)
    assert NEVER_ASKED != found(log)
    log.prune(NOON + timedelta(seconds=1))
    assert NEVER_ASKED == found(log)
