"""Makes SCIM values canonical, compares two of them, and describes their difference. The only user of deepdiff.

Rules (RFC 7643 section 2): userName and e-mail addresses compare without case, all others exactly. Null, `""` and
`[]` are equal. Multi-valued attributes compare as multisets, because their values have no positions. A boolean is
never equal to a number.
"""

from __future__ import annotations

import json
import re
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
TYPED: Final = "customFields."  # attributes whose values may be text, numbers or booleans
WORDS: Final = frozenset({"", NOTHING, CLEARED, PRIMARY})  # have a meaning of their own in a line
NAME: Final = re.compile(r"[\w$.-]+")
AMBIGUOUS: Final = re.compile(r'^[\s"\[{(]|\s$| \(|[,:] |[,:)]$|→|[\x00-\x1f\x7f]')  # parts of a line's own syntax


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


def align(path: str, live: Value, desired: Value) -> Value:
    """Returns the live values, each in the form of the desired value that it equals, if there is one.

    Values that differ only in the case of an address, or in parts that git does not declare, then look the same.
    """
    if not isinstance(live, list) or not isinstance(desired, list):
        return live
    declared = _declared_parts(_rows(desired))
    waiting: dict[Hashable, list[Any]] = {}
    for item in _rows(desired):
        waiting.setdefault(_row_identity(path, item), []).append(item)
    alike = [waiting.get(_row_identity(path, _narrowed(item, declared)), []) for item in _rows(live)]
    return [equal.pop() if equal else item for equal, item in zip(alike, _rows(live), strict=True)]


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
    return ", ".join(map(_show_item, value)) if isinstance(value, list) else _show_scalar(value)


def show_change(before: Value, after: Value, path: str = "") -> tuple[str, str]:
    """Renders two values so that the texts determine them: a custom field may be the number 3 or the text "3"."""
    show = show_quoted if not path.startswith(TYPED) else _show_typed
    shown = show(before), CLEARED if after is None else show(after)
    return (
        shown if shown[0] != shown[1] or _identity(before) == _identity(after) else (_as_json(before), _as_json(after))
    )


def _show_typed(value: Value) -> str:
    return show_quoted(value) if not isinstance(value, str) else _show_part(value)


def begin_before_difference(before: str, after: str, longest: int) -> tuple[str, str]:
    """Cuts the equal beginning of two texts, if it would hide the difference when `longest` characters are shown."""
    pairs = enumerate(zip(before, after, strict=False))
    alike = next((at for at, (one, other) in pairs if one != other), min(len(before), len(after)))
    if alike < longest // 2 or max(len(before), len(after)) <= longest:
        return before, after
    start = alike - min(ALIKE, longest // 4)
    return f"…{before[start:]}", f"…{after[start:]}"


def _show_item(item: Mapping[str, Any] | str) -> str:
    """Renders a value of a list, so that the text determines it: `work a@example.com (primary, display: Ann)`.

    The first word is the type if two words follow each other. Without a `value`, the type is named.
    """
    if isinstance(item, str):
        return _show_part(item)
    flag = item.get(PRIMARY)
    names = [name for name in item if name not in KIN and not (name == PRIMARY and isinstance(flag, bool))]
    rest = [*[PRIMARY] * (flag is True), *(f"{_show_name(name)}: {_show_part(item[name])}" for name in names)]
    return " ".join(filter(None, [_show_head(item), f"({', '.join(rest)})" if rest else ""]))


def _show_head(item: Mapping[str, Any]) -> str:
    """Renders the type and the value, which identify a value of a list."""
    if "value" not in item:
        return f"type: {_show_word(item['type'])}" if "type" in item else ""
    if "type" not in item:
        return _show_word(item["value"])
    return f"{_show_word(item['type'])} {_show_part(item['value'])}"


def _show_name(name: str) -> str:
    return name if NAME.fullmatch(name) else _as_json(name)


def _show_word(value: object) -> str:
    """Renders a value that another follows: a text with spaces is quoted."""
    shown = _show_part(value)
    return _as_json(value) if isinstance(value, str) and " " in shown and shown == value else shown


def _show_part(value: object) -> str:
    """Renders a part of a value; a text in quotes, as JSON, if it could be read as something else."""
    if not isinstance(value, str):
        return _as_json(value)
    return _as_json(value) if value in WORDS or AMBIGUOUS.search(value) or _is_json(value) else value


def _show_scalar(value: object) -> str:
    if not isinstance(value, str):
        return _as_json(value)
    return value if value == value.strip() and value not in {NOTHING, CLEARED} and value[:1] != '"' else _as_json(value)


def _is_json(text: str) -> bool:
    """Decides whether a text reads as a number, a boolean or null."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


class _Row(NamedTuple):
    """A value of a multi-valued attribute: the parts that git declares, and all parts in the account."""

    item: dict[str, Any]
    whole: dict[str, Any]


def describe(path: str, before: Value, after: Value) -> list[str]:
    """Lists the changes of a multi-valued attribute, one line for each value; no line if nothing differs.

    `- ` marks a removed value, `+ ` an added value, and `~ ` one whose type and value stay while other parts change.
    The lines determine the value after from the value before.
    """
    had, gets = _rows(canonical(before)), _rows(canonical(after))
    declared = _declared_parts(gets)
    live, desired = [_Row(_narrowed(item, declared), item) for item in had], [_Row(item, item) for item in gets]
    gone, come = _unpaired(path, live, desired)
    counts = [Counter(_kin(path, row.item) for row in side) for side in (live, desired)]
    stays = [kin for kin in gone if kin in come and all(count[kin] == 1 for count in counts)]
    changed = [_describe_parts(gone.pop(kin)[0].item, come.pop(kin)[0].item) for kin in stays]
    went, came = ([_show_item(row.whole) for rows in side.values() for row in rows] for side in (gone, come))
    return sorted([*changed, *(f"- {item}" for item in went), *(f"+ {item}" for item in came)])


def _unpaired(
    path: str, live: list[_Row], desired: list[_Row]
) -> tuple[dict[Hashable, list[_Row]], dict[Hashable, list[_Row]]]:
    """Returns the values that each side has more often than the other, by type and value: a multiset difference."""
    on_both = _count(path, (row.item for row in live)) & _count(path, (row.item for row in desired))
    return _without(path, live, on_both), _without(path, desired, on_both)


def _kin(path: str, item: Mapping[str, Any]) -> Hashable:
    """Returns what identifies a value of a list: its type and its value."""
    return _row_identity(path, {name: item[name] for name in KIN if name in item})


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
            alone.setdefault(_kin(path, row.item), []).append(row)
    return alone


def _describe_parts(gone: Mapping[str, Any], come: Mapping[str, Any]) -> str:
    """Returns `~ work a@example.com (display: Ann → Lee)`: the parts that change, other than type and value."""
    from deepdiff import DeepDiff  # noqa: PLC0415  # takes an eighth of a second, and most plans don't need it

    before, after = ({name: _flat(item[name]) for name in item if name not in KIN} for item in (gone, come))
    tree = DeepDiff(before, after, view="tree", ignore_private_variables=False, threshold_to_diff_deeper=0)
    names = sorted(level.path(output_format="list")[0] for levels in tree.values() for level in levels)
    parts = [
        _describe_part(name, gone, come) for name in names if _identity(gone.get(name)) != _identity(come.get(name))
    ]
    return " ".join(filter(None, ["~", _show_head(come), f"({', '.join(parts)})"]))


def _flat(value: object) -> object:
    """Returns nested values, which SCIM does not have here, as JSON text, so that they compare as one value."""
    return _as_json(value) if isinstance(value, Mapping | list | tuple) else value


def _describe_part(name: str, gone: Mapping[str, Any], come: Mapping[str, Any]) -> str:
    """Returns `display: Ann → Lee`; a side without the part has `nothing`, or `false` for `primary`."""
    absent = "false" if name == PRIMARY else NOTHING
    shown = (_show_part(side[name]) if name in side else absent for side in (gone, come))
    return f"{_show_name(name)}: {' → '.join(shown)}"
