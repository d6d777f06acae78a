"""Where a statement stands in a YAML document: its line, or that the document does not say it."""

from __future__ import annotations

from collections.abc import Sequence as Items

from reconciler.core.explanation.origin import Statement
from reconciler.desired.yaml.reader import Document, YamlMapping, YamlSequence


def find_line(document: Document, statement: Statement) -> int | None:
    """The line of a statement, or None where the document does not make it.

    Of several role assignments that make it, that of the statement's own line is meant, if it still stands there.
    """
    match statement.path:
        case ():
            return statement.source.line
        case ("role_assignments", role, *rest):
            marks = _assignments(document, role, rest)
            lines = {document.source(start).line: document.source(mark).line for start, mark in marks}
            return lines.get(statement.source.line) or next(iter(lines.values()), None)
        case path:
            mark = _mark(document, document.value, path)
            return None if mark is None else document.source(mark).line


def _assignments(document: Document, role: str, rest: Items[str]) -> list[tuple[int, int]]:
    """Where each assignment of the role begins that has the rest in it, and where that stands."""
    listed = document.value.get("role_assignments") if isinstance(document.value, YamlMapping) else None
    if not isinstance(listed, YamlSequence):
        return []
    given = zip(listed.marks, listed, strict=True)
    of_role = [(start, one) for start, one in given if isinstance(one, YamlMapping) and one.get("role") == role]
    marks = [(start, _mark(document, one, rest)) for start, one in of_role]
    return [(start, mark) for start, mark in marks if mark is not None]


def _mark(document: Document, value: object, path: Items[str]) -> int | None:
    """The offset of the last step of a path: keys of mappings, and texts that a sequence holds."""
    mark: int | None = None
    for step in path:
        match value:
            case YamlMapping() if step in value:
                mark, value = document.mark_of(value, step), value[step]
            case YamlSequence() if step in value:
                mark, value = value.marks[value.index(step)], None
            case _:
                return None
    return mark
