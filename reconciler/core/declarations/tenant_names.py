"""Finds the name of a tenant's record of applies, and checks `record`, `formerly` and `beside`.

A record is the branch `reconciler/<name>`, so names follow git's rules for branches (git check-ref-format).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import combinations

from reconciler.core.declarations.declared import DeclaredTenant
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.suggest import did_you_mean
from reconciler.errors import Problem

HINT = "give each tenant its own `record`, and none that is a folder of another"


def record_name(name: str, tenant: Tenant, existing: Collection[str] = ()) -> str:
    """Returns the name of a tenant's record of applies: `record`, else `formerly`, else the tenant's name.

    `formerly` is skipped if `existing` has a record under the tenant's name and none under `formerly`.
    """
    if tenant.record is not None:
        return tenant.record
    if tenant.formerly is not None and (tenant.formerly in existing or name not in existing):
        return tenant.formerly
    return name


def check_tenant_names(tenants: Mapping[str, DeclaredTenant]) -> Iterator[Problem]:
    """Finds records with equal or nested names, and `formerly` and `beside` that name a wrong tenant."""
    for name, declared in tenants.items():
        tenant = declared.tenant
        if tenant.formerly is not None and tenant.formerly in tenants:
            yield _problem(
                name,
                declared,
                f'formerly: "{tenant.formerly}" is {_which(name, tenant.formerly)}',
                "`formerly` is the previous name of this tenant: remove it, or rename the other tenant",
            )
        if tenant.beside == name:
            yield _problem(
                name,
                declared,
                f'beside: "{name}" is this tenant itself',
                "name the other tenant on the same account, or remove it",
            )
        elif tenant.beside is not None and tenant.beside not in tenants:
            hint = did_you_mean(tenant.beside, tenants) or f"the tenants are: {', '.join(tenants)}"
            yield _problem(name, declared, f'beside: no tenant "{tenant.beside}" is declared', hint)
    yield from _clashes(tenants)


def _which(name: str, former: str) -> str:
    return "this tenant itself" if former == name else "declared too"


def _clashes(tenants: Mapping[str, DeclaredTenant]) -> Iterator[Problem]:
    """Finds pairs of tenants whose records can't both be branches."""
    records = {name: record_name(name, declared.tenant).casefold() for name, declared in tenants.items()}
    for one, other in combinations(tenants, 2):
        first, second = records[one], records[other]
        if first == second:
            written = record_name(other, tenants[other].tenant)
            clash = f'record: "{written}" is also the record of tenant {one} (names compare without case)'
        elif first.startswith(f"{second}/") or second.startswith(f"{first}/"):
            clash = f'record: "{second}" clashes with "{first}" of tenant {one}, because one is a folder of the other'
        else:
            continue
        yield _problem(other, tenants[other], f"{clash}; tenant {one} is at {tenants[one].source}", HINT)


def _problem(name: str, declared: DeclaredTenant, message: str, hint: str) -> Problem:
    return Problem("tenant_name", f"tenants.{name}.{message}", declared.source, hint)
