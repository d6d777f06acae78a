"""What an answer to a write does not have as a change asked for it. The answer to a write is its verification."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.changes.plan import Change
from reconciler.core.model.resources import LiveGroup, LiveUser
from reconciler.core.planner.steps import Step, ids_of, with_ids
from reconciler.core.scim.wire import read_group, read_user, unlike


def list_not_taken(change: Change, ids: Mapping[str, str], resource: Mapping[str, object]) -> list[str]:
    """The attributes, and `roles`, `active` or `members`, that the resource has not as asked; raises NotScim."""
    asked = with_ids({one.path: one.after for one in change.attributes}, ids)
    if change.key.startswith("user/"):
        user = read_user(resource)
        return [*unlike(asked, user.attributes), *_roles(change, user), *_active(change, user)]
    group = read_group(resource)
    return [*unlike(asked, group.attributes), *_members(change, ids, group)]


def list_roles_not_taken(change: Change, held: frozenset[str]) -> list[str]:
    """The roles of a change that a person holds afterwards though they were revoked, or lacks though granted."""
    roles = frozenset(change.roles)
    return sorted(roles & held if change.action == "revoke_roles" else roles - held)


def list_other_differences(step: Step, held: frozenset[str]) -> list[str]:
    """What an overwrite of roles did besides what was asked: `- role` for one that went, `+ role` for one that came."""
    asked = frozenset(step.roles() or ())
    named = frozenset(role for change in step.changes for role in change.roles)
    gone, come = asked - held - named, held - asked - named
    return [*(f"- {role}" for role in sorted(gone)), *(f"+ {role}" for role in sorted(come))]


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
    members = frozenset(ids_of(change.members, ids))
    taken = members.isdisjoint(group.members) if change.action == "remove_members" else members <= group.members
    return [] if taken else ["members"]
