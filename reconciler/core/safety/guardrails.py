"""Plan × limits → problems. A guardrail refuses a plan that is shown in full; it never trims a plan to fit.

A plan exceeds a limit if it is above its count *and* above its percentage of the account. The effects of earlier
applies within a time count too, so that many small plans have the limit of one large plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from reconciler.core.changes.plan import Change
from reconciler.core.declarations.duration import spell_duration
from reconciler.core.declarations.tenant import Guardrails, Limit
from reconciler.core.model.amounts import few
from reconciler.core.model.states import LiveState
from reconciler.core.planner.effective_roles import EffectiveRoles
from reconciler.core.safety.limits import list_effects, list_identity_paths
from reconciler.errors import Problem

MOST_NAMED = 10
NOTHING_DONE: Final[Mapping[str, int]] = MappingProxyType({})
TAKES_AWAY: Final = frozenset({"max_deactivations", "max_member_removals", "max_role_revocations"})


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals for percentages: active users, memberships and roles held; None if a total is not known.

    `groups` is 0 if the number of groups is not known: percentages of resources are then of the users alone.
    """

    users: int | None
    memberships: int | None
    roles: int | None
    groups: int = 0

    @property
    def resources(self) -> int | None:
        """Returns the number of active users and groups, or None."""
        return None if self.users is None else self.users + self.groups


def count_population(live: LiveState, on_record: int | None = None) -> Totals:
    """Returns the totals of an account as read; after a targeted read, the active users on record."""
    if live.certificate.mode == "targeted":
        return Totals(on_record, memberships=None, roles=None)
    return Totals(
        users=sum(user.active for user in live.users),
        memberships=sum(len(group.members) for group in live.groups),
        roles=sum(len(user.roles) for user in live.users),
        groups=len(live.groups),
    )


def check_limits(
    changes: Sequence[Change],
    guardrails: Guardrails,
    population: Totals,
    done: Mapping[str, int] = NOTHING_DONE,
    *,
    first_apply: bool = False,
) -> list[Problem]:
    """Returns a problem for each limit that the changes exceed, with the limit, the count and the keys.

    `done` counts the effects of applies within `guardrails.within`, by the name of the guardrail (see `effects_of`).
    The first apply takes over an account, and may adopt all of it.
    """
    totals = {
        "max_deactivations": population.users,
        "max_member_removals": population.memberships,
        "max_role_revocations": population.roles,
        "max_identity_updates": population.users,
    }
    limits = _Limits(guardrails, done)
    return [
        problem
        for name, named in list_effects(changes).items()
        if not (first_apply and name == "max_adoptions")
        for problem in limits.check(name, named, totals.get(name, population.resources))
    ]


def check_privileged_grants(
    effective_roles: Iterable[EffectiveRoles],
    guardrails: Guardrails,
    population: Totals,
    done: Mapping[str, int] = NOTHING_DONE,
) -> list[Problem]:
    """Checks how many privileged roles take effect: granted, or held by a user who is reactivated."""
    privileged = frozenset(guardrails.privileged_roles)
    grants = [f"{role} of {user.key}" for user in effective_roles for role in sorted(user.gained & privileged)]
    return _Limits(guardrails, done).check("max_privileged_grants", grants, population.roles)


def check_protected(changes: Iterable[Change], guardrails: Guardrails) -> list[Problem]:
    """Returns a problem for each protected user who would lose access, login or a membership, whatever the limits."""
    protected = frozenset(guardrails.protected)
    hint = "remove the key from guardrails.protected in git, or keep the"
    return [
        Problem(
            "guardrail",
            f"protected: {key} would lose {lost} ({change.action})",
            change.source,
            f"{hint} {lost.removeprefix('their ').partition(' of ')[0]}",
        )
        for change in changes
        for key, lost in _losses(change)
        if key in protected
    ]


def _losses(change: Change) -> Iterable[tuple[str, str]]:
    """Yields the user, and the access, membership or login attribute that the user would lose by a change."""
    match change.action:
        case "deactivate_user" | "revoke_roles":
            yield change.key, "access"
        case "remove_members":
            yield from ((member, f"membership of {change.key}") for member in change.members)
        case _:
            yield from ((change.key, f"their {path}") for path in list_identity_paths(change))


def check_population(population: Totals, before: int | None, guardrails: Guardrails) -> list[Problem]:
    """Checks whether the account has lost too many active users since the last apply on record, which counted `before`.

    If it has, another program deactivates users, or the read misses some of them: no plan may rely on such a read.
    """
    if before is None or population.users is None:
        return []
    lost, limit = before - population.users, guardrails.max_population_drop
    if lost <= 0 or not _is_above(limit, lost, before):
        return []
    message = (
        f"max_population_drop: the account has {population.users} active users, {lost} fewer than after the last "
        f"apply ({before}), which is above {_spell_limit(limit, before)}"
    )
    hint = (
        "find out which users are missing and why; if that is right, raise guardrails.max_population_drop in git "
        "and have it reviewed"
    )
    return [Problem("guardrail", message, None, hint)]


def check_last_holders(
    effective_roles: Iterable[EffectiveRoles], guardrails: Guardrails, population: Totals
) -> list[Problem]:
    """Checks that each role under `never_without` keeps a holder after all revocations and deactivations.

    A grant that awaits a link does not count as a holder: 4me may never link the person.
    """
    users = list(effective_roles)
    problems: list[Problem] = []
    for role in guardrails.never_without:
        losing = [user.key for user in users if role in user.before - user.after]
        if not losing or any(role in user.after - user.awaited for user in users):
            continue
        partial = "" if population.roles is not None else ", as far as a partial read shows"
        hint = "give it to another user first" if not partial else "use --read full, or give it to another user first"
        message = f"never_without: no user would hold {role} any more{partial}: {few(losing, MOST_NAMED)} would lose it"
        problems.append(Problem("guardrail", message, None, hint))
    return problems


def check_own_user(changes: Iterable[Change], live: LiveState) -> list[Problem]:
    """Checks that the plan does not deactivate the owner of the credentials that write roles: no request would work."""
    own = {user.id for user in live.users if user.person is not None and user.person == live.me}
    hint = "use another person's credentials, or let the account's owner do this by hand"
    return [
        Problem(
            "guardrail",
            f"own user: {change.key} would be deactivated, and the program uses this user's credentials",
            change.source,
            hint,
        )
        for change in changes
        if change.action == "deactivate_user" and change.target_id in own
    ]


@dataclass(frozen=True, slots=True)
class _Limits:
    """Checks counts against the limits, together with the effects of earlier applies."""

    guardrails: Guardrails
    done: Mapping[str, int]

    def check(self, name: str, named: Sequence[str], total: int | None) -> list[Problem]:
        """Returns a problem if the plan and earlier applies are above the limit; a plan without effects never is."""
        limit: Limit = getattr(self.guardrails, name)
        before = self.done.get(name, 0)
        if total is not None and name in TAKES_AWAY:
            total += before  # the removed resources are not in the account now, and were before the first apply
        if not named or not _is_above(limit, before + len(named), total):
            return []
        count = f"{before + len(named)} is above {_spell_limit(limit, total)}"
        within = spell_duration(self.guardrails.within)
        earlier = f" ({before} of them done by earlier applies within {within})" if before else ""
        smaller = "make the change smaller"
        last = f"{smaller}, or wait until the earlier applies no longer count" if before else f"or {smaller}"
        hint = (
            f"raise guardrails.{name} in git and have it reviewed, allow this one plan under guardrails.exceptions, "
            f"{last}"
        )
        if total is None and limit.percent is not None:
            hint = f"a partial read does not show the total: use --read full, or {hint}"
        return [Problem("guardrail", f"{name}: {count}{earlier}: {few(named, MOST_NAMED)}", None, hint)]


def _is_above(limit: Limit, count: int, total: int | None) -> bool:
    """Whether the count is above the limit; a percentage of an unknown total counts as exceeded."""
    percent = 100 * count / total if total else 100.0
    above_count = limit.count is None or count > limit.count
    return above_count and (limit.percent is None or percent > limit.percent)


def _spell_limit(limit: Limit, total: int | None) -> str:
    return " and ".join(
        part
        for part in (
            f"{limit.count}" if limit.count is not None else "",
            f"{limit.percent} % of {'all' if total is None else total}" if limit.percent is not None else "",
        )
        if part
    )
