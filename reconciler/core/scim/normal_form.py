"""Answers of services in one form: ids as text, and `active` as the tenant's quirks define it where it is left out.

The client passes each document through here, so that no other module meets these differences.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final, TypeAlias

from reconciler.core.declarations.quirk import Quirk
from reconciler.core.model.messages import JsonObject
from reconciler.core.scim.wire import ENTERPRISE

REFERENCES: Final = ("members", "groups")
Normalise: TypeAlias = Callable[[object], object]


def make_normaliser(quirks: Collection[Quirk] = ()) -> Normalise:
    """Returns the function that puts an answered document, a resource or a list of them, into normal form."""
    inactive = "active_absent_is_false" in quirks

    def normalise(document: object) -> object:
        if not isinstance(document, dict):
            return document
        rows = document.get("Resources")
        if isinstance(rows, list):
            return {**document, "Resources": [_normal(row, inactive=inactive) for row in rows]}
        return _normal(document, inactive=inactive)

    return normalise


def _normal(row: object, *, inactive: bool) -> object:
    if not isinstance(row, dict) or "id" not in row:
        return row
    changed: JsonObject = {}
    if not isinstance(row["id"], str):
        changed["id"] = as_id(row["id"])
    for name in REFERENCES:
        if row.get(name):
            changed[name] = _normal_references(row[name])
    enterprise = row.get(ENTERPRISE)
    if isinstance(enterprise, dict) and enterprise.get("manager"):
        changed[ENTERPRISE] = {**enterprise, "manager": _normal_reference(enterprise["manager"])}
    if inactive and "userName" in row and row.get("active") is None:
        changed["active"] = False
    return {**row, **changed} if changed else row


def as_id(value: object) -> object:
    """Returns a number as the text of an id, which RFC 7643 section 3.1 demands; any other value is left as it is."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _normal_references(listed: object) -> object:
    return [_normal_reference(item) for item in listed] if isinstance(listed, list) else listed


def _normal_reference(item: object) -> object:
    if not isinstance(item, dict):
        return as_id(item)
    value = item.get("value")
    return item if isinstance(value, str) else {**item, "value": as_id(value)}
