"""The token endpoint: who gets one, and how long it counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.core.simulator.tokens import Issuer

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FORM = {"grant_type": "client_credentials", "client_id": "us", "client_secret": "s3cret"}


def token_of(issuer: Issuer, now: datetime = NOON) -> str:
    body: Any = issuer.answer("POST", FORM, now).body
    return str(body["access_token"])


def test_a_token_counts_for_an_hour() -> None:
    """By the clock that is passed in."""
    issuer = Issuer("s3cret")
    token = token_of(issuer)

    assert [True, True, False] == [issuer.accepts(token, NOON + timedelta(seconds=late)) for late in (0, 3599, 3600)]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_secret": "guess"}, "invalid_client"),
        ({"client_secret": ""}, "invalid_request"),
        ({"client_id": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_what_is_not_right_is_refused(change: dict[str, str], error: str) -> None:
    """With the status 400 that 4me documents, and RFC 6749's words."""
    response = Issuer("s3cret").answer("POST", {**FORM, **change}, NOON)

    assert (400, {"error": error}) == (response.status, response.body)


def test_only_post_is_answered_with_a_token() -> None:
    """A secret is no part of an address."""
    assert 405 == Issuer().answer("GET", FORM, NOON).status


def test_without_a_secret_of_its_own_anybody_gets_one() -> None:
    """The embedded 4me in this process asks for nothing."""
    assert Issuer().accepts(token_of(Issuer()), NOON)


@pytest.mark.parametrize("token", ["", "later.abc", "99999999999.abc", "é.1"])
def test_no_other_token_is_accepted(token: str) -> None:
    """Nor one that another secret sealed."""
    assert not Issuer("s3cret").accepts(token, NOON)
    assert not Issuer("s3cret").accepts(token_of(Issuer()), NOON)
