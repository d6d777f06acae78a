"""Durations in YAML, such as `24h` and `14d`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, TypeAlias

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

_PATTERN = re.compile(r"([1-9][0-9]{0,4})(m|h|d)")
_MINUTES = {"m": 1, "h": 60, "d": 1440}


def parse_duration(written: object) -> timedelta:
    """Returns the duration that `30m`, `24h` or `14d` spells; raises ValueError for any other value."""
    if isinstance(written, timedelta):
        return written
    match = _PATTERN.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        raise ValueError("is not a duration: write it like `24h` or `14d`")
    return timedelta(minutes=int(match[1]) * _MINUTES[match[2]])


def spell_duration(duration: timedelta) -> str:
    """Returns a duration as written in YAML: in whole days from two days on, else in hours or minutes."""
    minutes = duration // timedelta(minutes=1)
    if minutes % _MINUTES["d"] == 0 and minutes > _MINUTES["d"]:
        return f"{minutes // _MINUTES['d']}d"
    return f"{minutes // _MINUTES['h']}h" if minutes % _MINUTES["h"] == 0 else f"{minutes}m"


Duration: TypeAlias = Annotated[
    timedelta,
    PlainValidator(parse_duration),
    PlainSerializer(spell_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{_PATTERN.pattern}$", "examples": ["24h", "14d"]}),
]
