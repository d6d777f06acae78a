"""Warnings start a week before a token expires; the days left are known for every token with a date."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from reconciler.core.declarations.declared import DeclaredTenant
from reconciler.core.declarations.tenant import SecretDeclaration, Tenant
from reconciler.core.declarations.token_expiry import days_left, how_to_renew, spell_days, warn_of_token
from tests.core.examples import HERE, SANDBOX

TODAY = date(2026, 3, 31)


def with_token(days: int) -> DeclaredTenant:
    token = SecretDeclaration(env="TOKEN", expires=TODAY + timedelta(days=days))
    return DeclaredTenant(Tenant(url="https://api.example.com", token=token), HERE)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (8, []),
        (7, ["the token of qa expires on 2026-04-07: 7 days left"]),
        (1, ["the token of qa expires on 2026-04-01: 1 day left"]),
        (0, ["the token of qa expires on 2026-03-31: its last day"]),
        (-1, ["the token of qa expired on 2026-03-30"]),
    ],
)
def test_from_a_week_before_its_last_day_a_token_is_warned_of(days: int, expected: list[str]) -> None:
    """At the tenant's line, with how to renew it."""
    problems = warn_of_token("qa", with_token(days), TODAY)

    assert expected == [problem.message for problem in problems]
    for problem in problems:
        assert ("warning", HERE) == (problem.severity, problem.source)
        assert "renew it in 4me" in (problem.hint or "")


@pytest.mark.parametrize(
    ("url", "dialect", "of_4me"),
    [
        ("https://scim.example.com/v2", "4me", True),
        ("https://scim.example.com/v2", "rfc7644", False),
        ("https://api.xurrent.com/scim/v2", "rfc7644", True),
        ("https://api.eu.xurrent.qa/scim/v2", "rfc7644", True),
        ("https://api.4me.com/scim/v2", "rfc7644", True),
        ("https://notxurrent.com/scim/v2", "rfc7644", False),
        ("https://xurrent.com.example.com/scim/v2", "rfc7644", False),
    ],
)
def test_the_pages_of_4me_are_named_for_4me_only(url: str, dialect: str, *, of_4me: bool) -> None:
    """By the dialect, or by the address; another service issues its tokens elsewhere."""
    tenant = Tenant.model_validate({"url": url, "dialect": dialect, "token": {"env": "TOKEN"}})

    assert of_4me is tenant.is_4me
    assert of_4me is ("4me under Settings, Apps, SCIM" in how_to_renew(tenant))
    assert how_to_renew(tenant).endswith(", and change `expires` in git")


def test_without_a_date_nothing_is_known() -> None:
    """The embedded 4me has no token, and the date of a token is optional."""
    undated = Tenant(url="https://api.example.com", token=SecretDeclaration(env="TOKEN"))

    assert [None, None, 3] == [days_left(one, TODAY) for one in (SANDBOX, undated, with_token(3).tenant)]
    assert [] == warn_of_token("qa", DeclaredTenant(undated, HERE), TODAY)


@pytest.mark.parametrize(
    ("left", "expected"),
    [(20, "20 days left"), (1, "1 day left"), (0, "its last day"), (-1, "expired 1 day ago")],
)
def test_days_are_told_as_people_count_them(left: int, expected: str) -> None:
    """One day is singular."""
    assert expected == spell_days(left)
