"""HTTP requests and responses. A request that these types can't express is never sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal, TypeAlias

JsonObject: TypeAlias = dict[str, object]
Method: TypeAlias = Literal["GET", "POST", "PATCH"]


@dataclass(frozen=True, slots=True)
class Request:
    """A request to read, create or change. DELETE and PUT can't be expressed."""

    method: Method
    path: str
    body: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """A response: status, JSON document (None without a body), headers, and the number of requests it took."""

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    requests: int = 1

    @property
    def succeeded(self) -> bool:
        """Whether the status means success (2xx)."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def redirects(self) -> bool:
        """Whether the status is a redirect (3xx)."""
        return HTTPStatus.MULTIPLE_CHOICES <= self.status < HTTPStatus.BAD_REQUEST
