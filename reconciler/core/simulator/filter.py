"""4me's filters: text → a ScimFilter that matches resources.

A part of RFC 7644 section 3.4.2.2: `eq ne lt gt` on quoted values, joined by `and` (binding tighter) and `or`, without
parentheses (4me: SCIM users, filtering). Everything else is undocumented, and 400 `invalidFilter` here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NamedTuple, TypeAlias, assert_never

from reconciler.core.model.messages import JsonObject
from reconciler.core.model.name_forms import lower_name
from reconciler.core.simulator.rejection import Rejection

Comparison: TypeAlias = Literal["caseless", "exact", "moment", "boolean", "quoted boolean"]
Operator: TypeAlias = Literal["eq", "ne", "lt", "gt"]

_TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|([^\s"]+))', re.DOTALL)
_TERM_TOKENS = 3


@dataclass(frozen=True, slots=True)
class FilterTerm:
    """One comparison. `text` is the value as written; `wanted` holds the comparable values that `eq` accepts."""

    attribute: str
    comparison: Comparison
    operator: Operator
    text: str
    wanted: frozenset[str]

    def holds(self, resource: JsonObject) -> bool:
        """Checks whether the resource satisfies the term; an unassigned attribute satisfies only `ne`."""
        found = _comparable(self.comparison, _value(resource, self.attribute))
        match self.operator:
            case "eq":
                return found in self.wanted
            case "ne":
                return found not in self.wanted
            case "lt":
                return found is not None and found < min(self.wanted)
            case "gt":
                return found is not None and found > max(self.wanted)
            case _:
                assert_never(self.operator)


@dataclass(frozen=True, slots=True)
class ScimFilter:
    """Alternatives, each with terms that must all hold; an alternative without terms matches every resource."""

    alternatives: tuple[tuple[FilterTerm, ...], ...]

    def matches(self, resource: JsonObject) -> bool:
        """Checks whether the resource satisfies at least one alternative."""
        return any(all(term.holds(resource) for term in terms) for terms in self.alternatives)


EVERYTHING = ScimFilter(((),))


class _Token(NamedTuple):
    text: str
    quoted: bool


def parse_filter(text: str, attributes: Mapping[str, Comparison]) -> ScimFilter:
    """Parses a filter over `attributes`, whose names are dotted and compared without case.

    Raises a Rejection with `invalidFilter` for anything outside of the documented part.
    """
    tokens = _tokens(text)
    if len(tokens) % (_TERM_TOKENS + 1) != _TERM_TOKENS:
        raise _invalid(f"the filter is not complete: {text}")
    names = {name.casefold(): name for name in attributes}
    alternatives: list[list[FilterTerm]] = [[]]
    for start in range(0, len(tokens), _TERM_TOKENS + 1):
        if start and _joiner(tokens[start - 1]) == "or":
            alternatives.append([])
        alternatives[-1].append(_term(tokens[start : start + _TERM_TOKENS], names, attributes))
    return ScimFilter(_gathered(alternatives))


def count_alternatives(text: str) -> int:
    """Counts the alternatives of a valid filter, before equal ones are merged."""
    return 1 + sum(not token.quoted and token.text.casefold() == "or" for token in _tokens(text)[_TERM_TOKENS::4])


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        found = _TOKEN.match(text, position, end)
        if found is None:
            raise _invalid(f"a quote is not closed in the filter: {text}")
        quoted, word = found.groups()
        tokens.append(_Token(word, quoted=False) if quoted is None else _Token(_unquoted(quoted), quoted=True))
        position = found.end()
    return tokens


def _unquoted(text: str) -> str:
    # RFC 7644 section 3.4.2.2: a value is a JSON string.
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        raise _invalid(f"not a quoted value: {text}") from None


def _joiner(token: _Token) -> Literal["and", "or"]:
    word = "" if token.quoted else token.text.casefold()
    if word == "and":
        return "and"
    if word == "or":
        return "or"
    raise _invalid(f"expected `and` or `or`, found: {token.text}")


def _term(tokens: list[_Token], names: Mapping[str, str], attributes: Mapping[str, Comparison]) -> FilterTerm:
    subject, verb, value = tokens
    name = None if subject.quoted else names.get(subject.text.casefold())
    if name is None:
        raise _invalid(f"can't filter by {subject.text}")
    comparison = attributes[name]
    operator = _operator(verb, comparison)
    if not (value.quoted or comparison == "boolean"):
        raise _invalid(f"the value must be quoted: {value.text}")
    wanted = _comparable(comparison, value.text)
    if wanted is None:
        raise _invalid(f"{name} can't be compared with {value.text}")
    return FilterTerm(name, comparison, operator, value.text, frozenset({wanted}))


def _operator(token: _Token, comparison: Comparison) -> Operator:
    word = "" if token.quoted else token.text.casefold()
    match word:
        case "eq" | "ne":
            return word
        case "lt" | "gt" if comparison not in ("boolean", "quoted boolean"):
            return word
        case _:
            raise _invalid(f"{token.text} is not supported here")


def _gathered(alternatives: list[list[FilterTerm]]) -> tuple[tuple[FilterTerm, ...], ...]:
    """Merges the alternatives with a single `eq` on the same attribute.

    Clients look up 25 keys per request, so over 10,000 users each user is compared once instead of 25 times.
    """
    gathered: dict[object, tuple[FilterTerm, ...]] = {}
    for number, terms in enumerate(alternatives):
        first = terms[0]
        if len(terms) > 1 or first.operator != "eq":
            gathered[number] = tuple(terms)
            continue
        known = gathered.get(first.attribute, (first,))[0]
        merged = FilterTerm(first.attribute, first.comparison, "eq", known.text, known.wanted | first.wanted)
        gathered[first.attribute] = (merged,)
    return tuple(gathered.values())


def _value(resource: JsonObject, attribute: str) -> object:
    if "." not in attribute:
        return resource.get(attribute)
    outer, _, inner = attribute.partition(".")
    container = resource.get(outer)
    return container.get(inner) if isinstance(container, dict) else None


def _comparable(comparison: Comparison, value: object) -> str | None:
    """Returns the value as sortable text, or None if it can't be compared."""
    if isinstance(value, bool):
        return str(value).casefold() if comparison in ("boolean", "quoted boolean") else None
    if not isinstance(value, str):
        return None
    match comparison:
        case "exact":
            return value
        case "caseless":
            return lower_name(value)
        case "boolean" | "quoted boolean":
            return value.casefold() if value.casefold() in ("true", "false") else None
        case "moment":
            return _moment(value)
        case _:
            assert_never(comparison)


def _moment(text: str) -> str | None:
    try:
        moment = datetime.fromisoformat(text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat(timespec="microseconds")
    except (ValueError, OverflowError):  # OverflowError: an offset beyond the first or last year
        return None


def _invalid(detail: str) -> Rejection:
    return Rejection(400, detail, scim_type="invalidFilter")
