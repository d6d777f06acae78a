"""The meaning of a plain word in YAML 1.2, by ruamel's rules: null, a boolean, a number, a date, else text."""

from __future__ import annotations

import re
from datetime import date, datetime

MOST_DIGITS = 300  # of a number; more of them are text, and int() itself refuses to spell more than 4,300
BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
NULLS = {"", "~", "null", "Null", "NULL"}
INTEGER = re.compile(r"[-+]?(?:0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)")
FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*|[0-9][0-9_]*(?=[eE]))(?:[eE][-+]?[0-9]+)?")
SPECIAL_FLOAT = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOMENT = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}.*")
TYPED_STARTS = frozenset("0123456789+-.~nNtTfF")


def read_word(text: str) -> object:
    """Returns the value of a plain (unquoted, untagged) word."""
    if text and text[0] not in TYPED_STARTS:
        return text
    if text in NULLS:
        return None
    if text in BOOLEANS:
        return BOOLEANS[text]
    if INTEGER.fullmatch(text):
        return _read_integer(text)
    if FLOAT.fullmatch(text) or SPECIAL_FLOAT.fullmatch(text):
        return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
    return _read_moment(text)


def _read_integer(text: str) -> object:
    digits = text.replace("_", "")
    unsigned = digits.lstrip("+-")
    if len(unsigned) > MOST_DIGITS or unsigned in {"0b", "0o", "0x"}:
        return text
    return int(digits, 0 if unsigned[:2] in {"0b", "0o", "0x"} else 10)


def _read_moment(text: str) -> object:
    try:
        if DAY.fullmatch(text):
            return date.fromisoformat(text)
        if MOMENT.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        return text
    return text
