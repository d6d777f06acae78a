"""Clauses as people write them: the operators, and what each wants as its value. `scope` says what they mean."""

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
    """The operators of scoping filters; the first group is Entra's, the rest are ours."""

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
    """Names are accepted in any case, with spaces or underscores."""
    spelled = re.sub(r"[\s_]+", " ", str(written).strip()).upper()
    by_name = {operator.value.replace("_", " "): operator for operator in Operator}
    if spelled not in by_name:
        near = did_you_mean(spelled, by_name)
        raise ValueError(f"is not an operator: {near or 'the operators are ' + ', '.join(by_name)}")
    return by_name[spelled]


def parse_integer(value: object) -> int | None:
    """The integer that a value is or spells, or None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) else None


def parse_day(value: object) -> date | None:
    """The day that a value is or spells (ISO 8601), or None."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, date) else None


_INTEGER = re.compile(r"[-+]?[0-9]{1,100}")


class ClauseDeclaration(Declaration):
    """One condition on a source attribute."""

    attribute: str
    operator: Annotated[Operator, PlainValidator(_parse_operator), PlainSerializer(str, return_type=str)]
    value: Scalar | list[Scalar] = None
    case_sensitive: bool = True
    quantifier: Literal["any", "all"] = "any"

    @model_validator(mode="after")
    def _fits_its_operator(self) -> ClauseDeclaration:
        if wrong := _unfit_operand(self):
            raise ValueError(f"{self.operator.value} {wrong}")
        return self


def _unfit_operand(clause: ClauseDeclaration) -> str | None:
    """What is wrong with the clause's value for its operator, or None."""
    operator, value = clause.operator, clause.value
    if operator in NEEDS_NO_VALUE:
        return None if value is None else "takes no value"
    if operator is Operator.IN:
        return None if isinstance(value, list) and value else "needs a list of values"
    if value is None or isinstance(value, list):
        return "needs one value"
    if operator in NEEDS_PATTERN:
        return _unfit_pattern(str(value), case_sensitive=clause.case_sensitive)
    return _unfit_value(operator, value)


def _unfit_value(operator: Operator, value: Scalar) -> str | None:
    if operator in NEEDS_INTEGER and parse_integer(value) is None:
        return f"needs a whole number, not {value!r}"
    if operator in NEEDS_DATE and parse_day(value) is None:
        return f"needs a date like 2027-03-31, not {value!r}"
    return None


def _unfit_pattern(pattern: str, *, case_sensitive: bool) -> str | None:
    try:
        compile_pattern(pattern, case_sensitive=case_sensitive)
    except ValueError as error:
        return f"{pattern[:60]!r} {error}"
    return None


class FilterDeclaration(Declaration):
    """A scoping filter: clauses that must all hold."""

    title: str
    clauses: list[ClauseDeclaration] = Field(min_length=1)


class ScopingFilters(Declaration):
    """Filters for users and for groups: one that holds is enough, none at all lets everyone in."""

    users: list[FilterDeclaration] = Field(default_factory=list)
    groups: list[FilterDeclaration] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of a scoping filter or of `members_where`, with the place it is written at.

    `redacted` says that no report may show the values it looks at.
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
    """A scoping filter whose clauses know where they are written."""

    title: str
    clauses: tuple[Clause, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class Filters:
    """The scoping filters in force for one tenant."""

    users: tuple[Filter, ...] = ()
    groups: tuple[Filter, ...] = ()
