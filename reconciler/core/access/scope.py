"""Defines the operators of scoping filters, and decides who passes. `tests/core/access` has the truth table.

An unassigned attribute makes every operator false except IS NULL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from reconciler.core.declarations.clause import (
    NEEDS_DATE,
    NEEDS_INTEGER,
    NEEDS_PATTERN,
    Clause,
    Filter,
    Operator,
    parse_day,
    parse_integer,
)
from reconciler.core.declarations.declared import UserDeclaration
from reconciler.core.declarations.pattern import compile_pattern
from reconciler.core.model.scalar import as_text

SourceAttributes: TypeAlias = Mapping[str, object]
SCHEMA_NAMES = frozenset(UserDeclaration.__annotations__) - {"attributes"} | {"groupType", "externalId"}


@dataclass(frozen=True, slots=True)
class Subject:
    """A user or group that clauses test: the source attributes, and the names of a user's groups."""

    attributes: SourceAttributes
    groups: frozenset[str] = frozenset()


Test: TypeAlias = Callable[[Subject], bool]


@dataclass(frozen=True, slots=True)
class CompiledClause:
    """A clause as a function of subjects, with the two parts of the reason if it fails."""

    clause: Clause
    holds: Test
    wanted: str
    show: Callable[[Subject], str]


@dataclass(frozen=True, slots=True)
class CompiledFilter:
    """A filter with compiled clauses."""

    filter: Filter
    clauses: tuple[CompiledClause, ...]

    def holds(self, subject: Subject) -> bool:
        """Decides whether all clauses hold."""
        return self.first_failing(subject) is None

    def first_failing(self, subject: Subject) -> CompiledClause | None:
        """Returns the first clause that does not hold, or None."""
        for compiled in self.clauses:
            if not compiled.holds(subject):
                return compiled
        return None

    def failing(self, subject: Subject) -> list[Clause]:
        """Returns the clauses that do not hold, in their order."""
        return [compiled.clause for compiled in self.clauses if not compiled.holds(subject)]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a subject is in scope, and why, as the end of a sentence."""

    passes: bool
    reason: str


def compile_filter(declared: Filter) -> CompiledFilter:
    """Compiles each clause of the filter to a function."""
    return CompiledFilter(declared, tuple(_compile_in(declared, clause) for clause in declared.clauses))


def _compile_in(declared: Filter, clause: Clause) -> CompiledClause:
    wanted = f'"{declared.title}" requires {spell(clause)}, but '
    return CompiledClause(clause, compile_clause(clause), wanted, _compile_show(clause))


def judge(filters: Sequence[CompiledFilter], subject: Subject) -> Verdict:
    """Decides whether a subject passes: at least one filter holds, or the tenant has no filters."""
    if not filters:
        return Verdict(passes=True, reason="no scoping filters")
    failed = []
    for compiled in filters:
        failing = compiled.first_failing(subject)
        if failing is None:
            return Verdict(passes=True, reason=f'passes "{compiled.filter.title}"')
        failed.append(failing)
    failures = [compiled.wanted + compiled.show(subject) for compiled in failed]
    return Verdict(passes=False, reason=f"passes no scoping filter: {'; '.join(failures)}")


def show_values(subject: Subject, clause: Clause) -> str:
    """Describes the value that a clause tests: `it is permanent`."""
    return _compile_show(clause)(subject)


def _compile_show(clause: Clause) -> Callable[[Subject], str]:
    if clause.operator is Operator.IS_MEMBER_OF:
        return lambda _subject: "it is in other groups"
    read = _reader(clause.attribute)

    def show(subject: Subject) -> str:
        values = read(subject.attributes)
        if clause.redacted and values:
            return "it is (redacted)"
        return f"it is {', '.join(map(as_text, values))}" if values else "it is unassigned"

    return show


def spell(clause: Clause) -> str:
    """Renders the clause: `contractType EQUALS permanent`."""
    operand = ", ".join(map(as_text, clause.value)) if isinstance(clause.value, list) else as_text(clause.value)
    return f"{clause.attribute} {clause.operator.value} {operand}".rstrip()


def compile_clause(clause: Clause) -> Test:
    """Compiles the clause to a function of a subject."""
    if clause.operator is Operator.IS_MEMBER_OF:
        group = as_text(clause.value).removeprefix("group/")
        return lambda subject: group in subject.groups
    read = _reader(clause.attribute)
    if clause.operator is Operator.IS_NULL:
        return lambda subject: not read(subject.attributes)
    holds = compile_value_test(clause)
    if clause.quantifier == "all":
        return lambda subject: bool(values := read(subject.attributes)) and all(map(holds, values))
    return lambda subject: any(map(holds, read(subject.attributes)))


def compile_value_test(clause: Clause) -> Callable[[object], bool]:
    """Compiles a clause other than IS NULL and IS_MEMBER_OF to a function of one assigned value."""
    operator = clause.operator
    if operator is Operator.IS_NOT_NULL:
        return lambda _value: True
    if operator in {Operator.IS_TRUE, Operator.IS_FALSE}:
        wanted = operator is Operator.IS_TRUE
        return lambda value: value is wanted
    if operator in NEEDS_PATTERN:
        matches = compile_pattern(as_text(clause.value), case_sensitive=clause.case_sensitive)
        wanted = operator is Operator.REGEX_MATCH
        return lambda value: matches(as_text(value)) is wanted
    if operator in NEEDS_INTEGER:
        return _integer_test(operator, parse_integer(clause.value) or 0)
    if operator in NEEDS_DATE:
        return _date_test(operator, parse_day(clause.value) or date.min)
    return _text_test(clause)


def _integer_test(operator: Operator, operand: int) -> Callable[[object], bool]:
    compare: Callable[[int], bool] = {
        Operator.GREATER_THAN: lambda number: number > operand,
        Operator.GREATER_THAN_OR_EQUALS: lambda number: number >= operand,
        Operator.LESS_THAN: lambda number: number < operand,
        Operator.LESS_THAN_OR_EQUALS: lambda number: number <= operand,
    }[operator]
    return lambda value: (number := parse_integer(value)) is not None and compare(number)


def _date_test(operator: Operator, operand: date) -> Callable[[object], bool]:
    if operator is Operator.BEFORE:
        return lambda value: (day := parse_day(value)) is not None and day < operand
    return lambda value: (day := parse_day(value)) is not None and day > operand


def _text_test(clause: Clause) -> Callable[[object], bool]:
    fold = str if clause.case_sensitive else str.casefold
    operands = [
        fold(as_text(operand)) for operand in (clause.value if isinstance(clause.value, list) else [clause.value])
    ]
    first = operands[0]
    compare: Callable[[str], bool] = {
        Operator.EQUALS: lambda text: text == first,
        Operator.NOT_EQUALS: lambda text: text != first,
        Operator.INCLUDES: lambda text: first in text,
        Operator.STARTS_WITH: lambda text: text.startswith(first),
        Operator.ENDS_WITH: lambda text: text.endswith(first),
        Operator.IN: lambda text: text in operands,
    }[clause.operator]
    return lambda value: compare(fold(as_text(value)))


def read_values(attributes: SourceAttributes, path: str) -> list[object]:
    """Returns all assigned values at a dotted path; an empty list if it is absent, null, `""` or `[]`."""
    return _reader(path)(attributes)


def read_each(subjects: Iterable[SourceAttributes], path: str) -> Iterable[list[object]]:
    """Yields the assigned values at a dotted path, for each subject."""
    return map(_reader(path), subjects)


def path_steps(path: str) -> list[str]:
    """Splits a dotted path; own attributes may be written without the prefix `attributes.`, which is added."""
    steps = path.split(".")
    return steps if steps[0] in SCHEMA_NAMES or steps[0] == "attributes" else ["attributes", *steps]


def _reader(path: str) -> Callable[[SourceAttributes], list[object]]:
    first, *rest = path_steps(path)

    def read(attributes: SourceAttributes) -> list[object]:
        value = attributes.get(first)
        for step in rest:
            value = value.get(step) if isinstance(value, dict) else _read_inner(value, step)
        if isinstance(value, list):
            return [item for item in value if item is not None and item != ""]
        return [] if value is None or value == "" else [value]

    return read


def _read_inner(value: object, step: str) -> list[object]:
    """Returns the values at a step of each item of a list; an empty list if the value is not a list."""
    inner = [item.get(step) for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
    return [found for nested in inner for found in (nested if isinstance(nested, list) else [nested])]
