"""The declarations as adoption needs them: their source lines, mapping rules, role assignments and memberships."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from reconciler.core.access.compile import compile_state
from reconciler.core.access.membership import GROUP_PREFIX, Membership, expand_membership
from reconciler.core.access.roles import Holdings, assign_roles, has_expired
from reconciler.core.access.scope import Subject, compile_clause
from reconciler.core.declarations.declared import Declarations, DeclaredAssignment, DeclaredGroup
from reconciler.core.declarations.rule import LocatedRule
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.resources import Key
from reconciler.core.model.states import DesiredState
from reconciler.errors import Problem, Source


@dataclass(frozen=True, slots=True)
class AdoptionContext:
    """The declarations, and the state, memberships and roles that follow for one tenant on one day."""

    declarations: Declarations
    tenant_name: str
    today: date
    desired: DesiredState
    membership: Membership
    holdings: Holdings

    @property
    def tenant(self) -> Tenant:
        """The settings of the tenant whose account is adopted."""
        return self.declarations.tenants[self.tenant_name].tenant

    def rule(self, key: Key, target: str) -> LocatedRule | None:
        """Returns the mapping rule of a target attribute, or None."""
        mappings = self.declarations.tenants[self.tenant_name].mappings or self.declarations.mappings
        rules = mappings.users if key.kind == "user" else mappings.groups
        return next((located for located in rules if located.rule.target == target), None)

    def source(self, key: Key) -> Source | None:
        """Returns the source line of the declaration, or None if git does not declare the key."""
        section = self.declarations.users if key.kind == "user" else self.declarations.groups
        declared = section.get(key.name)
        return declared.source if declared else None

    def assignments_of(self, role: str) -> list[tuple[int, DeclaredAssignment]]:
        """Returns the unexpired assignments of a role, each with its index among all assignments."""
        return [
            (index, declared)
            for index, declared in enumerate(self.declarations.assignments)
            if declared.assignment.role == role and not has_expired(declared, self.today)
        ]

    def groups_that_give(self, declared: DeclaredAssignment, user: str) -> list[str]:
        """Returns the groups of an assignment that contain the user."""
        return [group for group in declared.assignment.groups if user in self.membership.users_of.get(group, ())]

    def other_ways_in(self, group: DeclaredGroup, user: str) -> list[str]:
        """Returns the nested groups, and `members_where`, that make the user a member without an entry of their own."""
        members = (member for member in group.members or () if member.startswith(GROUP_PREFIX))
        nested = [name for name in members if user in self.membership.users_of.get(name.removeprefix(GROUP_PREFIX), ())]
        tests = [compile_clause(clause) for clause in group.members_where or ()]
        subject = Subject(self.declarations.users[user].source_attributes)
        return [*nested, "members_where"] if tests and all(test(subject) for test in tests) else nested


def make_adoption_context(declarations: Declarations, tenant_name: str, today: date) -> AdoptionContext:
    """Compiles the declarations for the tenant; they must be valid."""
    membership = expand_membership(declarations)
    return AdoptionContext(
        declarations=declarations,
        tenant_name=tenant_name,
        today=today,
        desired=compile_state(declarations, tenant_name, today),
        membership=membership,
        holdings=assign_roles(declarations, membership, today),
    )


def not_adopted(message: str, source: Source | None, hint: str) -> Problem:
    """Makes the warning about drift that no edit can adopt, with what to do instead."""
    return Problem("not_adopted", message, source, hint, severity="warning")


def with_key(listed: Sequence[str], key: str) -> list[str]:
    """Returns the list with the key added: in order if the list is sorted, else at the end."""
    items = list(listed)
    items.insert(bisect(items, key) if items == sorted(items) else len(items), key)
    return items


def without_keys(listed: Iterable[str], keys: Iterable[str]) -> list[str]:
    """Returns the list without these keys."""
    removed = set(keys)
    return [key for key in listed if key not in removed]
