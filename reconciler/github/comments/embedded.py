"""Hides a small document in a body, as one HTML comment on a line of its own, and reads it back."""

from __future__ import annotations

import json
from collections.abc import Mapping

_END = " -->"


def hide(name: str, document: Mapping[str, str]) -> str:
    """Returns the hidden line; no value in it can end the HTML comment."""
    return f"<!-- {name}: {escape_json(document)}{_END}"


def escape_json(document: Mapping[str, str]) -> str:
    """Returns the document as JSON in which no `--` and no `>` stands."""
    return json.dumps(dict(document), sort_keys=True).replace("-", r"\u002d").replace(">", r"\u003e")


def read_hidden(name: str, line: str) -> Mapping[str, str]:
    """Reads a hidden line of that name; empty if it is another line, or was edited away."""
    start = f"<!-- {name}: "
    if not (line.startswith(start) and line.endswith(_END)):
        return {}
    try:
        document = json.loads(line.removeprefix(start).removesuffix(_END))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(document, dict):
        return {}
    return {str(key): value for key, value in document.items() if isinstance(value, str)}
