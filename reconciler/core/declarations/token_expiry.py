"""Warns of tokens that expire, from a week before their last day. Reads only their date."""

from __future__ import annotations

from datetime import date
from typing import Final

from reconciler.core.declarations.declared import DeclaredTenant
from reconciler.core.declarations.tenant import Tenant
from reconciler.errors import Problem

WARN_DAYS: Final = 7


def renewal(tenant: Tenant) -> str:
    """Returns where a token is renewed."""
    return "renew it in 4me under Settings, Apps, SCIM" if tenant.is_4me else "renew it where the service issues tokens"


def how_to_renew(tenant: Tenant) -> str:
    """Returns what to do before or after the last day of a token."""
    return f"{renewal(tenant)}, and change `expires` in git"


def days_left(tenant: Tenant, today: date) -> int | None:
    """Returns the days from today to the token's last day, negative after it; None without `expires`."""
    expires = tenant.token.expires if tenant.token else None
    return None if expires is None else (expires - today).days


def spell_days(left: int) -> str:
    """Returns `5 days left`, `its last day` or `expired 3 days ago`."""
    days = "1 day" if abs(left) == 1 else f"{abs(left)} days"
    if left == 0:
        return "its last day"
    return f"{days} left" if left > 0 else f"expired {days} ago"


def warn_of_token(name: str, declared: DeclaredTenant, today: date) -> list[Problem]:
    """Returns a warning at the tenant's line, from a week before the token's last day."""
    left, token = days_left(declared.tenant, today), declared.tenant.token
    if left is None or left > WARN_DAYS or token is None:
        return []
    state = f"expired on {token.expires}" if left < 0 else f"expires on {token.expires}: {spell_days(left)}"
    how_to = how_to_renew(declared.tenant)
    return [Problem("token_expiry", f"the token of {name} {state}", declared.source, how_to, severity="warning")]
