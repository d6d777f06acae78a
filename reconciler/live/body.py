"""Bodies of requests and answers: a document to bytes, and bytes to a document. Knows no service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal, NoReturn, TypeAlias
from urllib.parse import urlencode

ContentType: TypeAlias = Literal["application/scim+json", "application/json", "application/x-www-form-urlencoded"]


def write_body(document: Mapping[str, object], content_type: ContentType) -> bytes:
    """Returns a form, or JSON with unescaped letters."""
    if content_type == "application/x-www-form-urlencoded":
        return urlencode(document).encode()
    return json.dumps(document, ensure_ascii=False).encode()


def parse_body(content: bytes) -> object:
    """Returns the document, or None for an empty body. Raises ValueError if it is not JSON by RFC 8259."""
    if not content.strip():
        return None
    try:
        document = json.loads(content, parse_constant=_refuse_constant)
        return _with_whole_letters(document) if b"\\u" in content else document
    except RecursionError as error:  # thousands of nested brackets
        raise ValueError("is nested too deeply") from error


def describe_body(content: bytes) -> str:
    """Describes a body that is not JSON, without showing it."""
    return "HTML" if content.lstrip()[:1] == b"<" else f"{len(content)} bytes that are not JSON"


def _refuse_constant(name: str) -> NoReturn:
    """Refuses NaN and Infinity, which only Python reads as JSON."""
    raise ValueError(f"{name} is not JSON")


def _with_whole_letters(value: object) -> object:
    """Replaces lone surrogates in the document, because no file or terminal can hold them."""
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case dict():
            return {_with_whole_letters(key): _with_whole_letters(item) for key, item in value.items()}
        case list():
            return [_with_whole_letters(item) for item in value]
        case _:
            return value
