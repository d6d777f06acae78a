"""Bodies of requests, and descriptions of bodies of answers. Knows no service; `core/scim/http_body.py` reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal, TypeAlias
from urllib.parse import urlencode

ContentType: TypeAlias = Literal["application/scim+json", "application/json", "application/x-www-form-urlencoded"]


def write_body(document: Mapping[str, object], content_type: ContentType) -> bytes:
    """Returns a form, or JSON with unescaped letters."""
    if content_type == "application/x-www-form-urlencoded":
        return urlencode(document).encode()
    return json.dumps(document, ensure_ascii=False).encode()


def describe_body(content: bytes, error: ValueError) -> str:
    """Describes a body that can't be read, without showing it."""
    if content.lstrip()[:1] == b"<":
        return "HTML"
    is_json = type(error) is ValueError  # and none of its kinds, which json and decoding raise
    return f"JSON that {error}" if is_json else f"{len(content)} bytes that are not JSON"
