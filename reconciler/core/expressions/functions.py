"""The filters, functions and comparisons of expressions: a closed set that covers Entra's common functions.

Every value has one text form: the boolean true and the text "true" are equal, and so are 3 and "3". Every result is
bounded.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final

from jinja2 import Undefined

from reconciler.core.expressions.wrong_expression import WrongExpression
from reconciler.core.model.scalar import as_text
from reconciler.core.model.transliterate import normalize_diacritics

LONGEST: Final = 10_000  # letters, for an expression and for each of its results
LONGEST_FORMAT: Final = 100  # letters: strftime may turn one letter into hundreds


def to_text(value: object) -> str:
    """Returns a text, number, boolean or date as text; raises WrongExpression for what has no text."""
    if type(value) is Undefined:
        raise WrongExpression("has an `if` without an `else`, and so no value: add `else`")
    if isinstance(value, str | int | float | date):
        return as_text(value)
    if isinstance(value, Undefined):
        return str(value)  # raises IsMissing
    raise WrongExpression(f"makes {'null' if value is None else f'a {_kind_of(value)}'}, not a text")


def _kind_of(value: object) -> str:
    """Returns the kind of a value in YAML's words."""
    match value:
        case Mapping():
            return "mapping"
        case list() | tuple():
            return "list"
        case int() | float():
            return "number"
        case date():
            return "date"
        case _:
            return "text"


def _equals(one: object, other: object) -> bool:
    """Decides whether two values have the same text: the boolean true and "true", the number 3 and "3" are equal."""
    if isinstance(one, list | Mapping | Undefined) or isinstance(other, list | Mapping | Undefined):
        return one == other
    if _are_numbers(one, other):
        return one == other
    return as_text(one) == as_text(other)


def _are_numbers(*values: object) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _ordered(is_before: Callable[[Any, Any], bool]) -> Callable[[object, object], bool]:
    """Returns a comparison of two numbers, or of the texts of two texts or dates."""

    def compare(one: object, other: object) -> bool:
        if _are_numbers(one, other):
            return is_before(one, other)
        texts = to_text(one), to_text(other)
        if not (isinstance(one, str | date) and isinstance(other, str | date)):
            raise WrongExpression(f"compares a {_kind_of(one)} with a {_kind_of(other)}")
        return is_before(*texts)

    return compare


def _is_in(value: object, container: object) -> bool:
    """Decides whether a list has an equal value, or a text has the value's text in it."""
    if isinstance(container, list | Mapping):
        return any(_equals(value, item) for item in container)
    return to_text(value) in to_text(container)


def _coalesce(*values: object) -> object:
    """Returns the first assigned value, else an empty text."""
    return next((one for one in values if not isinstance(one, Undefined) and one not in (None, "", [])), "")


def _switch(value: object, default: object, *pairs: object) -> object:
    """Returns the value of the first key that equals, else the default: `switch(site, "en", "Lyon", "fr")`."""
    if len(pairs) % 2:
        raise WrongExpression("switch takes a value, a default, and then pairs of a key and its value")
    return next((then for key, then in zip(pairs[::2], pairs[1::2], strict=True) if _equals(key, value)), default)


def _mid(text: object, start: int, length: int) -> str:
    """Returns `length` letters from letter `start` on, counted from 1 as in Entra."""
    return to_text(text)[max(start - 1, 0) : max(start - 1, 0) + max(length, 0)]


def _join(values: Iterable[object], separator: object = "") -> str:
    """Joins the values with the separator; raises WrongExpression if the text is longer than LONGEST."""
    parts = [to_text(value) for value in values]
    if sum(map(len, parts)) + len(parts) * len(str(separator)) > LONGEST:
        raise WrongExpression(f"join makes more than {LONGEST} letters")
    return str(separator).join(parts)


def _replace(text: object, old: object, new: object) -> str:
    """Replaces every `old` by `new`. The result is bounded, because repeated replacements grow exponentially."""
    if not old:
        raise WrongExpression("replace needs a text to search for, and it is empty")
    replaced = to_text(text).replace(to_text(old), to_text(new))
    if len(replaced) > LONGEST:
        raise WrongExpression(f"replace makes more than {LONGEST} letters")
    return replaced


def _format_date(value: object, form: str) -> str:
    """Formats a date, or its ISO text, as strftime does: `started | format_date("%d.%m.%Y")`."""
    if len(form) > LONGEST_FORMAT:
        raise WrongExpression(f"format_date takes a format of at most {LONGEST_FORMAT} letters")
    try:
        day = value if isinstance(value, date) else date.fromisoformat(to_text(value))
    except ValueError as error:  # its text quotes the value, which may be redacted
        raise WrongExpression("format_date needs a date such as 2027-03-31") from error
    return day.strftime(form)


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "lower": lambda text: to_text(text).lower(),
    "upper": lambda text: to_text(text).upper(),
    "proper": lambda text: " ".join(word[:1].upper() + word[1:].lower() for word in to_text(text).split(" ")),
    "strip": lambda text: to_text(text).strip(),
    "strip_spaces": lambda text: to_text(text).replace(" ", ""),
    "replace": _replace,
    "split": lambda text, separator: to_text(text).split(to_text(separator)),
    "join": _join,
    "mid": _mid,
    "normalize_diacritics": lambda text: normalize_diacritics(to_text(text)),
    "format_date": _format_date,
}
COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": _equals,
    "ne": lambda one, other: not _equals(one, other),
    "lt": _ordered(operator.lt),
    "lteq": _ordered(operator.le),
    "gt": _ordered(operator.gt),
    "gteq": _ordered(operator.ge),
    "in": _is_in,
    "notin": lambda value, container: not _is_in(value, container),
}
FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {"coalesce": _coalesce, "switch": _switch}
NO_VALUES: Final = frozenset({*FUNCTIONS, "self"})  # Jinja defines `self` in every template
