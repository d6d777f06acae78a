"""Names that people can't tell apart, and names with letters that nobody sees: shown letter by letter.

An accent may be part of its letter or a letter of its own (NFC, NFD); a name may hold spaces without width, and marks
that turn its direction. To an account these are different names, to a reviewer one, and an account may have both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from unicodedata import category, normalize

from reconciler.core.declarations.redaction import REDACTED, Redaction
from reconciler.core.model.resources import DesiredGroup, DesiredUser
from reconciler.errors import Problem


def check_lookalikes(
    attribute: str, resources: Iterable[DesiredUser | DesiredGroup], redaction: Redaction
) -> Iterable[Problem]:
    """A warning for each name that looks like an earlier one, and for each with letters that nobody sees."""
    spell: Callable[[str], str] = (lambda _name: REDACTED) if redaction.covers(attribute) else ascii
    first: dict[str, DesiredUser | DesiredGroup] = {}
    for resource in resources:
        name = _name(attribute, resource)
        other = first.setdefault(_seen(name), resource)
        theirs = _name(attribute, other)
        if theirs.casefold() != name.casefold():
            where = f"{resource.key} and {other.key} (at {other.source})"
            message = f"{where} look the same and are not: their {attribute} is {spell(name)} and {spell(theirs)}"
            hint = "write one like the other, or tell them apart"
            yield Problem("look_alike", message, resource.source, hint, severity="warning")
        elif not name.isascii() and any(map(_is_invisible, name)):
            message = f"the {attribute} of {resource.key} has letters that nobody sees: {spell(name)}"
            hint = "take them out if nobody needs them"
            yield Problem("invisible", message, resource.source, hint, severity="warning")


def _name(attribute: str, resource: DesiredUser | DesiredGroup) -> str:
    return str(resource.attributes.get(attribute) or "")


def _seen(name: str) -> str:
    """A name as it looks, without case."""
    if name.isascii():
        return name.casefold()
    visible = "".join(letter for letter in normalize("NFC", name) if not _is_invisible(letter))
    return normalize("NFC", visible.casefold())


def _is_invisible(letter: str) -> bool:
    return category(letter) == "Cf"
