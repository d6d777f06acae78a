"""The dialect of a tenant's service, with its quirks."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.declarations.tenant import Tenant
from reconciler.core.scim.wire import DIALECTS, Dialect


def dialect_of(tenant: Tenant) -> Dialect:
    """Returns the declared dialect, with the declared quirks."""
    return replace(DIALECTS[tenant.dialect], quirks=frozenset(tenant.quirks))
