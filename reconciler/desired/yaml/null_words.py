"""Warns where YAML reads a value as null, and text may be meant.

`familyName: Null` clears the name of a person called Null, and `members:` with nothing behind it removes all members.
Both are valid YAML, so only the spelling shows that null may not be meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from reconciler.desired.yaml.reader import Document, YamlMapping, YamlSequence
from reconciler.errors import Problem

SECTIONS: Final = ("users", "groups", "attribute_mappings", "scoping_filters")
CAPITALISED: Final = frozenset({"Null", "NULL"})
ON_PURPOSE: Final = re.compile(r"null$|~$|[*&!]")  # an alias, an anchor or a tag is followed by the value
KEY: Final = re.compile(r"""(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^\n]*?)[ \t]*:(?=\s|[,}]|$)""")
WORD: Final = re.compile(r"(?:\s|#[^\n]*)*([^,}\]\s#]*)")


def find_null_words(document: Document) -> list[Problem]:
    """Returns a warning for each null that is spelled `Null` or `NULL`, or that is no word at all."""
    sections = document.value
    if not isinstance(sections, YamlMapping):
        return []
    nulls = (null for name in SECTIONS for null in _find_nulls(sections.get(name), name))
    found = (_explain(document, container, path) for container, path in nulls)
    return list(dict.fromkeys(problem for problem in found if problem is not None))


def _find_nulls(section: object, name: str) -> Iterator[tuple[YamlMapping | YamlSequence, tuple[str | int, ...]]]:
    """Yields each container that has a null, with the path of the null; with a stack, as users may be 100,000."""
    waiting: list[tuple[object, tuple[str | int, ...]]] = [(section, (name,))]
    while waiting:
        container, path = waiting.pop()
        if not isinstance(container, YamlMapping | YamlSequence):
            continue
        items = container.items() if isinstance(container, YamlMapping) else enumerate(container)
        for step, part in items:
            if part is None:
                yield container, (*path, step)
            elif type(part) is YamlMapping or type(part) is YamlSequence:
                waiting.append((part, (*path, step)))


def _explain(document: Document, container: YamlMapping | YamlSequence, path: tuple[str | int, ...]) -> Problem | None:
    """Returns the warning for a null of a container, or None if it is spelled on purpose."""
    mark = document.mark_of(container, path[-1])
    key = KEY.match(document.text, mark) if isinstance(container, YamlMapping) else None
    word = WORD.match(document.text, key.end() if key else mark)
    spelled = word[1] if word else ""
    if ON_PURPOSE.match(spelled):
        return None
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
    source = document.source(mark)
    if spelled in CAPITALISED:
        hint = f'write null if that is meant, or the text in quotes: "{spelled}"'
        return Problem("null_word", f"{where}: YAML reads {spelled} as null, not as text", source, hint, "warning")
    hint = "write null if that is meant, or remove the line"
    return Problem("null_word", f"{where}: nothing is written here, which YAML reads as null", source, hint, "warning")
