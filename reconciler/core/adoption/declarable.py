"""A live attribute → the value to declare, or the reason why the YAML contract can't hold it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from reconciler.core.declarations.declared import AddressDeclaration, NameDeclaration, UserDeclaration, ValueDeclaration
from reconciler.core.declarations.rule import GROUP_TARGETS, OF_MANY
from reconciler.core.model.diff import canonical, differs
from reconciler.core.model.resources import Kind, Value

LONGEST_TEXT: Final = 64 * 1024
LARGEST_NUMBER: Final = 10**300
CUSTOM: Final = "customFields."
NAME: Final = "name."
PARTS: Final = tuple(ValueDeclaration.__annotations__)
ADDRESS_PARTS: Final = tuple(AddressDeclaration.__annotations__)
NAME_PARTS: Final = frozenset(NameDeclaration.__annotations__)
NOT_TEXT: Final = OF_MANY | {"name", "active", "attributes", "customFields", "manager"}
TEXTS: Final = frozenset(UserDeclaration.__annotations__) - NOT_TEXT
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
HALF = re.compile("[\ud800-\udfff]")
FIELD_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,128}")


class Undeclarable(ValueError):
    """The reason why YAML can't hold a live value, as the end of a sentence: `is not text`."""


class UnknownAttribute(Undeclarable):
    """The reason for an attribute that the contract does not have, whatever its value."""


def declare_value(kind: Kind, path: str, live: Value) -> Any:  # noqa: ANN401  # whatever YAML may hold
    """Returns the value to declare, so that the live value of a flat attribute is equal; raises Undeclarable."""
    if kind == "group" and path in GROUP_TARGETS:
        return declare_text(live)
    if kind == "group":
        raise UnknownAttribute("is not in the contract")
    if path.startswith(CUSTOM):
        return _custom(path.removeprefix(CUSTOM), live)
    if path in OF_MANY:
        return _values(path, live)
    if path in TEXTS or (path.startswith(NAME) and path.removeprefix(NAME) in NAME_PARTS):
        return declare_text(live)
    raise UnknownAttribute("is not in the contract")


def declare_text(live: object) -> str:
    """Returns the text; raises Undeclarable for another type, or for a text that a file can't show."""
    if not isinstance(live, str):
        raise Undeclarable("is not text")
    if len(live) > LONGEST_TEXT:
        raise Undeclarable(f"has more than {LONGEST_TEXT:,} characters")
    if CONTROL.search(live):
        raise Undeclarable("holds a control character")
    if HALF.search(live):
        raise Undeclarable("holds half of a surrogate pair")
    return live


def _custom(name: str, live: Value) -> str | bool | int | float:
    if not FIELD_NAME.fullmatch(name):
        raise Undeclarable("has a name that can't be a key")
    if isinstance(live, bool):
        return live
    if isinstance(live, int | float):
        if not math.isfinite(live) if isinstance(live, float) else abs(live) > LARGEST_NUMBER:
            raise Undeclarable("is not a number that YAML can hold")
        return live
    if isinstance(live, list):
        raise Undeclarable("holds several values")
    return declare_text(live)


def _values(path: str, live: Value) -> list[dict[str, Any]]:
    """Returns the values with the parts of the contract; parts that only the server adds make no difference."""
    if not isinstance(live, list):
        raise Undeclarable("is not a list")
    parts = ADDRESS_PARTS if path == "addresses" else PARTS
    declared = [_value(item, parts) for item in live]
    if sum(item.get("primary") is True for item in declared) > 1:
        raise Undeclarable("has more than one primary value")
    if path != "addresses":
        _check_values(declared)
    if differs(path, live, canonical(declared)):
        raise Undeclarable("has parts that are not in the contract")
    return sorted(declared, key=lambda value: not value.get("primary"))  # readers look for the primary value first


def _value(item: object, parts: tuple[str, ...]) -> dict[str, Any]:
    known = {part: item[part] for part in parts if part in item} if isinstance(item, Mapping) else {}
    for part, value in known.items():
        if part == "primary" and not isinstance(value, bool):
            raise Undeclarable("has a `primary` that is not true or false")
        if part != "primary":
            declare_text(value)
    return known


def _check_values(declared: list[dict[str, Any]]) -> None:
    if not all(item.get("value") for item in declared):
        raise Undeclarable("has an item without a `value`")
    distinct = {(item.get("type", ""), item["value"]) for item in declared}
    if len(distinct) < len(declared):
        raise Undeclarable("has the same value twice")
