"""The roles in effect for each user, before and after a plan. The roles of an inactive user have no effect.

Knows a plan's changes and the account that they change; nothing of limits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.core.changes.plan import Change
from reconciler.core.model.states import LiveState
from reconciler.core.planner.planner import Decisions


@dataclass(frozen=True, slots=True)
class EffectiveRoles:
    """The roles in effect for one user; `key` is `id/…` for a user that git does not declare.

    `awaited` are the roles in `after` that the user gets only if 4me links a person.
    """

    key: str
    name: str
    before: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    awaited: frozenset[str] = frozenset()

    @property
    def gained(self) -> frozenset[str]:
        """Returns the roles that take effect with the plan: granted, or held by a user who is reactivated."""
        return self.after - self.before


def list_effective_roles(decided: Decisions, live: LiveState) -> list[EffectiveRoles]:
    """Returns the roles of every user in the account, and of every user that the plan creates, ordered by key."""
    keys = {identifier: key for key, identifier in decided.ids.items() if key.startswith("user/")}
    changes: dict[str, list[Change]] = {}
    for change in decided.changes:
        changes.setdefault(change.key, []).append(change)

    effective_roles = {}
    for user in live.users:
        key = keys.get(user.id, f"id/{user.id}")
        before = user.roles if user.active else frozenset[str]()
        made = changes.get(key, [])
        after = _after(made, user.roles, active=user.active)
        effective_roles[key] = EffectiveRoles(key, user.name, before, after, _awaited(made))
    for key, made in changes.items():
        if made[0].action == "create_user":
            after = _after(made, frozenset(), active=True)
            effective_roles[key] = EffectiveRoles(key, made[0].name, after=after, awaited=_awaited(made))
    return sorted(effective_roles.values(), key=lambda roles: roles.key)


def _awaited(changes: Iterable[Change]) -> frozenset[str]:
    return frozenset(role for change in changes if change.awaits_person for role in change.roles)


def _after(changes: Iterable[Change], roles: frozenset[str], *, active: bool) -> frozenset[str]:
    """Returns the roles in effect after the changes to a user."""
    for change in changes:
        match change.action:
            case "deactivate_user":
                active = False
            case "reactivate_user":
                active = True
            case "revoke_roles":
                roles -= {*change.roles}
            case _:
                roles |= {*change.roles}
    return roles if active else frozenset()
