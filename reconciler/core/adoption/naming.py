"""Keys for what has none yet: stable, readable, and the same in whatever order the account was read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from reconciler.core.model.resources import Kind
from reconciler.core.model.transliterate import normalize_diacritics

LONGEST_KEY: Final = 64
READABLE = re.compile(r"[^\W\d_][\w.@+'-]*")
GUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
WORDS_OF_YAML: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"})


@dataclass(frozen=True, slots=True)
class Nameless:
    """Something of the account that needs a key: its id, its externalId if any, and what people call it by."""

    id: str
    external_id: str | None
    name: str


def choose_keys(kind: Kind, nameless: Iterable[Nameless]) -> Mapping[str, str]:
    """A key for each id: the externalId where that reads like a key, else the name, longer where two would share it.

    Nobody's key depends on the order of reading; whoever shares a name takes the long form, and only then a number.
    """
    waiting = sorted(nameless, key=lambda one: (one.name.casefold(), one.id))
    keys: dict[str, str] = {}
    taken: set[str] = set()
    for one in sorted(waiting, key=lambda one: (one.external_id or "", one.id)):
        if one.external_id and reads_like_a_key(one.external_id) and one.external_id.casefold() not in taken:
            _take(keys, taken, one, one.external_id)
    for form in (_short, _long):
        left = [(one, form(kind, one.name)) for one in waiting if one.id not in keys]
        wanted = Counter(key for _one, key in left)
        for one, key in left:
            if wanted[key] == 1 and key not in taken:
                _take(keys, taken, one, key)
    for one in waiting:
        if one.id not in keys:
            _take(keys, taken, one, _numbered(_long(kind, one.name), taken))
    return keys


def reads_like_a_key(text: str) -> bool:
    """Whether people can read, say and type it without quotes: no number, no GUID, none of YAML's own words."""
    is_word = READABLE.fullmatch(text) is not None and len(text) <= LONGEST_KEY
    return is_word and not GUID.fullmatch(text) and text.casefold() not in WORDS_OF_YAML


def make_slug(text: str) -> str:
    """The text in small letters, digits, dots and dashes; empty where it has none of them."""
    return re.sub(r"[^\w.]+", "-", normalize_diacritics(text).casefold()).strip("-._")[:LONGEST_KEY].rstrip("-._")


def _take(keys: dict[str, str], taken: set[str], one: Nameless, key: str) -> None:
    keys[one.id] = key
    taken.add(key.casefold())


def _short(kind: Kind, name: str) -> str:
    """`alice.lee` of alice.lee@example.com; of a group, its name."""
    local = name.split("@", 1)[0] if kind == "user" else name
    return _as_key(kind, make_slug(local))


def _long(kind: Kind, name: str) -> str:
    """`alice.lee.example.org`: with the domain."""
    return _as_key(kind, make_slug(name.replace("@", ".") if kind == "user" else name))


def _as_key(kind: Kind, slug: str) -> str:
    return slug if reads_like_a_key(slug) else f"{kind}-{slug}".rstrip("-")[:LONGEST_KEY]


def _numbered(key: str, taken: set[str]) -> str:
    number = 2
    while f"{key}-{number}" in taken:
        number += 1
    return f"{key}-{number}"
