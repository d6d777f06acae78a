"""Values → YAML as a person would write it, read back by `yaml_reader` (and any other YAML 1.2) as the same values.

Plain words where they stay what they are, single quotes else, double quotes where something can't be seen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Literal, TypeAlias

from reconciler.desired.yaml.words import read_word

Style: TypeAlias = Literal["plain", "single", "double"]
PLAIN = re.compile(r"[^\W_](?:[^\n#:]|:(?=\S)|(?<=\S)#)*")
NUMBER_LIKE = re.compile(r"[0-9.:,_+eE-]+")
FLOW_INDICATORS = frozenset("[]{},")
NOT_IN_YAML_1_1 = frozenset({"y", "n", "yes", "no", "on", "off"})  # ours are text, but not every editor's
ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
BYTE, SHORT = 0xFF, 0xFFFF


def spell(value: object, *, flow: bool = False, style: Style = "plain") -> str:
    """A value on one line; `flow` where it stands between brackets. `style` is the one to keep, where it can be."""
    match value:
        case str():
            return _spell_text(value, flow=flow, style=style)
        case Mapping():
            return "{" + ", ".join(f"{spell_key(key)}: {spell(one, flow=True)}" for key, one in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(spell(one, flow=True) for one in value) + "]"
        case _:
            return _spell_word(value)


def spell_word(text: str, *, is_plain: bool, quotes: Style, flow: bool, key: bool) -> str:
    """Spells a word in canonical form: `null`, `true`, a number as it is written, text in quotes where it needs them.

    `is_plain` says that it has no quotes in the file, so it may mean more than text; `quotes` is the kind that it has.
    """
    value = read_word(text) if is_plain else text
    if value is None or isinstance(value, bool):
        return _spell_word(value)
    if not isinstance(value, str):
        return text
    plain = _spell_text(text, flow=flow or key, style="plain" if not key or ":" not in text else quotes)
    return plain if plain == text else _spell_text(text, flow=flow, style=quotes)


def spell_key(name: str) -> str:
    """A name before its colon."""
    return _spell_text(name, flow=True, style="plain" if ":" not in name else "single")


def tell(value: object) -> str:
    """A value as a text that tells its kind, to find the items that stayed."""
    return f"{type(value).__name__} {spell(value, flow=True)}"


def same(one: object, other: object) -> bool:
    """Whether two values are the same, and of the same kind: `1` is not `true`, nor `1.0`."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and (one == other or repr(one) == repr(other))  # `.nan` is not equal to itself


def _spell_word(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else repr(value)


def _spell_text(text: str, *, flow: bool, style: Style) -> str:
    if not text.isprintable():
        return '"' + "".join(map(_escaped, text)) + '"'
    if style == "plain" and _stays_plain(text, flow=flow):
        return text
    if style == "double":
        return '"' + "".join(map(_escaped, text)) + '"'
    return "'" + text.replace("'", "''") + "'"


def _stays_plain(text: str, *, flow: bool) -> bool:
    """Whether the text needs no quotes; where readers could differ about it, it gets some."""
    if PLAIN.fullmatch(text) is None or text.endswith(" ") or NUMBER_LIKE.fullmatch(text):
        return False
    if flow and not FLOW_INDICATORS.isdisjoint(text):
        return False
    return text.lower() not in NOT_IN_YAML_1_1 and read_word(text) == text


def _escaped(character: str) -> str:
    if character in ESCAPES:
        return ESCAPES[character]
    if character.isprintable():
        return character
    number = ord(character)
    if number <= BYTE:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= SHORT else f"\\U{number:08x}"
