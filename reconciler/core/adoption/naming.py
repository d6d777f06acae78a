"""Chooses keys for users and groups without one: readable, and independent of the order of reading."""

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
    """A user or group of the account that needs a key: its id, its externalId if any, and its name."""

    id: str
    external_id: str | None
    name: str


def choose_keys(kind: Kind, nameless: Iterable[Nameless]) -> Mapping[str, str]:
    """Returns a key for each id: the externalId if it reads like a key, else a form of the name.

    The short form comes first; resources that would share it get the long form, and only then a number. No key depends
    on the order of reading.
    """
    waiting = sorted(nameless, key=lambda resource: (resource.name.casefold(), resource.id))
    keys: dict[str, str] = {}
    taken: set[str] = set()
    for resource in sorted(waiting, key=lambda resource: (resource.external_id or "", resource.id)):
        external_id = resource.external_id
        if external_id and reads_like_a_key(external_id) and external_id.casefold() not in taken:
            _take(keys, taken, resource, external_id)
    for form in (_short, _long):
        left = [(resource, form(kind, resource.name)) for resource in waiting if resource.id not in keys]
        wanted = Counter(key for _resource, key in left)
        for resource, key in left:
            if wanted[key] == 1 and key not in taken:
                _take(keys, taken, resource, key)
    for resource in waiting:
        if resource.id not in keys:
            _take(keys, taken, resource, _numbered(_long(kind, resource.name), taken))
    return keys


def reads_like_a_key(text: str) -> bool:
    """Checks whether a person can read and type the text without quotes: no number, GUID or word of YAML."""
    is_word = READABLE.fullmatch(text) is not None and len(text) <= LONGEST_KEY
    return is_word and not GUID.fullmatch(text) and text.casefold() not in WORDS_OF_YAML


def make_slug(text: str) -> str:
    """Returns the text in lower-case letters, digits, dots and dashes; empty if it contains none of them."""
    return re.sub(r"[^\w.]+", "-", normalize_diacritics(text).casefold()).strip("-._")[:LONGEST_KEY].rstrip("-._")


def _take(keys: dict[str, str], taken: set[str], resource: Nameless, key: str) -> None:
    keys[resource.id] = key
    taken.add(key.casefold())


def _short(kind: Kind, name: str) -> str:
    """Returns `alice.lee` for alice.lee@example.com; for a group, its name."""
    local = name.split("@", 1)[0] if kind == "user" else name
    return _as_key(kind, make_slug(local))


def _long(kind: Kind, name: str) -> str:
    """Returns `alice.lee.example.com` for alice.lee@example.com, with the domain; for a group, its name."""
    return _as_key(kind, make_slug(name.replace("@", ".") if kind == "user" else name))


def _as_key(kind: Kind, slug: str) -> str:
    return slug if reads_like_a_key(slug) else f"{kind}-{slug}".rstrip("-")[:LONGEST_KEY]


def _numbered(key: str, taken: set[str]) -> str:
    number = 2
    while f"{key}-{number}" in taken:
        number += 1
    return f"{key}-{number}"
