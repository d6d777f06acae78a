"""4me's default automation rules behind SCIM: SCIM users and groups → people, organizations and sites.

Source: 4me's default mapping rules. A person is linked by primary e-mail, or created if e-mail and name are known.
Blank values change nothing, `locale` and `timezone` apply to new people only, and SCIM roles grant nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from reconciler.core.model.messages import JsonObject
from reconciler.core.simulator.answer import Record, Touched
from reconciler.core.simulator.directory import SCIM_SOURCE, Directory, stamped
from reconciler.core.simulator.resource import member_ids
from reconciler.core.simulator.schema import ENTERPRISE_USER

# The fields of a person by SCIM attribute: of the core schema, and of the enterprise extension.
_FROM_CORE: Final = {"title": "job_title"}
_FROM_ENTERPRISE: Final = {"employeeNumber": "employeeID", "location": "location", "supportID": "supportID"}
_ONCE: Final = {"locale": "locale", "timezone": "time_zone"}
_PLACES: Final[Mapping[str, Record]] = {"organization": "Organizations", "site": "Sites"}


def follow_user(directory: Directory, user: JsonObject, now: datetime) -> Touched:
    """Updates or creates the person behind a SCIM user that was written; returns the changed records."""
    address, name = _address(user), _name(user)
    old = directory.behind(str(user["id"])) or (directory.with_email(address) if address else None)
    if old is None and not (address and name):
        return ()
    fresh = _texts(user, _ONCE) if old is None else {}
    identity = {"name": name, "primary_email": address}
    new: JsonObject = {
        **(old or {}),
        **fresh,
        **{field: value for field, value in identity.items() if value},
        **_mapped(directory, user),
    }
    return () if new == old else directory.keep("People", stamped(new, now))


def follow_group(directory: Directory, group: JsonObject, now: datetime) -> Touched:
    """Links the organization and site with the group's name, renames them with it, and moves its members there."""
    return tuple(
        item
        for field, kind in _PLACES.items()
        if (place := _place_of(directory, kind, group)) is not None
        for item in (*_rename(directory, kind, place, group, now), *_move(directory, field, place, group, now))
    )


def _mapped(directory: Directory, user: JsonObject) -> JsonObject:
    enterprise = _extension(user)
    mapped: JsonObject = {"source": SCIM_SOURCE, "sourceID": user["id"], "disabled": user.get("active") is False}
    mapped |= _texts(user, _FROM_CORE) | _texts(enterprise, _FROM_ENTERPRISE)
    for field, kind in _PLACES.items():
        name = enterprise.get(field)
        if isinstance(name, str) and (place := directory.named(kind, name)):
            mapped[field] = place["id"]
    if kind_of_user := user.get("userType"):
        mapped["vip"] = "VIP" in str(kind_of_user)
    manager = enterprise.get("manager")
    if isinstance(manager, dict) and (person := directory.behind(str(manager.get("value")))):
        mapped["manager"] = person["id"]
    return mapped


def _texts(resource: Mapping[str, object], names: Mapping[str, str]) -> JsonObject:
    """Returns the values that are not blank, under the names of the person's fields."""
    return {field: value for name, field in names.items() if (value := resource.get(name))}


def _extension(user: JsonObject) -> Mapping[str, object]:
    extension = user.get(ENTERPRISE_USER)
    return extension if isinstance(extension, dict) else {}


def _address(user: JsonObject) -> str | None:
    """Returns the primary e-mail, else a userName that is an address, because 4me requires both to be equal."""
    listed = user.get("emails")
    emails = [email for email in listed if isinstance(email, dict)] if isinstance(listed, list) else []
    primary = next((email.get("value") for email in emails if email.get("primary") is True), None)
    address = primary or user.get("userName")
    return address if isinstance(address, str) and "@" in address else None


def _name(user: JsonObject) -> str | None:
    parts = user.get("name")
    name: Mapping[str, object] = parts if isinstance(parts, dict) else {}
    full = " ".join(str(name[part]) for part in ("givenName", "familyName") if name.get(part))
    found = user.get("displayName") or name.get("formatted") or full
    return str(found) if found else None


def _place_of(directory: Directory, kind: Record, group: JsonObject) -> JsonObject | None:
    """Returns the record linked to the group, else one with its name that is linked to no other group."""
    linked = (record for record in directory.records[kind].values() if record.get("groupID") == group["id"])
    found = next(linked, None) or directory.named(kind, str(group.get("displayName")))
    return found if found and found.get("groupID") in (None, group["id"]) else None


def _rename(directory: Directory, kind: Record, place: JsonObject, group: JsonObject, now: datetime) -> Touched:
    new = {**place, "name": group.get("displayName"), "groupID": group["id"]}
    return directory.keep(kind, stamped(new, now)) if new != place else ()


def _move(directory: Directory, field: str, place: JsonObject, group: JsonObject, now: datetime) -> Touched:
    people = (directory.behind(member) for member in sorted(member_ids(group)))
    moved = [{**person, field: place["id"]} for person in people if person and person.get(field) != place["id"]]
    return tuple(item for person in moved for item in directory.keep("People", stamped(person, now)))
