"""One attempt at one change, as the provisioning log keeps it: who wanted what, when, and what came of it.

Knows what is on record, and which records a person may ask for; nothing of how they are kept.
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
    """A change in one run. `started` until it is known what came of it: for ever where the process was killed.

    `reason` is why the plan has the change, `detail` what is to be known of its end. `seconds` and `requests` are those
    of its step: changes to one resource share them. Redacted attributes are fingerprints.
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
    """What all attempts of one run have in common."""

    run: str
    tenant: str
    url: str
    commit: str | None
    digest: str
    who: str


@dataclass(frozen=True, slots=True)
class AttemptQuery:
    """Which attempts: those that have one of each that is named, begun in a span of time; so many."""

    tenant: str | None = None
    run: str | None = None
    keys: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None
