"""Plan × limits → problems. A guardrail refuses after showing; it never trims a plan to fit.

A limit is exceeded when the plan is above its count *and* above its percentage of what there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.core.model import LiveState
from reconciler.core.plan import Change
from reconciler.core.standing import Standing
from reconciler.core.tenant import Guardrails, Limit
from reconciler.errors import Problem

MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Population:
    """What percentages are of: active users, memberships and roles held; None where it is not known."""

    users: int | None
    memberships: int | None
    roles: int | None


def count_population(live: LiveState, on_record: int | None = None) -> Population:
    """The population of an account, as read; where not all of it was read, as far as it is on record."""
    if live.certificate.mode == "targeted":
        return Population(on_record, memberships=None, roles=None)
    return Population(
        users=sum(user.active for user in live.users),
        memberships=sum(len(group.members) for group in live.groups),
        roles=sum(len(user.roles) for user in live.users),
    )


def check_guardrails(changes: Sequence[Change], guardrails: Guardrails, population: Population) -> list[Problem]:
    """Every guardrail that the changes exceed, with the limit, the count and who is meant."""
    leavers = [change.key for change in changes if change.action == "deactivate_user"]
    told = frozenset(leavers)  # what they leave and lose is told with it, and counted once
    removals = _pairs(changes, "remove_members", without=told)
    revocations = _pairs([change for change in changes if change.key not in told], "revoke_roles", without=frozenset())
    return [
        *_exceeded("max_deactivations", guardrails.max_deactivations, leavers, population.users),
        *_exceeded("max_member_removals", guardrails.max_member_removals, _spell(removals), population.memberships),
        *_exceeded("max_role_revocations", guardrails.max_role_revocations, _spell(revocations), population.roles),
        *_protected(changes, frozenset(guardrails.protected)),
    ]


def check_privileged_grants(
    standings: Iterable[Standing], guardrails: Guardrails, population: Population
) -> list[Problem]:
    """Whether too many privileged roles take effect: granted, or held by somebody who comes back."""
    privileged = frozenset(guardrails.privileged_roles)
    grants = [(one.key, role) for one in standings for role in sorted(one.gained & privileged)]
    return _exceeded("max_privileged_grants", guardrails.max_privileged_grants, _spell(grants), population.roles)


def check_population(population: Population, before: int | None, guardrails: Guardrails) -> list[Problem]:
    """Whether the account has lost too many active users since the last receipt, which knows how many there were.

    Either somebody else takes people out, or the account does not tell of everyone: neither is to be built upon.
    """
    if before is None or population.users is None:
        return []
    gone, limit = before - population.users, guardrails.max_population_drop
    if gone <= 0 or not _is_above(limit, gone, before):
        return []
    message = (
        f"max_population_drop: the account has {population.users} active users, {gone} fewer than after the last "
        f"apply ({before}), which is above {_spell_limit(limit, before)}"
    )
    hint = "find out who went and why; if it is right, raise guardrails.max_population_drop in git and have it reviewed"
    return [Problem("guardrail", message, None, hint)]


def check_last_holders(standings: Iterable[Standing], guardrails: Guardrails, population: Population) -> list[Problem]:
    """Whether a role that somebody must hold would be held by nobody: revoked, or its holders deactivated."""
    everyone = list(standings)
    problems: list[Problem] = []
    for role in guardrails.never_without:
        losing = [one.key for one in everyone if role in one.before - one.after]
        if not losing or any(role in one.after for one in everyone):
            continue
        known = "" if population.roles is not None else ", as far as is known when only some keys are read"
        hint = "give it to somebody else first" if not known else "use --read full, or give it to somebody else first"
        message = f"never_without: nobody would be {role} any more{known}: {_name(losing)} would lose it"
        problems.append(Problem("guardrail", message, None, hint))
    return problems


def check_own_user(changes: Iterable[Change], live: LiveState) -> list[Problem]:
    """Whether the person whose credentials write people's roles would be deactivated: nobody could be asked again."""
    own = {user.id for user in live.users if user.person is not None and user.person == live.me}
    hint = "use the credentials of somebody else, or let the account's owner do this by hand"
    return [
        Problem(
            "guardrail",
            f"own user: {change.key} would be deactivated, and these are their credentials",
            change.source,
            hint,
        )
        for change in changes
        if change.action == "deactivate_user" and change.target_id in own
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


def _spell(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{one} of {resource}" for resource, one in pairs]


def _exceeded(name: str, limit: Limit, named: Sequence[str], whole: int | None) -> list[Problem]:
    count = len(named)
    if not count or not _is_above(limit, count, whole):
        return []
    hint = f"raise guardrails.{name} in git and have it reviewed, or make the change smaller"
    if whole is None and limit.percent is not None:
        hint = f"of how many is not known when only some keys are read: use --read full, or {hint}"
    return [Problem("guardrail", f"{name}: {count} is above {_spell_limit(limit, whole)}: {_name(named)}", None, hint)]


def _name(named: Sequence[str]) -> str:
    """The first ten, and how many more."""
    more = len(named) - MOST_NAMED
    return ", ".join(named[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _is_above(limit: Limit, count: int, whole: int | None) -> bool:
    """A percentage of what is not known counts as exceeded."""
    percent = 100 * count / whole if whole else 100.0
    above_count = limit.count is None or count > limit.count
    return above_count and (limit.percent is None or percent > limit.percent)


def _spell_limit(limit: Limit, whole: int | None) -> str:
    return " and ".join(
        part
        for part in (
            f"{limit.count}" if limit.count is not None else "",
            f"{limit.percent} % of {'all' if whole is None else whole}" if limit.percent is not None else "",
        )
        if part
    )


def _protected(changes: Iterable[Change], protected: frozenset[str]) -> list[Problem]:
    """Those who are never deactivated, and from whom nothing is revoked."""
    hint = "take the key out of guardrails.protected in git, or keep the access"
    taking = ("deactivate_user", "revoke_roles")
    return [
        Problem("guardrail", f"protected: {change.key} would lose access ({change.action})", change.source, hint)
        for change in changes
        if change.action in taking and change.key in protected
    ]
