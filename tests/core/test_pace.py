"""How fast requests may start: no window is ever exceeded, and none is left idle."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.pace import next_start, seconds_needed
from reconciler.core.tenant import Window

windows = st.lists(st.builds(Window, st.integers(1, 6), st.integers(1, 9)), max_size=3)


@pytest.mark.parametrize(
    ("started", "now", "expected"),
    [
        ([], 100.0, 100.0),
        ([100.0], 100.5, 100.5),
        ([100.0, 100.5], 101.0, 102.0),
        ([100.0, 100.5], 103.0, 103.0),
        ([99.0, 100.0, 101.5], 101.6, 102.0),
    ],
)
def test_a_request_waits_until_the_window_has_room(started: list[float], now: float, expected: float) -> None:
    """Two in two seconds: the third waits for the first to be two seconds old."""
    assert expected == next_start(started, [Window(2, 2)], now)


def test_without_a_window_nothing_waits() -> None:
    """The embedded 4me has no pace."""
    assert (7.5, 0.0) == (next_start([1.0, 2.0], [], 7.5), seconds_needed(1_000, []))


@given(windows, st.lists(st.integers(0, 5), max_size=25))
def test_no_window_is_ever_exceeded(kept: list[Window], pauses: list[int]) -> None:
    """However the requests come, any stretch of a window's length holds at most its number of them."""
    started: list[float] = []
    now = 0.0
    for pause in pauses:
        now = next_start(started, kept, now + pause)
        started.append(now)

    for window in kept:
        for index, first in enumerate(started):
            within = [one for one in started[index:] if one < first + window.seconds]
            assert len(within) <= window.requests


@given(st.integers(1, 60), st.builds(Window, st.integers(1, 6), st.integers(1, 9)))
def test_the_time_told_for_one_window_is_the_time_it_takes(requests: int, window: Window) -> None:
    """Started as early as the pace lets them, the last of them starts when it was told."""
    started: list[float] = []
    for _ in range(requests):
        started.append(next_start(started, [window], 0.0))

    assert started[-1] == seconds_needed(requests, [window])


@given(st.integers(0, 60), windows)
def test_the_time_told_is_never_more_than_it_takes(requests: int, kept: list[Window]) -> None:
    """The cost says `at least`."""
    started = [0.0]
    while len(started) < requests:
        started.append(next_start(started, kept, started[-1]))

    assert seconds_needed(requests, kept) <= started[-1]


def test_a_full_apply_at_4mes_pace_is_told_in_seconds() -> None:
    """10,000 requests at 20 in 2 seconds and 3,600 an hour: two full hours, and the rest in the third."""
    assert 7200.0 == seconds_needed(10_000, [Window(20, 2), Window(3600, 3600)])
