"""A killed apply leaves its changes in the log, and the next does the rest; `scripts/faults` kills at each request."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.faults.kills import Killed, serve_bench


def test_what_a_killed_apply_did_is_on_record_and_the_next_does_the_rest(tmp_path: Path) -> None:
    """SIGKILL reaches the process when its 33rd request was carried out and not answered."""

    async def kill() -> Killed:
        async with serve_bench(tmp_path) as bench:
            goal, _requests = await bench.apply_in_peace()
            return await bench.kill_at(32, "done", goal)

    run = asyncio.run(kill())

    assert "" == run.wrong
    assert run.killed
    assert run.writes > 0
