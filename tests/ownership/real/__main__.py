"""Plays histories for real and prints what became of them: `python -m tests.ownership.real 200 --server scim2`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.ownership.real.place import serve_place
from tests.ownership.real.play import LENGTH, make_history, play, shrink


def main() -> int:
    """Returns 1 where something must not have happened."""
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int)
    parser.add_argument("--server", choices=["embedded", "scim2"], default="embedded")
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--shrink", action="store_true")
    options = parser.parse_args()
    kind = "embedded" if options.server == "embedded" else "scim2-server"
    bad, seen = Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as monkeypatch:
        with serve_place(kind, Path(folder)) as place:
            for number in range(options.start, options.start + options.count):
                started = time.monotonic()
                steps = make_history(number)
                world = play(steps, place, Path(folder) / "history", monkeypatch)
                bad.update(+world.bad)
                seen.update(world.seen)
                took = time.monotonic() - started
                print(
                    f"{number}: {took:.0f} s, {world.seen['applies']} applies, {dict(+world.bad) or 'well'}", flush=True
                )  # noqa: T201
                for what in world.told:
                    print(what, file=sys.stderr, flush=True)  # noqa: T201
                if world.told and options.shrink:
                    what = next(iter(+world.bad))
                    fewer = shrink(steps, what, place, Path(folder) / "history", monkeypatch)
                    print(f"   {what}: {' '.join(f'{name}({x},{y})' for name, x, y in fewer)}", flush=True)  # noqa: T201
    print(f"{options.count} histories of {LENGTH} steps, {options.server}")  # noqa: T201
    for counted in (bad, seen):
        for what, many in sorted(counted.items()):
            print(f"| {what} | {many} |")  # noqa: T201
    return int(any(not what.startswith("two losses") for what in +bad))


if __name__ == "__main__":
    sys.exit(main())
