"""Bodies: a document as the bytes that are sent, and bytes as the document that was answered. Knows no service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal, NoReturn, TypeAlias
from urllib.parse import urlencode

ContentType: TypeAlias = Literal["application/scim+json", "application/json", "application/x-www-form-urlencoded"]


def write_body(document: Mapping[str, object], content_type: ContentType) -> bytes:
    """A form, or JSON in which letters stay letters."""
    if content_type == "application/x-www-form-urlencoded":
        return urlencode(document).encode()
    return json.dumps(document, ensure_ascii=False).encode()


def parse_body(content: bytes) -> object:
    """The document, None where there is nothing. Raises ValueError where it is not JSON as RFC 8259 has it."""
    if not content.strip():
        return None
    try:
        document = json.loads(content, parse_constant=_refuse_constant)
        return _with_whole_letters(document) if b"\\u" in content else document
    except RecursionError as error:  # brackets in brackets, thousands deep
        raise ValueError("is nested too deep") from error


def describe_body(content: bytes) -> str:
    """What that is, which is not JSON."""
    return "HTML" if content.lstrip()[:1] == b"<" else f"{len(content)} bytes that are not JSON"


def _refuse_constant(name: str) -> NoReturn:
    """NaN and Infinity are Python's idea of JSON and nobody else's."""
    raise ValueError(f"{name} is not JSON")


def _with_whole_letters(value: object) -> object:
    """The document with halves of letters (lone surrogates), which no file or terminal can hold, replaced."""
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case dict():
            return {_with_whole_letters(key): _with_whole_letters(one) for key, one in value.items()}
        case list():
            return [_with_whole_letters(one) for one in value]
        case _:
            return value
