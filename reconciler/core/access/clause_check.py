"""Checks clauses against the declared users or groups: an attribute or a group may be missing, or a value unfit.

Faults of a clause by itself are found when it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from reconciler.core.access.population import Population
from reconciler.core.access.scope import SCHEMA_NAMES, as_text, spell
from reconciler.core.declarations.clause import NEEDS_DATE, NEEDS_INTEGER, Clause, Operator, parse_day, parse_integer
from reconciler.core.model.amounts import count
from reconciler.core.model.suggest import did_you_mean
from reconciler.errors import Problem


def check_clauses(
    clauses: Iterable[Clause], population: Population, groups: Iterable[str], *, nested: bool = False
) -> list[Problem]:
    """Finds clauses that do not fit the population or the declared groups; `nested` marks those of `members_where`."""
    problems: list[Problem] = []
    for clause in clauses:
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
    holders = population.holders(clause.attribute)
    if not holders:
        yield _unknown_attribute(clause, population)
        return
    parse: Callable[[object], object] | None = None
    if clause.operator in NEEDS_INTEGER:
        parse = parse_integer
    elif clause.operator in NEEDS_DATE:
        parse = parse_day
    unfit = [holder for holder in holders if parse is not None and parse(holder.value) is None]
    if unfit:
        noun = "whole number" if parse is parse_integer else "date"
        example = "" if clause.redacted else f" (for example {min(as_text(holder.value) for holder in unfit)!r})"
        number = sum(len(holder.names) for holder in unfit)
        verb = "is" if number == 1 else "are"
        message = f"{count(number, 'value')} of {clause.attribute} {verb} not a {noun}{example}: the clause is false"
        hint = "correct the values, or use another operator"
        yield Problem("not_comparable", message, clause.source, hint, severity="warning")


def _unknown_attribute(clause: Clause, population: Population) -> Problem:
    message = f'no declaration has the attribute "{clause.attribute}", which {spell(clause)!r} tests'
    remove = "declare the attribute, or remove the clause"
    if clause.attribute.split(".")[0] in SCHEMA_NAMES:
        return Problem("unused_attribute", message, clause.source, remove, severity="warning")
    hint = did_you_mean(clause.attribute, population.attribute_names) or remove
    return Problem("unknown_attribute", message, clause.source, hint)
