"""Which branch a tenant's record of applies is on, and whether the names of several fit beside each other. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from itertools import combinations

from reconciler.errors import Problem

LONGEST_NAME = 200
_NOT_IN_A_BRANCH = re.compile(r"[\x00-\x20\x7f~^:?*\[\]\\]|\.\.|@\{|//|^[/.-]|[/.]$|/\.|\.lock(?:/|$)")


def record_name(tenant: str, record: str | None, formerly: str | None, existing: Collection[str]) -> str:
    """Returns the name of a tenant's record: what `record:` says, else the tenant's name or the one it had.

    `formerly:` goes on with the old record under its old name, unless only the new name is among the existing ones.
    """
    if record is not None:
        return record
    if formerly is not None and (formerly in existing or tenant not in existing):
        return formerly
    return tenant


def check_record_names(names: Mapping[str, str]) -> tuple[Problem, ...]:
    """Returns the problems of record names by tenant: each fits in a branch's name, and no two get in each other's way.

    Git may keep a branch as a file: of two names that differ in case, or of which one is a folder of the other, there
    can be one.
    """
    unusable = [_unusable(tenant, name) for tenant, name in sorted(names.items()) if not fits_in_a_branch(name)]
    clashes = [
        _clash(first, second, names)
        for first, second in combinations(sorted(names), 2)
        if _meet(names[first].casefold(), names[second].casefold())
    ]
    return (*unusable, *clashes)


def fits_in_a_branch(name: str) -> bool:
    """Whether git takes `reconciler/<name>` for a branch."""
    return 0 < len(name) <= LONGEST_NAME and not _NOT_IN_A_BRANCH.search(name)


def _meet(first: str, second: str) -> bool:
    return first == second or first.startswith(f"{second}/") or second.startswith(f"{first}/")


def _unusable(tenant: str, name: str) -> Problem:
    return Problem(
        "record_name",
        f'the record of applies to {tenant} can\'t be on a branch "reconciler/{name}": git takes no such name',
        hint="give it a name with `record:`",
    )


def _clash(first: str, second: str, names: Mapping[str, str]) -> Problem:
    return Problem(
        "record_name",
        f'the records "{names[first]}" of {first} and "{names[second]}" of {second} can\'t both be branches: they are '
        "equal but for case, or one is a folder of the other",
        hint=f"give {second} another name with `record:`",
    )
