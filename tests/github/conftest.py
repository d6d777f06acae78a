"""The fixtures of the GitHub tests: the stand-in on a port, and a client whose waits take no time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from reconciler.github.client import GitHub, GitHubClock
from tests.github.referee import close_referee
from tests.github.standin import REPOSITORY, StandIn, standing_in

TOKEN = "ghs_workflow"


@dataclass
class FakeTime:
    """A clock in seconds since 1970 that moves only during waits; `waits` are the waits, in order."""

    now: float = 1_000_000.0
    waits: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    @property
    def clock(self) -> GitHubClock:
        return GitHubClock(now=lambda: self.now, sleep=self.sleep)


@pytest.fixture(scope="session", autouse=True)
def referee() -> Iterator[None]:
    """Ends GitHub's reader of workflows with the last test, if one started it."""
    yield
    close_referee()


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with standing_in(StandIn()) as running:
        yield running


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def github(standin: StandIn, time: FakeTime) -> Iterator[GitHub]:
    with GitHub(standin.api_url, REPOSITORY, TOKEN, clock=time.clock) as client:
        yield client
