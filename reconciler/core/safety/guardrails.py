"""Plan × limits → problems. A guardrail refuses after showing; it never trims a plan to fit.

A limit is exceeded when the plan is above its count *and* above its percentage of what there is. What earlier applies
did within a time counts with it, so that many small plans are held to what one large plan is.
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
    """What percentages are of: active users, memberships and roles held; None where it is not known.

    `groups` are 0 where it is not known how many there are: percentages of resources are then of the users alone.
    """

    users: int | None
    memberships: int | None
    roles: int | None
    groups: int = 0

    @property
    def resources(self) -> int | None:
        """Active users and groups."""
        return None if self.users is None else self.users + self.groups


def count_population(live: LiveState, on_record: int | None = None) -> Totals:
    """The population of an account, as read; where not all of it was read, as far as it is on record."""
    if live.certificate.mode == "targeted":
        return Totals(on_record, memberships=None, roles=None)
    return Totals(
        users=sum(user.active for user in live.users),
        memberships=sum(len(group.members) for group in live.groups),
        roles=sum(len(user.roles) for user in live.users),
        groups=len(live.groups),
    )


def check_guardrails(
    changes: Sequence[Change],
    guardrails: Guardrails,
    population: Totals,
    done: Mapping[str, int] = NOTHING_DONE,
    *,
    first_apply: bool = False,
) -> list[Problem]:
    """Every guardrail that the changes exceed, with the limit, the count and who is meant.

    `done` is what applies within `guardrails.within` did, by the name of the guardrail, as `effects_of` counts it.
    """
    exceeded = check_limits(changes, guardrails, population, done, first_apply=first_apply)
    return [*exceeded, *check_protected(changes, guardrails)]


def check_limits(
    changes: Sequence[Change],
    guardrails: Guardrails,
    population: Totals,
    done: Mapping[str, int] = NOTHING_DONE,
    *,
    first_apply: bool = False,
) -> list[Problem]:
    """Every limit that the changes exceed; the first apply takes over an account, and may adopt all of it."""
    whole = {
        "max_deactivations": population.users,
        "max_member_removals": population.memberships,
        "max_role_revocations": population.roles,
        "max_identity_updates": population.users,
    }
    held = _Held(guardrails, done)
    return [
        problem
        for name, named in list_effects(changes).items()
        if not (first_apply and name == "max_adoptions")
        for problem in held.exceeded(name, named, whole.get(name, population.resources))
    ]


def check_privileged_grants(
    effective_roles: Iterable[EffectiveRoles],
    guardrails: Guardrails,
    population: Totals,
    done: Mapping[str, int] = NOTHING_DONE,
) -> list[Problem]:
    """Whether too many privileged roles take effect: granted, or held by somebody who comes back."""
    privileged = frozenset(guardrails.privileged_roles)
    grants = [f"{role} of {one.key}" for one in effective_roles for role in sorted(one.gained & privileged)]
    return _Held(guardrails, done).exceeded("max_privileged_grants", grants, population.roles)


def check_protected(changes: Iterable[Change], guardrails: Guardrails) -> list[Problem]:
    """Those who keep their access, their login and their memberships, whatever the limits."""
    protected = frozenset(guardrails.protected)
    hint = "take the key out of guardrails.protected in git, or keep the"
    return [
        Problem(
            "guardrail",
            f"protected: {key} would lose {what} ({change.action})",
            change.source,
            f"{hint} {what.removeprefix('their ').partition(' of ')[0]}",
        )
        for change in changes
        for key, what in _taken(change)
        if key in protected
    ]


def _taken(change: Change) -> Iterable[tuple[str, str]]:
    """Who would lose what by a change, of that which is protected."""
    match change.action:
        case "deactivate_user" | "revoke_roles":
            yield change.key, "access"
        case "remove_members":
            yield from ((member, f"membership of {change.key}") for member in change.members)
        case _:
            yield from ((change.key, f"their {path}") for path in list_identity_paths(change))


def check_population(population: Totals, before: int | None, guardrails: Guardrails) -> list[Problem]:
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


def check_last_holders(
    effective_roles: Iterable[EffectiveRoles], guardrails: Guardrails, population: Totals
) -> list[Problem]:
    """Whether a role that somebody must hold would be held by nobody: revoked, or its holders deactivated."""
    everyone = list(effective_roles)
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


@dataclass(frozen=True, slots=True)
class _Held:
    """Holds counts against the limits, together with what earlier applies did."""

    guardrails: Guardrails
    done: Mapping[str, int]

    def exceeded(self, name: str, named: Sequence[str], whole: int | None) -> list[Problem]:
        """The problem, if what a plan adds to what was done is above the limit; a plan that adds nothing is never."""
        limit: Limit = getattr(self.guardrails, name)
        before = self.done.get(name, 0)
        if whole is not None and name in TAKES_AWAY:
            whole += before  # what was taken away is no longer there, and was when the first of the applies began
        if not named or not _is_above(limit, before + len(named), whole):
            return []
        count = f"{before + len(named)} is above {_spell_limit(limit, whole)}"
        within = spell_duration(self.guardrails.within)
        earlier = f" ({before} of them done by earlier applies within {within})" if before else ""
        hint = (
            f"raise guardrails.{name} in git and have it reviewed, allow this one plan under guardrails.exceptions, "
            f"or make the change smaller{' or wait for the time to pass' if before else ''}"
        )
        if whole is None and limit.percent is not None:
            hint = f"of how many is not known when only some keys are read: use --read full, or {hint}"
        return [Problem("guardrail", f"{name}: {count}{earlier}: {_name(named)}", None, hint)]


def _name(named: Sequence[str]) -> str:
    """The first ten, and how many more."""
    return few(named, MOST_NAMED)


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
