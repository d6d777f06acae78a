"""Which roles a user gains and loses, and where that can't be yet (SEMANTICS 4).

Roles are written with the SCIM user; or, where they take effect over REST, to the person that 4me's own rules link to
the user, later. What git can't assign is kept: the account's owner, and roles that this program does not know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from reconciler.core.changes.plan import Cause, Change, GrantRoles, RevokeRoles
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.role_catalogue import CATALOGUE, OWNER
from reconciler.core.model.resources import DesiredUser, Key, LiveUser
from reconciler.core.planner.result import NOTHING, Result, skip

WAITED: Final = (
    "the person holds no role at all: 4me linked them since the last apply and they waited, or all was taken by hand"
)


def wanted_roles(user: DesiredUser, assigned: frozenset[str]) -> frozenset[str] | None:
    """Returns the roles that a user in scope should hold; None where git assigns none.

    Where the last assignment has left git, the roles that it `assigned` must go: then the user should hold none.
    """
    return frozenset() if user.roles is None and assigned else user.roles


@dataclass(frozen=True, slots=True)
class RolePlanner:
    """Decides about the roles of one user after another. `me` is the person whose credentials write them over REST.

    `assigned` is what the last covered commit assigned, where HEAD assigns no roles.
    """

    earlier: Earlier
    over_rest: bool = False
    me: str | None = None
    assigned: Mapping[Key, frozenset[str]] = field(default_factory=dict)

    def at_creation(self, user: DesiredUser) -> tuple[str, ...]:
        """The roles that the creation itself carries: none over REST, where no person holds them yet."""
        return () if self.over_rest else tuple(sorted(user.roles or ()))

    def plan_new(self, user: DesiredUser) -> Result:
        """What is left for the plan after the one that creates the user."""
        if not (self.over_rest and user.roles):
            return NOTHING
        return skip(user, f"gets {_spell(user.roles)} with the next plan: 4me links a person to a user once it exists")

    def plan(self, user: DesiredUser, live: LiveUser) -> Result:
        """What a user in scope gains and loses."""
        assigned = self.assigned.get(user.key, frozenset())
        wanted = wanted_roles(user, assigned)
        if wanted is None:
            return NOTHING
        gained = sorted(wanted - live.roles)
        held = self._revocable(live)
        lost = sorted(held & assigned if user.roles is None else held - wanted)
        if self.over_rest and live.person is None:
            return _not_linked(user, live, gained)
        granted = self._grant(user, live, gained) if gained else []
        revoked = self._revoke(user, live, lost, self._revocation_cause(user, lost)) if lost else []
        return self._unless_mine(user, live, [*granted, *revoked])

    def plan_leaver(self, user: DesiredUser, live: LiveUser, cause: Cause, reason: str) -> Result:
        """What a user loses who is out of scope or left git: over REST everything, over SCIM nothing but access."""
        lost = sorted(self._revocable(live)) if self.over_rest else []
        if not lost:
            return NOTHING
        return self._unless_mine(user, live, self._revoke(user, live, lost, cause, reason))

    def _revocable(self, live: LiveUser) -> frozenset[str]:
        return live.roles & CATALOGUE if self.over_rest else live.roles - {OWNER}

    def _unless_mine(self, user: DesiredUser, live: LiveUser, changes: list[Change]) -> Result:
        """Skips changes to the roles of the credentials' own person: 4me refuses revocations, and grants are unsafe."""
        if not changes or not self.over_rest or live.person != self.me:
            return Result(changes)
        words = {"grant_roles": "grant", "revoke_roles": "revoke"}
        told = "; ".join(f"{words[change.action]} {_spell(change.roles)}" for change in changes)
        reason = "these are the permissions of the person whose credentials are used here, who can't change their own"
        return skip(user, f"{reason}: {told} by hand, or use the credentials of somebody else")

    def _grant(self, user: DesiredUser, live: LiveUser, roles: Iterable[str]) -> list[Change]:
        roles = tuple(roles)
        cause = self.earlier.roles(user.key, roles, head=True)
        waited = self.over_rest and cause == "drift" and not live.roles
        return [
            GrantRoles(
                key=str(user.key),
                name=user.name,
                target_id=self._target(live),
                cause=cause,
                reason=f"{user.reason}; {WAITED}" if waited else user.reason,
                roles=roles,
                held=tuple(sorted(live.roles)),
                source=user.source,
            )
        ]

    def _revoke(
        self,
        user: DesiredUser,
        live: LiveUser,
        roles: Iterable[str],
        cause: Cause,
        reason: str = "no assignment in git gives it",
    ) -> list[Change]:
        return [
            RevokeRoles(
                key=str(user.key),
                name=user.name,
                target_id=self._target(live),
                cause=cause,
                reason=reason,
                roles=tuple(roles),
                held=tuple(sorted(live.roles)),
                source=user.source,
            )
        ]

    def _target(self, live: LiveUser) -> str | None:
        return live.person if self.over_rest else live.id

    def _revocation_cause(self, user: DesiredUser, revoked: Iterable[str]) -> Cause:
        if user.roles is None:
            return self.earlier.roles_removal(user.key)
        return self.earlier.roles(user.key, revoked, head=False)


def _not_linked(user: DesiredUser, live: LiveUser, gained: list[str]) -> Result:
    if not gained:
        return NOTHING
    if not live.sought:
        return skip(user, f"{_spell(gained)}: the person's roles were not read; plan again from the account")
    why = "no person of 4me is linked to this user yet"
    what = "the next plan grants them once there is one (4me links by primary e-mail, or makes one of e-mail and name)"
    return skip(user, f"can't be given {_spell(gained)}: {why}; {what}")


def _spell(roles: Iterable[str]) -> str:
    return ", ".join(sorted(roles))
