"""What pydantic says → what a person can act on: file and line, the offending value, what to do.

Knows the names of the contract for its did-you-means, and YAML's habits for its hints.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from reconciler.core.model.suggest import did_you_mean
from reconciler.desired.yaml.reader import Document, YamlMapping, YamlSequence
from reconciler.errors import Problem, Source

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

YAML_1_1_BOOLEANS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
LONGEST_VALUE = 60
HOLD_SECRETS = ("tenants.", "notifications[")
SHOWN_WHERE_SECRETS_ARE = {
    "enabled",
    "scope",
    "on_out_of_scope",
    "on_removed",
    "dialect",
    "roles_via",
    "formerly",
    "record",
    "beside",
    "approvals",
    "within",
    "burst",
    "sustained",
    "attribute",
    "operator",
    "quantifier",
    "target",
    "apply",
    "on",
    "to",
    "sender",
    "format",
}
PLAIN_ADDRESS = re.compile(r"[a-z]+://[A-Za-z0-9.:\[\]-]*(/[A-Za-z0-9/._-]{0,40})?")
HIDDEN = "what is written there (not shown: it may be a secret)"
ELSEWHERE = {
    "roles": "roles are given in `role_assignments`",
    "password": "passwords are never provisioned",
    "groups": "membership is declared on the group, under `members`",
    "id": "ids belong to the account; the key is the name here",
    "token": "a token is named, not written: token: {env: NAME_OF_THE_VARIABLE}",
    "client_id": "it is named, not written: client_id: {env: NAME_OF_THE_VARIABLE}",
    "client_secret": "a secret is named, not written: client_secret: {env: NAME_OF_THE_VARIABLE}",
}
NAMED = {
    "smtp": "it is named, not written, for it has a password: smtp: {env: NAME_OF_THE_VARIABLE}",
    "url": "it is named, not written, for whoever knows it can post: url: {env: NAME_OF_THE_VARIABLE}",
}
EXPECTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "date_type": "a date",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A declaration to be: `container[name]` of a document, and `where`: what messages call it."""

    document: Document
    container: YamlMapping | YamlSequence
    name: Any
    where: str
    source: Source

    @property
    def value(self) -> object:
        """What is written there."""
        return self.container[self.name]


def explain_errors(entry: Entry, error: ValidationError, names: Iterable[str] = ()) -> list[Problem]:
    """One problem for each place in the entry that is wrong; `names` are keys that would be right somewhere in it."""
    places: dict[tuple[object, ...], list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        places.setdefault(_place(detail, entry.value), []).append(detail)
    return [_explain(entry, place, details, names) for place, details in places.items()]


def _place(detail: ErrorDetails, value: object) -> tuple[object, ...]:
    """Where in the value the error is: pydantic's location without the union members, which aren't in the YAML."""
    place: list[object] = []
    steps = detail["loc"]
    for step in steps:
        inside = (isinstance(value, YamlMapping) and step in value) or (
            isinstance(value, YamlSequence) and isinstance(step, int)
        )
        if inside or (step == steps[-1] and detail["type"] in {"extra_forbidden", "missing"}):
            place.append(step)
            value = child(value, step)
    return tuple(place)


def child(container: object, key: object) -> object:
    """What a mapping or sequence holds there, or None."""
    match container:
        case YamlMapping() if key in container:
            return container[str(key)]
        case YamlSequence() if isinstance(key, int) and key < len(container):
            return container[key]
        case _:
            return None


def _explain(entry: Entry, place: tuple[object, ...], details: list[ErrorDetails], names: Iterable[str]) -> Problem:
    container: object = entry.container
    path = (entry.name, *place)
    for step in path[:-1]:
        container = child(container, step)
    name = str(path[-1])
    mark = entry.document.mark_of(container, path[-1])
    value = child(container, path[-1])
    if entry.where.startswith(HOLD_SECRETS) and not _may_be_shown(path, value):
        written = WrittenValue(name, HIDDEN, "")
    else:
        written = WrittenValue(name, value, entry.document.written(mark))
    message, hint = _sentence(details, written, names)
    spelled = entry.where + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return Problem("invalid", f"{spelled}: {message}", entry.document.source(mark), hint)


def _named(path: tuple[object, ...]) -> str:
    """The last name on the way: that of the list, for its items."""
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def _may_be_shown(path: tuple[object, ...], value: object) -> bool:
    """Where secrets are near, only what can't be one in the wrong place: no token, no address with one in it."""
    name = _named(path)
    if isinstance(value, YamlMapping | YamlSequence) or value is None or name in SHOWN_WHERE_SECRETS_ARE:
        return True
    if "webhook" in path or not isinstance(value, str):  # whoever knows a webhook's address can post
        return False
    return name in {"url", "token_url"} and PLAIN_ADDRESS.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class WrittenValue:
    """A value that is wrong: under which name, as YAML reads it, and as it is spelled in the file."""

    name: str
    value: object
    text: str


def _sentence(details: list[ErrorDetails], written: WrittenValue, names: Iterable[str]) -> tuple[str, str | None]:
    """What is wrong, and what to do about it."""
    first = details[0]
    match first["type"]:
        case "extra_forbidden":
            return "is not a key of the contract", ELSEWHERE.get(written.name) or did_you_mean(written.name, names)
        case "missing":
            return "is missing", "add it"
        case "value_error":
            subject = "" if isinstance(written.value, YamlMapping) else f"{_shown(written)} "
            return f"{subject}{first['ctx']['error']}", None
        case "literal_error" | "enum":
            choices = str(first.get("ctx", {}).get("expected", ""))
            return f"{_shown(written)} is not one of {choices}", _near_choice(written.value, choices)
        case kind if kind in EXPECTED:
            expected = dict.fromkeys(EXPECTED[detail["type"]] for detail in details if detail["type"] in EXPECTED)
            return f"{_shown(written)} is not {' or '.join(expected)}", _hint(kind, written)
        case _:
            return f"{_shown(written)}: {first['msg'].lower()}", None


def _shown(written: WrittenValue) -> str:
    value = written.value
    if isinstance(value, YamlMapping):
        return "a mapping"
    if isinstance(value, YamlSequence):
        return "a list"
    if value is None:
        return "null"
    if value is HIDDEN:
        return HIDDEN
    text = value if isinstance(value, str) else (written.text or str(value))
    return f"{text[:LONGEST_VALUE]!r}{'…' if len(text) > LONGEST_VALUE else ''}"


def _near_choice(value: object, choices: str) -> str | None:
    quoted = choices.replace(" or ", ", ").split(", ")
    return did_you_mean(value, (choice.strip("'") for choice in quoted)) if isinstance(value, str) else None


def _hint(kind: str, written: WrittenValue) -> str | None:
    """What YAML does to people: numbers, dates and booleans where text was meant, and YAML 1.1's words for true."""
    value = written.value
    if kind == "bool_type" and isinstance(value, str) and value.lower() in YAML_1_1_BOOLEANS:
        return f"in YAML 1.2 only true and false are booleans: write {YAML_1_1_BOOLEANS[value.lower()]}"
    if kind == "string_type" and isinstance(value, bool | int | float | date):
        what = {bool: "a boolean", int: "a number", float: "a number"}.get(type(value), "a date")
        return f'YAML reads {written.text} as {what}: quote it, "{written.text}"'
    if kind == "string_type" and value is None:
        return "leave it out, or give it a value"
    if kind not in {"dict_type", "model_type"}:
        return None
    return NAMED.get(written.name) or ELSEWHERE.get(written.name)
