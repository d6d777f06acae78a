"""The roles that a user gains and loses.

Roles are written with the SCIM user. With `roles_via: permissions` they are written over REST, to the person that 4me
links to the user after the user is written: the plan grants them already, and the apply waits for the link. Roles that
git can't assign stay: the account's owner, and roles that this program does not know.
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

AFTER_CREATE: Final = "granted once 4me has linked a person to the new user"
AFTER_LINK: Final = "granted once 4me has linked a person to this user, which it has not done yet"


def wanted_roles(user: DesiredUser, assigned: frozenset[str]) -> frozenset[str] | None:
    """Returns the roles that a user in scope should hold; None if git assigns none.

    If the last assignment left git, the user should hold no roles: those that it `assigned` are revoked.
    """
    return frozenset() if user.roles is None and assigned else user.roles


@dataclass(frozen=True, slots=True)
class RolePlanner:
    """Plans the roles of one user after another. `me` is the person whose credentials write them over REST.

    `assigned` are the roles that the last covered commit assigned, for users to whom HEAD assigns none.
    """

    earlier: Earlier
    over_rest: bool = False
    me: str | None = None
    assigned: Mapping[Key, frozenset[str]] = field(default_factory=dict)

    def at_creation(self, user: DesiredUser) -> tuple[str, ...]:
        """Returns the roles in the create request: none over REST, because the person does not exist yet."""
        return () if self.over_rest else tuple(sorted(user.roles or ()))

    def plan_new(self, user: DesiredUser) -> Result:
        """Returns the grant of roles over REST that follows the create; over SCIM the create has the roles."""
        if not (self.over_rest and user.roles):
            return NOTHING
        return Result([self._grant_later(user, None, sorted(user.roles), AFTER_CREATE)])

    def plan(self, user: DesiredUser, live: LiveUser) -> Result:
        """Returns the changes to the roles of a user in scope."""
        assigned = self.assigned.get(user.key, frozenset())
        wanted = wanted_roles(user, assigned)
        if wanted is None:
            return NOTHING
        gained = sorted(wanted - live.roles)
        revocable = self._revocable(live)
        lost = sorted(revocable & assigned if user.roles is None else revocable - wanted)
        if self.over_rest and live.person is None:
            return self._plan_unlinked(user, live, gained)
        granted = self._grant(user, live, gained) if gained else []
        revoked = self._revoke(user, live, lost, self._revocation_cause(user, lost)) if lost else []
        return self._unless_mine(user, live, [*granted, *revoked])

    def plan_leaver(self, user: DesiredUser, live: LiveUser, cause: Cause, reason: str) -> Result:
        """Returns the revocations for a user who is out of scope or left git: all roles over REST, none over SCIM."""
        lost = sorted(self._revocable(live)) if self.over_rest else []
        if not lost:
            return NOTHING
        return self._unless_mine(user, live, self._revoke(user, live, lost, cause, reason))

    def _plan_unlinked(self, user: DesiredUser, live: LiveUser, gained: list[str]) -> Result:
        if not gained:
            return NOTHING
        if live.roles_looked_up:
            return Result([self._grant_later(user, live.id, gained, AFTER_LINK)])
        return skip(user, f"can't be granted {_spell(gained)}: the person's roles were not read; plan from a new read")

    def _grant_later(self, user: DesiredUser, scim_id: str | None, roles: Iterable[str], why: str) -> Change:
        """Returns the grant to a person that 4me has not linked yet, so that what the person holds is not known.

        Roles of a user without a person were not taken away by hand: they are pending since an earlier apply.
        """
        roles = tuple(roles)
        cause = self.earlier.roles(user.key, roles, head=True)
        return GrantRoles(
            key=str(user.key),
            name=user.name,
            target_id=scim_id,
            cause="merged" if scim_id is not None and cause == "drift" else cause,
            reason=f"{user.reason}; {why}",
            roles=roles,
            awaits_person=True,
            source=user.source,
        )

    def _revocable(self, live: LiveUser) -> frozenset[str]:
        return live.roles & CATALOGUE if self.over_rest else live.roles - {OWNER}

    def _unless_mine(self, user: DesiredUser, live: LiveUser, changes: list[Change]) -> Result:
        """Skips changes to the roles of the person who owns the credentials.

        4me refuses the revocations, and the grants are unsafe.
        """
        if not changes or not self.over_rest or live.person != self.me:
            return Result(changes)
        verbs = {"grant_roles": "grant", "revoke_roles": "revoke"}
        to_do = "; ".join(f"{verbs[change.action]} {_spell(change.roles)}" for change in changes)
        reason = "the program uses this person's credentials, and a person can't change their own roles"
        return skip(user, f"{reason}: {to_do} by hand, or use another person's credentials")

    def _grant(self, user: DesiredUser, live: LiveUser, roles: Iterable[str]) -> list[Change]:
        roles = tuple(roles)
        return [
            GrantRoles(
                key=str(user.key),
                name=user.name,
                target_id=self._target(live),
                cause=self.earlier.roles(user.key, roles, head=True),
                reason=user.reason,
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


def _spell(roles: Iterable[str]) -> str:
    return ", ".join(sorted(roles))
