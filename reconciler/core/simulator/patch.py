"""Writes: a resource and a body → the new resource, or a Rejection. The old resource does not change.

A body has one of two forms. In 4me's own, PUT and PATCH change only the given attributes, and a PATCH of a group adds
members, or deletes those marked so (4me: SCIM users and groups, update). The other is RFC 7644's PatchOp, as Entra and
Okta send it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeAlias

from reconciler.core.model.messages import JsonObject
from reconciler.core.simulator.filter import EVERYTHING, ScimFilter
from reconciler.core.simulator.path import Path, find_flat_path, find_path, is_read_only
from reconciler.core.simulator.rejection import Rejection, invalid_syntax, invalid_value
from reconciler.core.simulator.schema import CUSTOM_FIELDS, MEMBERS, Attribute, Endpoint
from reconciler.core.simulator.value import is_empty, keyed, listed, read_items, read_parts, read_scalar, tidied

# `edit` is 4me's own PATCH: as `replace`, except that members are added unless they have `"operation": "delete"`.
How: TypeAlias = Literal["add", "replace", "edit"]

_PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def patched(endpoint: Endpoint, resource: JsonObject, body: JsonObject) -> JsonObject:
    """Returns the resource after a PATCH; `Operations`, or the schema PatchOp, marks a body as RFC 7644's."""
    names = {name.casefold(): name for name in body}
    schemas = body.get("schemas")
    if "operations" not in names and not (isinstance(schemas, list) and _PATCH_SCHEMA in schemas):
        return merged(endpoint, resource, body, "edit")
    operations = body.get(names.get("operations", ""))
    if not isinstance(operations, list):
        raise invalid_syntax("Operations must be a list")
    for operation in operations:
        resource = _operated(endpoint, resource, operation)
    return resource


def merged(endpoint: Endpoint, resource: JsonObject, given: JsonObject, how: How) -> JsonObject:
    """Writes the given attributes into the resource; keys may be paths, and unknown or read-only ones are dropped."""
    for name, value in given.items():
        path = find_path(endpoint, name)
        if path is not None:
            resource = _written(endpoint, resource, path, value, how)
    return resource


def with_kept(endpoint: Endpoint, new: JsonObject, old: JsonObject, name: str) -> JsonObject:
    """Returns `new` with one attribute, in flat spelling, from `old`, like a server that silently drops a change."""
    return with_flat(endpoint, new, name, read_flat(endpoint, old, name))


def read_flat(endpoint: Endpoint, resource: JsonObject, name: str) -> object:
    """Returns the value of an attribute in flat spelling, or None."""
    path = find_flat_path(endpoint, name)
    return None if path is None else _read(resource, path)


def with_flat(endpoint: Endpoint, resource: JsonObject, name: str, value: object) -> JsonObject:
    """Returns the resource with this value of an attribute in flat spelling; None removes it."""
    path = find_flat_path(endpoint, name)
    if path is None:
        return resource
    without = _removed(resource, path, None)
    return without if value is None else _written(endpoint, without, path, value, "replace")


def _operated(endpoint: Endpoint, resource: JsonObject, operation: object) -> JsonObject:
    """Returns the resource after one operation (RFC 7644 sections 3.5.2.1 to 3.5.2.3)."""
    if not isinstance(operation, dict):
        raise invalid_syntax("an operation must be an object")
    verb = str(operation.get("op")).casefold()
    if verb not in ("add", "replace", "remove"):
        raise invalid_syntax(f"{operation.get('op')} is not an operation")
    target, value = operation.get("path"), operation.get("value")
    if is_empty(target):
        return _operated_everywhere(endpoint, resource, verb, value)
    path = _path(endpoint, target)
    if path is None:
        return resource
    if verb == "remove":
        return _removed(resource, path, value)
    return _written(endpoint, resource, path, value, "add" if verb == "add" else "replace")


def _operated_everywhere(endpoint: Endpoint, resource: JsonObject, verb: str, value: object) -> JsonObject:
    if verb == "remove":
        raise Rejection(400, "remove needs a path", scim_type="noTarget")
    if not isinstance(value, dict):
        raise invalid_syntax("without a path the value must be an object")
    return merged(endpoint, resource, value, "add" if verb == "add" else "replace")


def _path(endpoint: Endpoint, target: object) -> Path | None:
    """Returns the location that an operation names; None if it is read-only, and so ignored."""
    path = find_path(endpoint, target.strip()) if isinstance(target, str) else None
    if path is None and not (isinstance(target, str) and is_read_only(target.strip())):
        raise Rejection(400, f"no such path: {target}", scim_type="invalidPath")
    return path


def _written(endpoint: Endpoint, resource: JsonObject, path: Path, value: object, how: How) -> JsonObject:
    if path.attribute is None:
        return _with_extension(endpoint, resource, path, value, how)
    old = _container(resource, path).get(path.attribute.name)
    if path.attribute.many:
        return _with(resource, path, _new_items(path.attribute, path, read_items(path.attribute, old), value, how))
    if path.attribute.type == "complex":
        given = value if path.part is None else {path.part.name: value}
        return _with(resource, path, _new_complex(path.attribute, old, given))
    return _with(resource, path, read_scalar(path.attribute, value))


def _with_extension(endpoint: Endpoint, resource: JsonObject, path: Path, value: object, how: How) -> JsonObject:
    if is_empty(value):
        return _removed(resource, path, None)
    given = _custom_fields(value) if path.extension == CUSTOM_FIELDS else value
    if not isinstance(given, dict):
        raise invalid_value(str(path.extension), "must be an object")
    return merged(endpoint, resource, {f"{path.extension}:{name}": item for name, item in given.items() if name}, how)


def _custom_fields(value: object) -> object:
    """Returns custom fields as a hash: they may be a hash, a list of {id, value}, or a hash with that list."""
    if isinstance(value, dict) and isinstance(value.get("custom_fields"), list):
        value = value["custom_fields"]
    if not isinstance(value, list):
        return value
    fields = [(field.get("id"), field.get("value")) for field in value if isinstance(field, dict)]
    if len(fields) < len(value) or not all(isinstance(name, str) for name, _ in fields):
        return None
    return dict(fields)


def _new_complex(attribute: Attribute, old: object, given: object) -> JsonObject | None:
    if is_empty(given):
        return None
    # RFC 7644 section 3.5.2.3: a replace of a complex attribute keeps the sub-attributes that are not given.
    kept = old if isinstance(old, dict) else {}
    return tidied({**kept, **read_parts(attribute, given)}) or None


def _new_items(
    attribute: Attribute, path: Path, old: list[JsonObject], value: object, how: How
) -> list[JsonObject] | None:
    values = path.values or (EVERYTHING if path.part else None)
    if values is not None:
        given = read_parts(attribute, value if path.part is None else {path.part.name: value})
        return read_items(attribute, _changed_where(values, old, given, how)) or None
    if how == "edit" and attribute is MEMBERS:
        return _edited(attribute, old, value) or None
    new = read_items(attribute, value)
    return list(keyed([*old, *new] if how == "add" else new).values()) or None


def _changed_where(values: ScimFilter, old: list[JsonObject], given: JsonObject, how: How) -> list[JsonObject]:
    """Writes the given parts into the items that match; an add without a match appends an item that matches."""
    changed = [tidied({**item, **given}) if values.matches(item) else item for item in old]
    if any(values.matches(item) for item in old):
        return changed
    if how != "add":
        raise Rejection(400, "no value matches the path", scim_type="noTarget")
    [*_, terms] = values.alternatives
    return [*old, tidied({**{term.attribute: term.text for term in terms if term.operator == "eq"}, **given})]


def _edited(attribute: Attribute, old: list[JsonObject], given: object) -> list[JsonObject]:
    """Returns the members after a documented PATCH; each has the operation `add` (default) or `delete`."""
    members = keyed(old)
    for item in listed(given):
        named = keyed(read_items(attribute, item))
        match str(item.get("operation", "add")).casefold() if isinstance(item, dict) else "add":
            case "add":
                members |= named
            case "delete":
                for identity in named:
                    members.pop(identity, None)
            case other:
                raise invalid_value(attribute.name, f"can't be changed by the operation {other}")
    return list(members.values())


def _removed(resource: JsonObject, path: Path, value: object) -> JsonObject:
    """Returns the resource without the values at the path; without brackets, `value` may list those to remove."""
    attribute = path.attribute
    if attribute is None:
        return {name: kept for name, kept in resource.items() if name != path.extension}
    old = _container(resource, path).get(attribute.name)
    if attribute.many:
        return _with(resource, path, _remaining(attribute, path, read_items(attribute, old), value))
    if path.part is None or not isinstance(old, dict):
        return _with(resource, path, None)
    return _with(resource, path, {name: kept for name, kept in old.items() if name != path.part.name})


def _remaining(attribute: Attribute, path: Path, old: list[JsonObject], value: object) -> list[JsonObject]:
    values = path.values or EVERYTHING
    if path.part is not None:
        part = path.part.name
        emptied = [{**item, part: None} if values.matches(item) else item for item in old]
        return read_items(attribute, emptied)
    if path.values is None and value is not None:
        # Entra removes members by listing them. An empty list removes none.
        removed = {item.get("value") for item in read_items(attribute, value)}
        return [item for item in old if item.get("value") not in removed]
    return [item for item in old if not values.matches(item)]


def _read(resource: JsonObject, path: Path) -> object:
    """Returns the value at a path without brackets, or None."""
    if path.attribute is None:
        return resource.get(str(path.extension))
    found = _container(resource, path).get(path.attribute.name)
    if path.part is None:
        return found
    return found.get(path.part.name) if isinstance(found, dict) else None


def _container(resource: JsonObject, path: Path) -> JsonObject:
    if path.extension is None:
        return resource
    container = resource.get(path.extension)
    return container if isinstance(container, dict) else {}


def _with(resource: JsonObject, path: Path, value: object) -> JsonObject:
    """Returns the resource with this value at the path's attribute; empty values and extensions are not stored."""
    name = "" if path.attribute is None else path.attribute.name
    kept = {other: item for other, item in _container(resource, path).items() if other != name}
    container = kept if value is None or value in ([], {}) else {**kept, name: value}
    if path.extension is None:
        return container
    return _with(resource, replace(path, extension=None, attribute=Attribute(path.extension)), container)
