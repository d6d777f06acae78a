"""Decides which clauses can't hold together, and which follow from others, for all possible values.

Every result is sound: True means proved, False means not proved. If an operator admits a finite list of values, each
is tried with the other operator's test. Ranges, prefixes and suffixes are compared directly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from math import inf
from typing import Final, NamedTuple

from reconciler.core.access.scope import compile_value_test, path_steps
from reconciler.core.declarations.clause import (
    NEEDS_DATE,
    NEEDS_INTEGER,
    NEEDS_PATTERN,
    Clause,
    Operator,
    parse_day,
    parse_integer,
)
from reconciler.core.model.scalar import as_text

OF_MANY: Final = frozenset({"emails", "phoneNumbers", "ims", "photos", "entitlements", "addresses"})
COMPLEX: Final = OF_MANY | {"name", "attributes", "customFields"}
OF_PARTS: Final = frozenset({Operator.INCLUDES, Operator.STARTS_WITH, Operator.ENDS_WITH})
ONE_OF: Final = frozenset({Operator.EQUALS, Operator.IN})
OF_FOLDED_TEXT: Final = OF_PARTS | ONE_OF | {Operator.NOT_EQUALS}


def is_same_attribute(one: Clause, other: Clause) -> bool:
    """Decides whether both clauses test the same attribute of plain values, or both test groups."""
    if Operator.IS_MEMBER_OF in {one.operator, other.operator}:
        return one.operator is other.operator
    steps = path_steps(one.attribute)
    return steps == path_steps(other.attribute) and not (len(steps) == 1 and steps[0] in COMPLEX)


def may_be_many(clause: Clause, has_many: Callable[[str], bool]) -> bool:
    """Decides whether the attribute may have several values: by its schema, or by `has_many` for own attributes."""
    return path_steps(clause.attribute)[0] in OF_MANY or (is_own(clause) and has_many(clause.attribute))


def is_own(clause: Clause) -> bool:
    """Decides whether the clause tests an own attribute (`attributes.*`), which has no schema."""
    return clause.operator is not Operator.IS_MEMBER_OF and path_steps(clause.attribute)[0] == "attributes"


def contradict(one: Clause, other: Clause, *, many: bool) -> bool:
    """Decides whether no user can satisfy both clauses of one attribute; `many` if it may have several values."""
    operators = {one.operator, other.operator}
    if Operator.IS_MEMBER_OF in operators:
        return False
    if Operator.IS_NULL in operators:
        return operators != {Operator.IS_NULL}
    each = {one.quantifier, other.quantifier}
    return (not many or "all" in each) and _are_disjoint(one, other)


def follows(clause: Clause, other: Clause, *, many: bool) -> bool:
    """Decides whether every user who satisfies the other clause, of the same attribute, satisfies this one too."""
    if Operator.IS_MEMBER_OF in {clause.operator, other.operator}:
        return _group(clause) == _group(other)
    if Operator.IS_NULL in {clause.operator, other.operator}:
        return clause.operator is other.operator
    if clause.operator is Operator.IS_NOT_NULL:
        return True
    stricter = clause.quantifier == "all" and other.quantifier == "any"
    return not (many and stricter) and _is_within(other, clause)


def takes_nothing(clause: Clause) -> bool:
    """Decides whether no value satisfies the clause: the empty text is unassigned, and no date precedes date.min."""
    points, span = _points(clause), _range(clause)
    return points == [] or (span is not None and span.least > span.most)


def _group(clause: Clause) -> str:
    return as_text(clause.value).removeprefix("group/")


def _are_disjoint(one: Clause, other: Clause) -> bool:
    """Decides whether no value satisfies both clauses."""
    for first, second in ((one, other), (other, one)):
        tried = _tried(first, second)
        if tried is not None:
            return not any(tried)
    match _range(one), _range(other):
        case _Range() as first_range, _Range() as second_range:
            return first_range.is_apart_from(second_range)
    opposite = {one.operator, other.operator} == NEEDS_PATTERN
    return (opposite and _is_same_operand(one, other)) or _have_disjoint_ends(one, other)


def _is_within(narrow: Clause, wide: Clause) -> bool:
    """Decides whether every value that satisfies the narrow clause satisfies the wide one."""
    tried = _tried(narrow, wide)
    if tried is not None:
        return all(tried)
    if wide.operator is Operator.NOT_EQUALS:
        excluded = _tried(replace(wide, operator=Operator.EQUALS), narrow)
        return excluded is not None and not any(excluded)
    match _range(narrow), _range(wide):
        case _Range() as inner, _Range() as outer:
            return inner.is_within(outer)
    same = narrow.operator is wide.operator and _is_same_operand(narrow, wide)
    return same or _part_implies_part(narrow, wide)


def _tried(finite: Clause, other: Clause) -> list[bool] | None:
    """Tests the other clause with each value that satisfies the first; None if those can't be listed."""
    points = _points(finite)
    if points is None and finite.operator in ONE_OF and other.operator in OF_FOLDED_TEXT and not other.case_sensitive:
        points = [text.casefold() for text in _operands(finite) if text]  # both clauses ignore case
    if points is None:
        return None
    test = compile_value_test(other)
    return [test(point) for point in points]


def _points(clause: Clause) -> list[object] | None:
    """Returns all values that satisfy the clause, or None if they can't be listed."""
    match clause.operator:
        case Operator.IS_TRUE | Operator.IS_FALSE:
            return [clause.operator is Operator.IS_TRUE]
        case Operator.EQUALS | Operator.IN if clause.case_sensitive or not any(_operands(clause)):
            return [value for text in _operands(clause) if text for value in _values_of(text)]
        case _:
            return None


def _operands(clause: Clause) -> list[str]:
    return [as_text(operand) for operand in (clause.value if isinstance(clause.value, list) else [clause.value])]


def _values_of(text: str) -> Iterable[object]:
    """Yields all values that compare as that text: the text, and a boolean, number or date with that spelling."""
    yield text
    yield from (boolean for boolean in (True, False) if as_text(boolean) == text)
    for parse in (parse_integer, parse_day, _parse_float):
        value = parse(text)
        if value is not None and as_text(value) == text:
            yield value


def _parse_float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


class _Range(NamedTuple):
    """A range of whole numbers, or of dates by their ordinals; both ends are included."""

    of: str
    least: float
    most: float

    def is_apart_from(self, other: _Range) -> bool:
        return self.of == other.of and max(self.least, other.least) > min(self.most, other.most)

    def is_within(self, other: _Range) -> bool:
        return self.of == other.of and other.least <= self.least and self.most <= other.most


def _range(clause: Clause) -> _Range | None:
    number, day = parse_integer(clause.value), parse_day(clause.value)
    if clause.operator in NEEDS_INTEGER and number is not None:
        least, most = {
            Operator.GREATER_THAN: (number + 1, inf),
            Operator.GREATER_THAN_OR_EQUALS: (number, inf),
            Operator.LESS_THAN: (-inf, number - 1),
            Operator.LESS_THAN_OR_EQUALS: (-inf, number),
        }[clause.operator]
        return _Range("numbers", least, most)
    if clause.operator in NEEDS_DATE and day is not None:
        before = clause.operator is Operator.BEFORE
        first, last, number = date.min.toordinal(), date.max.toordinal(), day.toordinal()
        return _Range("days", first, number - 1) if before else _Range("days", number + 1, last)
    return None


def _is_same_operand(one: Clause, other: Clause) -> bool:
    return _operands(one) == _operands(other) and one.case_sensitive == other.case_sensitive


def _have_disjoint_ends(one: Clause, other: Clause) -> bool:
    """Decides whether no text can begin, or end, with both operands, because neither contains the other."""
    first, second = _fold_either(one, other)
    match one.operator, other.operator:
        case Operator.STARTS_WITH, Operator.STARTS_WITH:
            return not (first.startswith(second) or second.startswith(first))
        case Operator.ENDS_WITH, Operator.ENDS_WITH:
            return not (first.endswith(second) or second.endswith(first))
        case _:
            return False


def _part_implies_part(narrow: Clause, wide: Clause) -> bool:
    """Decides whether a prefix, suffix or part in the narrow clause implies that of the wide clause."""
    if wide.case_sensitive and not narrow.case_sensitive:
        return False
    inner, outer = _fold_either(narrow, wide)
    match narrow.operator, wide.operator:
        case Operator.STARTS_WITH, Operator.STARTS_WITH:
            return inner.startswith(outer)
        case Operator.ENDS_WITH, Operator.ENDS_WITH:
            return inner.endswith(outer)
        case ((Operator.STARTS_WITH | Operator.ENDS_WITH | Operator.INCLUDES), Operator.INCLUDES):
            return outer in inner
        case _:
            return False


def _fold_either(one: Clause, other: Clause) -> tuple[str, str]:
    """Returns both operands, without case if either clause ignores case."""
    if one.case_sensitive and other.case_sensitive:
        return as_text(one.value), as_text(other.value)
    return as_text(one.value).casefold(), as_text(other.value).casefold()
