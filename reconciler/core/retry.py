"""Whether to try a request again, and after how long. Pure: status and headers in, seconds out.

429 and 503 wait as told (RFC 9110 section 10.2.3); other 5xx and broken connections back off. A create whose answer was
lost is never just sent again: it may have been done.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.model import Method

MOST_ATTEMPTS = 5
LONGEST_WAIT = 300.0
TOLD_TO_WAIT = frozenset({429, 503})
SERVER_ERRORS = frozenset({500, 502, 504})


def wait_before_retry(method: Method, attempt: int, status: int | None, headers: Mapping[str, str]) -> float | None:
    """Seconds before another attempt, or None where this answer stands; `status` None is a broken connection."""
    if attempt >= MOST_ATTEMPTS:
        return None
    if status in TOLD_TO_WAIT:
        return min(_told(headers, otherwise=2.0**attempt), LONGEST_WAIT)
    may_have_been_done = method == "POST"
    if may_have_been_done or (status is not None and status not in SERVER_ERRORS):
        return None
    return 2.0 ** (attempt - 1)


def _told(headers: Mapping[str, str], *, otherwise: float) -> float:
    """`Retry-After` in seconds; its date form, and nonsense, fall back."""
    told = headers.get("retry-after", "")
    return float(told) if told.isascii() and told.isdigit() else otherwise
