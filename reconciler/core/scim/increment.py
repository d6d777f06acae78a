"""Whether what was read before can be brought up to date by asking who changed since, and is so by what was answered.

Knows what is kept of an account and what it answers; reads no file, asks nothing. Nobody is believed: those who changed
last must be among those who changed since, the total must be that of everybody known, and a page of the list, another
each time, must be as it is known (docs/decisions/0018-incremental-reads.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote

from reconciler.core.model.messages import JsonObject, Request
from reconciler.core.scim.http_time import read_http_date
from reconciler.core.scim.wire import NotScim, Page, read_id, read_user

MARGIN: Final = timedelta(minutes=10)  # that clocks may be apart, and a change may take until it is seen
OLDEST: Final = timedelta(days=7)  # since everything was read
A_SECOND: Final = timedelta(seconds=1)  # services round what they tell, or compare more closely than they tell
FIRST_YEAR: Final = 1970  # what is older is a service's word for "never"


class NotCertain(Exception):
    """What is known can't be brought up to date; says why, as a reason to read everything."""


@dataclass(frozen=True, slots=True)
class Binding:
    """What a snapshot is of, and what made it: in any other hands it is worth nothing.

    `record` stands for the record of applies that the account was known by.
    """

    tenant: str
    url: str
    version: str
    record: str = ""


@dataclass(frozen=True, slots=True)
class IncrementalSnapshot:
    """Everybody who was in an account, by id, as answered to a read that began at `begun`.

    `everything` is when all of it was read last; `compared` is how many rows of the list, from its beginning, were held
    against what is known since.
    """

    of: Binding
    begun: datetime
    everything: datetime
    users: Mapping[str, JsonObject]
    compared: int = 0


def find_obstacle(kept: IncrementalSnapshot, of: Binding, now: datetime) -> str:
    """Why what is kept can't be built upon, or nothing."""
    if kept.of != of:
        return _tell_binding(kept.of, of)
    if max(kept.begun, kept.everything) > now + MARGIN:
        return f"the snapshot is of {_tell(kept.begun)}, and here it is {_tell(now)}: it comes from the future"
    if now - kept.everything > OLDEST:
        return f"everything was read last at {_tell(kept.everything)}, more than {OLDEST.days} days ago"
    if not kept.users:
        return "the snapshot holds nobody"
    silent = next((one for one, row in kept.users.items() if changed_at(row) is None), None)
    return f"{silent} does not tell when it was changed" if silent else ""


def _tell_binding(kept: Binding, of: Binding) -> str:
    if kept.version != of.version:
        return f"the snapshot was made by version {kept.version}, and this is {of.version}"
    if (kept.tenant, kept.url) != (of.tenant, of.url):
        return f"the snapshot is of {kept.tenant} at {kept.url}, not of {of.tenant} at {of.url}"
    return "the snapshot was made before this record of applies began, or before it was recovered"


def begin(now: datetime, service_date: str | None) -> datetime:
    """When a read began, by the slower of two clocks: ours, and the one that dates the service's answers."""
    told = read_http_date(service_date or "")
    return now if told is None else min(now, datetime.fromtimestamp(told, UTC))


def changed_at(resource: Mapping[str, object]) -> datetime | None:
    """When a resource was changed last (RFC 7643 section 3.1), or None where it does not tell."""
    meta = resource.get("meta")
    told = meta.get("lastModified") if isinstance(meta, Mapping) else None
    try:
        moment = datetime.fromisoformat(told) if isinstance(told, str) else None
        aware = moment and (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):  # OverflowError: an offset that leaves the calendar
        return None
    return aware if aware and aware.year >= FIRST_YEAR else None


def ask_since(kept: IncrementalSnapshot) -> datetime:
    """The moment, in whole seconds, since when to ask: well before the last read, and before the last change known.

    So at least one who is known must be in the answer. Whatever clock was wrong, what came after the last change known
    is asked for.
    """
    newest = max(moment for row in kept.users.values() if (moment := changed_at(row)))
    return min(kept.begun - MARGIN, newest - A_SECOND).replace(microsecond=0)


def changed_request(since: datetime, start: int, count: int) -> Request:
    """One page of the users who changed since, RFC 7644 section 3.4.2.2."""
    spelled = quote(f'meta.lastModified gt "{since:%Y-%m-%dT%H:%M:%SZ}"', safe="")
    return Request("GET", f"/Users?filter={spelled}&startIndex={start}&count={count}")


def check_first(kept: IncrementalSnapshot, since: datetime, page: Page) -> None:
    """Whether to go on after the first page: raises NotCertain where it is no answer, or everybody changed anyway."""
    for row in page.resources:
        moment = changed_at(row)
        if moment is None or moment < since:
            raise NotCertain("the service answers with others than those who changed since: it ignores filters")
    if page.total > len(kept.users):
        raise NotCertain(f"{page.total:,} users are said to have changed, and {len(kept.users):,} are known")


def bring_up_to_date(
    kept: IncrementalSnapshot, since: datetime, rows: Mapping[str, JsonObject]
) -> dict[str, JsonObject]:
    """Everybody, with those who changed as they are now. Raises NotCertain where the answer lacks whom it must have."""
    for live_id, row in rows.items():
        moment = changed_at(row)
        if moment is None or moment < since:
            raise NotCertain("the service answers with others than those who changed since: it ignores filters")
        if moment < kept.begun - MARGIN and not _is_same(kept.users.get(live_id), row):
            raise NotCertain(f"{live_id} was changed later than the service says: its clocks are too far apart")
    for live_id, row in kept.users.items():
        then = changed_at(row)
        if then and then > since:
            _check_witness(live_id, then, rows.get(live_id))
    return {**kept.users, **rows}


def _check_witness(live_id: str, then: datetime, row: JsonObject | None) -> None:
    now = changed_at(row) if row else None
    if now is None:
        raise NotCertain(f"{live_id}, changed at {_tell(then)}, is not among them: gone, or not found by the filter")
    if now < then:
        raise NotCertain(f"{live_id} was changed at {_tell(then)}, and now at {_tell(now)}: older data was put back")


def next_start(kept: IncrementalSnapshot, users: int) -> int:
    """Where the page of the list begins that is held against what is known: after those that were, then anew."""
    return kept.compared + 1 if kept.compared < users else 1


def certify(users: Mapping[str, JsonObject], page: Page, start: int) -> None:
    """Raises NotCertain unless the list has as many as are known, and those on the page are as they are known."""
    if page.total != len(users):
        raise NotCertain(f"{len(users):,} users are known, with those who changed, and the account has {page.total:,}")
    if start <= page.total and not page.resources:
        raise NotCertain(f"the list of users has nobody at {start}")
    for row in page.resources:
        live_id = _id(row)
        if not _is_same(users.get(live_id), row):
            raise NotCertain(f"{live_id} is not as it is known, and not among those who changed")


def keep_whole(of: Binding, begun: datetime, users: Iterable[JsonObject]) -> IncrementalSnapshot:
    """What to keep of a read of everything."""
    return IncrementalSnapshot(of, begun, begun, {read_id(row): row for row in users})


def keep_on(
    kept: IncrementalSnapshot, begun: datetime, users: Iterable[JsonObject], compared: int
) -> IncrementalSnapshot:
    """What to keep of an incremental read."""
    return replace(kept, begun=begun, users={read_id(row): row for row in users}, compared=compared)


def _is_same(known: JsonObject | None, row: JsonObject) -> bool:
    """Whether they are one user to us: what a service adds of itself, such as the groups they are in, may differ."""
    try:
        return known is not None and read_user(known) == read_user(row)
    except NotScim as error:
        raise NotCertain(str(error)) from error


def _id(row: JsonObject) -> str:
    try:
        return read_id(row)
    except NotScim as error:
        raise NotCertain(str(error)) from error


def _tell(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
