"""Random histories of git, account and record: no wrong removal, no forgotten leaver, no dead end."""

from __future__ import annotations

import pytest

from tests.ownership.play import make_history, play
from tests.ownership.world import STEPS

BATCHES = 10
BATCH = 15


@pytest.mark.parametrize("batch", range(BATCHES))
def test_nobody_is_forgotten_in_silence_hit_wrongly_or_left_without_a_way_out(batch: int) -> None:
    """The real effects of applies decide. Two losses at once, and a fork that continues, are not checked."""
    for number in range(batch * BATCH, (batch + 1) * BATCH):
        world = play(make_history(number))
        wrong = {what for what in +world.bad if not what.startswith(("two losses: ", "fork: "))}

        assert set() == wrong, f"history {number}"


def test_the_histories_have_what_they_are_for() -> None:
    """Users are deactivated, named, refused and reactivated in them, and every kind of step occurs."""
    worlds = [play(make_history(number)) for number in range(60)]
    seen = {what for world in worlds for what in +world.seen}

    assert {"create_user", "deactivate_user", "remove_members", "leaver named, not acted on"} <= seen
    assert {"refused open", "refused beside", "refused account"} <= seen
    assert set(STEPS) == {name for number in range(60) for name, _x, _y in make_history(number)}
