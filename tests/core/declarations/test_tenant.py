"""A tenant as written in YAML: the addresses that may receive a token, the rate, and the limits of a plan."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from reconciler.core.declarations.tenant import (
    Guardrails,
    Limit,
    Rate,
    SecretDeclaration,
    SeparateDuties,
    Tenant,
    Window,
)

TOKEN = {"env": "FOURME_TOKEN"}


def said(error: pytest.ExceptionInfo[ValidationError]) -> str:
    return "; ".join(one["msg"] for one in error.value.errors())


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.xurrent.com/scim/v2", "https://api.xurrent.com/scim/v2"),
        ("https://api.xurrent.com/scim/v2/", "https://api.xurrent.com/scim/v2"),
        ("HTTPS://api.xurrent.com", "HTTPS://api.xurrent.com"),
        ("http://localhost:8080/scim", "http://localhost:8080/scim"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]/scim", "http://[::1]/scim"),
    ],
)
def test_a_token_may_be_sent_over_https_or_on_loopback(url: str, expected: str) -> None:
    """A slash at the end is not part of an address."""
    assert expected == Tenant.model_validate({"url": url, "token": TOKEN}).url


@pytest.mark.parametrize(
    "url",
    [
        "http://api.xurrent.com/scim/v2",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://10.0.0.1",
        "ftp://api.xurrent.com",
        "api.xurrent.com/scim/v2",
        "https://",
        "",
        "sandboxx",
    ],
)
def test_a_token_is_never_sent_in_the_clear(url: str) -> None:
    """A malformed address is refused too; the message names both valid forms."""
    with pytest.raises(ValidationError) as error:
        Tenant.model_validate({"url": url, "token": TOKEN})
    assert "must be `sandbox` or an https:// address (plain http only for loopback)" in said(error)


@pytest.mark.parametrize(
    "url",
    [
        "https://alice@api.xurrent.com",
        "https://alice:secret@api.xurrent.com",
        "https://api.xurrent.com?token=x",
        "https://api.xurrent.com#x",
    ],
)
def test_an_address_carries_nothing_but_the_address(url: str) -> None:
    """Credentials are declared elsewhere."""
    with pytest.raises(ValidationError) as error:
        Tenant.model_validate({"url": url, "token": TOKEN})
    assert "without user, password, query or fragment" in said(error)


def test_a_tenant_needs_a_token_and_the_embedded_one_does_not() -> None:
    """The sandbox needs no token."""
    with pytest.raises(ValidationError) as error:
        Tenant.model_validate({"url": "https://api.xurrent.com"})
    assert "has no token: add `token: {env: NAME_OF_THE_VARIABLE}`" in said(error)
    assert Tenant.model_validate({"url": "sandbox"}).token is None


@pytest.mark.parametrize("name", ["1TOKEN", "MY-TOKEN", "", "a b", "${TOKEN}"])
def test_a_secret_is_named_by_an_environment_variable(name: str) -> None:
    """Any other name is refused."""
    with pytest.raises(ValidationError):
        Tenant.model_validate({"url": "https://api.xurrent.com", "token": {"env": name}})


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("20 per 2s", Window(20, 2)),
        ("60 per 1m", Window(60, 60)),
        ("3600 per 1h", Window(3600, 3600)),
        (Window(1, 1), Window(1, 1)),
    ],
)
def test_a_rate_is_so_many_in_so_long(written: object, expected: Window) -> None:
    """Seconds, minutes and hours."""
    assert expected == Rate.model_validate({"burst": written}).burst


@pytest.mark.parametrize("written", ["20/2s", "20 per 2", "0 per 1s", "20 per 0s", "1.5 per 1s", "20 per 1d", 20, None])
def test_a_rate_that_is_none_says_how_to_write_one(written: object) -> None:
    """With two examples."""
    with pytest.raises(ValidationError, match="is not a rate: write it like `20 per 2s` or `3600 per 1h`"):
        Rate.model_validate({"burst": written})


def test_the_pace_is_4mes_own_unless_told_otherwise() -> None:
    """The embedded 4me has no rate unless one is declared."""
    account = Tenant.model_validate({"url": "https://api.xurrent.com", "token": TOKEN})
    sandbox = Tenant.model_validate({"url": "sandbox"})
    slow_sandbox = Tenant.model_validate({"url": "sandbox", "rate": {"burst": "1 per 1s"}})

    assert (Window(20, 2), Window(3600, 3600)) == account.windows
    assert () == sandbox.windows
    assert (Window(1, 1), Window(3600, 3600)) == slow_sandbox.windows


def test_a_limit_limits_something() -> None:
    """An empty limit would have no effect."""
    with pytest.raises(ValidationError, match="limits nothing: give `count`, `percent` or both"):
        Limit.model_validate({})


@pytest.mark.parametrize("wrong", [{"count": -1}, {"percent": 101}, {"percent": -1}, {"count": 2.5}], ids=str)
def test_a_limit_out_of_range_is_refused(wrong: dict[str, object]) -> None:
    """Counts are whole and percentages are of a hundred."""
    with pytest.raises(ValidationError):
        Limit.model_validate(wrong)


def test_guardrails_have_the_limits_of_the_contract_by_default() -> None:
    """These defaults are part of the contract."""
    expected = Guardrails(
        max_deactivations=Limit(count=5, percent=2),
        max_member_removals=Limit(count=25, percent=5),
        max_role_revocations=Limit(count=10, percent=5),
        max_privileged_grants=Limit(count=3),
        privileged_roles=["account_administrator", "account_designer", "directory_administrator"],
        protected=[],
    )

    assert expected == Guardrails()


def test_a_port_that_can_not_be_one_is_no_address() -> None:
    """The check precedes every request."""
    with pytest.raises(ValidationError, match="is not an address: port out of range"):
        Tenant(url="https://example.com:99999", token=SecretDeclaration(env="X"))


def test_a_pace_is_written_down_as_people_write_it() -> None:
    """For `tenants --format json`."""
    assert {"burst": "20 per 2s", "sustained": "3600 per 3600s"} == Rate().model_dump(mode="json")


@pytest.mark.parametrize("roles", [[], ["auditor"], ["auditor", "auditor"]])
def test_duties_are_separate_between_two_different_roles_or_more(roles: list[str]) -> None:
    """A rule needs two roles."""
    with pytest.raises(ValidationError, match="separates nothing: name at least two different roles"):
        SeparateDuties.model_validate({"roles": roles})


@pytest.mark.parametrize(
    "written",
    [
        {"privileged_roles": ["auditr"]},
        {"separation_of_duties": [{"roles": ["auditr", "account_owner"]}]},
    ],
)
def test_a_limit_on_a_role_that_is_none_limits_nothing_and_is_refused(written: object) -> None:
    """The message suggests the role that was meant."""
    with pytest.raises(ValidationError, match=r"is not a role of 4me \(did you mean \"auditor\"\?\)"):
        Guardrails.model_validate(written)


@pytest.mark.parametrize("name", ["user", "default_access"])
def test_access_without_a_role_is_not_limited_as_a_role(name: str) -> None:
    """No user can hold it in the account."""
    with pytest.raises(ValidationError, match="is not a role of 4me"):
        Guardrails.model_validate({"privileged_roles": [name]})


PERMISSIONS = {
    "url": "https://api.xurrent.com/v1/",
    "account": "acme-it",
    "oauth": {
        "token_url": "https://oauth.xurrent.com/token",
        "client_id": {"env": "CLIENT_ID"},
        "client_secret": {"env": "CLIENT_SECRET"},
    },
}
REMOTE = {"url": "https://api.xurrent.com/scim/v2", "token": TOKEN}


def test_roles_may_take_effect_over_permissions() -> None:
    """`permissions` has address and credentials; the embedded 4me needs neither."""
    tenant = Tenant.model_validate({**REMOTE, "roles_via": "permissions", "permissions": PERMISSIONS})

    assert tenant.permissions is not None
    assert ("https://api.xurrent.com/v1", "acme-it") == (tenant.permissions.url, tenant.account)
    assert "CLIENT_SECRET" == tenant.permissions.oauth.client_secret.env
    assert "sandbox" == Tenant.model_validate({"url": "sandbox", "roles_via": "permissions"}).account


@pytest.mark.parametrize(
    ("tenant", "wrong"),
    [
        ({**REMOTE, "roles_via": "permissions"}, "has `roles_via: permissions` only"),
        ({**REMOTE, "permissions": PERMISSIONS}, "which are not used with `roles_via: scim`"),
        (
            {"url": "sandbox", "roles_via": "permissions", "permissions": PERMISSIONS},
            "which are not used with `url: sandbox`: remove them",
        ),
    ],
)
def test_permissions_are_given_where_they_are_used_and_nowhere_else(tenant: object, wrong: str) -> None:
    """An unused block would suggest that it manages the roles."""
    with pytest.raises(ValidationError) as error:
        Tenant.model_validate(tenant)
    assert wrong in said(error)


@pytest.mark.parametrize("url", ["http://api.xurrent.com/v1", "https://a:b@x/v1", "sandbox", "https://x/v1?y"])
@pytest.mark.parametrize("where", ["url", "token_url"])
def test_neither_a_token_nor_a_secret_is_sent_in_the_clear(url: str, where: str) -> None:
    """The same rule holds for all addresses, without `sandbox`."""
    oauth = PERMISSIONS["oauth"]
    assert isinstance(oauth, dict)
    wrong = {**PERMISSIONS, "url": url} if where == "url" else {**PERMISSIONS, "oauth": {**oauth, "token_url": url}}
    with pytest.raises(ValidationError, match="must be an"):
        Tenant.model_validate({**REMOTE, "roles_via": "permissions", "permissions": wrong})


@pytest.mark.parametrize("account", ["", "a/b", "a b", "a\r\nX-Evil: 1", "-a"])
def test_an_account_is_a_name_and_no_header_of_its_own(account: str) -> None:
    """The account's name becomes part of a header and of an address."""
    with pytest.raises(ValidationError):
        Tenant.model_validate(
            {**REMOTE, "roles_via": "permissions", "permissions": {**PERMISSIONS, "account": account}}
        )
