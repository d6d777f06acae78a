"""How fast requests may start: every window of so many requests in so many seconds, none of them exceeded, ever.

Pure: times come in as seconds of any clock. `live.client` waits as it is told here; the plan's cost is counted here.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.tenant import Window


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
