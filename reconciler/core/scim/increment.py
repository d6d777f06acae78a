"""Incremental reads: whether a snapshot can be updated with the users that changed since, and whether the result holds.

Knows a snapshot and the answers of an account; reads no file, sends nothing. Each answer is checked: the users that
changed last must be among those that changed since, the total must be that of all known users, and one page of the
list, another in each read, must equal the snapshot (docs/decisions/0018-incremental-reads.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote

from reconciler.core.model.messages import JsonObject, Request
from reconciler.core.scim.http_time import read_http_date
from reconciler.core.scim.wire import NotScim, Page, page_query, read_id, read_user

MARGIN: Final = timedelta(minutes=10)  # clocks may differ, and a change may be visible only later
OLDEST: Final = timedelta(days=7)  # since the last full read
A_SECOND: Final = timedelta(seconds=1)  # services round the dates that they return, or compare exact times
FIRST_YEAR: Final = 1970  # services write an older date for "never"


UNFILTERED: Final = "the service returns users that did not change since then: it ignores filters"


class NotCertain(Exception):
    """The snapshot can't be updated; the message is the reason for a full read."""


@dataclass(frozen=True, slots=True)
class Binding:
    """The account of a snapshot, and the program version that made it; a snapshot with another binding is not used.

    `record` identifies the record of applies of the account.
    """

    tenant: str
    url: str
    version: str
    record: str = ""


@dataclass(frozen=True, slots=True)
class IncrementalSnapshot:
    """All users of an account, by id, as answered to a read that began at `begun`.

    `everything` is the time of the last full read. `compared` is how many rows from the start of the list were compared
    with the snapshot since then.
    """

    of: Binding
    begun: datetime
    everything: datetime
    users: Mapping[str, JsonObject]
    compared: int = 0


def find_obstacle(kept: IncrementalSnapshot, of: Binding, now: datetime) -> str:
    """Returns why an incremental read can't start from the snapshot, or an empty text."""
    if kept.of != of:
        return _describe_binding(kept.of, of)
    if max(kept.begun, kept.everything) > now + MARGIN:
        return f"the snapshot is from {_spell(kept.begun)}, which is in the future: here it is {_spell(now)}"
    if now - kept.everything > OLDEST:
        return f"the last full read was at {_spell(kept.everything)}, more than {OLDEST.days} days ago"
    if not kept.users:
        return "the snapshot has no users"
    undated = next((live_id for live_id, row in kept.users.items() if changed_at(row) is None), None)
    return f"{undated} has no date of its last change" if undated else ""


def _describe_binding(kept: Binding, of: Binding) -> str:
    if kept.version != of.version:
        return f"the snapshot was made by version {kept.version}, and this is {of.version}"
    if (kept.tenant, kept.url) != (of.tenant, of.url):
        return f"the snapshot is of {kept.tenant} at {kept.url}, not of {of.tenant} at {of.url}"
    return "the snapshot was made before this record of applies began, or before it was recovered"


def begin(now: datetime, service_date: str | None) -> datetime:
    """Returns when a read began, by the slower of two clocks: this machine's, and the service's date header."""
    date = read_http_date(service_date or "")
    return now if date is None else min(now, datetime.fromtimestamp(date, UTC))


def changed_at(resource: Mapping[str, object]) -> datetime | None:
    """Returns when a resource was last changed (RFC 7643 section 3.1), or None if it has no valid date."""
    meta = resource.get("meta")
    written = meta.get("lastModified") if isinstance(meta, Mapping) else None
    try:
        moment = datetime.fromisoformat(written) if isinstance(written, str) else None
        aware = moment and (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):  # OverflowError: an offset that leaves the calendar
        return None
    return aware if aware and aware.year >= FIRST_YEAR else None


def ask_since(kept: IncrementalSnapshot) -> datetime:
    """Returns the start of the query in whole seconds: well before the last read, and before the last known change.

    So the answer must contain at least one known user, and every change after the last known one, even if a clock is
    wrong.
    """
    newest = max(moment for row in kept.users.values() if (moment := changed_at(row)))
    return min(kept.begun - MARGIN, newest - A_SECOND).replace(microsecond=0)


def changed_request(since: datetime, start: int, count: int | None) -> Request:
    """Returns the request for one page of the users that changed since then (RFC 7644 section 3.4.2.2)."""
    spelled = quote(f'meta.lastModified gt "{since:%Y-%m-%dT%H:%M:%SZ}"', safe="")
    return Request("GET", f"/Users?filter={spelled}&{page_query(start, count)}")


def check_first(kept: IncrementalSnapshot, since: datetime, page: Page) -> None:
    """Checks the first page of changed users.

    Raises NotCertain if a user on it did not change since then, or if more users changed than are known.
    """
    for row in page.resources:
        moment = changed_at(row)
        if moment is None or moment < since:
            raise NotCertain(UNFILTERED)
    if page.total > len(kept.users):
        raise NotCertain(f"the service reports {page.total:,} changed users, and {len(kept.users):,} are known")


def bring_up_to_date(
    kept: IncrementalSnapshot, since: datetime, rows: Mapping[str, JsonObject]
) -> dict[str, JsonObject]:
    """Returns all users of the snapshot, updated with the changed ones.

    Raises NotCertain if the answer has a user that did not change since then, or lacks a user that it must have.
    """
    for live_id, row in rows.items():
        moment = changed_at(row)
        if moment is None or moment < since:
            raise NotCertain(UNFILTERED)
        if moment < kept.begun - MARGIN and not _is_same(kept.users.get(live_id), row):
            raise NotCertain(f"{live_id} was changed later than its date: the service's clocks are too far apart")
    for live_id, row in kept.users.items():
        then = changed_at(row)
        if then and then > since:
            _check_witness(live_id, then, rows.get(live_id))
    return {**kept.users, **rows}


def _check_witness(live_id: str, then: datetime, row: JsonObject | None) -> None:
    now = changed_at(row) if row else None
    if now is None:
        raise NotCertain(f"{live_id}, changed at {_spell(then)}, is missing: deleted, or not found by the filter")
    if now < then:
        raise NotCertain(f"{live_id} was changed at {_spell(then)}, and now at {_spell(now)}: older data was restored")


def next_start(kept: IncrementalSnapshot, users: int) -> int:
    """Returns where the page to compare begins: after the rows that were compared, then at 1 again."""
    return kept.compared + 1 if kept.compared < users else 1


def certify(users: Mapping[str, JsonObject], page: Page, start: int) -> None:
    """Raises NotCertain if the total of the list is not that of the known users, or a user on the page differs."""
    if page.total != len(users):
        raise NotCertain(f"{len(users):,} users are known, including the changed ones; the account has {page.total:,}")
    if start <= page.total and not page.resources:
        raise NotCertain(f"the list of users is empty at {start}")
    for row in page.resources:
        live_id = _id(row)
        if not _is_same(users.get(live_id), row):
            raise NotCertain(f"{live_id} differs from the snapshot, and is not among the changed users")


def keep_whole(of: Binding, begun: datetime, users: Iterable[JsonObject]) -> IncrementalSnapshot:
    """Returns the snapshot of a full read."""
    return IncrementalSnapshot(of, begun, begun, {read_id(row): row for row in users})


def keep_on(
    kept: IncrementalSnapshot, begun: datetime, users: Iterable[JsonObject], compared: int
) -> IncrementalSnapshot:
    """Returns the snapshot of an incremental read."""
    return replace(kept, begun=begun, users={read_id(row): row for row in users}, compared=compared)


def _is_same(known: JsonObject | None, row: JsonObject) -> bool:
    """Whether two rows give the same user; other data of the service, such as a user's groups, may differ."""
    try:
        return known is not None and read_user(known) == read_user(row)
    except NotScim as error:
        raise NotCertain(str(error)) from error


def _id(row: JsonObject) -> str:
    try:
        return read_id(row)
    except NotScim as error:
        raise NotCertain(str(error)) from error


def _spell(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
