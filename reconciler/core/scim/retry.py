"""Whether to retry a request, and after how long: status and headers in, seconds out.

429 and 503 wait as the service asks (RFC 9110 section 10.2.3); other 5xx and broken connections back off. A create
without an answer is not retried: the service may have carried it out.
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


def wait_before_retry(  # noqa: PLR0913  # the wait depends on each of them
    method: Method,
    attempt: int,
    status: int | None,
    headers: Mapping[str, str],
    now: float = 0.0,
    *,
    untold: float = UNTOLD_WAIT,
) -> float | None:
    """Returns the seconds before another attempt, or None if the answer is final; status None is a broken connection.

    `now` is in seconds since 1970, for services that send a time instead of seconds. `untold` is the first wait if a
    service asks to wait and sends neither; it doubles with each attempt.
    """
    if attempt >= MOST_ATTEMPTS:
        return None
    if status in TOLD_TO_WAIT:
        requested = _read_requested_wait(headers, now)
        return min(untold * 2 ** (attempt - 1) if requested is None else requested, LONGEST_WAIT)
    may_be_done = method == "POST"
    if may_be_done or (status is not None and status not in SERVER_ERRORS):
        return None
    return 2.0 ** (attempt - 1)


def _read_requested_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Returns the seconds in `Retry-After`, else until a used-up rate limit resets (`x-ratelimit-reset`), or None."""
    if headers.get("retry-after"):
        return read_retry_after(headers, now)
    until = read_used_up_until(headers)
    return None if until is None else max(until - now, 0.0)
