"""Whether to retry, and after how long."""

from __future__ import annotations

import pytest

from reconciler.core.model.messages import Method
from reconciler.core.scim.retry import LONGEST_WAIT, MOST_ATTEMPTS, wait_before_retry


@pytest.mark.parametrize("method", ["GET", "PATCH", "POST"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_service_that_says_wait_is_waited_for(method: Method, status: int) -> None:
    """The service refused before it carried out anything, even a create."""
    assert 7.0 == wait_before_retry(method, 1, status, {"retry-after": "7"})


@pytest.mark.parametrize("told", [None, "", "-3", "soon", "٣", "1e9"])
def test_a_wait_that_is_not_told_in_seconds_doubles(told: str | None) -> None:
    """Nonsense and nothing fall back: 2, 4, 8, 16 seconds."""
    headers = {} if told is None else {"retry-after": told}

    assert [2.0, 4.0, 8.0, 16.0] == [wait_before_retry("GET", attempt, 429, headers) for attempt in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, 60.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:26:00 GMT"}, 0.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1792567680"}, 60.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}, 2.0),
        ({"x-ratelimit-remaining": "1", "x-ratelimit-reset": "1792567680"}, 2.0),
    ],
)
def test_a_service_that_names_a_time_is_waited_for_until_then(headers: dict[str, str], expected: float) -> None:
    """A date of RFC 9110, or the end of the hour in which 4me counts, seen from 07:27 on that day."""
    assert expected == wait_before_retry("GET", 1, 429, headers, now=1792567620.0)


@pytest.mark.parametrize("told", ["301", "86400", "9" * 400])
def test_a_wait_is_never_longer_than_five_minutes(told: str) -> None:
    """A service that asks for a day is retried sooner."""
    assert LONGEST_WAIT == wait_before_retry("GET", 1, 429, {"retry-after": told})


@pytest.mark.parametrize("method", ["GET", "PATCH"])
@pytest.mark.parametrize("status", [500, 502, 504, None])
def test_what_can_be_repeated_is_tried_again_with_backoff(method: Method, status: int | None) -> None:
    """None is a broken connection."""
    assert [1.0, 2.0, 4.0, 8.0] == [wait_before_retry(method, attempt, status, {}) for attempt in (1, 2, 3, 4)]


@pytest.mark.parametrize("status", [500, 502, 504, None])
def test_a_create_that_may_have_been_done_is_never_just_sent_again(status: int | None) -> None:
    """The caller looks it up first."""
    assert wait_before_retry("POST", 1, status, {}) is None


@pytest.mark.parametrize("status", [200, 201, 301, 400, 401, 403, 404, 409, 422, 501])
def test_an_answer_that_will_not_change_stands(status: int) -> None:
    """Asking again would get the same."""
    assert wait_before_retry("GET", 1, status, {}) is None


@pytest.mark.parametrize("status", [429, 503, 500, None])
def test_nobody_is_asked_for_ever(status: int | None) -> None:
    """After the last attempt the answer stands."""
    assert wait_before_retry("GET", MOST_ATTEMPTS - 1, status, {}) is not None
    assert wait_before_retry("GET", MOST_ATTEMPTS, status, {}) is None
