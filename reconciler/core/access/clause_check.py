"""Checks clauses against the declared users or groups: an attribute or a group may be missing, or a value unfit.

Faults of a clause by itself are found when it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from reconciler.core.access.attribute_check import check_attribute
from reconciler.core.access.clause_logic import may_be_many
from reconciler.core.access.population import Population
from reconciler.core.access.scope import spell
from reconciler.core.declarations.clause import NEEDS_DATE, NEEDS_INTEGER, Clause, Operator, parse_day, parse_integer
from reconciler.core.model.amounts import count
from reconciler.core.model.scalar import as_text
from reconciler.core.model.suggest import did_you_mean
from reconciler.errors import Problem

BRACES: Final = "{{"
NEEDS_BOOLEAN: Final = frozenset({Operator.IS_TRUE, Operator.IS_FALSE})
IGNORE_QUANTIFIER: Final = frozenset({Operator.IS_NULL, Operator.IS_NOT_NULL, Operator.IS_MEMBER_OF})
IGNORE_CASE: Final = IGNORE_QUANTIFIER | NEEDS_INTEGER | NEEDS_DATE | NEEDS_BOOLEAN


def check_clauses(
    clauses: Iterable[Clause], population: Population, groups: Iterable[str], *, nested: bool = False
) -> list[Problem]:
    """Finds clauses that do not fit the population or the declared groups; `nested` marks those of `members_where`."""
    problems: list[Problem] = []
    for clause in clauses:
        problems.extend(_check_itself(clause))
        if clause.operator is Operator.IS_MEMBER_OF:
            problems.extend(_check_group(clause, groups, nested=nested))
        elif population.subjects:
            problems.extend(_check_values(clause, population))
    return problems


def _check_group(clause: Clause, groups: Iterable[str], *, nested: bool) -> Iterable[Problem]:
    name = as_text(clause.value).removeprefix("group/")
    if nested:
        hint = f"nest the group instead: members: [group/{name}]"
        yield Problem("nested_is_member_of", "IS_MEMBER_OF can't be used in members_where", clause.source, hint)
    elif name not in groups:
        message = f'IS_MEMBER_OF names the group "{name}", which is not declared'
        hint = did_you_mean(name, groups) or "declare it under `groups`, or remove the clause"
        yield Problem("unknown_group", message, clause.source, hint)


def _check_values(clause: Clause, population: Population) -> Iterable[Problem]:
    unknown = check_attribute(clause.attribute, population, f"{spell(clause)!r} tests", clause.source, "clause")
    if unknown is not None:
        yield unknown
    noun, fits = _kind_needed(clause.operator)
    unfit = [holder for holder in population.holders(clause.attribute) if fits is not None and not fits(holder.value)]
    if unfit:
        example = "" if clause.redacted else f" (for example {min(as_text(holder.value) for holder in unfit)!r})"
        number = sum(len(holder.names) for holder in unfit)
        verb = "is" if number == 1 else "are"
        message = f"{count(number, 'value')} of {clause.attribute} {verb} not a {noun}{example}: the clause is false"
        hint = "correct the values, or use another operator"
        yield Problem("not_comparable", message, clause.source, hint, severity="warning")


def _kind_needed(operator: Operator) -> tuple[str, Callable[[object], bool] | None]:
    """Returns the kind of value that an operator needs, and its test; None if every value fits."""
    if operator in NEEDS_INTEGER:
        return "whole number", lambda value: parse_integer(value) is not None
    if operator in NEEDS_DATE:
        return "date", lambda value: parse_day(value) is not None
    if operator in NEEDS_BOOLEAN:
        return "boolean", lambda value: isinstance(value, bool)
    return "value", None


def _check_itself(clause: Clause) -> Iterable[Problem]:
    """Finds braces in the operand, which is literal text, and options that the operator ignores."""
    operands = clause.value if isinstance(clause.value, list) else [clause.value]
    if any(BRACES in as_text(operand) for operand in operands):
        message = f"{spell(clause)!r} compares with the braces themselves: a clause computes nothing"
        hint = "write the value itself, or declare the computed value as an attribute and test that"
        yield Problem("literal_braces", message, clause.source, hint)
    one_value = clause.operator in IGNORE_QUANTIFIER or not may_be_many(clause, lambda _own: True)
    ignored = [
        *(["quantifier: all"] if clause.quantifier == "all" and one_value else []),
        *(["case_sensitive: false"] if not clause.case_sensitive and clause.operator in IGNORE_CASE else []),
    ]
    for option in ignored:
        message = f"`{option}` changes nothing in {spell(clause)!r}"
        yield Problem("ignored_option", message, clause.source, "remove it", severity="warning")
