"""Whether to try a request again, and after how long. Pure: status and headers in, seconds out.

429 and 503 wait as told (RFC 9110 section 10.2.3); other 5xx and broken connections back off. A create whose answer was
lost is never just sent again: it may have been done.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.model.messages import Method
from reconciler.core.scim.http_time import read_retry_after, read_used_up_until

MOST_ATTEMPTS = 5
LONGEST_WAIT = 300.0
UNTOLD_WAIT = 2.0
TOLD_TO_WAIT = frozenset({429, 503})
SERVER_ERRORS = frozenset({500, 502, 504})


def wait_before_retry(  # noqa: PLR0913  # what a wait depends on
    method: Method,
    attempt: int,
    status: int | None,
    headers: Mapping[str, str],
    now: float = 0.0,
    *,
    untold: float = UNTOLD_WAIT,
) -> float | None:
    """Seconds before another attempt, or None where this answer stands; `status` None is a broken connection.

    `now` is in seconds since 1970, for services that name a time and not a span; `untold` is the first wait where a
    service asks to wait and names neither, and doubles with each attempt.
    """
    if attempt >= MOST_ATTEMPTS:
        return None
    if status in TOLD_TO_WAIT:
        told = _told(headers, now)
        return min(untold * 2 ** (attempt - 1) if told is None else told, LONGEST_WAIT)
    may_have_been_done = method == "POST"
    if may_have_been_done or (status is not None and status not in SERVER_ERRORS):
        return None
    return 2.0 ** (attempt - 1)


def _told(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds by `Retry-After`, else until the end of the service's hour (`x-ratelimit-reset`) if it is used up."""
    if headers.get("retry-after"):
        return read_retry_after(headers, now)
    until = read_used_up_until(headers)
    return None if until is None else max(until - now, 0.0)
