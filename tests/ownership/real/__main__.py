"""Plays histories for real and prints what became of them: `python -m tests.ownership.real 200 --server scim2`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.ownership.real.place import Place, serve_place
from tests.ownership.real.play import LENGTH, make_history, play, shrink
from tests.ownership.real.world import RealWorld


def main() -> int:
    """Returns 1 where something must not have happened."""
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int)
    parser.add_argument("--server", choices=["embedded", "scim2"], default="embedded")
    parser.add_argument("--start", type=int, default=0)
    options = parser.parse_args()
    kind = "embedded" if options.server == "embedded" else "scim2-server"
    with (
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as monkeypatch,
        serve_place(kind, Path(folder)) as place,
    ):
        numbers = range(options.start, options.start + options.count)
        return tell(play_many(numbers, place, Path(folder) / "history", monkeypatch))


def play_many(numbers: range, place: Place, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RealWorld]:
    """Each world after its history, which is told shrunk where something went wrong."""
    for number in numbers:
        started = time.monotonic()
        steps = make_history(number)
        world = play(steps, place, folder, monkeypatch)
        took = time.monotonic() - started
        say(f"{number}: {took:.0f} s, {world.seen['applies']} applies, {dict(+world.bad) or 'well'}")
        for what in [one for one in +world.bad if not one.startswith("two losses")][:1]:
            say("\n".join(world.told))
            fewer = shrink(steps, what, place, folder, monkeypatch)
            say(f"   {what}: {' '.join(f'{name}({x},{y})' for name, x, y in fewer)}")
        yield world


def tell(worlds: Iterable[RealWorld]) -> int:
    """Prints what became of the worlds; returns the exit code."""
    bad, seen, count = Counter[str](), Counter[str](), 0
    for world in worlds:
        bad.update(+world.bad)
        seen.update(world.seen)
        count += 1
    say(f"{count} histories of {LENGTH} steps")
    for counted in (bad, seen):
        for what, many in sorted(counted.items()):
            say(f"| {what} | {many} |")
    return int(any(not what.startswith("two losses") for what in +bad))


def say(line: str) -> None:
    """Prints a line at once."""
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
