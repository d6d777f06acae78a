"""A fleet on a Dask cluster: one report of all tenants; the shard of a killed worker runs again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from signal import SIGKILL
from threading import Lock

import pytest
from distributed import Client, LocalCluster, Scheduler

from reconciler.cli.fleet import NO_WORKER, Ran, Shard, _fetch, find_worst, gather_shards, render_shards
from tests.cli.project import OURS, TEAM, Project
from tests.live.service import listening

SHARDS = [
    Shard("acme", 3, {"summary": {"create_user": 2}}, ""),
    Shard("beta", 0, {"summary": {}}, ""),
    Shard("gamma", 5, None, "Error: no answer\x1b[2J"),
]


def test_a_report_has_a_line_for_each_tenant_and_what_is_wrong_with_it() -> None:
    assert [
        "3 tenants: 1 unreachable, 1 differs, 1 nothing to do",
        "  acme: differs (2 create_user)",
        "  beta: nothing to do",
        "  gamma: unreachable",
    ] == render_shards(SHARDS, "text").splitlines()[:4]
    assert "\x1b" not in render_shards(SHARDS, "text")
    assert {"acme", "beta", "gamma"} == set(json.loads(render_shards(SHARDS, "json"))["tenants"])


def test_the_find_worst_all_is_the_exit_code() -> None:
    assert [0, 3, 4, 5, 1, 139] == [find_worst(codes) for codes in ([], [0, 3], [3, 4], [4, 5, 0], [5, 1, 2], [0, 139])]


@pytest.mark.parametrize("printed", ["", '{"summary": {"create_us', "[]", '{"summary": {}}'])
def test_a_report_that_was_cut_is_none_and_takes_no_other_with_it(printed: str) -> None:
    """The process of a shard can be killed while it prints."""
    future: Future[Ran] = Future()
    future.set_result((-9, printed, "Killed"))

    shard = _fetch("acme", future, 1)  # type: ignore[arg-type]  # Dask's futures answer alike

    assert Shard("acme", -9, {"summary": {}} if printed.endswith("}}") else None, "Killed") == shard


def test_without_dask_it_says_what_to_install(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    project.write("tenants: {acme: {url: sandbox}}\n" + TEAM)

    ran = project.run("fleet", "plan", "--cluster", "tcp://scheduler:8786")

    assert (2, "Error: a cluster needs Dask: pip install 'reconciler[dask]'\n") == (ran.code, ran.err)


@pytest.mark.parametrize("address", ["http://scheduler:8786", "tcp://scheduler", "tcp://scheduler:99999", "tcp://[::1"])
def test_what_is_no_address_of_a_scheduler_is_said_at_once(project: Project, address: str) -> None:
    project.write("tenants: {acme: {url: sandbox}}\n" + TEAM)

    ran = project.run("fleet", "plan", "--cluster", address)

    assert (2, "") == (ran.code, ran.out)
    assert f"--cluster {address} is not the address of a Dask scheduler: write it like tcp://scheduler:8786" in ran.err


@dataclass
class Killing:
    """An account without anybody, for any number of tenants. Whoever works when it is asked first is killed."""

    scheduler: Scheduler
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    killed: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def start(self, name: str) -> None:
        """One more worker, a process of its own, that nobody starts again."""
        words = ["dask", "worker", self.scheduler.address, "--no-nanny", "--no-dashboard", "--name", name]
        environment = {**os.environ, "PYTHONPATH": OURS["PYTHONPATH"], "TOKEN": "c0ffee"}
        command = [sys.executable, "-m", *words, "--nthreads", "1"]
        self.workers[name] = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)  # noqa: S603

    def kill_whoever_works(self) -> None:
        with self.lock:
            if not self.killed:
                self.killed += [str(one.name) for one in self.scheduler.workers.values() if one.processing][:1]
                self.workers[self.killed[0]].send_signal(SIGKILL)

    @property
    def handler(self) -> type[BaseHTTPRequestHandler]:
        return _answering(self.kill_whoever_works)


def _answering(hear: Callable[[], None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hear()
            body = b'{"totalResults": 0, "Resources": []}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Nobody reads it."""

    return Handler


@contextmanager
def cluster_of_two() -> Iterator[Killing]:
    """A scheduler in this process, and two workers in others."""
    with LocalCluster(n_workers=0, dashboard_address=None, scheduler_port=0) as cluster:
        killing = Killing(cluster.scheduler)
        try:
            killing.start("one")
            killing.start("two")
            cluster.wait_for_workers(2, timeout=30)
            yield killing
        finally:
            for process in killing.workers.values():
                process.kill()
                process.wait()


@pytest.mark.filterwarnings("default")
def test_the_shard_of_a_worker_that_is_killed_runs_again(project: Project) -> None:
    """Killed while it reads the account: every tenant is in the one report, and the other worker is the one left.

    Where that one goes too, what is left to do is told as such.
    """
    told: list[str] = []
    with cluster_of_two() as killing, listening(killing.handler) as url:
        tenant = f"{{url: {url}, scope: all, token: {{env: TOKEN}}}}"
        project.write(f"tenants:\n  acme: {tenant}\n  beta: {tenant}\n" + TEAM)

        ran = project.run("fleet", "plan", "--cluster", killing.scheduler.address, "--exit-code")

        assert 1 == len(killing.killed)
        assert {"one", "two"} - {*killing.killed} == {str(one.name) for one in killing.scheduler.workers.values()}
        for process in killing.workers.values():
            process.kill()
        with Client(killing.scheduler.address) as client:
            left = gather_shards(client, str(project.root), "plan", ["acme"], log=told.append, patience=0.2)
    assert (3, "2 tenants: 2 differ") == (ran.code, ran.out.splitlines()[0])
    assert [f"  {name}: differs (3 create_user, 1 create_group)" for name in ("acme", "beta")] == (
        ran.out.splitlines()[1:]
    )
    assert ([Shard("acme", 5, None, NO_WORKER)], {"0 of 1 tenants are done"}) == (left, set(told))
