"""The people of the embedded 4me, with their organizations and sites. Knows no SCIM and no request.

Writes over SCIM reach people through `rules` only; REST reads and writes people directly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from reconciler.core.model.messages import JsonObject
from reconciler.core.model.name_forms import lower_name
from reconciler.core.simulator.answer import Record, Touched

SCIM_SOURCE: Final = "SCIM"
NEW_PERSON: Final[JsonObject] = {
    "source": None,
    "sourceID": None,
    "name": None,
    "primary_email": None,
    "disabled": False,
    "permissions": {},
}
# The person of the REST credentials, unless another one has `me`: neither an employee nor a SCIM user.
INTEGRATION: Final[JsonObject] = {
    "name": "Integration",
    "primary_email": "integration@sandbox.example",
    "me": True,
}


class Directory:
    """People, organizations and sites by id. One person is `me`, the owner of the credentials."""

    def __init__(
        self,
        people: Iterable[JsonObject] = (),
        organizations: Iterable[JsonObject] = (),
        sites: Iterable[JsonObject] = (),
    ) -> None:
        self.records: dict[Record, dict[str, JsonObject]] = {"People": {}, "Organizations": {}, "Sites": {}}
        self._last: dict[Record, int] = {"People": 0, "Organizations": 0, "Sites": 0}
        self._by_email: dict[str, str] = {}
        self._by_scim: dict[str, str] = {}
        self.adopt("People", people)
        self.adopt("Organizations", organizations)
        self.adopt("Sites", sites)

    def adopt(self, kind: Record, records: Iterable[JsonObject]) -> Touched:
        """Stores the records without changes; replaces those with the same id, and numbers those without an id."""
        return tuple(item for record in records for item in self.keep(kind, record))

    def keep(self, kind: Record, record: JsonObject) -> Touched:
        """Stores a record under its id, or under the next number if it has none."""
        given = str(record.get("id"))
        number = int(given) if given.isdecimal() else self._last[kind] + 1
        record_id = str(number)
        self._last[kind] = max(self._last[kind], number)
        old = self.records[kind].get(record_id)
        kept = {**(NEW_PERSON if kind == "People" else {"disabled": False}), **record, "id": number}
        self.records[kind][record_id] = kept
        if kind == "People":
            self._index(record_id, old or {}, kept)
        return ((kind, record_id),)

    def _index(self, record_id: str, old: Mapping[str, object], new: Mapping[str, object]) -> None:
        """Updates the indexes by which rules find people: e-mail and SCIM id."""
        for index, key_of in ((self._by_email, _email), (self._by_scim, _scim_id)):
            if (before := key_of(old)) is not None and index.get(before) == record_id:
                del index[before]
            if (now := key_of(new)) is not None:
                index[now] = record_id

    def behind(self, scim_id: str) -> JsonObject | None:
        """Returns the person linked to a SCIM user, or None."""
        return self._found(self._by_scim.get(scim_id))

    def with_email(self, address: str) -> JsonObject | None:
        """Returns the person with this primary e-mail, compared without case, or None."""
        return self._found(self._by_email.get(lower_name(address)))

    def _found(self, record_id: str | None) -> JsonObject | None:
        return None if record_id is None else self.records["People"][record_id]

    def named(self, kind: Record, name: str) -> JsonObject | None:
        """Returns the enabled organization or site with this name, compared without case, or None."""
        wanted = lower_name(name)
        return next(
            (
                record
                for record in self.records[kind].values()
                if lower_name(str(record.get("name"))) == wanted and not record.get("disabled")
            ),
            None,
        )

    @property
    def me(self) -> JsonObject:
        """The owner of the credentials: a person with `me`, else the integration, which is added as a person."""
        people = self.records["People"].values()
        found = next((person for person in people if person.get("me")), None)
        if found is None:
            ((_kind, record_id),) = self.keep("People", INTEGRATION)
            found = self.records["People"][record_id]
        return found


def stamped(record: JsonObject, now: datetime) -> JsonObject:
    """Returns the record with this moment as its time of change, and of creation if it is new."""
    moment = now.astimezone(UTC).isoformat(timespec="seconds")
    return {"created_at": moment, **record, "updated_at": moment}


def _email(person: Mapping[str, object]) -> str | None:
    address = person.get("primary_email")
    return lower_name(address) if isinstance(address, str) else None


def _scim_id(person: Mapping[str, object]) -> str | None:
    source_id = person.get("sourceID")
    return source_id if person.get("source") == SCIM_SOURCE and isinstance(source_id, str) else None
