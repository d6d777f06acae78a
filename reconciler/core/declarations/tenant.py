"""A tenant as written in YAML: address and credentials, request rate, rules, and the limits of its plans."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema, field_validator, model_validator

from reconciler.core.declarations.branch_name import BranchName
from reconciler.core.declarations.clause import ScopingFilters
from reconciler.core.declarations.duration import Duration
from reconciler.core.declarations.notifier import Notifier
from reconciler.core.declarations.quirk import Quirk, find_contradiction
from reconciler.core.declarations.role_catalogue import RoleName
from reconciler.core.declarations.rule import AttributeMappings
from reconciler.core.declarations.secret import SecretName
from reconciler.core.declarations.strict import Declaration
from reconciler.core.model.address import check_address

NEVER_WITHOUT = ("account_administrator",)
HOSTS_OF_4ME: Final = ("xurrent.com", "xurrent.qa", "xurrent-demo.com", "4me.com", "4me.qa", "4me-demo.com")
PRIVILEGED = ("account_administrator", "account_designer", "directory_administrator")


class Limit(Declaration):
    """A limit: it refuses a plan above both `count` and `percent`, or above the only one that is given."""

    count: int | None = Field(default=None, ge=0)
    percent: float | int | None = Field(default=None, ge=0, le=100)

    @model_validator(mode="after")
    def _limits_something(self) -> Limit:
        if self.count is None and self.percent is None:
            raise ValueError("limits nothing: give `count`, `percent` or both")
        return self


class SeparateDuties(Declaration):
    """A rule that no user may hold two of these roles, and its reason."""

    roles: list[RoleName]
    reason: str | None = None

    @field_validator("roles")
    @classmethod
    def _separates_something(cls, roles: list[str]) -> list[str]:
        if len({*roles}) < 2:  # noqa: PLR2004  # a rule needs at least two roles
            raise ValueError("separates nothing: name at least two different roles")
        return roles


class LimitException(Declaration):
    """A plan, by its digest, that may exceed the limits; `expires` is the last day."""

    plan: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    reason: str = Field(min_length=1)
    expires: date


class Guardrails(Declaration):
    """Limits and rules that a plan may not break. The defaults hold for everything that is not declared."""

    max_deactivations: Limit = Limit(count=5, percent=2)
    max_member_removals: Limit = Limit(count=25, percent=5)
    max_role_revocations: Limit = Limit(count=10, percent=5)
    max_privileged_grants: Limit = Limit(count=3)
    max_updates: Limit = Limit(count=200, percent=30)
    max_identity_updates: Limit = Limit(count=5, percent=2)
    max_clears: Limit = Limit(count=25, percent=5)
    max_adoptions: Limit = Limit(count=50, percent=10)
    max_population_drop: Limit = Limit(count=5, percent=10)
    within: Duration = timedelta(hours=24)
    exceptions: list[LimitException] = Field(default_factory=list)
    privileged_roles: list[RoleName] = Field(default_factory=lambda: list(PRIVILEGED))
    protected: list[str] = Field(default_factory=list)
    never_without: list[RoleName] = Field(default_factory=lambda: list(NEVER_WITHOUT))
    separation_of_duties: list[SeparateDuties] = Field(default_factory=list)


class SecretDeclaration(SecretName):
    """The name of the environment variable that holds a secret, and the last day on which the secret works."""

    expires: date | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A rate: at most `requests` in any period of `seconds`."""

    requests: int
    seconds: int


_RATE = re.compile(r"([1-9][0-9]{0,6}) per ([1-9][0-9]{0,4})(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def _parse_window(written: object) -> Window:
    """Parses a rate such as `20 per 2s` or `3600 per 1h`; raises ValueError for any other value."""
    if isinstance(written, Window):
        return written
    match = _RATE.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        raise ValueError("is not a rate: write it like `20 per 2s` or `3600 per 1h`")
    return Window(int(match[1]), int(match[2]) * _SECONDS[match[3]])


def _spell_window(window: Window) -> str:
    return f"{window.requests} per {window.seconds}s"


RateWindow: TypeAlias = Annotated[
    Window,
    PlainValidator(_parse_window),
    PlainSerializer(_spell_window, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{_RATE.pattern}$", "examples": ["20 per 2s", "3600 per 1h"]}),
]


class Rate(Declaration):
    """The request rate that the tenant allows: by default 20 requests in 2 seconds and 3,600 in an hour."""

    burst: RateWindow = Window(20, 2)
    sustained: RateWindow = Window(3600, 3600)


SANDBOX = "sandbox"


class OAuth(Declaration):
    """The address that issues tokens for the REST API, and the client credentials."""

    token_url: str
    client_id: SecretDeclaration
    client_secret: SecretDeclaration

    @field_validator("token_url")
    @classmethod
    def _is_safe_to_send_a_secret_to(cls, url: str) -> str:
        return check_address(url)


class Permissions(Declaration):
    """4me's REST API, through which roles take effect: its address, the account of the roles, and the credentials."""

    url: str
    account: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    oauth: OAuth

    @field_validator("url")
    @classmethod
    def _is_safe_to_send_a_token_to(cls, url: str) -> str:
        return check_address(url)


RolesVia: TypeAlias = Literal["scim", "permissions"]


class Tenant(Declaration):
    """One 4me account: how to reach it, and the rules for it."""

    url: str
    token: SecretDeclaration | None = None
    enabled: bool = True
    scope: Literal["assigned", "all"] = "assigned"
    on_out_of_scope: Literal["deactivate", "ignore"] = "deactivate"
    on_removed: Literal["deactivate", "ignore"] = "deactivate"
    dialect: Literal["4me", "rfc7644"] = "4me"
    quirks: list[Quirk] = Field(default_factory=list)
    roles_via: RolesVia = "scim"
    permissions: Permissions | None = None
    rate: Rate = Rate()
    formerly: BranchName | None = None
    record: BranchName | None = None
    beside: str | None = None
    approvals: Duration = timedelta(days=14)
    scoping_filters: ScopingFilters | None = None
    attribute_mappings: AttributeMappings | None = None
    guardrails: Guardrails | None = None
    notifications: list[Notifier] | None = None

    @property
    def windows(self) -> tuple[Window, ...]:
        """The request rates to keep; the embedded 4me has none unless `rate` is declared."""
        if self.url == SANDBOX and "rate" not in self.model_fields_set:
            return ()
        return (self.rate.burst, self.rate.sustained)

    @property
    def is_4me(self) -> bool:
        """Whether the service is 4me, by its dialect or address; advice about 4me's own pages is for these tenants."""
        return self.dialect == "4me" or self.has_4me_address

    @property
    def has_4me_address(self) -> bool:
        """Whether the address is one of 4me's."""
        host = urlsplit(self.url).hostname or ""
        return any(host == known or host.endswith(f".{known}") for known in HOSTS_OF_4ME)

    @field_validator("quirks")
    @classmethod
    def _are_no_contradiction(cls, quirks: list[Quirk]) -> list[Quirk]:
        if contradiction := find_contradiction(quirks):
            raise ValueError(contradiction)
        return quirks

    @field_validator("url")
    @classmethod
    def _is_safe_to_send_a_token_to(cls, url: str) -> str:
        return url if url == SANDBOX else check_address(url, or_else=f"`{SANDBOX}` or ")

    @model_validator(mode="after")
    def _has_a_token(self) -> Tenant:
        if self.url != SANDBOX and self.token is None:
            raise ValueError("has no token: add `token: {env: NAME_OF_THE_VARIABLE}`")
        return self

    @model_validator(mode="after")
    def _has_permissions_if_used(self) -> Tenant:
        needed = self.roles_via == "permissions" and self.url != SANDBOX
        if needed and self.permissions is None:
            raise ValueError("has `roles_via: permissions` only: add `permissions: {url, account, oauth}`")
        if self.permissions is not None and self.roles_via == "scim":
            raise ValueError(
                "has `permissions`, which are not used with `roles_via: scim`: "
                "add `roles_via: permissions`, or remove `permissions`"
            )
        if self.permissions is not None and self.url == SANDBOX:
            raise ValueError("has `permissions`, which are not used with `url: sandbox`: remove them")
        return self

    @property
    def account(self) -> str:
        """The account of the roles, with `roles_via: permissions`; else `sandbox`."""
        return self.permissions.account if self.permissions else SANDBOX
