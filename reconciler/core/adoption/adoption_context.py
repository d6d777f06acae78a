"""What git says as adopting asks it: who declares what, and by which way somebody is in a group or holds a role."""

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
    """The declarations, and what follows from them for one tenant on one day."""

    declarations: Declarations
    tenant_name: str
    today: date
    desired: DesiredState
    membership: Membership
    holdings: Holdings

    @property
    def tenant(self) -> Tenant:
        """The tenant that is adopted from."""
        return self.declarations.tenants[self.tenant_name].tenant

    def rule(self, key: Key, target: str) -> LocatedRule | None:
        """The mapping rule for a target attribute, if there is one."""
        rules = self.declarations.tenants[self.tenant_name].mappings or self.declarations.mappings
        return next(
            (one for one in (rules.users if key.kind == "user" else rules.groups) if one.rule.target == target), None
        )

    def source(self, key: Key) -> Source | None:
        """Where the key is declared, or None."""
        named = self.declarations.users if key.kind == "user" else self.declarations.groups
        found = named.get(key.name)
        return found.source if found else None

    def assignments_of(self, role: str) -> list[tuple[int, DeclaredAssignment]]:
        """The assignments of a role that still count, with their places among all."""
        return [
            (index, one)
            for index, one in enumerate(self.declarations.assignments)
            if one.assignment.role == role and not has_expired(one, self.today)
        ]

    def groups_that_give(self, declared: DeclaredAssignment, user: str) -> list[str]:
        """The groups of an assignment that the user is in."""
        return [group for group in declared.assignment.groups if user in self.membership.users_of.get(group, ())]

    def other_ways_in(self, group: DeclaredGroup, user: str) -> list[str]:
        """How the user is in the group without being named there: the nested groups, and the rule."""
        nested = (one for one in group.members or () if one.startswith(GROUP_PREFIX))
        ways = [one for one in nested if user in self.membership.users_of.get(one.removeprefix(GROUP_PREFIX), ())]
        tests = [compile_clause(clause) for clause in group.members_where or ()]
        subject = Subject(self.declarations.users[user].source_attributes)
        return [*ways, "members_where"] if tests and all(test(subject) for test in tests) else ways


def make_adoption_context(declarations: Declarations, tenant_name: str, today: date) -> AdoptionContext:
    """What follows from the declarations, which must be sound."""
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
    """Something of the account that git can't take over by an edit, and what a person could do."""
    return Problem("not_adopted", message, source, hint, severity="warning")


def with_key(listed: Sequence[str], key: str) -> list[str]:
    """The list with one more key: in its place where the list is in order, else at the end."""
    items = list(listed)
    items.insert(bisect(items, key) if items == sorted(items) else len(items), key)
    return items


def without_keys(listed: Iterable[str], keys: Iterable[str]) -> list[str]:
    """The list without some keys."""
    gone = set(keys)
    return [one for one in listed if one not in gone]
