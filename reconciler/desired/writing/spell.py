"""Values → YAML as a person would write it, which `yaml/reader` and other YAML 1.2 parsers read as the same values.

A word stays plain if it keeps its meaning; otherwise it gets single quotes, or double quotes with escapes if a
character is invisible.
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
NOT_IN_YAML_1_1 = frozenset({"y", "n", "yes", "no", "on", "off"})  # text in YAML 1.2, booleans in some editors
ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
BYTE, SHORT = 0xFF, 0xFFFF


def spell(value: object, *, flow: bool = False, style: Style = "plain") -> str:
    """Returns a value on one line; `flow` if it is in brackets. `style` is kept if the value allows it."""
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
    """Returns a word in canonical form: `null`, `true`, a number unchanged, text in quotes if it needs them.

    `is_plain` if it has no quotes in the file, so it can be more than text; else `quotes` is the kind of its quotes.
    """
    value = read_word(text) if is_plain else text
    if value is None or isinstance(value, bool):
        return _spell_word(value)
    if not isinstance(value, str):
        return text
    plain = _spell_text(text, flow=flow or key, style="plain" if not key or ":" not in text else quotes)
    return plain if plain == text else _spell_text(text, flow=flow, style=quotes)


def spell_key(name: str) -> str:
    """Returns a key as it is written before its colon."""
    return _spell_text(name, flow=True, style="plain" if ":" not in name else "single")


def spell_with_type(value: object) -> str:
    """Returns a value as text with its type, to find equal items in two lists."""
    return f"{type(value).__name__} {spell(value, flow=True)}"


def same(one: object, other: object) -> bool:
    """Whether two values are equal and of the same type: `1` differs from `true` and from `1.0`."""
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
        return '"' + "".join(map(_escape, text)) + '"'
    if style == "plain" and _stays_plain(text, flow=flow):
        return text
    if style == "double":
        return '"' + "".join(map(_escape, text)) + '"'
    return "'" + text.replace("'", "''") + "'"


def _stays_plain(text: str, *, flow: bool) -> bool:
    """Whether the text needs no quotes; it needs them if YAML parsers could read it differently."""
    if PLAIN.fullmatch(text) is None or text.endswith(" ") or NUMBER_LIKE.fullmatch(text):
        return False
    if flow and not FLOW_INDICATORS.isdisjoint(text):
        return False
    return text.lower() not in NOT_IN_YAML_1_1 and read_word(text) == text


def _escape(character: str) -> str:
    if character in ESCAPES:
        return ESCAPES[character]
    if character.isprintable():
        return character
    number = ord(character)
    if number <= BYTE:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= SHORT else f"\\U{number:08x}"
