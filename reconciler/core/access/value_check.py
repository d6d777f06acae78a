"""Checks the values that are written to a service: those that a service changes or refuses, or that contradict others.

The mechanisms of 4me are checked for tenants of that dialect only. A finding names the statement of YAML that holds the
value, so that it can be shown at its line. Redacted values are not shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from reconciler.core.access.mapping import KEY
from reconciler.core.access.scope import path_steps
from reconciler.core.access.text_faults import find_text_fault, show_text
from reconciler.core.declarations.declared import Declarations
from reconciler.core.declarations.redaction import REDACTED, Redaction
from reconciler.core.declarations.rule import OF_MANY, LocatedRule
from reconciler.core.model.locales import suggest_languages, suggest_locale
from reconciler.core.model.resources import DesiredGroup, DesiredUser, Kind, Value
from reconciler.core.model.scalar import as_text
from reconciler.core.model.states import DesiredState
from reconciler.core.model.time_zones import suggest_time_zone
from reconciler.errors import Problem

Path: TypeAlias = tuple[str, ...]
Suggest: TypeAlias = Callable[[str], str | None]
NAMES_OF_FORM: Final[Mapping[str, tuple[str, Suggest]]] = {
    "locale": ("a language tag (BCP 47)", suggest_locale),
    "preferredLanguage": ("a list of language tags (BCP 47)", suggest_languages),
    "timezone": ("a time zone of the IANA database", suggest_time_zone),
}
TYPED: Final = frozenset({"emails", "phoneNumbers", "addresses"})  # in which a type has one value in most services
CHECKED_AS_NAMES: Final = frozenset({"externalId", "userName"})  # `lookalike` finds their invisible characters


@dataclass(frozen=True, slots=True)
class ValueFinding:
    """A problem at the line of a user or group; `path` is the statement of YAML that has the value."""

    problem: Problem
    path: Path


Found: TypeAlias = Iterable[tuple[str, Problem]]


def find_errors(users: Iterable[DesiredUser], redaction: Redaction) -> list[ValueFinding]:
    """Returns the values that contradict each other: two primary ones in a list, and a user who manages themselves."""
    check = _Check(redaction)
    return [check.place(user, *found) for user in users for found in check.errors(user)]


def find_warnings(declarations: Declarations, state: DesiredState) -> list[ValueFinding]:
    """Returns the values of one tenant that a service is likely to change, to refuse or to misread."""
    declared = declarations.tenants[state.tenant]
    mappings = declared.mappings or declarations.mappings
    check = _Check(
        Redaction(declarations.redact),
        {"user": _by_target(mappings.users), "group": _by_target(mappings.groups)},
        is_4me=declared.tenant.dialect == "4me",
    )
    return [check.place(resource, *found) for resource in state for found in check.warnings(resource)]


def _by_target(rules: Iterable[LocatedRule]) -> dict[str, LocatedRule]:
    return {located.rule.target: located for located in rules}


@dataclass(slots=True)
class _Check:
    """Finds problems, each with the target attribute that it is about; `known` has the hints by attribute and value."""

    redaction: Redaction
    rules: Mapping[Kind, Mapping[str, LocatedRule]] = field(default_factory=dict)
    is_4me: bool = False
    known: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def errors(self, user: DesiredUser) -> Found:
        if user.attributes.get("manager") == str(user.key):
            yield "manager", Problem("own_manager", "is the user's own manager", None, "name another user, or null")
        for target, items in _lists(user):
            primary = [item for item in items if item.get("primary") is True]
            if len(primary) > 1:  # RFC 7643 section 2.4: services keep the first or the last
                values = [self._show(target, item.get("value") or item.get("type")) for item in primary]
                message = f"has {len(primary)} primary values: {' and '.join(values)}"
                yield target, Problem("two_primaries", message, None, "keep `primary: true` on one of them")

    def warnings(self, resource: DesiredUser | DesiredGroup) -> Found:
        for target, value in _written(resource):
            yield from self._texts(target, value, is_computed=self._is_computed(resource, target))
            if target in NAMES_OF_FORM and isinstance(value, str):
                yield from self._form(target, value)
        for target, items in _lists(resource):
            if target in TYPED:
                yield from self._same_type(target, items)
            if target == "emails":
                yield from self._same_address(items)
        if self.is_4me and isinstance(resource, DesiredUser) and "emails" in resource.attributes:
            yield from self._primary_email(resource)

    def _texts(self, target: str, value: Value, *, is_computed: bool) -> Found:
        items = value if isinstance(value, list) else [{"": value}]
        parts = (part for item in items if isinstance(item, Mapping) for part in item.values())
        for text in (part for part in parts if isinstance(part, str)):
            fault = find_text_fault(text, is_name=target in CHECKED_AS_NAMES, is_computed=is_computed)
            if fault is not None:
                hint = fault.plain_hint if self.redaction.covers(target) else fault.hint
                yield target, _warning(fault.code, f"{self._show(target, text)} {fault.message}", hint)

    def _form(self, target: str, text: str) -> Found:
        form, suggest = NAMES_OF_FORM[target]
        if (target, text) not in self.known:  # a suggestion takes milliseconds, and many users have the same value
            self.known[target, text] = suggest(text)
        hint = self.known[target, text]
        if hint is not None:
            yield target, _warning(f"unknown_{target.lower()}", f"{self._show(target, text)} is not {form}", hint)

    def _same_type(self, target: str, items: list[Any]) -> Found:
        """Finds values that a service can't distinguish: they have one type, and none of them is primary."""
        by_type: dict[str, list[Any]] = {}
        for item in items:
            by_type.setdefault(as_text(item.get("type")).lower(), []).append(item)
        for name, alike in by_type.items():
            if name and len(alike) > 1 and not any(item.get("primary") is True for item in alike):
                message = f"has {len(alike)} values of the type {self._show(target, name)}, none of them primary"
                hint = "mark one of them `primary: true`, or give them different types: services may keep only one"
                yield target, _warning("same_type", message, hint)

    def _same_address(self, items: list[Any]) -> Found:
        times = Counter(as_text(item.get("value")).lower() for item in items)
        for address, number in times.items():
            if number > 1:
                message = f"has {self._show('emails', address)} {number} times, without regard to case"
                yield "emails", _warning("same_value", message, "keep one of them")

    def _primary_email(self, user: DesiredUser) -> Found:
        """Compares the userName with the primary e-mail address, by which 4me's default rules find a person."""
        items = dict(_lists(user)).get("emails", [])
        primary = [item for item in items if item.get("primary") is True] or (items if len(items) == 1 else [])
        name = as_text(user.attributes.get("userName"))
        if not primary:
            state = f"has {len(items)} values, none of them primary" if items else "is cleared"
            message = f"{state}; 4me's rules find a person by the primary e-mail address"
            hint = "mark the userName `primary: true`" if items else "declare the userName as e-mail address"
            yield "emails", _warning("no_primary_email", message, hint)
        elif name.lower() not in [as_text(item.get("value")).lower() for item in primary]:
            address = self._show("emails", primary[0].get("value"))
            message = f"{self._show('userName', name)} is not the primary e-mail address {address}"
            hint = "4me's rules find a person by it: make both equal, unless the rules of your account differ"
            yield "userName", _warning("not_primary_email", message, hint)

    def place(self, resource: DesiredUser | DesiredGroup, target: str, problem: Problem) -> ValueFinding:
        """Returns the problem at the statement of the value; a computed value has only the line of its rule."""
        declared = (f"{resource.key.kind}s", resource.key.name)
        located = self._rule(resource, target)
        steps = _steps(target if located is None else located.rule.source)
        source = located.source if located is not None and not steps else resource.source
        message = f"{'.'.join(declared)}.{target}: {problem.message}"
        return ValueFinding(replace(problem, message=message, source=source), (*declared, *steps) if steps else ())

    def _rule(self, resource: DesiredUser | DesiredGroup, target: str) -> LocatedRule | None:
        return self.rules.get(resource.key.kind, {}).get(target)

    def _is_computed(self, resource: DesiredUser | DesiredGroup, target: str) -> bool:
        located = self._rule(resource, target)
        return located is not None and located.rule.source is None

    def _show(self, target: str, value: object) -> str:
        return REDACTED if self.redaction.covers(target) else show_text(as_text(value))


def _warning(code: str, message: str, hint: str) -> Problem:
    return Problem(code, message, None, hint, severity="warning")


def _written(resource: DesiredUser | DesiredGroup) -> Iterable[tuple[str, Value]]:
    """Yields the attributes that are written, on create or always."""
    return (*resource.attributes.items(), *resource.on_create.items())


def _steps(path: str | None) -> Path:
    """Returns the keys of an attribute in a declaration: `badge` is under `attributes`, the key of a user is none."""
    if path is None or path == KEY:
        return ()
    return (path,) if path in OF_MANY else tuple(path_steps(path))


def _lists(resource: DesiredUser | DesiredGroup) -> Iterable[tuple[str, list[Any]]]:
    """Yields the multi-valued attributes that have values."""
    return ((target, value) for target, value in _written(resource) if isinstance(value, list))
