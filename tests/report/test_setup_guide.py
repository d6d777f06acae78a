"""The guide names each environment with the secrets that the workflows read there."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.declarations.declared import Declarations, DeclaredTenant
from reconciler.core.declarations.notifier import Notifier
from reconciler.core.declarations.tenant import Tenant
from reconciler.errors import Source
from reconciler.report.setup_guide import list_secrets, render_setup

HERE = Source("tenants.yaml", 2)
OAUTH = {"token_url": "https://a.example", "client_id": {"env": "ID"}, "client_secret": {"env": "SECRET"}}
PERMISSIONS = {"url": "https://a.example", "account": "acme", "oauth": OAUTH}
EMAIL = {"on": ["failure"], "email": {"to": ["iam@example.com"], "smtp": {"env": "SMTP_URL"}}}
CHAT = {"on": ["failure"], "webhook": {"url": {"env": "CHAT_WEBHOOK"}}}
OTHER = {"on": ["failure"], "webhook": {"url": {"env": "OPS"}}}


def tenant(**more: Any) -> DeclaredTenant:
    return DeclaredTenant(Tenant.model_validate({"url": "https://a.example", "token": {"env": "T"}, **more}), HERE)


@pytest.mark.parametrize(
    ("declared", "common", "redact", "expected"),
    [
        ({}, [], (), []),
        ({"roles_via": "permissions", "permissions": PERMISSIONS}, [], (), ["CLIENT_ID", "CLIENT_SECRET"]),
        ({}, [], ("phoneNumbers",), ["FINGERPRINT_KEY"]),
        ({}, [EMAIL, CHAT], (), ["SMTP_URL", "CHAT_WEBHOOK"]),
        ({"notifications": []}, [EMAIL, CHAT], (), []),
        ({"notifications": [CHAT]}, [EMAIL], (), ["CHAT_WEBHOOK"]),
        ({}, [OTHER], (), []),
    ],
)
def test_a_tenant_needs_what_its_workflows_read(
    declared: dict[str, Any], common: list[Any], redact: tuple[str, ...], expected: list[str]
) -> None:
    """The token always; the rest by its declaration. Other variables of notifications are not passed."""
    notifications = tuple(map(Notifier.model_validate, common))
    declarations = Declarations({"qa": tenant(**declared)}, notifications=notifications, redact=redact)

    assert ["SCIM_TOKEN", *expected] == list_secrets(declarations, "qa")


def test_of_many_tenants_the_first_are_listed_and_the_rest_is_counted() -> None:
    """The guide stays short."""
    guide = render_setup(Declarations({f"t{number}": tenant() for number in range(300)}), "trunk")

    assert 2 * 10 == guide.count("SCIM_TOKEN")
    rest = "     and 290 more tenants, which `reconciler tenants` lists\n"
    assert f"\n{rest}2. Push the commit with these files.\n3. Settings → Rules, for `trunk`" in guide


def test_each_part_has_a_check_of_its_own() -> None:
    """All of them are required."""
    guide = render_setup(Declarations({"qa": tenant()}), "trunk", parts=3)

    assert "and the required\n   checks `reconciler`, `reconciler 2`, `reconciler 3`. Rules" in guide
