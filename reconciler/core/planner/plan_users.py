"""The changes to a user: one decision table, row by row."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.changes.plan import Cause, Change, CreateUser, DeactivateUser, ReactivateUser, UpdateUser
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.comparison.references import References
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.diff import different_paths
from reconciler.core.model.matching import Matches
from reconciler.core.model.resources import Attributes, DesiredUser, LiveUser
from reconciler.core.ownership.verdicts import Leaver, Ownership
from reconciler.core.planner.plan_roles import RolePlanner
from reconciler.core.planner.result import NOTHING, UNCLEAR, Result, adoption_reason, attribute_changes, joined, skip
from reconciler.errors import Problem

IGNORED = "on_removed is ignore"
NEVER_PROVISIONED = "active, and never provisioned by an apply: not changed"


@dataclass(frozen=True, slots=True)
class UserPlanner:
    """Plans one user after another; the fields are the same for all users.

    `me` is the person whose credentials write roles over REST.
    """

    matches: Matches[LiveUser]
    references: References
    earlier: Earlier
    tenant: Tenant
    me: str | None = None
    ownership: Ownership = Ownership()  # noqa: RUF009  # frozen, and empty

    def plan(self, user: DesiredUser) -> Result:
        """Returns the changes to a user that git declares."""
        if user.key in self.matches.unclear:
            return skip(user, UNCLEAR)
        live = self.matches.live_of.get(user.key)
        if not user.in_scope:
            return self._out_of_scope(user, live)
        attributes, problems = self._without_missing_manager(user)
        if live is None:
            created = Result(self._create(user, {**user.on_create, **attributes}), problems=problems)
            return joined(created, self.roles.plan_new(user))
        return joined(Result(self._update(user, attributes, live), problems=problems), self.roles.plan(user, live))

    @property
    def roles(self) -> RolePlanner:
        """Returns the planner of the users' roles."""
        over_rest = self.tenant.roles_via == "permissions"
        return RolePlanner(self.earlier, over_rest, self.me, self.ownership.assigned)

    def plan_leaver(self, leaver: Leaver) -> Result:
        """Returns the changes to a user who left git."""
        if self.tenant.on_removed == "ignore":
            return skip(leaver.user, f"{leaver.reason}; {IGNORED}") if leaver.live.active else NOTHING
        key = leaver.user.key
        listed = leaver.serial is None
        cause = self.earlier.settlement(key, leaver.live.id) if listed else self.earlier.removal(key)
        return self._leave(leaver.user, leaver.live, cause, leaver.reason)

    def _out_of_scope(self, user: DesiredUser, live: LiveUser | None) -> Result:
        if live is None:
            return skip(user, f"{user.reason}; not in the account")
        ignored = self.tenant.on_out_of_scope == "ignore"
        if live.active and ignored:
            return skip(user, f"{user.reason}; on_out_of_scope is ignore")
        if live.active and not (user.declared_inactive or user.key in self.ownership.provisioned):
            return skip(user, f"{user.reason}; {NEVER_PROVISIONED}")
        left = NOTHING if ignored else self._leave(user, live, self.earlier.presence(user.key, head=False), user.reason)
        return left if left.changes else joined(skip(user, f"{user.reason}; inactive already"), left)

    def _leave(self, user: DesiredUser, live: LiveUser, cause: Cause, reason: str) -> Result:
        """Deactivates an active user and revokes the roles; an inactive user loses the roles too."""
        left = [self._deactivate(user, live, cause, reason)] if live.active else []
        return joined(Result(left), self.roles.plan_leaver(user, live, cause, reason))

    def _deactivate(self, user: DesiredUser, live: LiveUser, cause: Cause, reason: str) -> DeactivateUser:
        return DeactivateUser(
            key=str(user.key),
            name=user.name,
            target_id=live.id,
            cause=cause,
            reason=reason,
            source=user.source,
        )

    def _without_missing_manager(self, user: DesiredUser) -> tuple[Attributes, list[Problem]]:
        """Returns the attributes, without a manager who is not in the account and not created by this plan."""
        manager = user.attributes.get("manager")
        if manager is None or self.references.will_exist(str(manager)):
            return user.attributes, []
        message = (
            f"{user.key}: the manager {manager} has no link to a user in the account, and this plan does not create one"
        )
        hint = "the manager is left out; a later plan sets it, after that user exists"
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
            roles=self.roles.at_creation(user),
            source=user.source,
        )
        if not deferred:
            return [created]
        reason = "the manager is new too, and needs this user: set after both exist"
        manager = attribute_changes(["manager"], {}, attributes)
        later = UpdateUser(key=key, name=user.name, cause=cause, reason=reason, attributes=manager, source=user.source)
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
                reason=adoption_reason(user, self.matches.adopted.get(user.key)),
                adopted=self.matches.adopted.get(user.key, ""),
                attributes=attribute_changes(paths, now, attributes),
                source=user.source,
            )
        ]

    def _with_keys(self, live: LiveUser) -> Attributes:
        manager = live.attributes.get("manager")
        if manager is None:
            return live.attributes
        return {**live.attributes, "manager": self.references.key_of(str(manager))}
