"""Canonical SCIM values, and what differs between two of them. The only user of deepdiff.

Rules (RFC 7643 section 2): userName and e-mail addresses compare without case, all else exactly; null, `""` and
`[]` are one thing; multi-valued attributes compare as multisets, for they have no positions. A flag is no number.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container, Hashable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from reconciler.core.model.resources import Attributes, Value

CASELESS = frozenset({"userName", "emails"})
NOTHING: Final = "nothing"
CLEARED: Final = "cleared"
ALIKE: Final = 40  # characters before two long texts differ
PRIMARY: Final = "primary"
KIN: Final = ("type", "value")  # what a value of many is known by
SIGNS: Final = {"dictionary_item_added": "+", "dictionary_item_removed": "-"}  # by what deepdiff calls it; else ~


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
    if live == desired and type(live) is type(desired) and (type(live) is not list or _has_types(live, desired)):
        return False
    if isinstance(live, list) and isinstance(desired, list):
        spoken_of = _spoken_of(desired)
        return _count(path, [_narrowed(item, spoken_of) for item in _rows(live)]) != _count(path, desired)
    return _identity(live, fold=path in CASELESS) != _identity(desired, fold=path in CASELESS)


def _has_types(live: list[Any], desired: Any) -> bool:  # noqa: ANN401  # an equal list
    """Whether two equal lists are surely the same, seen at once: Python takes 1, 1.0 and True for equal."""
    for one, other in zip(live, desired, strict=True):
        types = [*map(type, one.values())]
        if types != [*map(type, other.values())] or list in types:
            return False
    return True


def narrow(live: list[Any], desired: list[Any]) -> list[Any]:
    """The live values with only what git speaks of: a `display` that a server adds is no difference."""
    spoken_of = _spoken_of(desired)
    return sorted((_narrowed(item, spoken_of) for item in live), key=_natural_key)


def _spoken_of(desired: list[Any]) -> set[str]:
    return {name for item in desired for name in item} | {"value"}


def _narrowed(item: Mapping[str, Any], spoken_of: Container[str]) -> dict[str, Any]:
    return {name: item[name] for name in item if name in spoken_of}


def _count(path: str, values: Iterable[Any]) -> Counter[Hashable]:
    """How often each value is there: values of many have no positions (RFC 7643 section 2.4)."""
    return Counter([_row_identity(path, item) for item in values])


def _row_identity(path: str, item: Mapping[str, Any]) -> Hashable:
    if path not in CASELESS:
        return frozenset([(name, _identity(value)) for name, value in item.items()])
    return frozenset([(name, _identity(value, fold=name == "value")) for name, value in item.items()])


def _identity(value: object, *, fold: bool = False) -> Hashable:
    """What is equal for equal values alone: a flag is no number, and a number is no text."""
    match value:
        case str():
            return value.casefold() if fold else value
        case bool():
            return bool, value
        case Mapping():
            return frozenset((name, _identity(one)) for name, one in value.items())
        case list() | tuple():
            return tuple, *map(_identity, value)
        case float() if value != value:  # noqa: PLR0124  # NaN, which Python takes for unequal to itself
            return float, "NaN"
        case _:
            return float, value


def different_paths(live: Attributes, desired: Attributes) -> list[str]:
    """The managed attributes that differ, in the order of their names."""
    return sorted(
        path
        for path, value in desired.items()
        if not (type(value) is str and live.get(path) == value)  # nearly all are the same texts
        and differs(path, live.get(path), value)
    )


def show_value(value: Value) -> str:
    """A value for people: text as it is, values of many as `work a@example.com (primary)`."""
    return value if isinstance(value, str) else show_quoted(value)


def show_quoted(value: Value) -> str:
    """The same, with text in quotes where a space begins or ends it, or where it reads as a word of ours."""
    if value is None:
        return NOTHING
    return ", ".join(map(_show_item, value)) if isinstance(value, list) else _show_part(value)


def show_change(before: Value, after: Value) -> tuple[str, str]:
    """Two values for people, as JSON where they would read alike: `3` and `"3"`."""
    return _apart(show_quoted(before), CLEARED if after is None else show_quoted(after), before, after)


def begin_before_difference(before: str, after: str, longest: int) -> tuple[str, str]:
    """Two texts of which so many characters are shown; those that differ later begin shortly before they differ."""
    pairs = enumerate(zip(before, after, strict=False))
    alike = next((at for at, (one, other) in pairs if one != other), min(len(before), len(after)))
    if alike < longest // 2 or max(len(before), len(after)) <= longest:
        return before, after
    start = alike - min(ALIKE, longest // 4)
    return f"…{before[start:]}", f"…{after[start:]}"


def _apart(shown_before: str, shown_after: str, before: object, after: object) -> tuple[str, str]:
    """The same texts, or JSON where one text stands for two values."""
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
    """One value of many, with only what git speaks of, and with all that the account holds."""

    item: dict[str, Any]
    whole: dict[str, Any]


def describe(path: str, before: Value, after: Value) -> list[str]:
    """Lists what changes in an attribute of many values, one line for each value; no line where nothing differs.

    `- ` is a value that goes, `+ ` one that comes, and `~ ` a part of a value whose type and value stay.
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
    """The values that each side has more often than the other, by type and value: a difference of multisets."""
    had, gets = _rows(before), _rows(after)
    spoken_of = _spoken_of(gets)
    live = [_Row(_narrowed(item, spoken_of), item) for item in had]
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
    """What changes in a value of many beside its type and value, a line for each part."""
    from deepdiff import DeepDiff  # noqa: PLC0415  # an eighth of a second to import, and most plans don't need it

    place = _show_item({name: come[name] for name in KIN if name in come})
    before, after = ({name: _flat(item[name]) for name in item if name not in KIN} for item in (gone, come))
    tree = DeepDiff(before, after, view="tree", ignore_private_variables=False, threshold_to_diff_deeper=0)
    for kind, levels in tree.items():
        for level in levels:
            [name] = level.path(output_format="list")
            if _identity(gone.get(name)) != _identity(come.get(name)):
                part = _describe_part(name, gone.get(name), come.get(name))
                yield " ".join(filter(None, (SIGNS.get(kind, "~"), place, part)))


def _flat(value: object) -> object:
    """What is nested deeper than SCIM has it as its JSON text, as one value."""
    return _as_json(value) if isinstance(value, Mapping | list | tuple) else value


def _describe_part(name: str, before: object, after: object) -> str:
    """`display: Ann → Lee`; of a part that only one side has, the value there; of the flag, its name alone."""
    if before is not None and after is not None:
        return f"{name}: {' → '.join(_apart(_show_part(before), _show_part(after), before, after))}"
    value = after if before is None else before
    return name if name == PRIMARY and value is True else f"{name}: {_show_part(value)}"
