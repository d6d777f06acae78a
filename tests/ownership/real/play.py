"""Makes, plays and shortens histories for real."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from tests.ownership.real.place import Place
from tests.ownership.real.world import STEPS, RealWorld, start_world, take_step
from tests.ownership.world import Step

LENGTH = 24
MANY_LOSSES = 2


def make_history(seed: int, length: int = LENGTH) -> list[Step]:
    """The steps of a history; the first is an apply."""
    random = Random(f"real/{seed}")  # noqa: S311  # plays, and hides nothing
    steps = [(random.choice(STEPS), random.randrange(60), random.randrange(99)) for _ in range(length)]
    return [("apply", 0, 0), ("add", seed, 1), ("apply", 0, 0), *steps]


def play(steps: Sequence[Step], place: Place, folder: Path, monkeypatch: pytest.MonkeyPatch) -> RealWorld:
    """The world after the steps. What two losses at once make of it is counted apart."""
    world = start_world(place, folder, monkeypatch)
    alone: set[str] = set()
    for index, (name, x, y) in enumerate(steps):
        told = len(world.told)
        take_step(world, name, x, y)
        world.told[told:] = [f"step {index}, {name}({x},{y}): {one}" for one in world.told[told:]]
        if len(world.lost) >= MANY_LOSSES:
            for what in [one for one in world.bad if one not in alone and not one.startswith("two losses")]:
                world.bad[f"two losses: {what}"] += world.bad.pop(what)
        else:
            alone = {what for what, number in world.bad.items() if number}
    return world


def shrink(steps: Sequence[Step], what: str, place: Place, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Step]:
    """The history without the steps that it does not need to go wrong in that way."""
    left = list(steps)
    for index in reversed(range(len(left))):
        fewer = left[:index] + left[index + 1 :]
        if play(fewer, place, folder, monkeypatch).bad[what]:
            left = fewer
    return left
