"""What can be said of clauses only beside those they are put to: nobody has the attribute, no value can be compared.

Knows values and names of groups; what is wrong with a clause by itself is found where it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from reconciler.core.clause import NEEDS_DATE, NEEDS_INTEGER, Clause, Operator, parse_day, parse_integer
from reconciler.core.scope import SCHEMA_NAMES, SourceAttributes, as_text, read_each, spell
from reconciler.core.suggest import did_you_mean
from reconciler.errors import Problem


def check_clauses(
    clauses: Iterable[Clause], subjects: Sequence[SourceAttributes], groups: Iterable[str], *, nested: bool = False
) -> list[Problem]:
    """What can only be said of clauses beside the people they are put to; `nested` are those of `members_where`."""
    clauses = tuple(clauses)
    if not clauses:
        return []
    problems: list[Problem] = []
    group_names, values = frozenset(groups), _read_once(clauses, subjects)
    for clause in clauses:
        if clause.operator is Operator.IS_MEMBER_OF:
            problems.extend(_check_group(clause, group_names, nested=nested))
        elif subjects:
            problems.extend(_check_values(clause, subjects, values[clause.attribute]))
    return problems


def _check_group(clause: Clause, groups: frozenset[str], *, nested: bool) -> Iterable[Problem]:
    name = as_text(clause.value).removeprefix("group/")
    if nested:
        hint = f"nest it: members: [group/{name}]"
        yield Problem("nested_is_member_of", "IS_MEMBER_OF can't decide membership of a group", clause.source, hint)
    elif name not in groups:
        message = f'IS_MEMBER_OF names the group "{name}", which is not declared'
        yield Problem("unknown_group", message, clause.source, did_you_mean(name, groups))


def _read_once(clauses: Iterable[Clause], subjects: Sequence[SourceAttributes]) -> dict[str, list[object]]:
    """All values of all subjects, by the attribute: many clauses look at few."""
    attributes = {clause.attribute for clause in clauses if clause.operator is not Operator.IS_MEMBER_OF}
    return {path: [value for each in read_each(subjects, path) for value in each] for path in attributes}


def _check_values(clause: Clause, subjects: Sequence[SourceAttributes], values: Sequence[object]) -> Iterable[Problem]:
    if not values:
        yield _unknown_attribute(clause, subjects)
        return
    parse: Callable[[object], object] | None = None
    if clause.operator in NEEDS_INTEGER:
        parse = parse_integer
    elif clause.operator in NEEDS_DATE:
        parse = parse_day
    unfit = [value for value in values if parse is not None and parse(value) is None]
    if unfit:
        what = "whole number" if parse is parse_integer else "date"
        example = "" if clause.redacted else f" (say {min(map(as_text, unfit))!r})"
        message = f"{len(unfit)} values of {clause.attribute} are no {what}{example}: the clause is false"
        yield Problem("not_comparable", message, clause.source, severity="warning")


def _unknown_attribute(clause: Clause, subjects: Sequence[SourceAttributes]) -> Problem:
    message = f'no one has the attribute "{clause.attribute}" that {spell(clause)!r} asks for'
    if clause.attribute.split(".")[0] in SCHEMA_NAMES:
        return Problem("unused_attribute", message, clause.source, severity="warning")
    own = {
        name for subject in subjects if isinstance(declared := subject.get("attributes"), Mapping) for name in declared
    }
    return Problem("unknown_attribute", message, clause.source, did_you_mean(clause.attribute, own | SCHEMA_NAMES))
