"""Plays random histories, and shrinks those with a fault: `python -m tests.ownership.play 10000`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from random import Random

from tests.ownership.world import STEPS, Step, World

LENGTH = 40
MOST_COMMITS = 60
MANY_LOSSES = 2


def make_history(seed: int | str, length: int = LENGTH) -> list[Step]:
    """Returns the steps of a history."""
    random = Random(f"ownership/{seed}")  # noqa: S311  # plays, and hides nothing
    return [(random.choice(STEPS), random.randrange(60), random.randrange(99)) for _ in range(length)]


def play(history: Sequence[Step]) -> World:
    """Returns the world after the steps. Faults after two losses at once are counted apart."""
    world = World()
    alone: set[str] = set()
    for name, x, y in history:
        getattr(world, "toggle_ignore" if name == "ignore" else name)(x, y)
        if len(world.head.leading()) > MOST_COMMITS:
            break
        if len(world.lost) >= MANY_LOSSES:
            for what in [one for one in world.bad if one not in alone and not one.startswith("two losses")]:
                world.bad[f"two losses: {what}"] += world.bad.pop(what)
        else:
            alone = {what for what, number in world.bad.items() if number}
    return world


def shrink(history: Sequence[Step], what: str) -> list[Step]:
    """Returns the history without the steps that its fault does not need."""
    steps, done = list(history), False
    while not done:
        done = True
        for index in reversed(range(len(steps))):
            fewer = steps[:index] + steps[index + 1 :]
            if play(fewer).bad[what]:
                steps, done = fewer, False
    return steps


def play_many(numbers: range) -> tuple[Counter[str], Counter[str], dict[str, list[Step]]]:
    """Returns the counts of faults and of events in some histories, and for each fault the first history with it."""
    bad, seen, first = Counter[str](), Counter[str](), dict[str, list[Step]]()
    for number in numbers:
        history = make_history(number)
        world = play(history)
        bad.update(+world.bad)
        seen.update(world.seen)
        for what in +world.bad:
            first.setdefault(what, history)
    return bad, seen, first


def tell(count: int, start: int = 0) -> int:
    """Prints the results of the histories. Returns the exit code."""
    bad, seen, first = play_many(range(start, start + count))
    print(f"{count} histories of {LENGTH} steps: {dict(seen)}")  # noqa: T201
    for what, number in bad.most_common():
        steps = "  ".join(f"{name}({x},{y})" for name, x, y in shrink(first[what], what))
        print(f"{number:6}  {what}\n        {steps}")  # noqa: T201
    return int(any(not what.startswith(("fork: ", "two losses: ")) for what in bad))


if __name__ == "__main__":
    sys.exit(tell(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000, int(sys.argv[2]) if len(sys.argv) > 2 else 0))
