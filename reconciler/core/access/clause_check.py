"""What can be said of clauses only beside those they are put to: nobody has the attribute, no value can be compared.

Knows values and names of groups; what is wrong with a clause by itself is found where it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from reconciler.core.access.population import Population
from reconciler.core.access.scope import SCHEMA_NAMES, as_text, spell
from reconciler.core.declarations.clause import NEEDS_DATE, NEEDS_INTEGER, Clause, Operator, parse_day, parse_integer
from reconciler.core.model.suggest import did_you_mean
from reconciler.errors import Problem


def check_clauses(
    clauses: Iterable[Clause], population: Population, groups: Iterable[str], *, nested: bool = False
) -> list[Problem]:
    """What can only be said of clauses beside those they are put to; `nested` are the clauses of `members_where`."""
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
        hint = f"nest it: members: [group/{name}]"
        yield Problem("nested_is_member_of", "IS_MEMBER_OF can't decide membership of a group", clause.source, hint)
    elif name not in groups:
        message = f'IS_MEMBER_OF names the group "{name}", which is not declared'
        yield Problem("unknown_group", message, clause.source, did_you_mean(name, groups))


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
    unfit = [one for one in holders if parse is not None and parse(one.value) is None]
    if unfit:
        what = "whole number" if parse is parse_integer else "date"
        example = "" if clause.redacted else f" (say {min(as_text(one.value) for one in unfit)!r})"
        count = sum(len(one.names) for one in unfit)
        message = f"{count} values of {clause.attribute} are no {what}{example}: the clause is false"
        yield Problem("not_comparable", message, clause.source, severity="warning")


def _unknown_attribute(clause: Clause, population: Population) -> Problem:
    message = f'no one has the attribute "{clause.attribute}" that {spell(clause)!r} asks for'
    if clause.attribute.split(".")[0] in SCHEMA_NAMES:
        return Problem("unused_attribute", message, clause.source, severity="warning")
    hint = did_you_mean(clause.attribute, population.attribute_names)
    return Problem("unknown_attribute", message, clause.source, hint)
