"""How fast requests may start: no window is ever exceeded, and none is left idle."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.pace import Standing, next_start, seconds_needed, spell_time, tell_standing
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


def test_how_far_a_run_is_is_told_in_one_line() -> None:
    """What is left takes as long as it took so far, or as the pace allows: whichever is more."""
    windows = [Window(20, 2), Window(3600, 3600)]

    assert "100 of 4,100 requests, 10.0 a second, 60 min left" == tell_standing(Standing(100, 4100, 10.0), windows)
    assert "50 of 100 requests, 0.5 a second, 100 s left" == tell_standing(Standing(50, 100, 100.0), windows)
    assert "0 of 41 requests, 0.0 a second, 4 s left; waits" == tell_standing(Standing(0, 41, 0.0, "waits"), windows)
    assert "9 of 8 requests, 1.0 a second, 0 s left" == tell_standing(Standing(9, 8, 9.0), windows)


def test_time_is_spelled_in_seconds_or_minutes_and_never_too_short() -> None:
    assert ["0 s", "0 s", "1 s", "120 s", "3 min", "60 min"] == [
        spell_time(seconds) for seconds in (-3, 0, 0.2, 120, 120.5, 3600)
    ]
