"""Plan × limits → problems. A guardrail refuses after showing; it never trims a plan to fit.

A limit is exceeded when the plan is above its count *and* above its percentage of what there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.core.model import LiveState
from reconciler.core.plan import Change
from reconciler.core.tenant import Guardrails, Limit
from reconciler.errors import Problem

MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Population:
    """What percentages are of: active users, memberships and roles held, as read."""

    users: int
    memberships: int
    roles: int


def count_population(live: LiveState) -> Population:
    """The population of an account."""
    return Population(
        users=sum(user.active for user in live.users),
        memberships=sum(len(group.members) for group in live.groups),
        roles=sum(len(user.roles) for user in live.users),
    )


def check_guardrails(changes: Sequence[Change], guardrails: Guardrails, population: Population) -> list[Problem]:
    """Every guardrail that the changes exceed, with the limit, the count and who is meant."""
    leavers = [change.key for change in changes if change.action == "deactivate_user"]
    removals = _pairs(changes, "remove_members", without=frozenset(leavers))
    revocations = _pairs(changes, "revoke_roles", without=frozenset())
    grants = [pair for pair in _granted(changes) if pair[1] in guardrails.privileged_roles]
    return [
        *_exceeded("max_deactivations", guardrails.max_deactivations, leavers, population.users),
        *_exceeded("max_member_removals", guardrails.max_member_removals, _spell(removals), population.memberships),
        *_exceeded("max_role_revocations", guardrails.max_role_revocations, _spell(revocations), population.roles),
        *_exceeded("max_privileged_grants", guardrails.max_privileged_grants, _spell(grants), population.roles),
        *_protected(changes, frozenset(guardrails.protected)),
    ]


def _pairs(changes: Iterable[Change], action: str, *, without: frozenset[str]) -> list[tuple[str, str]]:
    """(resource, member or role) of every change of that action. A deactivation is not counted a second time."""
    return [
        (change.key, one)
        for change in changes
        if change.action == action
        for one in (*change.members, *change.roles)
        if one not in without
    ]


def _granted(changes: Iterable[Change]) -> list[tuple[str, str]]:
    granting = ("create_user", "grant_roles")
    return [(change.key, role) for change in changes if change.action in granting for role in change.roles]


def _spell(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{one} of {resource}" for resource, one in pairs]


def _exceeded(name: str, limit: Limit, named: Sequence[str], whole: int) -> list[Problem]:
    count = len(named)
    percent = 100 * count / whole if whole else 100.0
    above_count = limit.count is None or count > limit.count
    above_percent = limit.percent is None or percent > limit.percent
    if not count or not (above_count and above_percent):
        return []
    allowed = " and ".join(
        part
        for part in (
            f"{limit.count}" if limit.count is not None else "",
            f"{limit.percent} % of {whole}" if limit.percent is not None else "",
        )
        if part
    )
    who = ", ".join(named[:MOST_NAMED]) + (f" and {count - MOST_NAMED} more" if count > MOST_NAMED else "")
    hint = f"raise guardrails.{name} in git and have it reviewed, or make the change smaller"
    return [Problem("guardrail", f"{name}: {count} is above {allowed}: {who}", None, hint)]


def _protected(changes: Iterable[Change], protected: frozenset[str]) -> list[Problem]:
    """Those who are never deactivated, and from whom nothing is revoked."""
    hint = "take the key out of guardrails.protected in git, or keep the access"
    taking = ("deactivate_user", "revoke_roles")
    return [
        Problem("guardrail", f"protected: {change.key} would lose access ({change.action})", change.source, hint)
        for change in changes
        if change.action in taking and change.key in protected
    ]
