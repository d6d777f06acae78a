"""JSON Schema in a short form, for the file of facts: a line for a field, as a person reads it.

`"string?"` is a text or null, `"#x"` the shape x, `"date-time"` a date, `["integer"]` a list of numbers. An object has
`fields`, of which those with a question mark may be missing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

NULL = {"type": "null"}
WIDTH = 118


def or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Returns the schema that allows null too."""
    if "anyOf" in schema:
        return {"anyOf": [*(one for one in schema["anyOf"] if one != NULL), NULL]}
    if "type" in schema and set(schema) <= {"type", "enum", "format"}:
        more = {"enum": [*(one for one in schema["enum"] if one is not None), None]} if "enum" in schema else {}
        return {**schema, "type": [schema["type"], "null"], **more}
    return {"anyOf": [schema, NULL]}


def shorten(schema: Any) -> Any:  # noqa: PLR0911  # one for each form
    """Returns a schema in the short form."""
    if not isinstance(schema, dict):
        return schema
    if "anyOf" in schema:
        parts = [shorten(one) for one in schema["anyOf"]]
        return f"{parts[0]}?" if parts[1:] == ["null"] and isinstance(parts[0], str) else {"anyOf": parts}
    if "$ref" in schema:
        return schema["$ref"].replace("#/shapes/", "#")
    if "items" in schema:
        return [shorten(schema["items"])]
    if "properties" in schema:
        return _shorten_object(schema)
    if "type" in schema and set(schema) <= {"type", "format"}:
        name, *null = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        return schema.get("format", name) + "?" * len(null)
    return schema


def _shorten_object(schema: Mapping[str, Any]) -> dict[str, Any]:
    required = schema.get("required", ())
    fields = {name if name in required else f"{name}?": shorten(field) for name, field in schema["properties"].items()}
    more = {"others": schema["additionalProperties"]} if "additionalProperties" in schema else {}
    return {"fields": fields, **more}


def lengthen(short: Any) -> Any:  # noqa: PLR0911  # the same
    """Returns the schema of its short form."""
    match short:
        case [one]:
            return {"type": "array", "items": lengthen(one)}
        case str() if short.endswith("?"):
            return or_null(lengthen(short[:-1]))
        case str() if short.startswith("#"):
            return {"$ref": f"#/shapes/{short[1:]}"}
        case "date-time":
            return {"type": "string", "format": short}
        case str():
            return {"type": short}
        case {"anyOf": parts}:
            return {"anyOf": [lengthen(one) for one in parts]}
        case {"fields": fields}:
            return _lengthen_object(fields, short)
        case _:
            return short


def _lengthen_object(fields: Mapping[str, Any], short: Mapping[str, Any]) -> dict[str, Any]:
    required = sorted(name for name in fields if not name.endswith("?"))
    return {
        "type": "object",
        "properties": {name.removesuffix("?"): lengthen(one) for name, one in fields.items()},
        **({"required": required} if required else {}),
        **({"additionalProperties": short["others"]} if "others" in short else {}),
    }


def map_schemas(facts: Mapping[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    """Returns facts with each schema changed."""

    def change_call(call: Mapping[str, Any]) -> dict[str, Any]:
        groups = {
            part: {name: change(one) for name, one in call[part].items()} for part in ("path", "query", "answers")
        }
        return {**call, **groups, **({"body": change(call["body"])} if "body" in call else {})}

    calls = {name: change_call(one) for name, one in facts["calls"].items()}
    return {**facts, "calls": calls, "shapes": {name: change(one) for name, one in facts["shapes"].items()}}


def write(value: Any, indent: int = 0, name: str = "") -> str:
    """Returns JSON with everything on one line that fits on it, so that a changed field is a changed line."""
    line = name + json.dumps(value, sort_keys=True)
    if indent + len(line) <= WIDTH or not isinstance(value, dict | list):
        return line
    if isinstance(value, list):
        inner, (begin, end) = [write(one, indent + 1) for one in value], "[]"
    else:
        inner, (begin, end) = [write(value[key], indent + 1, f"{json.dumps(key)}: ") for key in sorted(value)], "{}"
    between = "\n" + " " * (indent + 1)
    return f"{name}{begin}{between}{(',' + between).join(inner)}\n{' ' * indent}{end}"
