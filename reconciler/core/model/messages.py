"""Requests and responses: the only HTTP that may leave this process, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal, TypeAlias

JsonObject: TypeAlias = dict[str, object]
Method: TypeAlias = Literal["GET", "POST", "PATCH"]


@dataclass(frozen=True, slots=True)
class Request:
    """What may leave this process: read, create, change. DELETE and PUT cannot be written."""

    method: Method
    path: str
    body: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """What came back: the status, and the JSON document (None where there was no body); for so many requests sent."""

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    requests: int = 1

    @property
    def succeeded(self) -> bool:
        """Whether the status is one of success (2xx)."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def redirects(self) -> bool:
        """Whether the status points elsewhere (3xx)."""
        return HTTPStatus.MULTIPLE_CHOICES <= self.status < HTTPStatus.BAD_REQUEST
