"""The fixtures of the GitHub tests: the stand-in on a port, a client whose waits take no time, a company at GitHub."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reconciler.github.client import GitHub, GitHubClock
from tests.github.player import ROOT
from tests.github.referee import close_referee
from tests.github.standin import REPOSITORY, StandIn, standing_in
from tests.github.world import Company, company

TOKEN = "ghs_workflow"
WARM = ROOT / "tests" / "github" / "warm.py"
PLAIN = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}


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


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Starts the program for the workflows. Returns its address."""
    address = tmp_path_factory.mktemp("program") / "socket"
    with subprocess.Popen([sys.executable, WARM, address], cwd=ROOT, env=PLAIN, stdout=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdout
        assert b"ready\n" == process.stdout.readline()
        yield address
        process.kill()  # a test may have run an apply in this process, and left signals ignored that a child inherits


@pytest.fixture
def acme(tmp_path: Path, program: Path) -> Iterator[Company]:
    """Makes a company with one tenant that was applied once."""
    with company(tmp_path, {"qa": ""}, program) as found:
        found.apply_from_here("qa")
        yield found
