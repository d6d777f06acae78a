"""The profile of a tenant's SCIM service: the advice on a refused token, and the normal form of its answers."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.declarations.tenant import Tenant
from reconciler.core.declarations.token_expiry import renewal
from reconciler.core.scim.normal_form import make_normaliser
from reconciler.live.client import SCIM, ServiceProfile


def profile_of(tenant: Tenant) -> ServiceProfile:
    """Returns the profile by the dialect, address and quirks of the tenant."""
    advice = f"{renewal(tenant)}, and update the variable that the tenant's `token` names"
    return replace(SCIM, refused=advice[0].upper() + advice[1:], normalise=make_normaliser(tenant.quirks))
