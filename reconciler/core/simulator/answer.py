"""What the embedded 4me is asked over REST, what it answers, and which records that changed. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from reconciler.core.model.messages import Response

Record: TypeAlias = Literal["People", "Organizations", "Sites"]
Kept: TypeAlias = Literal["Users", "Groups"] | Record
Touched: TypeAlias = tuple[tuple[Kept, str], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The response, and the resources that a write changed, for whoever keeps them: none where nothing changed."""

    response: Response
    touched: Touched = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A REST request: path segments below `/v1`, query and body, the account asked for, and when."""

    method: str
    path: Sequence[str]
    query: Mapping[str, str]
    body: object
    account: str
    now: datetime
