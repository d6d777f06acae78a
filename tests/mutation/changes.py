"""Prints cosmic-ray's mutations of a module, one a line, as JSON: `python changes.py MODULE`.

It runs where cosmic-ray is installed. A line is [function, line, column, operator, the whole mutated text].
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from cosmic_ray.commands.init import _all_work_items
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator


def list_changes(path: Path) -> Iterator[tuple[str | None, int, int, str, str]]:
    """Yields each mutation: one other operator, number or condition."""
    text = path.read_text(encoding="utf-8")
    for item in _all_work_items([path], {}):
        for spec in item.mutations:
            with suppress(AttributeError):  # cosmic-ray can't replace an exception whose name has a dot
                changed = mutate_code(text, get_operator(spec.operator_name)(), spec.occurrence)
                yield spec.definition_name, *spec.start_pos, spec.operator_name, changed


if __name__ == "__main__":
    for change in list_changes(Path(sys.argv[1])):
        sys.stdout.write(json.dumps(change) + "\n")
