"""Finds the smallest edit of git that flips a user's verdict, and compiles each candidate to prove that it does.

Only edits that were tried are returned. Single edits come first, then pairs, then threes.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from typing import Final, cast

from reconciler.core.access.access import filters_of
from reconciler.core.access.compile import compile_state
from reconciler.core.access.edited import (
    assign_role,
    could_be_declared,
    join,
    move_end,
    only_what_concerns,
    set_value,
    with_value,
)
from reconciler.core.access.membership import expand_membership
from reconciler.core.access.role_paths import find_paths
from reconciler.core.access.roles import has_expired
from reconciler.core.access.scope import SourceAttributes, Subject, compile_clause, path_steps, read_each
from reconciler.core.declarations.clause import Clause, Operator, parse_day, parse_integer
from reconciler.core.declarations.declared import Declarations, UserDeclaration
from reconciler.core.declarations.role_catalogue import PLAIN_ACCESS
from reconciler.core.model.resources import DesiredUser, Key
from reconciler.core.model.scalar import as_text

MOST_EDITS: Final = 3
MOST_CANDIDATES: Final = 12  # pairs and threes are combined from the first twelve only, to bound the trials
THEIR_OWN: Final = frozenset({"userName", "externalId", "emails", "employeeNumber", "displayName", "name", "manager"})
PLAIN_TEXT: Final = re.compile(r"[^\W\d_]([\w .@/+-]*\w)?")


@dataclass(frozen=True, slots=True)
class CandidateEdit:
    """One edit of git, as text and as a function."""

    text: str
    make: Callable[[Declarations], Declarations]


@dataclass(frozen=True, slots=True)
class Flipped:
    """The texts of the edits that flip the verdict, and the verdict after them."""

    edits: tuple[str, ...]
    verdict: str


@dataclass(frozen=True, slots=True)
class FlipResult:
    """The edits that flip the verdict, and the user as compiled after them."""

    edits: tuple[CandidateEdit, ...]
    after: DesiredUser


def find_flip(declarations: Declarations, tenant: str, name: str, today: date) -> Flipped | None:
    """Finds the fewest candidate edits that flip the verdict, as texts; None if no combination does."""
    found = find_edits(declarations, tenant, name, today)
    return Flipped(tuple(edit.text for edit in found.edits), found.after.reason) if found else None


def edited_by(declarations: Declarations, edits: Iterable[CandidateEdit]) -> Declarations:
    """Returns the declarations after all edits, applied in order."""
    for edit in edits:
        declarations = edit.make(declarations)
    return declarations


def find_edits(declarations: Declarations, tenant: str, name: str, today: date) -> FlipResult | None:
    """Finds the fewest candidate edits that flip the verdict; None if no combination does."""
    alone = only_what_concerns(declarations, name)

    def judge(edited: Declarations) -> DesiredUser:
        return compile_state(edited, tenant, today).users[Key("user", name)]

    was = judge(alone).in_scope
    candidates = list(_candidates(declarations, alone, (tenant, name, today)))
    for size in range(1, MOST_EDITS + 1):
        for edits in combinations(candidates if size == 1 else candidates[:MOST_CANDIDATES], size):
            after = judge(edited_by(alone, edits))
            if after.in_scope is not was:
                return FlipResult(edits, after)
    return None


def _candidates(whole: Declarations, alone: Declarations, about: tuple[str, str, date]) -> Iterable[CandidateEdit]:
    """Yields edits that may flip the verdict: of `active`, then of roles, then of the attributes that filters test."""
    tenant, name, today = about
    user = alone.users[name].attributes
    yield _set(name, "active", value=user.get("active") is False)
    yield from _renew(alone, name, today)
    yield CandidateEdit(
        f"assign the role {PLAIN_ACCESS} to {name}", lambda edited: assign_role(edited, PLAIN_ACCESS, name)
    )
    others = [declared.attributes for other, declared in whole.users.items() if other != name]
    seen: set[str] = set()
    for declared in filters_of(alone, tenant).users:
        clauses = declared.clauses
        single = (edit for clause in clauses for edit in _satisfy(name, user, clause))
        for edit in (*_satisfy_together(name, user, clauses, others), *single):
            if edit.text not in seen:
                seen.add(edit.text)
                yield edit


def _renew(alone: Declarations, name: str, today: date) -> Iterable[CandidateEdit]:
    """Moves the end of each expired assignment to today, its last day, on which it still counts."""
    paths = list(find_paths(alone, expand_membership(alone), name))
    for number, declared in enumerate(alone.assignments):
        if has_expired(declared, today) and any(path.declared is declared for path in paths):
            role = f"the role {declared.assignment.role} at {declared.source}"
            text = f"move the end (expires) of {role} to {today} or later"
            yield CandidateEdit(text, lambda edited, number=number: move_end(edited, number, today))  # type: ignore[misc]


def _satisfy_together(
    name: str, user: UserDeclaration, clauses: Sequence[Clause], others: Sequence[SourceAttributes]
) -> Iterable[CandidateEdit]:
    """Sets each attribute that a filter tests to one value that passes all clauses on it.

    The values in the clauses come first, then the most frequent values of others, because a pattern holds no value.
    """
    by_attribute: dict[tuple[str, ...], list[Clause]] = {}
    for clause in clauses:
        if clause.operator is not Operator.IS_MEMBER_OF:
            by_attribute.setdefault(tuple(path_steps(clause.attribute)), []).append(clause)
    for same in by_attribute.values():
        path, tests = same[0].attribute, [compile_clause(clause) for clause in same]
        for value in _proposed(same, path, others):
            attributes = with_value(cast("SourceAttributes", user), path, value)
            subject = Subject({"active": True, **attributes})
            if could_be_declared(attributes) and all(holds(subject) for holds in tests):
                yield _set(name, path, value=value)
                break


def _proposed(clauses: Sequence[Clause], path: str, others: Sequence[SourceAttributes]) -> Iterable[object]:
    for clause in clauses:
        made_up = clause.value if isinstance(clause.value, list) else [_satisfying(clause)]
        yield from (value for value in made_up if value is not _NONE and value not in (None, ""))
    if path_steps(path)[0] not in THEIR_OWN:
        used = Counter(value for values in read_each(others, path) for value in values if isinstance(value, str | int))
        yield from sorted(used, key=lambda value: (-used[value], as_text(value)))


def _satisfy(name: str, user: UserDeclaration, clause: Clause) -> Iterable[CandidateEdit]:
    """Yields at most one edit, which makes the clause hold."""
    if clause.operator is Operator.IS_MEMBER_OF:
        group = as_text(clause.value).removeprefix("group/")
        yield CandidateEdit(f"add {name} to the members of the group {group}", lambda edited: join(edited, name, group))
        return
    values = (
        clause.value if clause.operator is Operator.IN and isinstance(clause.value, list) else [_satisfying(clause)]
    )
    fit = [
        value
        for value in values
        if value is not _NONE and could_be_declared(with_value(cast("SourceAttributes", user), clause.attribute, value))
    ]
    satisfying = [value for value in fit if clause.operator is not Operator.IN or value not in (None, "")]
    if satisfying:
        yield _set(name, clause.attribute, value=satisfying[0])


_NONE: Final = object()


def _satisfying(clause: Clause) -> object:
    """Returns a value for which the clause holds, or _NONE for a pattern or an operand without a neighbour."""
    operand = clause.value
    made_up: dict[Operator, object] = {
        Operator.EQUALS: operand,
        Operator.INCLUDES: operand,
        Operator.STARTS_WITH: operand,
        Operator.ENDS_WITH: operand,
        Operator.NOT_EQUALS: f"not {as_text(operand)}" if not isinstance(operand, list) else operand,
        Operator.IS_TRUE: True,
        Operator.IS_FALSE: False,
        Operator.IS_NULL: None,
        Operator.IS_NOT_NULL: "something",
    }
    return made_up[clause.operator] if clause.operator in made_up else _beyond(clause)


def _beyond(clause: Clause) -> object:
    """Returns the nearest number or day that satisfies the comparison, or _NONE."""
    number, day = parse_integer(clause.value), parse_day(clause.value)
    steps = {
        Operator.GREATER_THAN: 1,
        Operator.GREATER_THAN_OR_EQUALS: 0,
        Operator.LESS_THAN: -1,
        Operator.LESS_THAN_OR_EQUALS: 0,
    }
    if clause.operator in steps and number is not None:
        return number + steps[clause.operator]
    if clause.operator is Operator.BEFORE and day is not None and day > date.min:
        return day - timedelta(days=1)
    if clause.operator is Operator.AFTER and day is not None and day < date.max:
        return day + timedelta(days=1)
    return _NONE


def _set(name: str, path: str, *, value: object) -> CandidateEdit:
    return CandidateEdit(
        f"set {path}: {spell_value(value)} on {name}", lambda edited: set_value(edited, name, path, value)
    )


def spell_value(value: object) -> str:
    """Renders the value as YAML; a text that YAML would read as another type is quoted."""
    if value is None:
        return "null"
    text = as_text(value)
    plain = PLAIN_TEXT.fullmatch(text) is not None and text.casefold() not in {"null", "true", "false"}
    return text if plain or not isinstance(value, str) else json.dumps(text, ensure_ascii=False)
