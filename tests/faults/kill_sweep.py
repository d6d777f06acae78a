"""Kills an apply of 60 changes at every request, at three moments each, and counts results for docs/reliability.md.

`python -m tests.faults.kill_sweep` takes ten minutes; `scripts/faults` runs it.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.faults.kills import CHANGES, MOMENTS, Killed, Moment, serve_bench
from tests.faults.sweep import write_between

BEGIN, END = "<!-- begin of the kills, written by scripts/faults -->", "<!-- end of the kills -->"
SAID: Mapping[Moment, str] = {"arrived": "it arrived", "done": "it was done", "answered": "it was answered"}

COLUMNS = (
    "requests",
    "killed",
    "with writes done",
    "converged",
    "lost",
    "twice",
    "deletes",
    "log or record wrong",
)


async def sweep() -> tuple[int, Mapping[Moment, Sequence[Killed]]]:
    """Returns the number of requests, and the result of each kill by moment."""
    found: dict[Moment, list[Killed]] = {moment: [] for moment in MOMENTS}
    with tempfile.TemporaryDirectory() as folder:
        async with serve_bench(Path(folder)) as bench:
            goal, requests = await bench.apply_in_peace()
            for moment in MOMENTS:
                for number in range(requests):
                    killed = await bench.kill_at(number, moment, goal)
                    found[moment].append(killed)
                    if killed.wrong:
                        sys.stderr.write(f"request {number}, {moment}: {killed.wrong}\n")
    return requests, found


def render(requests: int, found: Mapping[Moment, Sequence[Killed]]) -> str:
    """Returns the table."""
    lines = [
        f"| of {CHANGES} changes, killed when | {' | '.join(COLUMNS)} |",
        "|---|" + "--:|" * 8,
    ]
    for moment, runs in found.items():
        wrong = [one.wrong for one in runs if one.wrong]
        kinds = [sum(word in one for one in wrong) for word in ("not what git says", "twice", "deleted")]
        counted = (
            requests,
            sum(one.killed for one in runs),
            sum(one.writes > 0 for one in runs),
            len(runs) - len(wrong),
            *kinds,
            len(wrong) - sum(kinds),
        )
        lines.append(f"| {SAID[moment]} | " + " | ".join(map(str, counted)) + " |")
    return "\n".join(lines)


def main() -> int:
    """Kills, writes the table into the document, and returns 1 if anything was wrong."""
    requests, found = asyncio.run(sweep())
    write_between(BEGIN, END, render(requests, found))
    return int(any(one.wrong for runs in found.values() for one in runs))


if __name__ == "__main__":
    sys.exit(main())
