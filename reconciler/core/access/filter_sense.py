"""Warns of filters that can never hold, and of clauses and filters that change nothing.

Every warning is proved. Own attributes (`attributes.*`) may have several values, so it checks whether a user has
several.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from reconciler.core.access.clause_logic import (
    contradict,
    follows,
    is_own,
    is_same_attribute,
    may_be_many,
    takes_nothing,
)
from reconciler.core.access.scope import SourceAttributes, read_each, spell
from reconciler.core.declarations.clause import Clause, Filters, Operator
from reconciler.core.declarations.declared import Declarations
from reconciler.errors import Problem, Source


def check_sense(declarations: Declarations, filters: Filters) -> list[Problem]:
    """Returns warnings on a tenant's filters, and on the clauses of `members_where`."""
    sense = _Sense(_Values([user.attributes for user in declarations.users.values()]))
    users = [
        _Rule(f'the filter "{scoping_filter.title}"', scoping_filter.clauses, scoping_filter.source)
        for scoping_filter in filters.users
    ]
    groups = [
        _Rule(f'the filter "{scoping_filter.title}"', scoping_filter.clauses, scoping_filter.source)
        for scoping_filter in filters.groups
    ]
    matching = [
        _Rule(f"members_where of {name}", group.members_where, group.source)
        for name, group in declarations.groups.items()
        if group.members_where
    ]
    return [
        *sense.check(users, [ACTIVE, NAMED]),
        *sense.check(groups, [CALLED]),
        *(problem for rule in matching for problem in sense.check([rule], [NAMED])),
    ]


@dataclass(frozen=True, slots=True)
class _Rule:
    """Clauses that must all hold, with the name of their filter or group."""

    called: str
    clauses: Sequence[Clause]
    source: Source


@dataclass(frozen=True, slots=True)
class _Fact:
    """A clause that holds for every user or group that a rule tests, and why."""

    clause: Clause
    why: str


def _fact(attribute: str, operator: Operator, why: str) -> _Fact:
    clause = Clause(attribute, operator, None, case_sensitive=True, quantifier="any", source=Source(""))
    return _Fact(clause, why)


ACTIVE: Final = _fact("active", Operator.IS_TRUE, "filters test only active users")
NAMED: Final = _fact("userName", Operator.IS_NOT_NULL, "every user has a userName")
CALLED: Final = _fact("displayName", Operator.IS_NOT_NULL, "every group has a displayName")


class _Values:
    """Finds out which own attributes have several values, and caches the result."""

    def __init__(self, subjects: Sequence[SourceAttributes]) -> None:
        self.subjects = subjects
        self.known: dict[str, bool] = {}

    def are_many(self, path: str) -> bool:
        """Decides whether a user has several values of the attribute."""
        if path not in self.known:
            self.known[path] = any(len(values) > 1 for values in read_each(self.subjects, path))
        return self.known[path]


@dataclass(frozen=True, slots=True)
class _Sense:
    values: _Values

    def check(self, rules: Sequence[_Rule], facts: Sequence[_Fact]) -> Iterable[Problem]:
        """Yields the warnings on alternative rules: a user who passes one of them is in."""
        never = {index: problem for index, rule in enumerate(rules) if (problem := self._never_holds(rule, facts))}
        sound = [rule for index, rule in enumerate(rules) if index not in never]
        yield from never.values()
        for rule in sound:
            yield from self._redundant(rule)
        yield from self._shadowed(sound)

    def _never_holds(self, rule: _Rule, facts: Sequence[_Fact]) -> Problem | None:
        """Returns a warning if no user satisfies all clauses, with the first reason found."""
        for clause in rule.clauses:
            if takes_nothing(clause):
                return _never(rule, clause, f"no value satisfies {spell(clause)}", "to test for no value, use IS NULL")
            for fact in facts:
                if is_same_attribute(fact.clause, clause) and contradict(fact.clause, clause, many=False):
                    return _never(rule, clause, f"it requires {spell(clause)}, but {fact.why}", "remove the clause")
        hint = "remove one of the clauses, or write them as two filters: a user needs to pass only one"
        for one, other in combinations(rule.clauses, 2):
            if is_same_attribute(one, other) and contradict(one, other, many=self._many(one)):
                rests_on = _as_long_as(one, always=contradict(one, other, many=True))
                both = f"{spell(one)} and {spell(other)} exclude each other{rests_on}"
                return _never(rule, other, both, hint)
        return None

    def _redundant(self, rule: _Rule) -> Iterable[Problem]:
        """Warns of each clause that another one of the same rule implies; of two equal clauses, of the later."""
        for index, clause in enumerate(rule.clauses):
            for position, other in enumerate(rule.clauses):
                if clause is other or not self._follows(clause, other):
                    continue
                if position < index or not self._follows(other, clause):
                    rests_on = _as_long_as(clause, always=follows(clause, other, many=True))
                    beside = f"{spell(other)} [{other.source}]{rests_on}"
                    message = f"{rule.called}: {spell(clause)} changes nothing beside {beside}"
                    yield Problem("redundant_clause", message, clause.source, "remove it", severity="warning")
                    break

    def _shadowed(self, rules: Sequence[_Rule]) -> Iterable[Problem]:
        """Warns of each rule that only users of another rule pass; of two equal rules, of the later."""
        for index, rule in enumerate(rules):
            for position, wide in enumerate(rules):
                if rule is wide or not self._is_within(rule, wide):
                    continue
                if position < index or not self._is_within(wide, rule):
                    message = (
                        f"{rule.called} changes nothing: all that passes it passes {wide.called} [{wide.source}] too"
                    )
                    hint = "remove it, or narrow the other"
                    yield Problem("shadowed_filter", message, rule.source, hint, severity="warning")
                    break

    def _is_within(self, narrow: _Rule, wide: _Rule) -> bool:
        """Decides whether every clause of the wide rule follows from a clause of the narrow one."""
        return all(any(self._follows(clause, other) for other in narrow.clauses) for clause in wide.clauses)

    def _follows(self, clause: Clause, other: Clause) -> bool:
        return is_same_attribute(clause, other) and follows(clause, other, many=self._many(clause))

    def _many(self, clause: Clause) -> bool:
        return may_be_many(clause, self.values.are_many)


def _as_long_as(clause: Clause, *, always: bool) -> str:
    """Returns the condition of a claim that is false for an attribute with several values."""
    return "" if always or not is_own(clause) else f" (no user has several values of {clause.attribute})"


def _never(rule: _Rule, clause: Clause, why: str, hint: str) -> Problem:
    message = f"{rule.called} can never hold: {why}"
    return Problem("contradictory_filter", message, clause.source, hint, severity="warning")
