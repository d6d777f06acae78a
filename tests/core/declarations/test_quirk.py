"""The quirks that a tenant may declare: a closed set, without contradictions."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from reconciler.core.declarations.quirk import MEANINGS, QUIRKS
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.scim.dialect import dialect_of
from reconciler.core.scim.wire import DIALECTS


def test_every_quirk_has_a_meaning_in_alphabetical_order() -> None:
    """The page and `check` print them in this order."""
    assert [*MEANINGS] == [*QUIRKS] == sorted(QUIRKS)


@pytest.mark.parametrize("quirk", QUIRKS)
def test_a_tenant_declares_quirks_which_its_dialect_has(quirk: str) -> None:
    """The rest of the dialect is as it was."""
    tenant = Tenant.model_validate({"url": "sandbox", "dialect": "rfc7644", "quirks": [quirk]})
    dialect = dialect_of(tenant)

    assert {quirk} == set(dialect.quirks)
    assert "rfc7644" == dialect.name
    assert DIALECTS["rfc7644"] == dialect_of(Tenant(url="sandbox", dialect="rfc7644"))


@pytest.mark.parametrize("wrong", [["hides_member"], "hides_members", {"hides_members": True}])
def test_the_set_is_closed(wrong: object) -> None:
    """Another name, and anything but a list, is refused."""
    with pytest.raises(ValidationError):
        Tenant.model_validate({"url": "sandbox", "quirks": wrong})


def test_a_contradiction_is_refused() -> None:
    """A user without `active` is one of both."""
    with pytest.raises(ValidationError, match="names both `active_absent_is_false` and `active_absent_is_true`"):
        Tenant.model_validate({"url": "sandbox", "quirks": ["active_absent_is_false", "active_absent_is_true"]})
