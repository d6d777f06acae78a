"""How fast requests may start: every window of so many requests in so many seconds, none of them exceeded, ever.

Pure: times come in as seconds of any clock. `live.client` waits as it is told here; the plan's cost is counted here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.core.tenant import Window

SECONDS_TO_SPELL = 120


def next_start(started: Sequence[float], windows: Sequence[Window], now: float) -> float:
    """The earliest time from `now` on at which one more request may start; `started` are earlier starts, in order."""
    earliest = now
    for window in windows:
        if len(started) >= window.requests:
            earliest = max(earliest, started[-window.requests] + window.seconds)
    return earliest


def seconds_needed(requests: int, windows: Sequence[Window]) -> float:
    """How long that many requests take to start at the pace, each window filled as soon as it may be."""
    if not requests:
        return 0.0
    return float(max(((requests - 1) // window.requests * window.seconds for window in windows), default=0))


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a run is: requests made and known to be needed, after how many seconds, and what it waits for."""

    made: int
    needed: int
    seconds: float
    waits_for: str | None = None


def tell_standing(standing: Standing, windows: Sequence[Window]) -> str:
    """One line: how much is done, how fast, how long it takes at least from here, and why nothing moves."""
    left = max(standing.needed - standing.made, 0)
    rate = standing.made / standing.seconds if standing.seconds > 0 else 0.0
    by_rate = left / rate if rate else 0.0
    by_pace = seconds_needed(standing.needed, windows) - standing.seconds
    time = spell_time(max(by_rate, by_pace))
    told = f"{standing.made:,} of {standing.needed:,} requests, {rate:.1f} a second, {time} left"
    return f"{told}; {standing.waits_for}" if standing.waits_for else told


def spell_time(seconds: float) -> str:
    """Seconds up to two minutes, minutes after that; never less than what is meant."""
    whole = max(0, -int(-seconds // 1))
    return f"{whole} s" if whole <= SECONDS_TO_SPELL else f"{-(-whole // 60)} min"
