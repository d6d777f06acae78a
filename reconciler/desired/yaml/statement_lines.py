"""The line of a statement in a YAML document, or that the document does not contain the statement."""

from __future__ import annotations

from collections.abc import Sequence as Items

from reconciler.core.explanation.origin import Statement
from reconciler.desired.yaml.reader import Document, YamlMapping, YamlSequence


def find_line(document: Document, statement: Statement) -> int | None:
    """Returns the line of a statement, or None if the document does not contain it.

    If several role assignments make the statement, the one at the statement's own line is preferred.
    """
    match statement.path:
        case ():
            return statement.source.line
        case ("role_assignments", role, *rest):
            marks = _find_assignments(document, role, rest)
            lines = {document.source(start).line: document.source(mark).line for start, mark in marks}
            return lines.get(statement.source.line) or next(iter(lines.values()), None)
        case path:
            mark = _find_mark(document, document.value, path)
            return None if mark is None else document.source(mark).line


def _find_assignments(document: Document, role: str, rest: Items[str]) -> list[tuple[int, int]]:
    """Returns two offsets for each assignment of the role that contains the path `rest`: its own, and the path's."""
    listed = document.value.get("role_assignments") if isinstance(document.value, YamlMapping) else None
    if not isinstance(listed, YamlSequence):
        return []
    items = zip(listed.marks, listed, strict=True)
    of_role = [(start, item) for start, item in items if isinstance(item, YamlMapping) and item.get("role") == role]
    marks = [(start, _find_mark(document, item, rest)) for start, item in of_role]
    return [(start, mark) for start, mark in marks if mark is not None]


def _find_mark(document: Document, value: object, path: Items[str]) -> int | None:
    """Returns the offset of the last step of a path, whose steps are keys of mappings and items of sequences."""
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
