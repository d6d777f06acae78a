"""Kills `reconciler apply` of 60 changes at one request, with SIGKILL from outside, and checks the next apply.

The command is a process of its own, and the embedded 4me listens on a port. A proxy between them sees each request
arrive and each answer leave.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pytest

from reconciler.apply.log import ProvisioningLog
from reconciler.core.changes.attempt import Attempt, AttemptQuery
from reconciler.core.model.messages import JsonObject
from reconciler.sandbox.app import make_app
from reconciler.sandbox.serve import serving
from reconciler.sandbox.store import Store
from tests.cli.project import OURS, Project
from tests.faults import sixty
from tests.faults.proxy import Asked, PassOn, Proxy
from tests.servers.server import TOKEN

Moment: TypeAlias = Literal["arrived", "done", "answered"]
MOMENTS: tuple[Moment, ...] = ("arrived", "done", "answered")
CHANGES = 60
SENT = {"GET", "POST", "PATCH"}
SECONDS_TO_END = 120
NOT_COMPARED = {"id", "meta", "groups", "schemas"}


@dataclass(frozen=True)
class Killed:
    """The result of one run: whether it was killed before its end, how many writes arrived, and what was wrong."""

    killed: bool
    writes: int
    wrong: str = ""


@dataclass(frozen=True)
class Bench:
    """A company whose first state is applied without faults; each run applies the second state on a copy."""

    template: Project
    store: Store
    proxy: Proxy
    users: tuple[JsonObject, ...]
    groups: tuple[JsonObject, ...]

    async def apply_in_peace(self) -> tuple[dict[str, str], int]:
        """Returns the account after an apply without faults, and the number of its requests."""
        project = self._copy()
        assert 0 == await _end(await _start(project, "apply", "--yes"))
        assert CHANGES == len(_attempts(project))
        return describe(self.store), len(self.proxy.asked)

    async def kill_at(self, number: int, moment: Moment, goal: dict[str, str]) -> Killed:
        """Kills the apply at that request, repairs the connection, and applies again."""
        project = self._copy()
        before = describe(self.store)
        code = await self._apply_and_kill(project, number, moment)
        writes = sum(one.method != "GET" for one in self.proxy.passed_on)
        wrong = self._judge_killed(project, code, before)
        return Killed(code == -signal.SIGKILL, writes, wrong or await self._judge_mended(project, goal))

    def _copy(self) -> Project:
        """Restores the repository and the account, with a fresh proxy without faults."""
        root = self.template.root.parent / "copy"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(self.template.root, root)
        self.store.reset()
        self.store.seed(self.users, self.groups)
        self.proxy.asked.clear()
        self.proxy.passed_on.clear()
        return Project(root, self.template.monkeypatch, self.template.environment)

    async def _apply_and_kill(self, project: Project, number: int, moment: Moment) -> int:
        victim = await _start(project, "apply", "--yes")

        def kill() -> None:
            if victim.returncode is None:
                victim.kill()

        async def kill_instead(asked: Asked, pass_on: PassOn) -> bytes:
            if moment == "done":
                await pass_on(asked)
            kill()
            return b""

        if moment == "answered":
            self.proxy.answered = lambda index: kill() if index == number else None
        else:
            self.proxy.spoil = {number: kill_instead}
        code = await _end(victim)
        self.proxy.spoil, self.proxy.answered = {}, lambda _index: None
        return code

    def _judge_killed(self, project: Project, code: int, before: dict[str, str]) -> str:
        """Checks that log and record have what was done before the kill, and the begin before any write."""
        attempts = _attempts(project)
        applied, started = ({one.key for one in attempts if one.status == status} for status in ("applied", "started"))
        changed = {key for key, text in describe(self.store).items() if before.get(key) != text}
        killed = code == -signal.SIGKILL
        if not killed and code != 0:
            return f"ended with {code}"
        if {one.status for one in attempts} - {"applied", "started"}:
            return "the log tells of failures"
        if not applied <= changed <= applied | started:
            return f"the log does not tell what was done: {sorted(changed ^ applied)}"
        begun = ["whole", "begun"] if killed else ["whole", "whole"]
        if changed and project.ends("here") != begun:
            return f"the record says {project.ends('here')} of an apply that was {'killed' if killed else 'done'}"
        return ""

    async def _judge_mended(self, project: Project, goal: dict[str, str]) -> str:
        """Checks that a new apply converges, with nothing created twice and nothing deleted."""
        if code := await _end(await _start(project, "apply", "--yes")):
            return f"applying again ended with {code}"
        simulator = self.store.simulator()
        if len(goal) < len(simulator.users) + len(simulator.groups):
            return "somebody is there twice"
        if {one.method for one in self.proxy.asked} - SENT:
            return "something was deleted"
        if describe(self.store) != goal:
            return "the account is not what git says"
        return "" if project.ends("here")[-1] == "whole" else "what was applied again is not on record as whole"


@asynccontextmanager
async def serve_bench(folder: Path) -> AsyncIterator[Bench]:
    """Serves the company, the embedded 4me and the proxy while the block runs."""
    with (
        Store(folder / "account.sqlite") as store,
        pytest.MonkeyPatch.context() as monkeypatch,
        serving(make_app(store, now=lambda: datetime.now(UTC), token=TOKEN)) as url,
    ):
        async with Proxy(url) as proxy:
            project = Project(folder / "template", monkeypatch, {"TOKEN_OF_HERE": TOKEN})
            project.commit(sixty.before(proxy.url))
            assert 0 == await _end(await _start(project, "apply", "--yes"))
            shutil.rmtree(project.root / ".reconciler")  # the log of the first state is not checked
            project.commit(sixty.after(proxy.url))
            simulator = store.simulator()
            yield Bench(project, store, proxy, tuple(simulator.users.values()), tuple(simulator.groups.values()))


async def _start(project: Project, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "reconciler",
        *arguments,
        cwd=project.root,
        env={**os.environ, **OURS, **project.environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


async def _end(process: asyncio.subprocess.Process) -> int:
    return await asyncio.wait_for(process.wait(), SECONDS_TO_END)


def _attempts(project: Project) -> list[Attempt]:
    path = project.root / ".reconciler" / "provisioning-log.db"
    if not path.exists():
        return []
    with ProvisioningLog(path) as log:
        return list(log.find(AttemptQuery()))


def describe(store: Store) -> dict[str, str]:
    """Returns all users and groups of the account by key, with names for ids."""
    simulator = store.simulator()
    names = {live_id: str(one["externalId"]) for live_id, one in (*simulator.users.items(), *simulator.groups.items())}
    kinds = (("user", simulator.users), ("group", simulator.groups))
    return {
        f"{kind}/{one['externalId']}": _describe(one, names) for kind, resources in kinds for one in resources.values()
    }


def _describe(resource: JsonObject, names: dict[str, str]) -> str:
    kept: dict[str, Any] = {name: value for name, value in resource.items() if name not in NOT_COMPARED}
    for many in ("members", "roles"):
        if many in kept:
            kept[many] = sorted(names.get(one["value"], one["value"]) for one in kept[many])
    text = json.dumps(kept, sort_keys=True)
    for live_id, name in names.items():
        text = text.replace(f'"{live_id}"', f'"{name}"')
    return text
