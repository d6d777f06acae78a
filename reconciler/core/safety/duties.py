"""Separation of duties: roles of which nobody may hold two, judged on who holds what once a plan is applied.

What was so before is told and refuses nothing: only what is newly broken does.
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
    """A warning for each breach of what git says alone: whether it is new, only a plan can say."""
    hint = "take one of the assignments out: a plan that newly brings this about is refused"
    spelled = (
        (one, _spell(EffectiveRoles(str(one.key), one.name), "is given", one.roles, one.reason)) for one in breaches
    )
    return [Problem(CODE, message, one.roles[0].source, hint, severity="warning") for one, message in spelled]


def check_duties(
    rules: Iterable[SeparateDuties], effective_roles: Iterable[EffectiveRoles], desired: DesiredState, earlier: Earlier
) -> list[Problem]:
    """A refusal for each user in whom a rule is newly broken, and a warning for each in whom it was before."""
    everyone = {str(one.key): EffectiveRoles(str(one.key), one.name) for one in desired.breaches}
    everyone |= {one.key: one for one in effective_roles}
    check = _Check(desired, earlier, {(str(b.key), one.role): one for b in desired.breaches for one in b.roles})
    problems = [problem for rule in rules for one in everyone.values() for problem in check.judge(rule, one)]
    new = [problem for problem in problems if problem.severity == "error"]
    return [*_first(new), *_first([problem for problem in problems if problem.severity == "warning"])]


def _first(problems: list[Problem]) -> list[Problem]:
    """So many as a person reads, and how many more there are."""
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

    def judge(self, rule: SeparateDuties, one: EffectiveRoles) -> Iterable[Problem]:
        """What there is to say of one user by one rule. What git gives counts, though the plan can't write it yet."""
        held = (one.after | self._given(self.desired, one.key)) & {*rule.roles}
        if len(held) < TOGETHER:
            return
        states = (self.earlier.base, self.earlier.applied)
        before = [one.before, *(self._given(state, one.key) for state in states if state)]
        ways = self._ways(one.key, held, new=held - one.before)
        apart = ", ".join(sorted(rule.roles))
        if any(held <= roles for roles in before):
            hint = f"it was so before, and refuses nothing; nobody should hold two of {apart}"
            yield Problem(CODE, _spell(one, "holds", ways, rule.reason), ways[0].source, hint, severity="warning")
        else:
            hint = f"take one of the assignments out: nobody may hold two of {apart}"
            yield Problem("guardrail", _spell(one, "would hold", ways, rule.reason), ways[0].source, hint)

    def _given(self, state: DesiredState, key: str) -> frozenset[str]:
        named = parse_key(key)
        user = state.users.get(named) if named else None
        return (user.roles if user else None) or frozenset()

    def _ways(self, key: str, held: frozenset[str], *, new: frozenset[str]) -> list[AssignedRole]:
        """How each role comes, those first that are new: what git does not give, the account has."""
        in_account = ("in the account already",)
        return [
            self.assigned.get((key, role), AssignedRole(role, in_account, None))
            for role in sorted(held, key=lambda role: (role not in new, role))
        ]


def _spell(one: EffectiveRoles, verb: str, roles: Sequence[AssignedRole], reason: str | None) -> str:
    """Who holds what, why they should not, and how each role comes to them."""
    named = " and ".join(role.role for role in roles)
    why = f" ({reason})" if reason else ""
    ways = "; ".join(f"{role.role} {' and '.join(role.ways)}" for role in roles)
    return f"separation_of_duties: {one.name} ({one.key}) {verb} {named}{why}: {ways}"
