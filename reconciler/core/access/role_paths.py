"""Finds the paths by which git gives roles to a user: an assignment, directly or through a chain of groups."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from reconciler.core.access.membership import GROUP_PREFIX, Membership
from reconciler.core.access.roles import has_expired
from reconciler.core.declarations.declared import Declarations, DeclaredAssignment
from reconciler.core.declarations.role_catalogue import ASSIGNABLE, NO_ACCESS


@dataclass(frozen=True, slots=True)
class RolePath:
    """A path by which a user gets a role; `through` is empty if the assignment names the user."""

    declared: DeclaredAssignment
    through: tuple[str, ...]

    @property
    def role(self) -> str:
        """The assigned role."""
        return self.declared.assignment.role

    def counts(self, today: date) -> bool:
        """Decides whether the path grants a role: not if it has expired, is unknown, or is `default_access`."""
        return self.role in ASSIGNABLE - {NO_ACCESS} and not has_expired(self.declared, today)

    def __str__(self) -> str:
        route = f"through {' → '.join(self.through)}" if self.through else "directly"
        return f"{route} [{self.declared.source}]"


def find_paths(declarations: Declarations, membership: Membership, user: str) -> Iterable[RolePath]:
    """Yields the paths of all roles of a user, one for each assignment and each group in it."""
    for declared in declarations.assignments:
        if user in declared.assignment.users:
            yield RolePath(declared, ())
        for group in declared.assignment.groups:
            if user in membership.users_of.get(group, ()):
                yield RolePath(declared, tuple(find_chain(declarations, membership, group, user)))


def find_chain(declarations: Declarations, membership: Membership, group: str, user: str) -> list[str]:
    """Returns the chain of nested groups, from `group` down to the group that names or matches the user."""
    chain = [group]
    while True:
        members = declarations.groups[chain[-1]].members or ()
        nested = [member.removeprefix(GROUP_PREFIX) for member in members if member.startswith(GROUP_PREFIX)]
        holding = [inner for inner in nested if inner not in chain and user in membership.users_of.get(inner, ())]
        if user in members or not holding:
            return chain
        chain.append(holding[0])
