"""How fast requests may start: within each window of requests and seconds, and within the service's own rate limit.

Times are arguments, in seconds of any clock. `live/client.py` waits as computed here; the plan's cost is computed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.core.declarations.tenant import Window
from reconciler.core.model.amounts import spell_seconds
from reconciler.core.scim.http_time import read_count, read_http_date

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 5.0  # seconds between looks for something that another system does
LONGEST_HOUR = 3_600  # seconds until a rate limit resets: a later time belongs to another limit


def next_start(started: Sequence[float], windows: Sequence[Window], now: float) -> float:
    """Returns the earliest time from `now` on when a request may start; `started` are earlier starts, in order."""
    earliest = now
    for window in windows:
        if len(started) >= window.requests:
            earliest = max(earliest, started[-window.requests] + window.seconds)
    return earliest


def pause_between_looks(looks: int, requests: int) -> float:
    """Returns the seconds before the next look, after so many; the last one took `requests` requests.

    Each pause is twice the one before, up to five seconds, or a second for each request of the look: then looking takes
    at most half of 4me's 3,600 requests an hour.
    """
    first, longest = max(FIRST_PAUSE, requests / 10), max(LONGEST_PAUSE, float(requests))
    return min(first * 2.0 ** min(looks - 1, 10), longest)


@dataclass(frozen=True, slots=True)
class Allowance:
    """The requests `left` by the service's rate limit, which resets at `until` (our clock) or `resets` (its clock)."""

    left: int
    resets: int
    until: float


def read_allowance(headers: Mapping[str, str], now: float, wall: float) -> Allowance | None:
    """Returns the allowance in the headers of an answer that came `now`, or None if they have none that makes sense.

    4me sends its own time, in seconds since 1970: the wait counts from the answer's date, or from `wall` if it has
    none. One second is added, because both times are in whole seconds.
    """
    left, resets = (read_count(headers.get(f"x-ratelimit-{name}", "")) for name in ("remaining", "reset"))
    if left is None or resets is None:
        return None
    dated = read_http_date(headers.get("date", ""))
    seconds = resets - (wall if dated is None else dated)
    return Allowance(left, resets, now + seconds + 1) if 0 < seconds <= LONGEST_HOUR else None


def narrow(known: Allowance | None, new: Allowance | None) -> Allowance | None:
    """Returns the known allowance after one more answer; `new` is None if the answer has none, or is lost.

    Answers come in any order, and each of them counts.
    """
    if new is None:
        return known and replace(known, left=known.left - 1)
    if known is None or new.resets > known.resets:
        return new
    if new.resets < known.resets:
        return known
    return replace(known, left=min(known.left, new.left))


def next_allowed(known: Allowance | None, in_flight: int, now: float) -> float:
    """Returns the earliest time when the service allows a request; those in flight may not be counted yet."""
    return now if known is None or known.left > in_flight else max(now, known.until)


def seconds_needed(requests: int, windows: Sequence[Window]) -> float:
    """Returns the least seconds until that many requests have started at the pace."""
    if not requests:
        return 0.0
    return float(max(((requests - 1) // window.requests * window.seconds for window in windows), default=0))


@dataclass(frozen=True, slots=True)
class Wait:
    """The seconds in which no request is sent, and the reason."""

    seconds: float
    why: str


@dataclass(frozen=True, slots=True)
class Silence:
    """The seconds in which a service answered nothing to an open request, which is at its `attempt`."""

    host: str
    seconds: float
    attempt: int
    attempts: int

    def __str__(self) -> str:
        return f"waiting for {self.host} for {int(self.seconds)} s, try {self.attempt} of {self.attempts}"


@dataclass(frozen=True, slots=True)
class RunProgress:
    """The progress of a run: requests made and needed, the seconds so far, its wait, and the service's silence."""

    made: int
    needed: int
    seconds: float
    waits_for: Wait | None = None
    silence: Silence | None = None


def describe_progress(progress: RunProgress, windows: Sequence[Window]) -> str:
    """Returns one line: requests done, their rate, the least time left, and the reason of a wait.

    If the service is silent, the line starts with that, and has no rate: a rate of nothing means nothing.
    """
    if progress.silence is not None:
        return _describe_silence(progress, progress.silence)
    left = max(progress.needed - progress.made, 0)
    rate = progress.made / progress.seconds if progress.seconds > 0 else 0.0
    by_rate = left / rate if rate else 0.0
    by_pace = seconds_needed(progress.needed, windows) - progress.seconds
    wait = progress.waits_for
    time = spell_seconds(max(by_rate, by_pace, wait.seconds if wait else 0))
    done = f"{progress.made:,} of {progress.needed:,} requests, {rate:.1f} a second, {time} left"
    return f"{done}; waits {spell_seconds(wait.seconds)}: {wait.why}" if wait else done


def _describe_silence(progress: RunProgress, silence: Silence) -> str:
    wait = progress.waits_for
    described = f"{silence}; {progress.made:,} of {progress.needed:,} requests"
    return f"{described}; waits {spell_seconds(wait.seconds)}: {wait.why}" if wait else described
