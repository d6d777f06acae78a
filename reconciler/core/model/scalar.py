"""The text form of a scalar of YAML, which is one everywhere: in clauses, expressions, mappings and reports."""

from __future__ import annotations

from datetime import date


def as_text(value: object) -> str:
    """Returns a scalar as the text that is compared and written: `true`, `3`, `2024-02-29`; None is the empty text."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)
