"""Who has access to a tenant, and why: not inactive, entitled by a role where one is needed, let in by a filter.

The one place where a verdict is made; what is compiled, explained and told of an edit is all of these verdicts.
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
    """The tenant's own scoping filters where it has some, else those of everyone."""
    return declarations.tenants[tenant].filters or declarations.filters


@dataclass(frozen=True, slots=True)
class Access:
    """What decides about access; one user after another is put to it."""

    scope: Literal["assigned", "all"]
    membership: Membership
    holdings: Holdings
    users: tuple[CompiledFilter, ...]
    groups: tuple[CompiledFilter, ...]

    def of_user(self, name: str, declared: DeclaredUser) -> Verdict:
        """Whether the user is in scope, and why."""
        if reason := self.shut_out(name, declared):
            return Verdict(passes=False, reason=reason)
        roles = self.holdings.roles(name)
        filtered = judge(self.users, self.subject(name, declared))
        entitled = f"holds {', '.join(sorted(roles))}" if roles else "everyone is in scope"
        return Verdict(filtered.passes, f"{entitled}; {filtered.reason}" if filtered.passes else filtered.reason)

    def shut_out(self, name: str, declared: DeclaredUser) -> str | None:
        """Why the user is out of scope whatever the filters say, or None."""
        if declared.attributes.get("active") is False:
            return "declared inactive: active is false"
        if self.scope == "assigned" and not self.holdings.roles(name):
            return "holds no role, and only people who hold one are in scope"
        return None

    def of_group(self, name: str, attributes: SourceAttributes) -> Verdict:
        """Whether the group is in scope, and why."""
        return judge(self.groups, group_subject(name, attributes))

    def subject(self, name: str, declared: DeclaredUser) -> Subject:
        """The user as clauses see them."""
        groups = self.membership.groups_of.get(name, frozenset())
        return Subject(declared.source_attributes, groups)


def group_subject(name: str, attributes: SourceAttributes) -> Subject:
    """A group as clauses see it."""
    return Subject({"externalId": name, **attributes})


def make_access(declarations: Declarations, tenant: str, today: date) -> Access:
    """What decides about access to the tenant on that day; `tenant` must be declared."""
    membership = expand_membership(declarations)
    holdings = assign_roles(declarations, membership, today)
    return Access(
        declarations.tenants[tenant].tenant.scope,
        membership,
        holdings,
        *compile_filters(filters_of(declarations, tenant)),
    )


def compile_filters(filters: Filters) -> tuple[tuple[CompiledFilter, ...], tuple[CompiledFilter, ...]]:
    """Those for users, and those for groups."""
    return tuple(map(compile_filter, filters.users)), tuple(map(compile_filter, filters.groups))
