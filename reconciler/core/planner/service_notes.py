"""Warnings of a plan about what the service leaves out of its answers, each with the quirk that settles it."""

from __future__ import annotations

from typing import Final

from reconciler.core.comparison.assumed_members import applied_members
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.comparison.link import Links
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.amounts import count, few
from reconciler.core.model.states import LiveState
from reconciler.errors import Problem

MOST_NAMED: Final = 3


def warn_of_service(live: LiveState, tenant: Tenant, links: Links, earlier: Earlier) -> list[Problem]:
    """Returns what the answers left out: members of groups, and whether users are active."""
    if live.certificate.mode == "targeted":  # too few users and groups to judge the service by
        return []
    return [*_warn_of_members(live, tenant, links, earlier), *_warn_of_active(live, tenant)]


def _warn_of_members(live: LiveState, tenant: Tenant, links: Links, earlier: Earlier) -> list[Problem]:
    hidden = sorted(group.name for group in live.groups if not group.lists_members)
    if not hidden:
        return []
    if "hides_members" in tenant.quirks:
        message = (
            f"the service does not list the members of {count(len(hidden), 'group')} ({few(hidden, MOST_NAMED)}): "
            "those of the last apply are assumed, and changes of members in the account are not seen"
        )
        return [Problem("members_hidden", message, severity="info")]
    if len(hidden) < len(live.groups):
        return []
    filled = sorted(group.name for group, members in applied_members(earlier, links) if members)
    if not filled:
        return []
    message = (
        f"the service lists no member of any group, though git declared some of {few(filled, MOST_NAMED)} before: "
        "either all of them were taken out, or the service does not list members"
    )
    hint = "if it never lists them, add `quirks: [hides_members]` to the tenant"
    return [Problem("members_hidden", message, hint=hint, severity="warning")]


def _warn_of_active(live: LiveState, tenant: Tenant) -> list[Problem]:
    """Warns if some users are listed as active and others without `active`, which then may mean inactive."""
    if {"active_absent_is_false", "active_absent_is_true"} & {*tenant.quirks}:
        return []
    unlisted = sorted(user.name for user in live.users if not user.lists_active)
    listed = {user.active for user in live.users if user.lists_active}
    if not unlisted or listed != {True}:
        return []
    message = (
        f"{count(len(unlisted), 'user')} ({few(unlisted, MOST_NAMED)}) came without `active`, and all others are "
        "active: they count as active, and may be inactive"
    )
    hint = "add `quirks: [active_absent_is_false]` to the tenant if they are inactive, else `[active_absent_is_true]`"
    return [Problem("active_unlisted", message, hint=hint, severity="warning")]
