"""How fast requests may start: no window is ever exceeded, and none is left idle."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.declarations.tenant import Window
from reconciler.core.scim.pace import (
    Allowance,
    RunProgress,
    Silence,
    Wait,
    describe_progress,
    narrow,
    next_allowed,
    next_start,
    pause_between_looks,
    read_allowance,
    seconds_needed,
)

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
    """Started as early as the pace allows, the last request starts at the computed time."""
    started: list[float] = []
    for _ in range(requests):
        started.append(next_start(started, [window], 0.0))

    assert started[-1] == seconds_needed(requests, [window])


@given(st.integers(0, 60), windows)
def test_the_time_told_is_never_more_than_it_takes(requests: int, kept: list[Window]) -> None:
    """The cost is shown as `at least`."""
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

    assert "100 of 4,100 requests, 10.0 a second, 60 min left" == describe_progress(
        RunProgress(100, 4100, 10.0), windows
    )
    assert "50 of 100 requests, 0.5 a second, 100 s left" == describe_progress(RunProgress(50, 100, 100.0), windows)
    assert "0 of 41 requests, 0.0 a second, 4 s left; waits 2 s: so it is" == describe_progress(
        RunProgress(0, 41, 0.0, Wait(1.5, "so it is")), windows
    )
    assert "9 of 8 requests, 1.0 a second, 0 s left" == describe_progress(RunProgress(9, 8, 9.0), windows)


def test_what_is_waited_for_is_part_of_what_is_left() -> None:
    """Another program used up the hour: the time to send the rest is small beside the wait."""
    progress = RunProgress(50, 100, 5.0, Wait(2040.0, "the hour is used up"))

    assert "50 of 100 requests, 10.0 a second, 34 min left; waits 34 min: the hour is used up" == describe_progress(
        progress, [Window(20, 2)]
    )


SEVEN = 1792566000  # 07:00 on 21 October 2026, in seconds since 1970


@pytest.mark.parametrize(
    ("left", "reset", "date", "expected"),
    [
        ("0", SEVEN + 60, None, Allowance(0, SEVEN + 60, 161.0)),
        ("12", SEVEN + 3600, "Wed, 21 Oct 2026 07:00:00 GMT", Allowance(12, SEVEN + 3600, 3701.0)),
        ("12", SEVEN + 60, "Wed, 21 Oct 2026 06:59:00 GMT", Allowance(12, SEVEN + 60, 221.0)),
        ("12", SEVEN + 60, "now", Allowance(12, SEVEN + 60, 161.0)),
        ("12", SEVEN + 60, "Wed, 21 Oct 9999999999 07:00:00 GMT", Allowance(12, SEVEN + 60, 161.0)),
    ],
)
def test_what_is_left_of_the_hour_is_read_by_the_services_own_clock(
    left: str, reset: int, date: str | None, expected: Allowance
) -> None:
    """Seen from 07:00, at second 100 of our clock; a second more, for dates have no parts of one."""
    headers = {"x-ratelimit-remaining": left, "x-ratelimit-reset": str(reset), **({"date": date} if date else {})}

    assert expected == read_allowance(headers, 100.0, float(SEVEN))


@pytest.mark.parametrize(
    ("left", "reset"),
    [
        (None, SEVEN + 60),
        ("0", None),
        ("-1", SEVEN + 60),
        ("٣", SEVEN + 60),
        ("0.5", SEVEN + 60),
        ("9" * 5000, SEVEN + 60),
        ("0", "soon"),
        ("0", 60),
        ("0", SEVEN),
        ("0", SEVEN + 3601),
        ("0", (SEVEN + 60) * 1000),
        ("0", "9" * 5000),
    ],
)
def test_what_makes_no_sense_says_nothing(left: str | None, reset: int | str | None) -> None:
    """No count, a time that is over (a span, maybe), one further away than the hour (milliseconds, maybe)."""
    told = {"x-ratelimit-remaining": left, "x-ratelimit-reset": reset}
    headers = {name: str(value) for name, value in told.items() if value is not None}

    assert read_allowance(headers, 100.0, float(SEVEN)) is None


@pytest.mark.parametrize(
    ("known", "told", "expected"),
    [
        (None, None, None),
        (None, Allowance(9, 60, 160.0), Allowance(9, 60, 160.0)),
        (Allowance(9, 60, 160.0), None, Allowance(8, 60, 160.0)),
        (Allowance(9, 60, 160.0), Allowance(3, 60, 160.5), Allowance(3, 60, 160.0)),
        (Allowance(3, 60, 160.0), Allowance(9, 60, 160.5), Allowance(3, 60, 160.0)),
        (Allowance(3, 60, 160.0), Allowance(99, 120, 220.0), Allowance(99, 120, 220.0)),
        (Allowance(99, 120, 220.0), Allowance(3, 60, 160.0), Allowance(99, 120, 220.0)),
    ],
)
def test_the_least_that_was_said_of_the_newest_hour_holds(
    known: Allowance | None, told: Allowance | None, expected: Allowance | None
) -> None:
    """Answers overtake each other; what was answered without a word counted all the same."""
    assert expected == narrow(known, told)


@given(st.integers(0, 12), st.lists(st.tuples(st.sampled_from(["start", "arrive", "answer"]), st.integers(0, 9))))
def test_never_more_is_asked_than_is_left(limit: int, steps: list[tuple[str, int]]) -> None:
    """However requests and answers overtake each other; and once all are answered, all that is left may be asked."""
    known: Allowance | None = Allowance(limit, 60, 60.0)
    left, under_way = limit, 0
    answers: list[int] = []
    for step, which in steps:
        if step == "start" and next_allowed(known, under_way + len(answers), 0.0) <= 0:
            under_way += 1
        if step == "arrive" and under_way:
            under_way, left = under_way - 1, left - 1
            answers.append(left)
        if step == "answer" and answers:
            known = narrow(known, Allowance(answers.pop(which % len(answers)), 60, 60.0))
        assert left >= 0

    for answer in answers:
        known = narrow(known, Allowance(answer, 60, 60.0))
    if not under_way:
        assert (0.0 if left else 60.0) == next_allowed(known, 0, 0.0)


def test_after_the_hour_what_was_left_of_it_is_forgotten() -> None:
    assert 61.0 == next_allowed(Allowance(0, 60, 60.0), 8, 61.0)


def test_a_silent_service_has_no_rate() -> None:
    silence = Silence("acme.example", 8.9, 2, 5)

    assert "waiting for acme.example for 8 s, try 2 of 5; 3 of 71 requests" == describe_progress(
        RunProgress(3, 71, 100.0, silence=silence), ()
    )
    assert "waiting for acme.example for 8 s, try 2 of 5; 3 of 71 requests; waits 4 s: no answer came" == (
        describe_progress(RunProgress(3, 71, 100.0, Wait(4, "no answer came"), silence), ())
    )


def test_pauses_between_looks_grow_to_five_seconds_or_to_a_second_for_each_request() -> None:
    """At most half of 3,600 requests an hour are looks."""
    assert [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0] == [pause_between_looks(looks, 1) for looks in range(1, 8)]
    assert [1.0, 2.0, 4.0, 8.0, 10.0] == [pause_between_looks(looks, 10) for looks in range(1, 6)]
    assert [3.0, 30.0, 30.0] == [pause_between_looks(looks, 30) for looks in (1, 9, 10**6)]
