"""Paths of writes: `title`, `emails[type eq "work"].value`, `urn:…:User:department` → Path. Reads no resource.

Accepts the paths of RFC 7644 section 3.5.2, also as keys of an object, as Entra sends them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from reconciler.core.simulator.filter import Comparison, ScimFilter, parse_filter
from reconciler.core.simulator.schema import CUSTOM_FIELDS, ENTERPRISE_USER, Attribute, Endpoint, Schema, schemas_of

_PATH = re.compile(r"([^\[\].]+)(?:\[(.*)\])?(?:\.([^\[\].]+))?", re.DOTALL)
_READ_ONLY = frozenset({"id", "meta", "groups", "schemas", "password"})
_CUSTOM = Schema(CUSTOM_FIELDS, "Custom fields", (), extension=CUSTOM_FIELDS)


@dataclass(frozen=True, slots=True)
class Path:
    """A location: in the core or an `extension`, an attribute (None: the whole extension), some values, a part."""

    extension: str | None
    attribute: Attribute | None
    values: ScimFilter | None = None
    part: Attribute | None = None


def find_path(endpoint: Endpoint, text: str) -> Path | None:
    """Returns the writable location that `text` names, or None.

    Raises a Rejection with `invalidFilter` if the filter in the brackets is not valid.
    """
    schema, rest = _schema_and_rest(endpoint, text)
    if schema.extension is not None and not rest:
        return Path(schema.extension, None)
    if schema is _CUSTOM:
        # Each account names its own custom fields, so every name is valid.
        return Path(CUSTOM_FIELDS, Attribute(rest, "custom"))
    found = _PATH.fullmatch(rest)
    attribute = schema.attribute(found[1]) if found else None
    if found is None or attribute is None:
        return None
    return _narrowed(Path(schema.extension, attribute), attribute, found[2], found[3])


def find_flat_path(endpoint: Endpoint, name: str) -> Path | None:
    """Returns the location of an attribute in flat spelling, `department` or `customFields.badge`, or None."""
    head, _, field = name.partition(".")
    if endpoint == "Users" and head == "customFields":
        return find_path(endpoint, f"{CUSTOM_FIELDS}:{field}")
    path = find_path(endpoint, name) or find_path(endpoint, f"{ENTERPRISE_USER}:{name}")
    if path is None or path.attribute is None or not path.attribute.many:
        return path
    return replace(path, values=None, part=None)


def is_read_only(text: str) -> bool:
    """Checks whether the path names an attribute that clients may send and 4me ignores."""
    return re.split(r"[.\[]", text, maxsplit=1)[0].casefold() in {name.casefold() for name in _READ_ONLY}


def _schema_and_rest(endpoint: Endpoint, text: str) -> tuple[Schema, str]:
    core, *extensions = schemas_of(endpoint)
    custom = [_CUSTOM] if endpoint == "Users" else []
    for schema in (core, *extensions, *custom):
        length = len(schema.id)
        if text[:length].casefold() == schema.id.casefold() and text[length : length + 1] in ("", ":", "."):
            return schema, text[length + 1 :]
    return core, text


def _narrowed(path: Path, attribute: Attribute, values: str | None, part_name: str | None) -> Path | None:
    part = attribute.part(part_name) if part_name is not None else None
    if (part_name is not None and part is None) or (values is not None and not attribute.many):
        return None
    return replace(path, values=None if values is None else parse_filter(values, _comparisons(attribute)), part=part)


def _comparisons(attribute: Attribute) -> dict[str, Comparison]:
    return {part.name: _comparison(part) for part in attribute.parts}


def _comparison(part: Attribute) -> Comparison:
    if part.type == "boolean":
        return "boolean"
    return "exact" if part.case_exact else "caseless"
