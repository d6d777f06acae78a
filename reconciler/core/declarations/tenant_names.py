"""The name of each tenant's record of applies, and what is wrong with `record`, `formerly` and `beside`.

A record is the branch `reconciler/<name>`, so a name is held to git's rules of branches (git check-ref-format).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import combinations

from reconciler.core.declarations.declared import DeclaredTenant
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.suggest import did_you_mean
from reconciler.errors import Problem

HINT = "use one name for each record, and none that is a folder of another"


def record_name(name: str, tenant: Tenant, existing: Collection[str] = ()) -> str:
    """Returns the name of a tenant's record of applies: `record`, else the name that it had, else its own.

    The name that it had is passed over where, of the existing records, one has the tenant's own name and none has that.
    """
    if tenant.record is not None:
        return tenant.record
    if tenant.formerly is not None and (tenant.formerly in existing or name not in existing):
        return tenant.formerly
    return name


def check_tenant_names(tenants: Mapping[str, DeclaredTenant]) -> Iterator[Problem]:
    """Finds records of one name or in one another, and `formerly` and `beside` that name the wrong tenant."""
    for name, declared in tenants.items():
        tenant = declared.tenant
        if tenant.formerly is not None and tenant.formerly in tenants:
            yield _problem(
                name,
                declared,
                f'formerly: "{tenant.formerly}" is {_which(name, tenant.formerly)}',
                "it is the name that this tenant had before: leave it out, or rename the other",
            )
        if tenant.beside == name:
            yield _problem(
                name,
                declared,
                f'beside: "{name}" is this tenant itself',
                "name the other tenant on the same account, or leave it out",
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
            said = f'record: "{written}" is that of tenant {one} too, compared without case'
        elif first.startswith(f"{second}/") or second.startswith(f"{first}/"):
            said = f'record: of "{first}" and "{second}", the record of tenant {one}, one is a folder of the other'
        else:
            continue
        yield _problem(other, tenants[other], f"{said}; that tenant is at {tenants[one].source}", HINT)


def _problem(name: str, declared: DeclaredTenant, message: str, hint: str) -> Problem:
    return Problem("tenant_name", f"tenants.{name}.{message}", declared.source, hint)
