"""How a role comes to a user: by which assignment, directly or through which chain of groups.

Knows declarations and who is in which group; nothing of tenants, scope or what the account holds.
"""

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
    """One way in which a role comes to a user; `through` is empty where the assignment names the user."""

    declared: DeclaredAssignment
    through: tuple[str, ...]

    @property
    def role(self) -> str:
        """The role that is assigned."""
        return self.declared.assignment.role

    def counts(self, today: date) -> bool:
        """False once it has expired, and of what is no role: `default_access` grants nothing."""
        return self.role in ASSIGNABLE - {NO_ACCESS} and not has_expired(self.declared, today)

    def __str__(self) -> str:
        way = f"through {' → '.join(self.through)}" if self.through else "directly"
        return f"{way} [{self.declared.source}]"


def find_paths(declarations: Declarations, membership: Membership, user: str) -> Iterable[RolePath]:
    """Every way in which a role comes to the user, one for each assignment and group that it names."""
    for declared in declarations.assignments:
        if user in declared.assignment.users:
            yield RolePath(declared, ())
        for group in declared.assignment.groups:
            if user in membership.users_of.get(group, ()):
                yield RolePath(declared, tuple(find_chain(declarations, membership, group, user)))


def find_chain(declarations: Declarations, membership: Membership, group: str, user: str) -> list[str]:
    """The groups from one down to that which names the user or matches them by its clauses."""
    chain = [group]
    while True:
        members = declarations.groups[chain[-1]].members or ()
        nested = [member.removeprefix(GROUP_PREFIX) for member in members if member.startswith(GROUP_PREFIX)]
        holding = [one for one in nested if one not in chain and user in membership.users_of.get(one, ())]
        if user in members or not holding:
            return chain
        chain.append(holding[0])
