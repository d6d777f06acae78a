"""The calls and answers of the embedded 4me, with the records that a write changed. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from reconciler.core.model.messages import Response
from reconciler.core.simulator.rejection import invalid_value

Record: TypeAlias = Literal["People", "Organizations", "Sites"]
Kept: TypeAlias = Literal["Users", "Groups"] | Record
Touched: TypeAlias = tuple[tuple[Kept, str], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The response, and the resources that a write changed, so that a caller can store them."""

    response: Response
    touched: Touched = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A REST request: method, path segments below `/v1`, query, body, account and time."""

    method: str
    path: Sequence[str]
    query: Mapping[str, str]
    body: object
    account: str
    now: datetime


def read_integer(query: Mapping[str, str], name: str, default: int) -> int:
    """Returns the whole number of a query parameter; raises a Rejection for any other text."""
    try:
        return int(query.get(name, default))
    except ValueError:
        raise invalid_value(name, "must be a whole number") from None
