"""How fast requests may start: every window of so many requests in so many seconds, and what the service says is left.

Pure: times come in as seconds of any clock. `live.client` waits as it is told here; the plan's cost is counted here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.core.declarations.tenant import Window
from reconciler.core.model.amounts import spell_seconds
from reconciler.core.scim.http_time import read_count, read_http_date

LONGEST_HOUR = 3_600  # seconds until a service's count begins anew: what names a later time counts something else


def next_start(started: Sequence[float], windows: Sequence[Window], now: float) -> float:
    """The earliest time from `now` on at which one more request may start; `started` are earlier starts, in order."""
    earliest = now
    for window in windows:
        if len(started) >= window.requests:
            earliest = max(earliest, started[-window.requests] + window.seconds)
    return earliest


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a service said: so many more until it counts anew, at `until` on our clock and at `resets` on its own."""

    left: int
    resets: int
    until: float


def read_allowance(headers: Mapping[str, str], now: float, wall: float) -> Allowance | None:
    """What the headers of an answer say that came `now`, None where they say nothing or make no sense.

    4me names its own time, in seconds since 1970: the span to it is taken from the answer's date, and from `wall` where
    there is none. A second more, for both are told in whole ones.
    """
    left, resets = (read_count(headers.get(f"x-ratelimit-{name}", "")) for name in ("remaining", "reset"))
    if left is None or resets is None:
        return None
    dated = read_http_date(headers.get("date", ""))
    seconds = resets - (wall if dated is None else dated)
    return Allowance(left, resets, now + seconds + 1) if 0 < seconds <= LONGEST_HOUR else None


def narrow(known: Allowance | None, told: Allowance | None) -> Allowance | None:
    """What is known after one more answer: they come in any order; one that says nothing, or is lost, counts too."""
    if told is None:
        return known and replace(known, left=known.left - 1)
    if known is None or told.resets > known.resets:
        return told
    if told.resets < known.resets:
        return known
    return replace(known, left=min(known.left, told.left))


def next_allowed(known: Allowance | None, in_flight: int, now: float) -> float:
    """The earliest time from `now` on at which the service takes one more; those in flight may not be counted yet."""
    return now if known is None or known.left > in_flight else max(now, known.until)


def seconds_needed(requests: int, windows: Sequence[Window]) -> float:
    """How long that many requests take to start at the pace, each window filled as soon as it may be."""
    if not requests:
        return 0.0
    return float(max(((requests - 1) // window.requests * window.seconds for window in windows), default=0))


@dataclass(frozen=True, slots=True)
class Wait:
    """So many seconds in which nothing leaves, and why."""

    seconds: float
    why: str


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is: requests made and known to be needed, after how many seconds, and what it waits for."""

    made: int
    needed: int
    seconds: float
    waits_for: Wait | None = None


def describe_progress(progress: RunProgress, windows: Sequence[Window]) -> str:
    """One line: how much is done, how fast, how long it takes at least from here, and why nothing moves."""
    left = max(progress.needed - progress.made, 0)
    rate = progress.made / progress.seconds if progress.seconds > 0 else 0.0
    by_rate = left / rate if rate else 0.0
    by_pace = seconds_needed(progress.needed, windows) - progress.seconds
    wait = progress.waits_for
    time = spell_seconds(max(by_rate, by_pace, wait.seconds if wait else 0))
    told = f"{progress.made:,} of {progress.needed:,} requests, {rate:.1f} a second, {time} left"
    return f"{told}; waits {spell_seconds(wait.seconds)}: {wait.why}" if wait else told
