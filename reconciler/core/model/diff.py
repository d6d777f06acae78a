"""Canonical SCIM values, and what differs between two of them. The only user of deepdiff.

Rules (RFC 7643 section 2): userName and e-mail addresses compare without case, all else exactly; null, `""` and
`[]` are one thing; multi-valued attributes compare by `type` and `value`, not by position.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.core.model.resources import Attributes, Value

CASELESS = frozenset({"userName", "emails"})


def canonical(value: Any) -> Value:  # noqa: ANN401  # whatever YAML or JSON may hold
    """A value in the one form that is compared, planned and written: nothing is None, values of many are sorted."""
    if isinstance(value, list | tuple):
        values = [_canonical_item(item) for item in value]
        assigned = [item for item in values if item]
        return sorted(assigned, key=_natural_key) if len(assigned) > 1 else assigned or None
    return None if value == "" else value


def _canonical_item(item: Any) -> dict[str, Any]:  # noqa: ANN401
    """One value of many; a bare string is its `value`; `primary: false` says nothing (RFC 7643 section 2.4)."""
    if not isinstance(item, Mapping):
        return {"value": item} if item not in (None, "") else {}
    return {
        name: item[name]
        for name in sorted(item)
        if item[name] not in (None, "", [], {}) and not (name == "primary" and item[name] is False)
    }


def _natural_key(item: Mapping[str, object]) -> tuple[str, ...]:
    return str(item.get("type", "")), str(item.get("value", "")), str(sorted(item.items(), key=str))


def differs(path: str, live: Value, desired: Value) -> bool:
    """Whether a managed attribute is not what it should be; both values are canonical."""
    if live == desired:
        return isinstance(live, bool) is not isinstance(desired, bool)
    if isinstance(live, list) and isinstance(desired, list):
        return _comparable(path, narrow(live, desired)) != _comparable(path, desired)
    return not (path in CASELESS and isinstance(live, str) and isinstance(desired, str) and _same_text(live, desired))


def _same_text(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def narrow(live: list[Any], desired: list[Any]) -> list[Any]:
    """The live values with only what git speaks of: a `display` that a server adds is no difference."""
    spoken_of = {name for item in desired for name in item} | {"value"}
    narrowed = [{name: item[name] for name in item if name in spoken_of} for item in live]
    return sorted(narrowed, key=_natural_key)


def _comparable(path: str, values: list[Any]) -> list[Any]:
    if path not in CASELESS:
        return values
    folded = [{**item, "value": str(item.get("value", "")).casefold()} for item in values]
    return sorted(folded, key=_natural_key)


def different_paths(live: Attributes, desired: Attributes) -> list[str]:
    """The managed attributes that differ, in the order of their names."""
    return sorted(path for path, value in desired.items() if differs(path, live.get(path), value))


def show_value(value: Value) -> str:
    """A value for people: text as it is, values of many as `work a@example.com (primary)`."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(_show_item(item) for item in value)
    return str(value)


def _show_item(item: dict[str, str | bool | int | float] | str) -> str:
    if isinstance(item, str):
        return item
    marks = ["primary"] if item.get("primary") else []
    rest = [str(item[name]) for name in item if name not in {"type", "value", "primary"}]
    words = [str(item[name]) for name in ("type", "value") if name in item]
    return " ".join([*words, *rest]) + "".join(f" ({mark})" for mark in marks)


def describe(before: Value, after: Value) -> list[str]:
    """What a person should read of a multi-valued attribute that changes: what comes and what goes, one line each."""
    from deepdiff import DeepDiff  # noqa: PLC0415  # an eighth of a second to import, and most plans don't need it

    difference = DeepDiff(_keyed(before), _keyed(after), verbose_level=2, threshold_to_diff_deeper=0)
    return sorted(
        [*_lines("-", difference.get("dictionary_item_removed", {}))]
        + [*_lines("+", difference.get("dictionary_item_added", {}))]
        + [
            f"~ {_place(path)}: {change['old_value']} → {change['new_value']}"
            for path, change in difference.get("values_changed", {}).items()
        ]
    )


def _keyed(value: Value) -> dict[str, Any]:
    """Values of many by their natural key: deepdiff would take `[1, 1, 2]` for `[1, 2]`."""
    if not isinstance(value, list):
        return {}
    items = [item if isinstance(item, dict) else {"value": item} for item in value]
    return {f"{item.get('type', '')} {item.get('value', '')}".strip(): item for item in items}


def _lines(sign: str, items: Mapping[str, Any]) -> Iterable[str]:
    return (f"{sign} {_place(path)}" for path in items)


def _place(path: str) -> str:
    return path.removeprefix("root").strip("[]").replace("']['", " ").strip("'")
