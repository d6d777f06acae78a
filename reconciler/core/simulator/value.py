"""What may be stored: a value as a client gave it → the value as 4me keeps it, or a Rejection. Knows no operation.

Null, `""` and `[]` are the empty values that clear (4me: SCIM users, update). Sub-attributes that nobody knows are
dropped; those that 4me computes (`$ref`, a member's `display`) are not stored.
"""

from __future__ import annotations

from typing import TypeAlias

from reconciler.core.model.messages import JsonObject
from reconciler.core.simulator.rejection import invalid_value
from reconciler.core.simulator.schema import Attribute

Scalar: TypeAlias = "str | int | float | bool"

_LABELS = frozenset({"type", "primary", "display"})


def read_scalar(attribute: Attribute, given: object) -> Scalar | list[Scalar] | None:
    """The value of a simple attribute, None where it is cleared; flags may be "True" and "False", as Entra has them."""
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
    """The sub-attributes given for a complex attribute, None for those cleared; a string stands for its `value`."""
    if isinstance(given, str) and attribute.part("value"):
        given = {"value": given}
    if not isinstance(given, dict):
        raise invalid_value(attribute.name, "must be an object")
    known = {name: attribute.part(name) for name in given if isinstance(name, str)}
    return {part.name: read_scalar(part, given[name]) for name, part in known.items() if part}


def read_items(attribute: Attribute, given: object) -> list[JsonObject]:
    """The values of a multi-valued attribute, each once, without those that hold nothing but labels."""
    items = [tidied(read_parts(attribute, item)) for item in listed(given)]
    if any(part.required and part.name not in item for part in attribute.parts for item in items):
        raise invalid_value(attribute.name, "lacks a value")
    return list(keyed([item for item in items if not item.keys() <= _LABELS]).values())


def listed(given: object) -> list[object]:
    """The values given for a multi-valued attribute: one alone stands for a list of one, an empty value for none."""
    if is_empty(given):
        return []
    return given if isinstance(given, list) else [given]


def keyed(items: list[JsonObject]) -> dict[object, JsonObject]:
    """The items by what makes them the same: value and type; without a value, all of it."""
    return {_identity(item): item for item in items}


def tidied(item: JsonObject) -> JsonObject:
    """The object without what is cleared."""
    return {name: value for name, value in item.items() if value is not None}


def is_empty(given: object) -> bool:
    """Whether giving this value clears."""
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
