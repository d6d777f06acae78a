"""The calls of GitHub's GraphQL API that the program makes, on hidden comments, in the form of the facts.

They are written by hand, because the description of the REST API does not have them.
"""

from __future__ import annotations

from typing import Any

TEXT = {"type": "string"}
HIDDEN = {"type": "object", "properties": {"id": TEXT, "isMinimized": {"type": "boolean"}}}
FAULT = {"type": "object", "required": ["message"], "properties": {"message": TEXT, "type": TEXT}}
QUERY = (
    r"^(query\(\$ids: \[ID!\]!\) \{ nodes\(ids: \$ids\) \{ \.\.\. on IssueComment \{ id isMinimized \} \} \}"
    r"|mutation\(\$id: ID!\) \{ minimizeComment\(input: \{subjectId: \$id, classifier: (OUTDATED|DUPLICATE)\}\)"
    r" \{ minimizedComment \{ isMinimized \} \} \}"
    r"|mutation\(\$id: ID!\) \{ unminimizeComment\(input: \{subjectId: \$id\}\)"
    r" \{ unminimizedComment \{ isMinimized \} \} \})$"
)


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


DATA = _of(
    nodes={"type": "array", "items": _or_null(HIDDEN)},
    minimizeComment=_or_null(_of(minimizedComment=_or_null(HIDDEN))),
    unminimizeComment=_or_null(_of(unminimizedComment=_or_null(HIDDEN))),
)
GRAPHQL: dict[str, Any] = {
    "POST /graphql": {
        "path": {},
        "query": {},
        "body": {
            **_of(
                query={"type": "string", "pattern": QUERY},
                variables=_of(id=TEXT, ids={"type": "array", "items": TEXT}),
            ),
            "required": ["query", "variables"],
        },
        "answers": {"200": _of(data=_or_null(DATA), errors={"type": "array", "items": FAULT})},
    }
}
