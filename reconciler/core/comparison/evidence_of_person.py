"""The evidence that two descriptions are of one person: the employeeNumber, else the given and the family name."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from reconciler.core.model.name_forms import wide_form
from reconciler.core.model.resources import Attributes

PersonEvidence: TypeAlias = Literal["agrees", "contradicts", "silent"]
NUMBER: Final = "employeeNumber"
NAMES: Final = ("name.givenName", "name.familyName")


def compare_people(one: Attributes, other: Attributes) -> PersonEvidence:
    """Compares two descriptions. Of the names, one alone may change (a marriage): then they are silent."""
    numbers = read_number(one), read_number(other)
    if all(numbers):
        return "agrees" if numbers[0] == numbers[1] else "contradicts"
    names = [(_read(one, path), _read(other, path)) for path in NAMES]
    if not all(map(all, names)):
        return "silent"
    alike = sum(first == second for first, second in names)
    if alike == len(names):
        return "agrees"
    return "silent" if alike else "contradicts"


def read_number(attributes: Attributes) -> str:
    """Returns the employeeNumber in the form in which it is compared; empty if there is none."""
    value = attributes.get(NUMBER)
    return "" if value is None or isinstance(value, bool | list) else str(value).strip().lower()


def _read(attributes: Attributes, path: str) -> str:
    value = attributes.get(path)
    return wide_form(value) if isinstance(value, str) else ""
