"""The names by which a service knows users and groups, and the third names over which an exchange of names goes.

A user's login is the userName, with the primary e-mail if that is the same address. A third name follows from the id of
the resource alone, so that a later run knows it again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from reconciler.core.model.matching import fold
from reconciler.core.model.resources import Attributes, Kind, Value

NAMING: Final[Mapping[Kind, str]] = {"user": "userName", "group": "displayName"}
PLACES: Final = ("organization", "site")  # a user's attributes that name groups: 4me's default rules link them by name
THIRD_NAME: Final = re.compile(r"reconciler\.[0-9a-f]{12}(@.*)?", re.IGNORECASE | re.DOTALL)
MOST_COUNTED: Final = 10  # third names of one resource; more than one is needed only if another one has the first


def name_of(kind: Kind, attributes: Attributes) -> str | None:
    """Returns the unique name among the attributes of a user or group, or None."""
    value = attributes.get(NAMING[kind])
    return value if isinstance(value, str) and value else None


def fold_name(kind: Kind, name: str) -> str:
    """Returns a name in the form in which the service compares it."""
    return fold(NAMING[kind], name)


def primary_address(value: Value) -> str | None:
    """Returns the primary e-mail address of a user in lower case: the marked address, or the only one."""
    row = _primary_row(value)
    return None if row is None else fold("userName", str(row.get("value", "")))


def _primary_row(value: Value) -> Mapping[str, object] | None:
    listed = [address for address in value if isinstance(address, dict)] if isinstance(value, list) else []
    marked = [address for address in listed if address.get("primary") is True]
    found = marked or (listed if len(listed) == 1 else [])
    return found[0] if found else None


def list_login_paths(kind: Kind, attributes: Attributes) -> frozenset[str]:
    """Returns the attributes that are written with a name: also `emails`, if the primary address is the userName."""
    name = name_of(kind, attributes)
    together = (
        kind == "user" and name is not None and primary_address(attributes.get("emails")) == fold_name(kind, name)
    )
    return frozenset({NAMING[kind], "emails"}) if together else frozenset({NAMING[kind]})


def make_third_name(kind: Kind, live_id: str, name: str, counter: int = 0) -> str:
    """Returns the third name of a resource: for a user at the domain of the present name, so that its rules hold."""
    _local, at, domain = name.rpartition("@")
    return f"reconciler.{_hash(kind, live_id, counter)}" + (f"@{domain}" if at and kind == "user" else "")


def is_third_name(kind: Kind, live_id: str, name: object) -> bool:
    """Whether a name is a third name of this very resource."""
    if not isinstance(name, str) or not THIRD_NAME.fullmatch(name):
        return False
    written = name.partition("@")[0].removeprefix("reconciler.").lower()
    return any(written == _hash(kind, live_id, counter) for counter in range(MOST_COUNTED))


def _hash(kind: Kind, live_id: str, counter: int) -> str:
    counted = f"/{counter}" if counter else ""
    return sha256(f"{kind}/{live_id}{counted}".encode()).hexdigest()[:12]


def replace_primary(value: Value, name: str, other: str) -> Value:
    """Returns the e-mail addresses with `other` as the primary one, if `name` is the primary one now."""
    row = _primary_row(value)
    if row is None or not isinstance(value, list) or primary_address(value) != fold("userName", name):
        return value
    return [{**address, "value": other} if address is row else address for address in value]  # type: ignore[return-value]  # rows of e-mails
