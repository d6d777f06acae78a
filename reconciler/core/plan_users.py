"""What becomes of a user: the decision table, row by row (SEMANTICS 4)."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.catalogue import OWNER
from reconciler.core.diff import different_paths
from reconciler.core.earlier import Earlier
from reconciler.core.match import Matches
from reconciler.core.model import Attributes, DesiredUser, LiveUser
from reconciler.core.plan import (
    Cause,
    Change,
    CreateUser,
    DeactivateUser,
    GrantRoles,
    ReactivateUser,
    RevokeRoles,
    UpdateUser,
)
from reconciler.core.references import References
from reconciler.core.result import Result, attribute_changes, skip
from reconciler.core.tenant import Tenant
from reconciler.errors import Problem


@dataclass(frozen=True, slots=True)
class UserPlanner:
    """Decides about one user after another, with what is the same for all of them."""

    matches: Matches[LiveUser]
    references: References
    earlier: Earlier
    tenant: Tenant

    def plan(self, user: DesiredUser) -> Result:
        """What becomes of a user that git declares."""
        if user.key in self.matches.unclear:
            return skip(user, "it is unclear who this is in the account")
        live = self.matches.live_of.get(user.key)
        if not user.in_scope:
            return self._out_of_scope(user, live)
        attributes, problems = self._referable(user)
        if live is None:
            return Result(self._create(user, {**user.on_create, **attributes}), problems=problems)
        return Result([*self._update(user, attributes, live), *self._change_roles(user, live)], problems=problems)

    def plan_removed(self, user: DesiredUser) -> Result:
        """What becomes of a user that git declared before and no longer does."""
        live = self.matches.live_of.get(user.key)
        if live is None or not live.active:
            return Result()
        if self.tenant.on_removed == "ignore":
            return skip(user, "left git, and on_removed is ignore")
        cause = self.earlier.removal(user.key)
        return Result([self._deactivate(user, live, cause, "left git since it was last applied")])

    def _out_of_scope(self, user: DesiredUser, live: LiveUser | None) -> Result:
        if live is None or not live.active:
            state = "not in the account" if live is None else "inactive already"
            return skip(user, f"{user.reason}; {state}")
        if self.tenant.on_out_of_scope == "ignore":
            return skip(user, f"{user.reason}; on_out_of_scope is ignore")
        cause = self.earlier.presence(user.key, head=False)
        return Result([self._deactivate(user, live, cause, user.reason)])

    def _deactivate(self, user: DesiredUser, live: LiveUser, cause: Cause, reason: str) -> DeactivateUser:
        return DeactivateUser(
            key=str(user.key),
            name=user.name,
            target_id=live.id,
            cause=cause,
            reason=reason,
            source=user.source,
        )

    def _referable(self, user: DesiredUser) -> tuple[Attributes, list[Problem]]:
        """The attributes without a manager who is neither in the account nor created by this plan."""
        manager = user.attributes.get("manager")
        if manager is None or self.references.will_exist(str(manager)):
            return user.attributes, []
        message = (
            f"{user.key}: the manager {manager} is linked to nobody in the account, and this plan does not create them"
        )
        hint = "left out; the plan in which they appear picks it up"
        attributes = {path: value for path, value in user.attributes.items() if path != "manager"}
        return attributes, [Problem("manager_not_live", message, user.source, hint, severity="warning")]

    def _create(self, user: DesiredUser, attributes: Attributes) -> list[Change]:
        key, cause = str(user.key), self.earlier.presence(user.key, head=True)
        deferred = key in self.references.deferred
        written = {path for path, value in attributes.items() if value is not None}
        at_once = sorted(written - {"manager"} if deferred else written)
        created = CreateUser(
            key=key,
            name=user.name,
            cause=cause,
            reason=user.reason,
            attributes=attribute_changes(at_once, {}, attributes),
            roles=tuple(sorted(user.roles or ())),
            source=user.source,
        )
        if not deferred:
            return [created]
        reason = "the manager is new too, and waits for this user: given once both exist"
        given = attribute_changes(["manager"], {}, attributes)
        later = UpdateUser(key=key, name=user.name, cause=cause, reason=reason, attributes=given, source=user.source)
        return [created, later]

    def _update(self, user: DesiredUser, attributes: Attributes, live: LiveUser) -> list[Change]:
        now = self._with_keys(live)
        paths = different_paths(now, attributes)
        if live.active and not paths:
            return []
        if live.active:
            change: type[UpdateUser | ReactivateUser] = UpdateUser
            cause = self.earlier.attributes(user.key, paths, attributes, now)
        else:
            change = ReactivateUser
            cause = self.earlier.reactivation(user.key, paths, attributes, now)
        return [
            change(
                key=str(user.key),
                name=user.name,
                target_id=live.id,
                cause=cause,
                reason=self._reason(user),
                attributes=attribute_changes(paths, now, attributes),
                source=user.source,
            )
        ]

    def _reason(self, user: DesiredUser) -> str:
        attribute = self.matches.adopted.get(user.key)
        return f"adopt: found by {attribute}; {user.reason}" if attribute else user.reason

    def _with_keys(self, live: LiveUser) -> Attributes:
        manager = live.attributes.get("manager")
        if manager is None:
            return live.attributes
        return {**live.attributes, "manager": self.references.key_of(str(manager))}

    def _revocation_cause(self, user: DesiredUser, revoked: list[str]) -> Cause:
        if user.roles is None:
            return self.earlier.roles_removal(user.key)
        return self.earlier.roles(user.key, revoked, head=False)

    def _change_roles(self, user: DesiredUser, live: LiveUser) -> list[Change]:
        wanted = user.roles
        if wanted is None and self.earlier.manages_roles(user.key):
            wanted = frozenset()  # the last assignment left git: what it gave must not stay behind
        if wanted is None:
            return []
        granted = sorted(wanted - live.roles)
        revoked = sorted(live.roles - wanted - {OWNER})
        changes: list[Change] = []
        if granted:
            changes.append(
                GrantRoles(
                    key=str(user.key),
                    name=user.name,
                    target_id=live.id,
                    cause=self.earlier.roles(user.key, granted, head=True),
                    reason=user.reason,
                    roles=tuple(granted),
                    held=tuple(sorted(live.roles)),
                    source=user.source,
                )
            )
        if revoked:
            changes.append(
                RevokeRoles(
                    key=str(user.key),
                    name=user.name,
                    target_id=live.id,
                    cause=self._revocation_cause(user, revoked),
                    reason="no assignment in git gives it",
                    roles=tuple(revoked),
                    held=tuple(sorted(live.roles)),
                    source=user.source,
                )
            )
        return changes
