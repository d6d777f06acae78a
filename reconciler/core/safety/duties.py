"""Separation of duties: sets of roles of which no user may hold two, checked on the roles in effect after a plan.

A new breach refuses the plan. A breach that existed before is a warning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.tenant import SeparateDuties
from reconciler.core.model.resources import parse_key
from reconciler.core.model.states import AssignedRole, Breach, DesiredState
from reconciler.core.planner.effective_roles import EffectiveRoles
from reconciler.errors import Problem

MOST_NAMED: Final = 10
TOGETHER: Final = 2
CODE: Final = "separation_of_duties"


def warn_of_breaches(breaches: Iterable[Breach]) -> list[Problem]:
    """Returns a warning for each breach in git alone; only a plan can show whether the breach is new."""
    hint = "remove one of the assignments: a plan with a new breach is refused"
    described = (
        (breach, _describe(EffectiveRoles(str(breach.key), breach.name), "is given", breach.roles, breach.reason))
        for breach in breaches
    )
    return [Problem(CODE, message, breach.roles[0].source, hint, severity="warning") for breach, message in described]


def check_duties(
    rules: Iterable[SeparateDuties], effective_roles: Iterable[EffectiveRoles], desired: DesiredState, earlier: Earlier
) -> list[Problem]:
    """Returns a refusal for each user with a new breach of a rule, and a warning for each with an earlier breach."""
    users = {str(breach.key): EffectiveRoles(str(breach.key), breach.name) for breach in desired.breaches}
    users |= {roles.key: roles for roles in effective_roles}
    check = _Check(
        desired, earlier, {(str(breach.key), role.role): role for breach in desired.breaches for role in breach.roles}
    )
    problems = [problem for rule in rules for user in users.values() for problem in check.find_breach(rule, user)]
    new = [problem for problem in problems if problem.severity == "error"]
    return [*_first(new), *_first([problem for problem in problems if problem.severity == "warning"])]


def _first(problems: list[Problem]) -> list[Problem]:
    """Returns the first problems, and one problem with the number of the others."""
    left = problems[MOST_NAMED:]
    if not left:
        return problems
    more = Problem(left[0].code, f"separation_of_duties: {len(left)} more like these", severity=left[0].severity)
    return [*problems[:MOST_NAMED], more]


@dataclass(frozen=True, slots=True)
class _Check:
    desired: DesiredState
    earlier: Earlier
    assigned: Mapping[tuple[str, str], AssignedRole]

    def find_breach(self, rule: SeparateDuties, user: EffectiveRoles) -> Iterable[Problem]:
        """Yields the breach of one rule by one user.

        Roles that git assigns count, even if this plan can't write them yet.
        """
        conflicting = (user.after | self._assigned_roles(self.desired, user.key)) & {*rule.roles}
        if len(conflicting) < TOGETHER:
            return
        states = (self.earlier.base, self.earlier.applied)
        before = [user.before, *(self._assigned_roles(state, user.key) for state in states if state)]
        roles = self._list_roles(user.key, conflicting, new=conflicting - user.before)
        separate = ", ".join(sorted(rule.roles))
        if any(conflicting <= earlier for earlier in before):
            hint = f"the breach is not new, and does not refuse the plan; no user should hold two of {separate}"
            yield Problem(CODE, _describe(user, "holds", roles, rule.reason), roles[0].source, hint, severity="warning")
        else:
            hint = f"remove one of the assignments: no user may hold two of {separate}"
            yield Problem("guardrail", _describe(user, "would hold", roles, rule.reason), roles[0].source, hint)

    def _assigned_roles(self, state: DesiredState, key: str) -> frozenset[str]:
        parsed = parse_key(key)
        user = state.users.get(parsed) if parsed else None
        return (user.roles if user else None) or frozenset()

    def _list_roles(self, key: str, conflicting: frozenset[str], *, new: frozenset[str]) -> list[AssignedRole]:
        """Returns each role with where it comes from, new roles first; git or, for other roles, the account."""
        in_account = ("already in the account",)
        return [
            self.assigned.get((key, role), AssignedRole(role, in_account, None))
            for role in sorted(conflicting, key=lambda role: (role not in new, role))
        ]


def _describe(user: EffectiveRoles, verb: str, roles: Sequence[AssignedRole], reason: str | None) -> str:
    """Returns which roles the user holds, the reason of the rule, and where each role comes from."""
    named = " and ".join(role.role for role in roles)
    why = f" ({reason})" if reason else ""
    origins = "; ".join(f"{role.role} {' and '.join(role.paths)}" for role in roles)
    return f"separation_of_duties: {user.name} ({user.key}) {verb} {named}{why}: {origins}"
