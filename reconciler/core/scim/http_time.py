"""Times and counts in HTTP headers: dates (RFC 9110 section 5.6.7), Retry-After, rate limits.

Services send anything: a text that is no date or count reads as None, and no function here raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

MOST_DIGITS = 12  # of a count, or of seconds since 1970: until the year 33658


def read_http_date(written: str) -> float | None:
    """Returns the seconds since 1970 of an HTTP date, or None; a date without a zone is in UTC."""
    try:
        moment = parsedate_to_datetime(written)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).timestamp()
    except (ValueError, OverflowError):  # OverflowError: a year of twenty digits, or a zone that leaves the calendar
        return None


def read_count(written: str) -> int | None:
    """Returns the number that up to twelve digits spell, or None."""
    return int(written) if written.isascii() and written.isdigit() and len(written) <= MOST_DIGITS else None


def read_retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Returns the seconds in `Retry-After` (RFC 9110 section 10.2.3), a number or a date; None if it is neither.

    `now` is in seconds since 1970. A number may have any length: it is a long wait.
    """
    written = headers.get("retry-after", "")
    if written.isascii() and written.isdigit():
        return float(written)
    until = read_http_date(written) if written else None
    return None if until is None else max(until - now, 0.0)


def read_used_up_until(headers: Mapping[str, str]) -> int | None:
    """Returns when a used-up rate limit resets, in seconds since 1970; None if requests are left."""
    used_up = headers.get("x-ratelimit-remaining") == "0"
    return read_count(headers.get("x-ratelimit-reset", "")) if used_up else None
