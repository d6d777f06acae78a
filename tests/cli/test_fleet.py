"""A fleet on a Dask cluster: one report of all tenants; the shard of a worker that is killed runs again.

The last is skipped where Dask is not installed, and takes a minute:
`.venv/bin/pip install -e '.[dask]'`, then `.venv/bin/pytest tests/cli/test_fleet.py`.
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from threading import Timer

import pytest

from reconciler.cli.fleet import Shard, gather_shards, render_shards, worst_of
from tests.cli.project import TEAM, Project

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


def test_the_worst_of_all_is_the_exit_code() -> None:
    assert [0, 3, 4, 5, 1, 139] == [worst_of(codes) for codes in ([], [0, 3], [3, 4], [4, 5, 0], [5, 1, 2], [0, 139])]


def test_without_a_cluster_it_says_what_to_do(project: Project) -> None:
    """Install Dask, or look where the scheduler is."""
    ran = project.run("fleet", "plan", "--cluster", "nowhere://x")

    assert ran.code in (2, 5)
    assert "pip install 'reconciler[dask]'" in ran.err or "no Dask scheduler answers at nowhere://x" in ran.err


@pytest.mark.filterwarnings("default")
def test_the_shard_of_a_worker_that_is_killed_runs_again(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers, six tenants; one worker is killed while both are at work, and every tenant is in the report."""
    distributed = pytest.importorskip("distributed")
    names = ["acme", "beta", "gamma", "delta", "eta", "theta"]
    project.write("tenants:\n" + "".join(f"  {name}: {{url: sandbox, scope: all}}\n" for name in names) + TEAM)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))

    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        before = client.run(os.getpid)
        assassin = Timer(0.5, os.kill, (min(before.values()), signal.SIGKILL))  # a shard takes longer to start
        assassin.start()
        shards = gather_shards(client, str(project.root / "desired-state"), "plan", names)
        after = client.run(os.getpid)

    assert [(name, 3) for name in names] == [(one.tenant, one.code) for one in shards]
    assert set(before.values()) != set(after.values())
