"""Attributes in the account → the values to declare, or the reason why no edit of a declaration can adopt them.

A value that a mapping computes is not in the declaration, so no edit can adopt it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, TypeAlias

from reconciler.core.access.mapping import KEY
from reconciler.core.access.scope import as_text
from reconciler.core.adoption.adoption_context import AdoptionContext, not_adopted
from reconciler.core.adoption.declarable import ADDRESS_PARTS, PARTS, Undeclarable, declare_value
from reconciler.core.adoption.edits import value_at
from reconciler.core.changes.plan import AttributeChange
from reconciler.core.comparison.references import ID_PREFIX
from reconciler.core.declarations.declared import UserDeclaration
from reconciler.core.declarations.rule import OF_MANY
from reconciler.core.model.diff import CASELESS, canonical, differs
from reconciler.core.model.name_forms import lower_name
from reconciler.core.model.resources import Key, Value
from reconciler.errors import Problem

Path: TypeAlias = tuple[str, ...]
NESTED: Final = frozenset({"name", "customFields", "attributes"})
REQUIRED: Final = frozenset({("user", "userName"), ("group", "displayName")})
APPLY: Final = "apply reverts it to the value in git"


def adopt_attribute(context: AdoptionContext, key: Key, change: AttributeChange) -> tuple[Path, Any] | Problem:
    """Returns the path in the declaration and the value that adopt the attribute, or the reason why no edit does."""
    try:
        path = _find_path(context, key, change)
        return path, _find_value(context, key, change, path)
    except _NoEdit as error:
        return error.problem


class _NoEdit(Exception):
    """Carries the problem of an attribute that no edit can adopt."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _find_path(context: AdoptionContext, key: Key, change: AttributeChange) -> Path:
    """Returns the path of the source attribute that the mapping copies; raises _NoEdit if it copies none."""
    located = context.rule(key, change.path)
    if located is None:
        return _split(change.path)
    rule, state = located.rule, _describe(key, change)
    mapping = f"change the mapping, or {APPLY}"
    if rule.source is None:
        origin = "an expression" if rule.expression is not None else "a constant"
        raise _NoEdit(not_adopted(f"{state}; the value in git comes from {origin}", located.source, mapping))
    if rule.source == KEY:
        raise _NoEdit(not_adopted(f"{state}; the value in git is the key", located.source, mapping))
    if change.before is None and rule.default is not None:
        raise _NoEdit(not_adopted(f"{state}; the mapping has a default", located.source, mapping))
    path = _split(rule.source)
    if len(path) > 1 and path[0] not in NESTED:
        raise _NoEdit(not_adopted(f"{state}; the mapping selects it from {path[0]}", located.source, APPLY))
    return path


def _split(source: str) -> Path:
    """Returns the path of a source attribute; an attribute outside the contract is under `attributes`."""
    outer, _, inner = source.partition(".")
    if inner:
        return outer, inner
    return (source,) if source in UserDeclaration.__annotations__ or source == "groupType" else ("attributes", source)


def _find_value(context: AdoptionContext, key: Key, change: AttributeChange, path: Path) -> Any:  # noqa: ANN401  # any YAML value
    source = context.source(key)
    if change.before is None:
        if (key.kind, path[0]) in REQUIRED:
            raise _NoEdit(not_adopted(f"{_describe(key, change)}, and {path[0]} must be declared", source, APPLY))
        return None
    if change.path == "manager":
        return _manager(context, key, change)
    try:
        declared = declare_value(key.kind, change.path, change.before)
    except Undeclarable as reason:
        message = f"{key}: {change.path} in the account {reason}"
        raise _NoEdit(not_adopted(message, source, f"correct it in the account, or {APPLY}")) from reason
    named = context.declarations.users if key.kind == "user" else context.declarations.groups
    existing = value_at(named[key.name].attributes, path)
    if change.path in OF_MANY:
        return _keep_order(change.path, existing, declared, change.before)
    return _with_type_of(existing, declared) if path[0] == "attributes" else declared


def _manager(context: AdoptionContext, key: Key, change: AttributeChange) -> str:
    manager = str(change.before)
    if manager.startswith(ID_PREFIX):
        message = f"{key}: the manager in the account is {manager.removeprefix(ID_PREFIX)}, a user not declared in git"
        raise _NoEdit(not_adopted(message, context.source(key), f"declare them, or {APPLY}"))
    return manager.removeprefix("user/")


def _describe(key: Key, change: AttributeChange) -> str:
    if change.before is None:
        return f"{key}: {change.path} is empty in the account"
    if isinstance(change.before, list):
        return f"{key}: {change.path} is different in the account"
    return f'{key}: {change.path} is "{as_text(change.before)}" in the account'


def _with_type_of(existing: object, text: object) -> object:
    """Returns the text as the type of the existing value, if that has the same text: a number stays a number."""
    if not isinstance(text, str):
        return text
    candidates: list[object] = []
    if isinstance(existing, bool):
        candidates = [True, False]
    elif isinstance(existing, int) and text.lstrip("-").isdecimal():
        candidates = [int(text[:300])]
    elif isinstance(existing, date):
        candidates = [_day(text)]
    return next((candidate for candidate in candidates if as_text(candidate) == text), text)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _keep_order(path: str, existing: object, declared: Sequence[Mapping[str, Any]], live: Value) -> list[Any]:
    """Returns the live values in the order of git's values, and only with parts that git declares.

    A live value replaces the equal one of git, else one with the same `value`, else one of the same `type`.
    """
    known = [item for item in existing if isinstance(item, Mapping)] if isinstance(existing, list) else []
    parts = ADDRESS_PARTS if path == "addresses" else PARTS
    managed = {part for item in known for part in item} | {"value", "type", "primary"}
    if path == "addresses" or not known:
        managed |= set(parts)
    waiting = [{part: item[part] for part in parts if part in item and part in managed} for item in declared]
    kept: list[Any] = []
    for is_alike in (_is_same, _has_same_value, _has_same_type):
        for before in known:
            if any(before is replaced for replaced, _now in kept):
                continue
            now = next((item for item in waiting if is_alike(path, before, item)), None)
            if now is not None:
                waiting.remove(now)
                kept.append((before, before if is_alike is _is_same else _in_order_of(before, now)))
    in_order = [next((now for replaced, now in kept if replaced is before), None) for before in known]
    listed = [*(item for item in in_order if item is not None), *waiting]
    return list(declared) if differs(path, live, canonical(listed)) else listed


def _in_order_of(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the new value, with its parts in the order of the previous one."""
    return {part: now[part] for part in (*before, *now) if part in now}


def _folded(path: str, item: Mapping[str, Any]) -> str:
    value = str(item.get("value", ""))
    return lower_name(value) if path in CASELESS else value


def _is_same(path: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    return not differs(path, canonical([now]), canonical([before]))


def _has_same_value(path: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    return bool(before.get("value")) and _folded(path, before) == _folded(path, now)


def _has_same_type(_path: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    return before.get("type") == now.get("type")
