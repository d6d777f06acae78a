"""Attributes as the account has them → the values to declare, or why no edit of a declaration can say it.

A value that a mapping makes, of something else or of nothing, is not in the declaration: there is nothing to edit.
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
from reconciler.core.model.resources import Key, Value
from reconciler.errors import Problem

Path: TypeAlias = tuple[str, ...]
NESTED: Final = frozenset({"name", "customFields", "attributes"})
REQUIRED: Final = frozenset({("user", "userName"), ("group", "displayName")})
APPLY: Final = "apply puts back what git says"


def adopt_attribute(context: AdoptionContext, key: Key, one: AttributeChange) -> tuple[Path, Any] | Problem:
    """Where in the declaration what should stand, so that the attribute is as the account has it."""
    try:
        path = _find_path(context, key, one)
        return path, _find_value(context, key, one, path)
    except _NoEdit as error:
        return error.problem


class _NoEdit(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _find_path(context: AdoptionContext, key: Key, one: AttributeChange) -> Path:
    """The source attribute that the target is copied from."""
    located = context.rule(key, one.path)
    if located is None:
        return _split(one.path)
    rule, told = located.rule, _told(key, one)
    if rule.source is None:
        how = "an expression" if rule.expression is not None else "a constant"
        raise _NoEdit(not_adopted(f"{told}, which {how} makes", located.source, f"change the mapping, or {APPLY}"))
    if rule.source == KEY:
        raise _NoEdit(not_adopted(f"{told}, which is the key", located.source, f"change the mapping, or {APPLY}"))
    if one.before is None and rule.default is not None:
        raise _NoEdit(not_adopted(f"{told}, which has a default", located.source, f"change the mapping, or {APPLY}"))
    path = _split(rule.source)
    if len(path) > 1 and path[0] not in NESTED:
        raise _NoEdit(not_adopted(f"{told}, which is read out of {path[0]}", located.source, APPLY))
    return path


def _split(source: str) -> Path:
    """The path of a source attribute; one's own may be written short."""
    outer, _, inner = source.partition(".")
    if inner:
        return outer, inner
    return (source,) if source in UserDeclaration.__annotations__ or source == "groupType" else ("attributes", source)


def _find_value(context: AdoptionContext, key: Key, one: AttributeChange, path: Path) -> Any:  # noqa: ANN401  # as YAML may hold
    source = context.source(key)
    if one.before is None:
        if (key.kind, path[0]) in REQUIRED:
            raise _NoEdit(not_adopted(f"{_told(key, one)}, and {path[0]} must be declared", source, APPLY))
        return None
    if one.path == "manager":
        return _manager(context, key, one)
    try:
        declared = declare_value(key.kind, one.path, one.before)
    except Undeclarable as wrong:
        told = f"{key}: {one.path} in the account {wrong}"
        raise _NoEdit(not_adopted(told, source, f"correct it in the account, or {APPLY}")) from wrong
    named = context.declarations.users if key.kind == "user" else context.declarations.groups
    existing = value_at(named[key.name].attributes, path)
    if one.path in OF_MANY:
        return _keep_order(one.path, existing, declared, one.before)
    return _alike(existing, declared) if path[0] == "attributes" else declared


def _manager(context: AdoptionContext, key: Key, one: AttributeChange) -> str:
    manager = str(one.before)
    if manager.startswith(ID_PREFIX):
        told = f"{key}: the manager in the account is {manager.removeprefix(ID_PREFIX)}, whom git does not declare"
        raise _NoEdit(not_adopted(told, context.source(key), f"declare them, or {APPLY}"))
    return manager.removeprefix("user/")


def _told(key: Key, one: AttributeChange) -> str:
    now = (
        "nothing"
        if one.before is None
        else f'"{as_text(one.before)}"'
        if not isinstance(one.before, list)
        else "otherwise"
    )
    return f"{key}: {one.path} is {now} in the account"


def _alike(existing: object, text: object) -> object:
    """A text as the kind of value that stood there: a number stays one where it says the same."""
    if not isinstance(text, str):
        return text
    candidates: list[object] = []
    if isinstance(existing, bool):
        candidates = [True, False]
    elif isinstance(existing, int) and text.lstrip("-").isdecimal():
        candidates = [int(text[:300])]
    elif isinstance(existing, date):
        candidates = [_day(text)]
    return next((one for one in candidates if as_text(one) == text), text)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _keep_order(path: str, existing: object, declared: Sequence[Mapping[str, Any]], live: Value) -> list[Any]:
    """The account's values in the order in which git has them, and with no more parts than git speaks of."""
    known = [one for one in existing if isinstance(one, Mapping)] if isinstance(existing, list) else []
    spoken_of = {part for one in known for part in one} | {"value", "type", "primary"} | _more(path, known)
    waiting = [{part: one[part] for part in _parts(path) if part in one and part in spoken_of} for one in declared]
    kept: list[Any] = []
    for alike in (_is_same, _has_same_value, _has_same_type):
        for one in known:
            if any(one is before for before, _now in kept):
                continue
            now = next((other for other in waiting if alike(path, one, other)), None)
            if now is not None:
                waiting.remove(now)
                kept.append((one, one if alike is _is_same else _over(one, now)))
    in_order = [next((now for before, now in kept if before is one), None) for one in known]
    listed = [*(one for one in in_order if one is not None), *waiting]
    return list(declared) if differs(path, live, canonical(listed)) else listed


def _more(path: str, known: Sequence[object]) -> set[str]:
    return set(_parts(path)) if path == "addresses" or not known else set()


def _parts(path: str) -> tuple[str, ...]:
    return ADDRESS_PARTS if path == "addresses" else PARTS


def _over(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """What the value is now, its parts in the order in which they stood."""
    return {part: now[part] for part in (*before, *now) if part in now}


def _folded(path: str, one: Mapping[str, Any]) -> str:
    value = str(one.get("value", ""))
    return value.casefold() if path in CASELESS else value


def _is_same(path: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return not differs(path, canonical([other]), canonical([one]))


def _has_same_value(path: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return bool(one.get("value")) and _folded(path, one) == _folded(path, other)


def _has_same_type(_path: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return one.get("type") == other.get("type")
