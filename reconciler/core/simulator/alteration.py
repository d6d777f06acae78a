"""The worse habits of other servers: they refuse single attributes, or store other texts than they are sent."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal, TypeAlias

from reconciler.core.model.messages import JsonObject
from reconciler.core.simulator.patch import read_flat, with_flat
from reconciler.core.simulator.rejection import Rejection
from reconciler.core.simulator.schema import Endpoint

Alteration: TypeAlias = Literal["trim", "compose", "lower", "cut"]

LONGEST: Final = 8
_ALTER: Final[Mapping[Alteration, Callable[[str], str]]] = {
    "trim": str.strip,
    "compose": lambda text: unicodedata.normalize("NFC", text),
    "lower": str.lower,
    "cut": lambda text: text[:LONGEST],
}


def find_refused(endpoint: Endpoint, old: JsonObject, new: JsonObject, refuses: Iterable[str]) -> str | None:
    """Returns the first attribute with a change that is refused: of `title` each, of `title=Boss` that value."""
    for refused in sorted(refuses):
        name, _, value = refused.partition("=")
        before, after = read_flat(endpoint, old, name), read_flat(endpoint, new, name)
        if before != after and value in {"", str(after)}:
            return name
    return None


def refuse(name: str, status: int, *, names_it: bool) -> Rejection:
    """Returns the rejection of an attribute, by name or not."""
    detail = f"{name} is not supported" if names_it else "invalid"
    return Rejection(status, detail, scim_type="invalidValue" if status == 400 else None)  # noqa: PLR2004


def alter(endpoint: Endpoint, new: JsonObject, alters: Iterable[tuple[str, Alteration]]) -> JsonObject:
    """Returns the resource as it is stored."""
    for name, how in alters:
        value = read_flat(endpoint, new, name)
        if value is not None:
            new = with_flat(endpoint, new, name, _altered(value, _ALTER[how]))
    return new


def _altered(value: object, change: Callable[[str], str]) -> object:
    match value:
        case str():
            return change(value)
        case list():
            return [_altered(item, change) for item in value]
        case dict():
            return {name: _altered(part, change) if name == "value" else part for name, part in value.items()}
        case _:
            return value
