"""The profile of a tenant's service: its advice names 4me's pages for 4me only, and its answers have one form."""

from __future__ import annotations

import pytest

from reconciler.core.declarations.tenant import Tenant
from reconciler.live.profile import profile_of


@pytest.mark.parametrize(
    ("dialect", "advice"),
    [
        ("4me", "Renew it in 4me under Settings, Apps, SCIM, and update the variable that the tenant's `token` names"),
        (
            "rfc7644",
            "Renew it where the service issues tokens, and update the variable that the tenant's `token` names",
        ),
    ],
)
def test_the_advice_is_of_the_service(dialect: str, advice: str) -> None:
    """By the dialect or address."""
    tenant = Tenant.model_validate({"url": "https://scim.example/v2", "dialect": dialect, "token": {"env": "T"}})

    assert advice == profile_of(tenant).refused


def test_answers_are_read_by_the_quirks_of_the_tenant() -> None:
    """Ids are text, and a user without `active` is inactive where that is declared."""
    tenant = Tenant(url="sandbox", quirks=["active_absent_is_false"])

    assert {"id": "1", "userName": "ann", "active": False} == profile_of(tenant).normalise({"id": 1, "userName": "ann"})
    assert {"id": "1", "userName": "ann"} == profile_of(Tenant(url="sandbox")).normalise({"id": 1, "userName": "ann"})
