"""Values of attributes: a value from a client → the value that 4me stores, or a Rejection. Knows no operation.

Null, `""` and `[]` clear an attribute (4me: SCIM users, update). Unknown sub-attributes are dropped; those that 4me
computes (`$ref`, a member's `display`) are not stored.
"""

from __future__ import annotations

from typing import TypeAlias

from reconciler.core.model.messages import JsonObject
from reconciler.core.simulator.rejection import invalid_value
from reconciler.core.simulator.schema import Attribute

Scalar: TypeAlias = "str | int | float | bool"

_LABELS = frozenset({"type", "primary", "display"})


def read_scalar(attribute: Attribute, given: object) -> Scalar | list[Scalar] | None:
    """Returns the value of a simple attribute, None if cleared; accepts "True" and "False", as Entra sends flags."""
    if is_empty(given):
        return None
    if attribute.type == "custom":
        return _custom(attribute, given)
    if attribute.type == "boolean":
        return _flag(attribute, given)
    if not isinstance(given, str):
        raise invalid_value(attribute.name, "must be a string")
    return given


def read_parts(attribute: Attribute, given: object) -> JsonObject:
    """Returns the given sub-attributes of a complex attribute, None if cleared; a string counts as its `value`."""
    if isinstance(given, str) and attribute.part("value"):
        given = {"value": given}
    if not isinstance(given, dict):
        raise invalid_value(attribute.name, "must be an object")
    known = {name: attribute.part(name) for name in given if isinstance(name, str)}
    return {part.name: read_scalar(part, given[name]) for name, part in known.items() if part}


def read_items(attribute: Attribute, given: object) -> list[JsonObject]:
    """Returns the distinct values of a multi-valued attribute, without those that only have labels."""
    items = [tidied(read_parts(attribute, item)) for item in listed(given)]
    if any(part.required and part.name not in item for part in attribute.parts for item in items):
        raise invalid_value(attribute.name, "lacks a value")
    return list(keyed([item for item in items if not item.keys() <= _LABELS]).values())


def listed(given: object) -> list[object]:
    """Returns the given values of a multi-valued attribute: a single value counts as a list, an empty one as none."""
    if is_empty(given):
        return []
    return given if isinstance(given, list) else [given]


def keyed(items: list[JsonObject]) -> dict[object, JsonObject]:
    """Returns the items by identity: value and type; without a value, all parts."""
    return {_identity(item): item for item in items}


def tidied(item: JsonObject) -> JsonObject:
    """Returns the object without cleared parts."""
    return {name: value for name, value in item.items() if value is not None}


def is_empty(given: object) -> bool:
    """Checks whether this value clears an attribute."""
    return given is None or given in ("", [])


def _identity(item: JsonObject) -> object:
    if "value" in item:
        return item["value"], item.get("type")
    return tuple(sorted(item.items(), key=lambda entry: entry[0]))


def _flag(attribute: Attribute, given: object) -> bool:
    if isinstance(given, bool):
        return given
    if isinstance(given, str) and given.casefold() in ("true", "false"):
        return given.casefold() == "true"
    raise invalid_value(attribute.name, "must be true or false")


def _custom(attribute: Attribute, given: object) -> Scalar | list[Scalar]:
    if isinstance(given, str | int | float):
        return given
    if isinstance(given, list):
        scalars = [item for item in given if isinstance(item, str | int | float)]
        if len(scalars) == len(given):
            return scalars
    raise invalid_value(attribute.name, "must be a string, a number, a flag or a list of them")
