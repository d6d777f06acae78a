"""The changes to a user: one decision table, row by row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.core.changes.plan import Cause, Change, CreateUser, DeactivateUser, ReactivateUser, UpdateUser
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.comparison.references import References
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.diff import different_paths
from reconciler.core.model.logins import NAMING, list_login_paths
from reconciler.core.model.matching import Matches
from reconciler.core.model.resources import Attributes, DesiredUser, LiveUser
from reconciler.core.ordering.decided import LEFT_OVER, NameDecisions
from reconciler.core.ownership.verdicts import Leaver, Ownership
from reconciler.core.planner.plan_roles import RolePlanner
from reconciler.core.planner.result import NOTHING, UNCLEAR, Result, adoption_reason, attribute_changes, joined, skip
from reconciler.errors import Problem

IGNORED = "on_removed is ignore"
GIVES_UP = "another user gets this login"
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
    names: NameDecisions = NameDecisions()  # noqa: RUF009  # frozen, and empty

    def plan(self, user: DesiredUser) -> Result:
        """Returns the changes to a user that git declares."""
        if user.key in self.matches.unclear:
            return skip(user, self.names.held_back(user.key) or UNCLEAR)
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
        put_right = Result(self._rename(leaver.user, leaver.live))
        if self.tenant.on_removed == "ignore":
            left = skip(leaver.user, f"{leaver.reason}; {IGNORED}") if leaver.live.active else NOTHING
            return joined(put_right, left)
        key = leaver.user.key
        listed = leaver.serial is None
        cause = self.earlier.settlement(key, leaver.live.id) if listed else self.earlier.removal(key)
        return joined(self._leave(leaver.user, leaver.live, cause, leaver.reason), put_right)

    def _out_of_scope(self, user: DesiredUser, live: LiveUser | None) -> Result:
        if live is None:
            return skip(user, f"{user.reason}; not in the account")
        renamed = self._rename(user, live)
        return joined(self._leave_scope(user, live, renamed), Result(renamed))

    def _leave_scope(self, user: DesiredUser, live: LiveUser, renamed: Sequence[Change]) -> Result:
        ignored = self.tenant.on_out_of_scope == "ignore"
        if live.active and ignored:
            return skip(user, f"{user.reason}; on_out_of_scope is ignore")
        if live.active and not (user.declared_inactive or user.key in self.ownership.provisioned):
            return skip(user, f"{user.reason}; {NEVER_PROVISIONED}")
        left = NOTHING if ignored else self._leave(user, live, self.earlier.presence(user.key, head=False), user.reason)
        return left if left.changes or renamed else joined(skip(user, f"{user.reason}; inactive already"), left)

    def _rename(self, user: DesiredUser, live: LiveUser) -> list[Change]:
        """Returns the change of the name of a user without access: another one takes it, or it is a third name."""
        if not self.names.moves(user.key):
            return []
        now = self._with_keys(live)
        login = {path: user.attributes[path] for path in list_login_paths("user", user.attributes)}
        return self._write(user, live, UpdateUser, different_paths(now, login), login)

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
        attributes = self.names.without_held(user.key, attributes)
        paths = different_paths(self._with_keys(live), attributes)
        if live.active and not paths:
            return []
        change: type[UpdateUser | ReactivateUser] = UpdateUser if live.active else ReactivateUser
        later = ["manager"] if self._frees_name_first(user, paths, attributes) else []
        first = self._write(user, live, change, [path for path in paths if path not in later], attributes)
        return first + (self._write(user, live, UpdateUser, later, attributes) if later else [])

    def _frees_name_first(self, user: DesiredUser, paths: Iterable[str], attributes: Attributes) -> bool:
        """Whether another one takes the name, and the manager is created by this plan: perhaps with that very name."""
        manager = str(attributes.get("manager"))
        return self.names.is_wanted(user.key) and "manager" in paths and manager in self.references.created

    def _write(
        self,
        user: DesiredUser,
        live: LiveUser,
        change: type[UpdateUser | ReactivateUser],
        paths: list[str],
        attributes: Attributes,
    ) -> list[Change]:
        """Returns the change that writes these attributes of a live user."""
        now, adopted = self._with_keys(live), self.matches.adopted.get(user.key)
        find_cause = self.earlier.attributes if change is UpdateUser else self.earlier.reactivation
        cause, reason = find_cause(user.key, paths, attributes, now), adoption_reason(user, adopted)
        moves = NAMING["user"] in paths
        if moves and self.names.is_left_over(user.key):
            cause, reason = "merged" if cause == "drift" else cause, f"{LEFT_OVER}; {reason}"
        elif moves and not user.in_scope:
            reason = f"{GIVES_UP}; {reason}"
        return [
            change(
                key=str(user.key),
                name=user.name,
                target_id=live.id,
                cause=cause,
                reason=reason,
                adopted=adopted or "",
                attributes=attribute_changes(paths, now, attributes),
                over=self.names.over.get(user.key, "") if moves else "",
                source=user.source,
            )
        ]

    def _with_keys(self, live: LiveUser) -> Attributes:
        manager = live.attributes.get("manager")
        if manager is None:
            return live.attributes
        return {**live.attributes, "manager": self.references.key_of(str(manager))}
