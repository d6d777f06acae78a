"""Whether to try a request again, and after how long. Pure: status and headers in, seconds out.

429 and 503 wait as told (RFC 9110 section 10.2.3); other 5xx and broken connections back off. A create whose answer was
lost is never just sent again: it may have been done.
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from reconciler.core.model.messages import Method

MOST_ATTEMPTS = 5
LONGEST_WAIT = 300.0
TOLD_TO_WAIT = frozenset({429, 503})
SERVER_ERRORS = frozenset({500, 502, 504})


def wait_before_retry(
    method: Method, attempt: int, status: int | None, headers: Mapping[str, str], now: float = 0.0
) -> float | None:
    """Seconds before another attempt, or None where this answer stands; `status` None is a broken connection.

    `now` is in seconds since 1970, for services that name a time and not a span.
    """
    if attempt >= MOST_ATTEMPTS:
        return None
    if status in TOLD_TO_WAIT:
        told = _told(headers, now)
        return min(2.0**attempt if told is None else told, LONGEST_WAIT)
    may_have_been_done = method == "POST"
    if may_have_been_done or (status is not None and status not in SERVER_ERRORS):
        return None
    return 2.0 ** (attempt - 1)


def _told(headers: Mapping[str, str], now: float) -> float | None:
    """`Retry-After` in seconds or as a date, else the end of 4me's hour (`x-ratelimit-reset`) if it is used up."""
    told = headers.get("retry-after", "")
    if told.isascii() and told.isdigit():
        return float(told)
    if told:
        return _until(told, now)
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isascii() and reset.isdigit():
        return max(float(reset) - now, 0.0)
    return None


def _until(http_date: str, now: float) -> float | None:
    try:
        return max(parsedate_to_datetime(http_date).timestamp() - now, 0.0)
    except ValueError:
        return None
