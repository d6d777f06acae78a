"""Finds the name of a tenant's record of applies, and checks `record`, `formerly`, `beside` and the tenants' names.

A record is the branch `reconciler/<name>`, so names follow git's rules for branches (git check-ref-format). A tenant
with an account has two environments at GitHub, whose names ignore case, like the names of concurrency groups.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from reconciler.core.declarations.declared import DeclaredTenant
from reconciler.core.declarations.tenant import SANDBOX, Tenant
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


def environment_names(name: str) -> tuple[str, str]:
    """Returns a tenant's environments at GitHub: that of plans and drift, and that of applies."""
    return f"plan-{name}", name


def check_tenant_names(tenants: Mapping[str, DeclaredTenant]) -> Iterator[Problem]:
    """Finds environments and records with equal names, nested records, and wrong `formerly` and `beside`."""
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
    yield from _find_shared_environments(tenants)
    yield from _clashes(tenants)


def _find_shared_environments(tenants: Mapping[str, DeclaredTenant]) -> Iterator[Problem]:
    """Finds pairs of tenants that would share an environment: one would be applied with the other's token."""
    users: dict[str, str] = {}  # the tenant of each environment, by its name in lower case
    for name, declared in tenants.items():
        if declared.tenant.url == SANDBOX:
            continue
        for environment in environment_names(name):
            first = users.setdefault(environment.casefold(), name)
            if first != name:
                shared = f'the environment "{environment}" is also one of tenant {first}'
                message = f"{shared} (GitHub ignores case); tenant {first} is at {tenants[first].source}"
                yield Problem("tenant_name", f"tenants.{name}: {message}", declared.source, _rename(name, first))
                break


def _rename(name: str, first: str) -> str:
    """Returns how to separate two tenants: if their records clash too, the later one has no record yet."""
    if name.casefold() == first.casefold():
        return "rename the tenant that was added last; if it has a `record`, keep that line"
    return f"rename one of the two; `formerly: {name}` or `formerly: {first}` keeps its record of applies"


def _which(name: str, former: str) -> str:
    return "this tenant itself" if former == name else "declared too"


def _clashes(tenants: Mapping[str, DeclaredTenant]) -> Iterator[Problem]:
    """Finds tenants whose record and an earlier tenant's can't both be branches.

    If the tenants' own names are equal too, the problem of their environments has the way out.
    """
    users: dict[str, str] = {}  # the first tenant of each record
    below: dict[str, str] = {}  # the first tenant with a record in each folder
    for name, declared in tenants.items():
        record = record_name(name, declared.tenant).casefold()
        folders = _list_folders(record)
        one = users.get(record) or next((users[folder] for folder in folders if folder in users), below.get(record))
        if one is not None and not (record == name.casefold() and _share_environments(tenants, one, name)):
            clash = _describe_clash(name, declared.tenant, one, tenants[one].tenant)
            yield _problem(name, declared, f"{clash}; tenant {one} is at {tenants[one].source}", HINT)
        users.setdefault(record, name)
        for folder in folders:
            below.setdefault(folder, name)


def _list_folders(record: str) -> list[str]:
    """Returns the folders of a record: `eu` and `eu/x` of `eu/x/y`."""
    parts = record.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def _share_environments(tenants: Mapping[str, DeclaredTenant], one: str, other: str) -> bool:
    """Whether the names of two tenants with an account differ in case only."""
    return one.casefold() == other.casefold() and SANDBOX not in {tenants[one].tenant.url, tenants[other].tenant.url}


def _describe_clash(name: str, tenant: Tenant, one: str, earlier: Tenant) -> str:
    written, first = record_name(name, tenant), record_name(one, earlier).casefold()
    if written.casefold() == first:
        return f'record: "{written}" is also the record of tenant {one} (names compare without case)'
    nested = f'"{written.casefold()}" clashes with "{first}" of tenant {one}'
    return f"record: {nested}, because one is a folder of the other"


def _problem(name: str, declared: DeclaredTenant, message: str, hint: str) -> Problem:
    return Problem("tenant_name", f"tenants.{name}.{message}", declared.source, hint)
