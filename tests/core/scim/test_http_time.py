"""Times and counts in HTTP headers: a text that makes no sense reads as None, and never raises."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.scim.http_time import read_count, read_http_date, read_retry_after, read_used_up_until
from reconciler.core.scim.increment import begin
from reconciler.core.scim.pace import read_allowance
from reconciler.core.scim.retry import wait_before_retry
from reconciler.github.answers import GitHubResponse, judge

NOW = datetime(2026, 10, 21, 7, 27, tzinfo=UTC)
LONG_YEAR = "Wed, 21 Oct 99999999999999999999 07:28:00 GMT"
ODD_DATES = [
    LONG_YEAR,
    "Wed, 21 Oct 2026 99999999999999999999:28:00 GMT",
    "Wed, 21 Oct 2026 07:28:00 +99999999999999",
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "Wed, 41 Oct 2026 07:28:00 GMT",
    "soon",
    "",
    " ",
    "\x00",
]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Wed, 21 Oct 2026 07:28:00 GMT", 1792567680.0),
        ("Wed, 21 Oct 2026 09:28:00 +0200", 1792567680.0),
        ("Wed, 21 Oct 2026 07:28:00 -0000", 1792567680.0),
        ("Wed, 21 Oct 2026 07:28:00", 1792567680.0),
    ],
)
def test_a_date_without_a_zone_is_in_utc(written: str, expected: float) -> None:
    """In any zone of this machine."""
    assert expected == read_http_date(written)


@pytest.mark.parametrize("written", ODD_DATES)
def test_what_is_no_date_is_none_to_every_reader(written: str) -> None:
    assert read_http_date(written) is None
    assert NOW == begin(NOW, written)
    assert 2.0 == wait_before_retry("GET", 1, 429, {"retry-after": written}, NOW.timestamp())
    allowance = read_allowance(
        {"date": written, "x-ratelimit-remaining": "1", "x-ratelimit-reset": str(int(NOW.timestamp()) + 60)},
        0.0,
        NOW.timestamp(),
    )
    assert allowance is not None
    assert 61.0 == allowance.until


@given(st.text(max_size=40) | st.from_regex(r"\AWed, [0-9]{1,25} Oct [0-9]{1,25} [0-9:]{1,25} [+-]?[0-9A-Z]{0,25}\Z"))
def test_no_header_raises(written: str) -> None:
    """Each is read as a date, a count and a wait."""
    headers = {"retry-after": written, "x-ratelimit-remaining": "0", "x-ratelimit-reset": written, "date": written}

    read_http_date(written)
    read_count(written)
    read_used_up_until(headers)
    assert 0.0 <= (read_retry_after(headers, 0.0) or 0.0)
    assert 0.0 <= (wait_before_retry("GET", 1, 503, headers) or 0.0) <= 300.0
    begin(NOW, written)
    read_allowance(headers, 0.0, 0.0)
    judge("GET", "/issues", GitHubResponse(429, headers))


@pytest.mark.parametrize("digits", ["9" * 12, "9" * 20, "9" * 5_000])
def test_a_time_far_away_is_told_or_left_out(digits: str) -> None:
    """GitHub's error names the time of day in UTC where it is one."""
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": digits}
    told = str(judge("GET", "/issues", GitHubResponse(429, headers)))

    assert (" until 01:46 UTC" in told) is (len(digits) == 12)


@pytest.mark.parametrize(("written", "expected"), [("0", 0), ("12", 12), ("", None), ("-1", None), ("٣", None)])
def test_a_count_is_digits(written: str, expected: int | None) -> None:
    assert expected == read_count(written)
