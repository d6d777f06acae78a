"""Clauses and filters as written in YAML: the operators, and the value that each needs.

`core.access.scope` defines the meaning of the operators.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer, PlainValidator, model_validator

from reconciler.core.declarations.pattern import compile_pattern
from reconciler.core.declarations.strict import Declaration, Scalar
from reconciler.core.model.suggest import did_you_mean
from reconciler.errors import Source


class Operator(StrEnum):
    """The operators of scoping filters: Entra's up to IS NOT NULL, then those that only this program has."""

    EQUALS = "EQUALS"
    NOT_EQUALS = "NOT EQUALS"
    INCLUDES = "INCLUDES"
    ENDS_WITH = "ENDS_WITH"
    REGEX_MATCH = "REGEX MATCH"
    NOT_REGEX_MATCH = "NOT REGEX MATCH"
    GREATER_THAN = "GREATER_THAN"
    GREATER_THAN_OR_EQUALS = "GREATER_THAN_OR_EQUALS"
    IS_TRUE = "IS TRUE"
    IS_FALSE = "IS FALSE"
    IS_NULL = "IS NULL"
    IS_NOT_NULL = "IS NOT NULL"
    STARTS_WITH = "STARTS_WITH"
    LESS_THAN = "LESS_THAN"
    LESS_THAN_OR_EQUALS = "LESS_THAN_OR_EQUALS"
    IN = "IN"
    BEFORE = "BEFORE"
    AFTER = "AFTER"
    IS_MEMBER_OF = "IS_MEMBER_OF"


NEEDS_NO_VALUE = {Operator.IS_TRUE, Operator.IS_FALSE, Operator.IS_NULL, Operator.IS_NOT_NULL}
NEEDS_INTEGER = {
    Operator.GREATER_THAN,
    Operator.GREATER_THAN_OR_EQUALS,
    Operator.LESS_THAN,
    Operator.LESS_THAN_OR_EQUALS,
}
NEEDS_DATE = {Operator.BEFORE, Operator.AFTER}
NEEDS_PATTERN = {Operator.REGEX_MATCH, Operator.NOT_REGEX_MATCH}


def _parse_operator(written: object) -> Operator:
    """Parses an operator's name, in any case, with spaces or underscores; raises ValueError if it is unknown."""
    spelled = re.sub(r"[\s_]+", " ", str(written).strip()).upper()
    by_name = {operator.value.replace("_", " "): operator for operator in Operator}
    if spelled not in by_name:
        near = did_you_mean(spelled, by_name)
        raise ValueError(f"is not an operator: {near or 'the operators are ' + ', '.join(by_name)}")
    return by_name[spelled]


def parse_integer(value: object) -> int | None:
    """Returns a value as an integer, if it is an integer or spells one; else None. A boolean is not an integer."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) else None


def parse_day(value: object) -> date | None:
    """Returns a value as a date, if it is a date or spells one (ISO 8601); else None."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, date) else None


_INTEGER = re.compile(r"[-+]?[0-9]{1,100}")


class ClauseDeclaration(Declaration):
    """One test of a source attribute."""

    attribute: str
    operator: Annotated[Operator, PlainValidator(_parse_operator), PlainSerializer(str, return_type=str)]
    value: Scalar | list[Scalar] = None
    case_sensitive: bool = True
    quantifier: Literal["any", "all"] = "any"

    @model_validator(mode="after")
    def _fits_its_operator(self) -> ClauseDeclaration:
        if fault := _find_operand_fault(self):
            raise ValueError(f"{self.operator.value} {fault}")
        return self


def _find_operand_fault(clause: ClauseDeclaration) -> str | None:
    """Returns why the clause's value does not fit its operator, as the end of a sentence; None if it fits."""
    operator, value = clause.operator, clause.value
    if operator in NEEDS_NO_VALUE:
        return None if value is None else "takes no value: remove `value`"
    if operator is Operator.IN:
        return None if isinstance(value, list) and value else "needs a list of values"
    if value is None or isinstance(value, list):
        return "needs one value"
    if operator in NEEDS_PATTERN:
        return _find_pattern_fault(str(value), case_sensitive=clause.case_sensitive)
    return _find_value_fault(operator, value)


def _find_value_fault(operator: Operator, value: Scalar) -> str | None:
    if operator in NEEDS_INTEGER and parse_integer(value) is None:
        return f"needs a whole number, not {value!r}"
    if operator in NEEDS_DATE and parse_day(value) is None:
        return f"needs a date like 2027-03-31, not {value!r}"
    return None


def _find_pattern_fault(pattern: str, *, case_sensitive: bool) -> str | None:
    try:
        compile_pattern(pattern, case_sensitive=case_sensitive)
    except ValueError as error:
        return f"{pattern[:60]!r} {error}"
    return None


class FilterDeclaration(Declaration):
    """A scoping filter: its clauses must all hold."""

    title: str
    clauses: list[ClauseDeclaration] = Field(min_length=1)


class ScopingFilters(Declaration):
    """Filters for users and for groups. One filter that holds is enough; without filters, all users or groups pass."""

    users: list[FilterDeclaration] = Field(default_factory=list)
    groups: list[FilterDeclaration] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of a scoping filter or of `members_where`, with its line in YAML.

    If `redacted`, no report may show the values of the attribute.
    """

    attribute: str
    operator: Operator
    value: Scalar | list[Scalar]
    case_sensitive: bool
    quantifier: Literal["any", "all"]
    source: Source
    redacted: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """A scoping filter with its line in YAML, and those of its clauses."""

    title: str
    clauses: tuple[Clause, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class Filters:
    """The scoping filters that apply to one tenant."""

    users: tuple[Filter, ...] = ()
    groups: tuple[Filter, ...] = ()
