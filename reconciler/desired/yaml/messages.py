"""pydantic's errors → problems that a person can fix: file and line, the wrong value, what to do.

Knows the keys of the contract, to suggest a similar one, and the pitfalls of YAML, to explain them.
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
    "quirks",
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
HIDDEN = "the value (not shown: it may be a secret)"
DECLARED_ELSEWHERE = {
    "roles": "assign roles under `role_assignments`",
    "password": "remove it: passwords are never provisioned",
    "groups": "declare membership on the group, under `members`",
    "id": "remove it: the account assigns ids; the key is the name here",
    "token": "name the variable that holds the token: token: {env: NAME_OF_THE_VARIABLE}",
    "client_id": "name the variable that holds it: client_id: {env: NAME_OF_THE_VARIABLE}",
    "client_secret": "name the variable that holds the secret: client_secret: {env: NAME_OF_THE_VARIABLE}",
}
NAMED_BY_VARIABLE = {
    "smtp": "name the variable that holds it, because it contains a password: smtp: {env: NAME_OF_THE_VARIABLE}",
    "url": "name the variable that holds it, because everyone who has it can post: url: {env: NAME_OF_THE_VARIABLE}",
}
HINTS_BY_TYPE = {
    "date_type": "write it like 2027-03-31, without quotes",
    "list_type": "write its items in brackets, [one, two], or each on a line of its own after `- `",
    "dict_type": "write its keys below it, indented, as `key: value`",
    "model_type": "write its keys below it, indented, as `key: value`",
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
    """A declaration that is not validated yet: `container[name]` of a document; messages call it `where`."""

    document: Document
    container: YamlMapping | YamlSequence
    name: Any
    where: str
    source: Source

    @property
    def value(self) -> object:
        """The value in the document."""
        return self.container[self.name]


def explain_errors(entry: Entry, error: ValidationError, names: Iterable[str] = ()) -> list[Problem]:
    """Returns one problem for each wrong value in the entry; `names` are keys that a suggestion may offer."""
    by_path: dict[tuple[object, ...], list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        by_path.setdefault(_find_path(detail, entry.value), []).append(detail)
    return [_explain(entry, path, details, names) for path, details in by_path.items()]


def _find_path(detail: ErrorDetails, value: object) -> tuple[object, ...]:
    """Returns pydantic's location without the members of unions, which the YAML does not contain."""
    path: list[object] = []
    steps = detail["loc"]
    for step in steps:
        inside = (isinstance(value, YamlMapping) and step in value) or (
            isinstance(value, YamlSequence) and isinstance(step, int)
        )
        if inside or (step == steps[-1] and detail["type"] in {"extra_forbidden", "missing"}):
            path.append(step)
            value = child(value, step)
    return tuple(path)


def child(container: object, key: object) -> object:
    """Returns the value under a key of a mapping or an index of a sequence, or None."""
    match container:
        case YamlMapping() if key in container:
            return container[str(key)]
        case YamlSequence() if isinstance(key, int) and key < len(container):
            return container[key]
        case _:
            return None


def _explain(entry: Entry, inner: tuple[object, ...], details: list[ErrorDetails], names: Iterable[str]) -> Problem:
    container: object = entry.container
    path = (entry.name, *inner)
    for step in path[:-1]:
        container = child(container, step)
    name = str(path[-1])
    mark = entry.document.mark_of(container, path[-1])
    value = child(container, path[-1])
    if entry.where.startswith(HOLD_SECRETS) and not _is_no_secret(path, value):
        written = WrittenValue(name, HIDDEN, "")
    else:
        written = WrittenValue(name, value, entry.document.written(mark))
    message, hint = _describe(details, written, names)
    spelled = entry.where + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in inner)
    return Problem("invalid", f"{spelled}: {message}", entry.document.source(mark), hint)


def _is_no_secret(path: tuple[object, ...], value: object) -> bool:
    """Decides whether a value beside secrets can be shown: it is no token, and no address that contains one."""
    name = next((step for step in reversed(path) if isinstance(step, str)), "")  # of an item: the list's name
    if isinstance(value, YamlMapping | YamlSequence) or value is None or name in SHOWN_WHERE_SECRETS_ARE:
        return True
    if "webhook" in path or not isinstance(value, str):  # a webhook's address is a permission to post
        return False
    return name in {"url", "token_url"} and PLAIN_ADDRESS.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class WrittenValue:
    """A wrong value: its name, the value as YAML reads it, and its spelling in the file."""

    name: str
    value: object
    text: str


def _describe(details: list[ErrorDetails], written: WrittenValue, names: Iterable[str]) -> tuple[str, str | None]:
    """Returns the message and the hint."""
    first = details[0]
    match first["type"]:
        case "extra_forbidden":
            hint = DECLARED_ELSEWHERE.get(written.name) or did_you_mean(written.name, names)
            return "this key is unknown", hint or "remove it, or correct its name"
        case "missing":
            return "this key is missing", "add it"
        case "value_error":
            subject = "" if isinstance(written.value, YamlMapping) else f"{_quote(written)} "
            return f"{subject}{first['ctx']['error']}", None
        case "literal_error" | "enum":
            choices = str(first.get("ctx", {}).get("expected", ""))
            return f"{_quote(written)} is not one of {choices}", _suggest_choice(written.value, choices)
        case kind if kind in EXPECTED:
            expected = dict.fromkeys(EXPECTED[detail["type"]] for detail in details if detail["type"] in EXPECTED)
            return f"{_quote(written)} is not {' or '.join(expected)}", _find_hint(kind, written, len(expected))
        case _:
            sentence = first["msg"].replace(" after validation", "")
            _subject, should, requirement = sentence.partition(" should ")
            return f"{_quote(written)}{should}{requirement}" if should else f"{_quote(written)}: {sentence}", None


def _quote(written: WrittenValue) -> str:
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


def _suggest_choice(value: object, choices: str) -> str | None:
    quoted = choices.replace(" or ", ", ").split(", ")
    return did_you_mean(value, (choice.strip("'") for choice in quoted)) if isinstance(value, str) else None


def _find_hint(kind: str, written: WrittenValue, choices: int) -> str | None:
    """Returns what to do about a value of the wrong type; `choices` is the number of types that are right.

    YAML reads unquoted text as a number, date or boolean, and YAML 1.2 reads `yes` as text.
    """
    value = written.value
    if kind == "bool_type" and isinstance(value, str) and value.lower() in YAML_1_1_BOOLEANS:
        return f"in YAML 1.2 only true and false are booleans: write {YAML_1_1_BOOLEANS[value.lower()]}"
    if kind == "string_type" and isinstance(value, bool | int | float | date):
        type_name = {bool: "a boolean", int: "a number", float: "a number"}.get(type(value), "a date")
        return f'YAML reads {written.text} as {type_name}: quote it, "{written.text}"'
    if kind == "string_type" and value is None:
        return "remove the key, or give it a value"
    if kind in {"dict_type", "model_type"} and written.name in {**NAMED_BY_VARIABLE, **DECLARED_ELSEWHERE}:
        return NAMED_BY_VARIABLE.get(written.name) or DECLARED_ELSEWHERE[written.name]
    return HINTS_BY_TYPE.get(kind) if choices == 1 else None
