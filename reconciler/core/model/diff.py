"""Makes SCIM values canonical, compares two of them, and describes their difference. The only user of deepdiff.

Rules (RFC 7643 section 2): userName and e-mail addresses compare without case, all others exactly. Null, `""` and
`[]` are equal. Multi-valued attributes compare as multisets, because their values have no positions. A boolean is
never equal to a number.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container, Hashable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from reconciler.core.model.name_forms import lower_name
from reconciler.core.model.resources import Attributes, Value

CASELESS = frozenset({"userName", "emails"})
NOTHING: Final = "nothing"
CLEARED: Final = "cleared"
ALIKE: Final = 40  # equal characters shown before the difference of two long texts
PRIMARY: Final = "primary"
KIN: Final = ("type", "value")  # these parts identify a value of a multi-valued attribute
SIGNS: Final = {"dictionary_item_added": "+", "dictionary_item_removed": "-"}  # deepdiff's kinds; all others are ~


def canonical(value: Any) -> Value:  # noqa: ANN401  # any value of YAML or JSON
    """Returns a value in the form in which it is compared, planned and written: empty is None, lists are sorted."""
    if isinstance(value, list | tuple):
        values = [_canonical_item(item) for item in value]
        assigned = [item for item in values if item]
        return sorted(assigned, key=_natural_key) if len(assigned) > 1 else assigned or None
    return None if value == "" else value


def _canonical_item(item: Any) -> dict[str, Any]:  # noqa: ANN401
    """Returns one value of a list as an object; `primary: false` is the default and left out (RFC 7643 section 2.4)."""
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
    """Decides whether a managed attribute differs from its desired value; both values are canonical."""
    if live == desired and type(live) is type(desired) and (type(live) is not list or _has_types(live, desired)):
        return False
    if isinstance(live, list) and isinstance(desired, list):
        declared = _declared_parts(desired)
        return _count(path, [_narrowed(item, declared) for item in _rows(live)]) != _count(path, desired)
    return _identity(live, fold=path in CASELESS) != _identity(desired, fold=path in CASELESS)


def _has_types(live: list[Any], desired: Any) -> bool:  # noqa: ANN401  # an equal list
    """Decides whether equal lists have equal types too, as 1, 1.0 and True are equal in Python; False if unsure."""
    for one, other in zip(live, desired, strict=True):
        types = [*map(type, one.values())]
        if types != [*map(type, other.values())] or list in types:
            return False
    return True


def narrow(live: list[Any], desired: list[Any]) -> list[Any]:
    """Returns the live values with only the parts that git declares: a `display` that a server adds is ignored."""
    declared = _declared_parts(desired)
    return sorted((_narrowed(item, declared) for item in live), key=_natural_key)


def _declared_parts(desired: list[Any]) -> set[str]:
    return {name for item in desired for name in item} | {"value"}


def _narrowed(item: Mapping[str, Any], declared: Container[str]) -> dict[str, Any]:
    return {name: item[name] for name in item if name in declared}


def _count(path: str, values: Iterable[Any]) -> Counter[Hashable]:
    """Counts each value: a multi-valued attribute is a multiset without positions (RFC 7643 section 2.4)."""
    return Counter([_row_identity(path, item) for item in values])


def _row_identity(path: str, item: Mapping[str, Any]) -> Hashable:
    if path not in CASELESS:
        return frozenset([(name, _identity(value)) for name, value in item.items()])
    return frozenset([(name, _identity(value, fold=name == "value")) for name, value in item.items()])


def _identity(value: object, *, fold: bool = False) -> Hashable:
    """Returns a hashable value that is equal for equal SCIM values only: booleans, numbers and texts stay apart."""
    match value:
        case str():
            return lower_name(value) if fold else value
        case bool():
            return bool, value
        case Mapping():
            return frozenset((name, _identity(part)) for name, part in value.items())
        case list() | tuple():
            return tuple, *map(_identity, value)
        case float() if value != value:  # noqa: PLR0124  # NaN is unequal to itself in Python
            return float, "NaN"
        case _:
            return float, value


def different_paths(live: Attributes, desired: Attributes) -> list[str]:
    """Returns the names of the managed attributes that differ, sorted."""
    return sorted(
        path
        for path, value in desired.items()
        if not (type(value) is str and live.get(path) == value)  # a fast path: most values are equal texts
        and differs(path, live.get(path), value)
    )


def show_value(value: Value) -> str:
    """Renders a value: text unchanged, a value of a list as `work a@example.com (primary)`."""
    return value if isinstance(value, str) else show_quoted(value)


def show_quoted(value: Value) -> str:
    """Renders a value, with text in quotes if it has outer spaces, or if it reads `nothing` or `cleared`."""
    if value is None:
        return NOTHING
    return ", ".join(map(_show_item, value)) if isinstance(value, list) else _show_part(value)


def show_change(before: Value, after: Value) -> tuple[str, str]:
    """Renders two values, as JSON if their texts would be the same: `3` and `"3"`."""
    return _apart(show_quoted(before), CLEARED if after is None else show_quoted(after), before, after)


def begin_before_difference(before: str, after: str, longest: int) -> tuple[str, str]:
    """Cuts the equal beginning of two texts, if it would hide the difference when `longest` characters are shown."""
    pairs = enumerate(zip(before, after, strict=False))
    alike = next((at for at, (one, other) in pairs if one != other), min(len(before), len(after)))
    if alike < longest // 2 or max(len(before), len(after)) <= longest:
        return before, after
    start = alike - min(ALIKE, longest // 4)
    return f"…{before[start:]}", f"…{after[start:]}"


def _apart(shown_before: str, shown_after: str, before: object, after: object) -> tuple[str, str]:
    """Returns the two texts, or the values as JSON if the values differ and the texts do not."""
    if shown_before != shown_after or _identity(before) == _identity(after):
        return shown_before, shown_after
    return _as_json(before), _as_json(after)


def _show_item(item: dict[str, str | bool | int | float] | str) -> str:
    if isinstance(item, str):
        return _show_part(item)
    flag = item.get(PRIMARY)
    rest = [name for name in item if name not in KIN and not (name == PRIMARY and isinstance(flag, bool))]
    words = [_show_part(item[name]) for name in (*KIN, *rest) if name in item]
    return " ".join(words) + " (primary)" * (flag is True)


def _show_part(value: object) -> str:
    if not isinstance(value, str):
        return _as_json(value)
    return value if value == value.strip() and value not in {NOTHING, CLEARED} else f'"{value}"'


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


class _Row(NamedTuple):
    """A value of a multi-valued attribute: the parts that git declares, and all parts in the account."""

    item: dict[str, Any]
    whole: dict[str, Any]


def describe(path: str, before: Value, after: Value) -> list[str]:
    """Lists the changes of a multi-valued attribute, one line for each value; no line if nothing differs.

    `- ` marks a removed value, `+ ` an added value, and `~ ` a part that changes while type and value stay.
    """
    gone, come = _unpaired(path, canonical(before), canonical(after))
    stays = [kin for kin, rows in gone.items() if len(rows) == len(come.get(kin, ())) == 1]
    parts = [line for kin in stays for line in _describe_parts(gone.pop(kin)[0].item, come.pop(kin)[0].item)]
    went, came = ([row.whole for rows in side.values() for row in rows] for side in (gone, come))
    alike = {_show_item(item) for item in went} & {_show_item(item) for item in came}
    shown = [
        f"{sign} {_as_json(item) if _show_item(item) in alike else _show_item(item)}"
        for sign, items in (("-", went), ("+", came))
        for item in items
    ]
    return sorted([*parts, *shown])


def _unpaired(path: str, before: Value, after: Value) -> tuple[dict[Hashable, list[_Row]], dict[Hashable, list[_Row]]]:
    """Returns the values that each side has more often than the other, by type and value: a multiset difference."""
    had, gets = _rows(before), _rows(after)
    declared = _declared_parts(gets)
    live = [_Row(_narrowed(item, declared), item) for item in had]
    desired = [_Row(item, item) for item in gets]
    on_both = _count(path, (row.item for row in live)) & _count(path, gets)
    return _without(path, live, on_both), _without(path, desired, on_both)


def _rows(value: Value) -> list[Any]:
    return value if isinstance(value, list) else []


def _without(path: str, rows: Iterable[_Row], on_both: Counter[Hashable]) -> dict[Hashable, list[_Row]]:
    left = Counter(on_both)
    alone: dict[Hashable, list[_Row]] = {}
    for row in rows:
        identity = _row_identity(path, row.item)
        if left[identity]:
            left[identity] -= 1
        else:
            kin = _row_identity(path, {name: row.item[name] for name in KIN if name in row.item})
            alone.setdefault(kin, []).append(row)
    return alone


def _describe_parts(gone: Mapping[str, Any], come: Mapping[str, Any]) -> Iterable[str]:
    """Yields a line for each part of a value that changes, other than its type and value."""
    from deepdiff import DeepDiff  # noqa: PLC0415  # takes an eighth of a second, and most plans don't need it

    shown = _show_item({name: come[name] for name in KIN if name in come})
    before, after = ({name: _flat(item[name]) for name in item if name not in KIN} for item in (gone, come))
    tree = DeepDiff(before, after, view="tree", ignore_private_variables=False, threshold_to_diff_deeper=0)
    for kind, levels in tree.items():
        for level in levels:
            [name] = level.path(output_format="list")
            if _identity(gone.get(name)) != _identity(come.get(name)):
                part = _describe_part(name, gone.get(name), come.get(name))
                yield " ".join(filter(None, (SIGNS.get(kind, "~"), shown, part)))


def _flat(value: object) -> object:
    """Returns nested values, which SCIM does not have here, as JSON text, so that they compare as one value."""
    return _as_json(value) if isinstance(value, Mapping | list | tuple) else value


def _describe_part(name: str, before: object, after: object) -> str:
    """Returns `display: Ann → Lee`, the one value if only one side has the part, or `primary` alone if it is true."""
    if before is not None and after is not None:
        return f"{name}: {' → '.join(_apart(_show_part(before), _show_part(after), before, after))}"
    value = after if before is None else before
    return name if name == PRIMARY and value is True else f"{name}: {_show_part(value)}"
