"""Edits of a YAML document as data: values, and the paths at which they change. Knows no text and no lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
END = -1


@dataclass(frozen=True, slots=True)
class SetValues:
    """Sets values in a file, each at its own path below `path`; missing mappings are made."""

    file: str
    path: Path
    values: Mapping[tuple[str, ...], Any]


@dataclass(frozen=True, slots=True)
class AddItem:
    """Adds an item to the list at `path`, after the index `after`, or at the end."""

    file: str
    path: Path
    item: Any
    after: int = END


@dataclass(frozen=True, slots=True)
class RemoveItem:
    """Removes the item at `index` from the list at `path`."""

    file: str
    path: Path
    index: int


Edit: TypeAlias = SetValues | AddItem | RemoveItem


def with_edits(document: object, edits: Iterable[Edit]) -> object:
    """Returns the document with the edits; the given document, and values that aliases share, do not change."""
    edits = tuple(edits)
    for edit in edits:
        if isinstance(edit, SetValues):
            for below, value in edit.values.items():
                document = _with_value(document, (*edit.path, *below), value)
    for path in dict.fromkeys(edit.path for edit in edits if not isinstance(edit, SetValues)):
        listed = [edit for edit in edits if edit.path == path and not isinstance(edit, SetValues)]
        document = _with_value(document, path, _with_items(value_at(document, path), listed))
    return document


def value_at(document: object, path: Path) -> object:
    """Returns the value at a path, or None."""
    for step in path:
        if isinstance(document, Mapping):
            document = document.get(step)
        elif isinstance(document, list) and isinstance(step, int):
            document = document[step]
        else:
            return None
    return document


def _with_value(document: object, path: Path, value: object) -> object:
    if not path:
        return value
    step, *rest = path
    if isinstance(step, int):
        assert isinstance(document, list)  # noqa: S101  # an index belongs to an existing list
        inner = _with_value(document[step], tuple(rest), value)
        return [inner if index == step else item for index, item in enumerate(document)]
    known = document if isinstance(document, Mapping) else {}
    return {**known, step: _with_value(known.get(step), tuple(rest), value)}


def _with_items(items: object, edits: Iterable[AddItem | RemoveItem]) -> list[object]:
    assert isinstance(items, list)  # noqa: S101  # an index belongs to an existing list
    removed = {edit.index for edit in edits if isinstance(edit, RemoveItem)}
    added = [edit for edit in edits if isinstance(edit, AddItem)]
    result: list[object] = []
    for index, item in enumerate(items):
        result.extend([] if index in removed else [item])
        result.extend(edit.item for edit in added if edit.after == index)
    return [*result, *(edit.item for edit in added if edit.after == END)]
