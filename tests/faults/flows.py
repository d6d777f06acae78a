"""The flows that faults disturb: a small company before, and the desired state that is applied now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from reconciler.core.access.compile import compile_state
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.states import DesiredState
from reconciler.desired.yaml.load import load_declarations

TODAY = date(2026, 11, 23)
PEOPLE = """\
tenants: {here: {url: sandbox, scope: all}}
users:
  ann: {userName: ann@example.com, displayName: Ann, emails: [{value: ann@example.com, type: work, primary: true}]}
  bob:
    userName: bob@example.com
    displayName: Bob
    emails: [{value: bob@example.com, type: work, primary: true}]
    title: Clerk
    department: Finance
    manager: ann
  cid: {userName: cid@example.com, displayName: Cid, emails: [{value: cid@example.com, type: work, primary: true}]}
groups:
  staff: {displayName: Staff, members: [ann, bob, cid]}
"""
ROLES = """\
role_assignments:
  - {role: specialist, users: [ann, bob]}
  - {role: auditor, users: [bob]}
"""
HIRES = """\
  dee:
    userName: dee@example.com
    displayName: Dee
    emails: [{value: dee@example.com, type: work, primary: true}]
    manager: eve
  eve: {userName: eve@example.com, displayName: Eve, emails: [{value: eve@example.com, type: work, primary: true}]}
"""
PERMISSIONS = "role over permissions"
NEW_ROLES = "new user's role over permissions"
OVER_REST = frozenset({PERMISSIONS, NEW_ROLES})


@dataclass(frozen=True)
class Flow:
    """Two desired states: one applied without faults, and one applied while something breaks."""

    before: str
    after: str

    @property
    def over_rest(self) -> bool:
        """Returns whether roles take effect over REST."""
        return "roles_via: permissions" in self.after

    @cache  # noqa: B019  # there are few flows
    def compile(self) -> tuple[DesiredState, DesiredState, Tenant]:
        """Returns both desired states, and the tenant."""
        first, then = (load_declarations({"company.yaml": text.encode()}) for text in (self.before, self.after))
        assert ((), ()) == (first.problems, then.problems)
        before, after = (compile_state(one.declarations, "here", TODAY) for one in (first, then))
        return before, after, then.declarations.tenants["here"].tenant


def over_permissions(text: str) -> str:
    """Returns the YAML with roles that take effect over REST."""
    return text.replace("scope: all", "scope: all, roles_via: permissions")


FLOWS: Mapping[str, Flow] = {
    "create": Flow(PEOPLE, PEOPLE.replace("groups:", f"{HIRES}groups:").replace("bob, cid]", "bob, cid, dee]")),
    "update": Flow(
        PEOPLE,
        PEOPLE.replace("title: Clerk", "title: null")
        .replace("Finance", "Treasury")
        .replace("displayName: Cid", "displayName: Sid"),
    ),
    "group": Flow(
        PEOPLE,
        PEOPLE.replace("Staff, members: [ann, bob, cid]", "Everyone, members: [ann, cid]")
        + "  night: {displayName: Night, members: [bob]}\n",
    ),
    "role": Flow(PEOPLE + ROLES, PEOPLE + ROLES.replace("users: [bob]", "users: [ann]")),
    PERMISSIONS: Flow(
        over_permissions(PEOPLE + ROLES), over_permissions(PEOPLE + ROLES.replace("users: [bob]", "users: [ann]"))
    ),
    NEW_ROLES: Flow(
        over_permissions(PEOPLE + ROLES),
        over_permissions(
            PEOPLE.replace("groups:", f"{HIRES}groups:")
            + ROLES.replace("[ann, bob]", "[ann, bob, dee, eve]").replace("users: [bob]", "users: [bob, eve]")
        ),
    ),
    "deactivate": Flow(
        PEOPLE, PEOPLE.replace("displayName: Cid", "displayName: Cid, active: false").replace("bob, cid]", "bob]")
    ),
    "exchange": Flow(
        PEOPLE,
        PEOPLE.replace("ann@", "third@").replace("bob@", "ann@").replace("third@", "bob@"),
    ),
}
