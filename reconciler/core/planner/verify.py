"""The differences between a change and the answer to its request. The answer to a write is its verification."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.changes.plan import Change
from reconciler.core.model.resources import LiveGroup, LiveUser
from reconciler.core.planner.steps import Step, ids_of, with_ids
from reconciler.core.scim.wire import read_group, read_user, unlike


def list_not_taken(change: Change, ids: Mapping[str, str], resource: Mapping[str, object]) -> list[str]:
    """Returns the attributes, and `roles`, `active` or `members`, that differ in the answered resource.

    Raises NotScim if the resource is not a user or group.
    """
    written = with_ids({attribute.path: attribute.after for attribute in change.attributes}, ids)
    if change.key.startswith("user/"):
        user = read_user(resource)
        return [*unlike(written, user.attributes), *_roles(change, user), *_active(change, user)]
    group = read_group(resource)
    return [*unlike(written, group.attributes), *_members(change, ids, group)]


def list_roles_not_taken(change: Change, live_roles: frozenset[str]) -> list[str]:
    """Returns the roles of a change that a person still holds after a revocation, or lacks after a grant."""
    roles = frozenset(change.roles)
    return sorted(roles & live_roles if change.action == "revoke_roles" else roles - live_roles)


def list_other_differences(step: Step, live_roles: frozenset[str]) -> list[str]:
    """Returns the unplanned effects of an overwrite of roles: `- role` for a lost role, `+ role` for a new one."""
    written = frozenset(step.roles() or ())
    planned = frozenset(role for change in step.changes for role in change.roles)
    lost, gained = written - live_roles - planned, live_roles - written - planned
    return [*(f"- {role}" for role in sorted(lost)), *(f"+ {role}" for role in sorted(gained))]


def _roles(change: Change, user: LiveUser) -> list[str]:
    return ["roles"] if list_roles_not_taken(change, user.roles) else []


def _active(change: Change, user: LiveUser) -> list[str]:
    match change.action:
        case "create_user" | "reactivate_user":
            return [] if user.active else ["active"]
        case "deactivate_user":
            return ["active"] if user.active else []
        case _:
            return []


def _members(change: Change, ids: Mapping[str, str], group: LiveGroup) -> list[str]:
    members = {live_id.lower() for live_id in ids_of(change.members, ids)}  # answers may have another letter case
    live = {live_id.lower() for live_id in group.members}
    taken = members.isdisjoint(live) if change.action == "remove_members" else members <= live
    return [] if taken else ["members"]
