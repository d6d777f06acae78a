"""Runs one command and writes its cost: `python -I -S spawn.py COST.json OUTPUT COMMAND [ARGUMENT…]`.

This is a process of its own with few imports. A child's peak memory starts at that of its parent, so the parent must be
smaller than all measured commands.
"""

from __future__ import annotations

import json
import os
import sys
import time


def measure(output: str, arguments: list[str]) -> dict[str, float | int]:
    """Returns wall and CPU seconds, peak bytes (of the largest process of the tree) and exit code; writes `output`."""
    actions = [
        (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    start = time.perf_counter()
    process = os.posix_spawn(arguments[0], arguments, os.environ, file_actions=actions)
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - start

    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2) of each
    return {
        "wall_seconds": wall,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * unit,
        "exit_code": os.waitstatus_to_exitcode(status),
    }


if __name__ == "__main__":
    cost = json.dumps(measure(sys.argv[2], sys.argv[3:]))
    with open(sys.argv[1], "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib would double the memory of this process
        file.write(cost)
