"""Warns of names that look alike, and of names with invisible characters; shows both with escapes.

An accent may be part of its letter or a character of its own (NFC, NFD). A name may have spaces without width, and
marks that change the direction of text. To the account such names differ; to a reviewer they look the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from unicodedata import normalize

from reconciler.core.declarations.redaction import REDACTED, Redaction
from reconciler.core.model.name_forms import is_unseen, lower_name, plain_form
from reconciler.core.model.resources import DesiredGroup, DesiredUser
from reconciler.errors import Problem


def check_lookalikes(
    attribute: str, resources: Iterable[DesiredUser | DesiredGroup], redaction: Redaction
) -> Iterable[Problem]:
    """Yields a warning for each name that looks like an earlier one, and for each with invisible characters."""
    spell: Callable[[str], str] = (lambda _name: REDACTED) if redaction.covers(attribute) else ascii
    first: dict[str, DesiredUser | DesiredGroup] = {}
    for resource in resources:
        name = _name(attribute, resource)
        other = first.setdefault(_visible(name), resource)
        earlier_name = _name(attribute, other)
        if lower_name(earlier_name) != lower_name(name):
            where = f"{resource.key} and {other.key} (at {other.source})"
            message = f"{where} look alike but differ: their {attribute} is {spell(name)} and {spell(earlier_name)}"
            hint = "spell them the same, or make them visibly different"
            yield Problem("look_alike", message, resource.source, hint, severity="warning")
        elif not name.isascii() and any(map(is_unseen, name)):
            message = f"the {attribute} of {resource.key} has invisible characters: {spell(name)}"
            hint = "remove them, unless the language needs them"
            yield Problem("invisible", message, resource.source, hint, severity="warning")


def _name(attribute: str, resource: DesiredUser | DesiredGroup) -> str:
    return str(resource.attributes.get(attribute) or "")


def _visible(name: str) -> str:
    """Returns the visible form of a name, without case."""
    return name.lower() if name.isascii() else normalize("NFC", plain_form(name).casefold())
