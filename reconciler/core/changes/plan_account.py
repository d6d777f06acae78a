"""Compares the account that a plan was made for with that of a tenant. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.changes.plan import Plan


def list_account_differences(plan: Plan, tenant: str, url: str) -> Iterator[str]:
    """Yields a clause about the plan, `it is for …`, if its tenant is another one, and if its url is."""
    if plan.tenant != tenant:
        yield f"it is for the tenant {plan.tenant}, not {tenant}"
    if plan.url != url:
        yield f"it is for {plan.url}, and {tenant} is at {url}"
