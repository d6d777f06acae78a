"""The one call of GitHub's GraphQL API that the program makes: to minimise a comment. Written by hand.

GraphQL is not in the description of the REST API.
"""

from __future__ import annotations

from typing import Any

OBJECT = "object"
MINIMIZED = {"type": OBJECT, "properties": {"isMinimized": {"type": "boolean"}}}
PAYLOAD = {"type": OBJECT, "properties": {"minimizedComment": {"anyOf": [MINIMIZED, {"type": "null"}]}}}
DATA = {"type": OBJECT, "properties": {"minimizeComment": {"anyOf": [PAYLOAD, {"type": "null"}]}}}
FAULT = {
    "type": OBJECT,
    "required": ["message"],
    "properties": {"message": {"type": "string"}, "type": {"type": "string"}},
}
GRAPHQL: dict[str, Any] = {
    "POST /graphql": {
        "path": {},
        "query": {},
        "body": {
            "type": OBJECT,
            "required": ["query"],
            "properties": {
                "query": {"type": "string", "pattern": r"^\s*mutation\b[^{]*\{\s*minimizeComment\(\s*input:"},
                "variables": {"type": OBJECT, "additionalProperties": {"type": "string"}},
            },
        },
        "answers": {
            "200": {
                "type": OBJECT,
                "properties": {
                    "data": {"anyOf": [DATA, {"type": "null"}]},
                    "errors": {"type": "array", "items": FAULT},
                },
            }
        },
    }
}
