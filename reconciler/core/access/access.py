"""Decides who has access to a tenant: a user who is active, holds a role if `scope` needs it, and passes a filter.

This is the only module that makes this verdict; the desired state, `explain` and the warnings on edits all use it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from reconciler.core.access.membership import Membership, expand_membership
from reconciler.core.access.roles import Holdings, assign_roles
from reconciler.core.access.scope import CompiledFilter, SourceAttributes, Subject, Verdict, compile_filter, judge
from reconciler.core.declarations.clause import Filters
from reconciler.core.declarations.declared import Declarations, DeclaredUser


def filters_of(declarations: Declarations, tenant: str) -> Filters:
    """Returns the tenant's own scoping filters if it declares any, else the common ones."""
    return declarations.tenants[tenant].filters or declarations.filters


@dataclass(frozen=True, slots=True)
class Access:
    """The rules of one tenant on one day, ready to judge users and groups."""

    scope: Literal["assigned", "all"]
    membership: Membership
    holdings: Holdings
    users: tuple[CompiledFilter, ...]
    groups: tuple[CompiledFilter, ...]

    def of_user(self, name: str, declared: DeclaredUser) -> Verdict:
        """Decides whether the user is in scope, and why."""
        if reason := self.shut_out(name, declared):
            return Verdict(passes=False, reason=reason)
        roles = self.holdings.roles(name)
        filtered = judge(self.users, self.subject(name, declared))
        entitled = f"holds {', '.join(sorted(roles))}" if roles else "everyone is in scope"
        return Verdict(filtered.passes, f"{entitled}; {filtered.reason}" if filtered.passes else filtered.reason)

    def shut_out(self, name: str, declared: DeclaredUser) -> str | None:
        """Returns why the user is out of scope regardless of filters, or None."""
        if declared.attributes.get("active") is False:
            return "declared inactive: active is false"
        if self.scope == "assigned" and not self.holdings.roles(name):
            return "holds no role, and only users with a role are in scope"
        return None

    def of_group(self, name: str, attributes: SourceAttributes) -> Verdict:
        """Decides whether the group is in scope, and why."""
        return judge(self.groups, group_subject(name, attributes))

    def subject(self, name: str, declared: DeclaredUser) -> Subject:
        """Returns the user in the form that clauses test."""
        groups = self.membership.groups_of.get(name, frozenset())
        return Subject(declared.source_attributes, groups)


def group_subject(name: str, attributes: SourceAttributes) -> Subject:
    """Returns a group in the form that clauses test."""
    return Subject({"externalId": name, **attributes})


def make_access(declarations: Declarations, tenant: str, today: date) -> Access:
    """Compiles the rules of access to a tenant on that day; the tenant must be declared."""
    membership = expand_membership(declarations)
    holdings = assign_roles(declarations, membership, today)
    return Access(
        declarations.tenants[tenant].tenant.scope,
        membership,
        holdings,
        *compile_filters(filters_of(declarations, tenant)),
    )


def compile_filters(filters: Filters) -> tuple[tuple[CompiledFilter, ...], tuple[CompiledFilter, ...]]:
    """Compiles the filters for users, and those for groups."""
    return tuple(map(compile_filter, filters.users)), tuple(map(compile_filter, filters.groups))
