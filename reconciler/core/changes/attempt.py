"""One attempt at one change, as the provisioning log stores it: the change, its author, its time and its result.

Knows the fields of an attempt and of a query; nothing of storage.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, get_args

from reconciler.core.changes.outcome import Executed
from reconciler.core.changes.plan import Action, AttributeChange, Cause
from reconciler.core.model.frozen import Frozen

Recorded: TypeAlias = Literal["started", Executed]
STATUSES: tuple[Recorded, ...] = ("started", *get_args(Executed))


class Attempt(Frozen):
    """A change in one run. Its status is `started` until the result is known, and stays so if the process was killed.

    `reason` is the plan's reason of the change, and `detail` explains the result. `seconds` and `requests` belong to
    the step: changes to one resource share them. Redacted attributes are fingerprints.
    """

    at: str
    run: str
    tenant: str
    url: str
    commit: str | None
    digest: str
    who: str
    change: str
    action: Action
    key: str
    name: str
    target_id: str | None
    cause: Cause
    reason: str
    attributes: tuple[AttributeChange, ...]
    members: tuple[str, ...]
    roles: tuple[str, ...]
    status: Recorded
    detail: str
    seconds: float | None
    requests: int | None


@dataclass(frozen=True, slots=True)
class RunInfo:
    """The fields that all attempts of one run share, and the dialect that its requests are in."""

    run: str
    tenant: str
    url: str
    commit: str | None
    digest: str
    who: str
    dialect: str = ""


@dataclass(frozen=True, slots=True)
class AttemptQuery:
    """A query for attempts: each given field must match one of its values; at most `limit` attempts."""

    tenant: str | None = None
    run: str | None = None
    keys: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None
