"""Resources as the embedded 4me shows them: adds id, schemas, meta and links to the stored data. Decides no write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from reconciler.core.model.messages import JsonObject
from reconciler.core.simulator.schema import ELSEWHERE, ENTERPRISE_USER, MEMBERS, Endpoint, schemas_of
from reconciler.core.simulator.value import read_items

# The time of a resource without one: before any account of today.
_LONG_AGO = "2018-01-01T00:00:00.000Z"


def location(endpoint: Endpoint, resource_id: str) -> str:
    """Returns the location that 4me states, on another host than the requested one; clients must not follow it."""
    return f"{ELSEWHERE}/{endpoint}/{resource_id}"


def completed(endpoint: Endpoint, resource_id: str, resource: JsonObject) -> JsonObject:
    """Adds the id and the attributes that 4me always shows; a member that is listed twice is kept once."""
    given = resource.get("meta")
    resource_type = "User" if endpoint == "Users" else "Group"
    meta = {"resourceType": resource_type, "location": location(endpoint, resource_id)}
    since = {"created": _LONG_AGO, "lastModified": _LONG_AGO}
    own: JsonObject = {"active": True} if endpoint == "Users" else {}
    if endpoint == "Groups" and "members" in resource:
        resource = {**resource, "members": read_items(MEMBERS, resource["members"])}
    return {
        "schemas": [schema.id for schema in schemas_of(endpoint)],
        **own,
        **resource,
        "id": resource_id,
        "meta": {**since, **(given if isinstance(given, dict) else {}), **meta},
    }


def stamped(resource: JsonObject, now: datetime) -> JsonObject:
    """Returns the resource with this moment as its time of change, and of creation if it has no meta yet."""
    moment = (now if now.tzinfo else now.replace(tzinfo=UTC)).astimezone(UTC)
    written = moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    meta = resource.get("meta")
    known = meta if isinstance(meta, dict) else {"created": written}
    return {**resource, "meta": {**known, "lastModified": written}}


def member_ids(group: JsonObject) -> set[str]:
    """Returns the ids of a group's members."""
    return {str(member["value"]) for member in read_items(MEMBERS, group.get("members"))}


def shown_user(user: JsonObject, users: Mapping[str, JsonObject], groups: Iterable[JsonObject] = ()) -> JsonObject:
    """Returns a copy of the user as answered: with groups, the manager's link and, if known, display name."""
    shown = _copied(user)
    if listed := [_shown_belonging(group) for group in groups]:
        shown["groups"] = listed  # RFC 7643 section 4.1.2: read-only, and absent for a user without groups
    enterprise = shown.get(ENTERPRISE_USER)
    manager = enterprise.get("manager") if isinstance(enterprise, dict) else None
    if not (isinstance(enterprise, dict) and isinstance(manager, dict)):
        return shown
    manager_id = str(manager.get("value"))
    name = users.get(manager_id, {}).get("displayName")
    named = {} if name is None else {"displayName": name}
    linked = {**manager, **named, "$ref": location("Users", manager_id)}
    return {**shown, ENTERPRISE_USER: {**enterprise, "manager": linked}}


def shown_group(group: JsonObject, users: Mapping[str, JsonObject]) -> JsonObject:
    """Returns a copy of the group as answered: each member with type, link and, as `display`, userName."""
    members = [_shown_member(member_id, users) for member_id in sorted(member_ids(group))]
    return {**_copied(group), "members": members}


def without_members(group: JsonObject) -> JsonObject:
    """Returns a copy of the group as in 4me's lists, without members."""
    return _copied({name: value for name, value in group.items() if name != "members"})


def _shown_belonging(group: JsonObject) -> JsonObject:
    group_id = str(group["id"])
    return {
        "value": group_id,
        "$ref": location("Groups", group_id),
        "display": group.get("displayName"),
        "type": "direct",
    }


def _shown_member(member_id: str, users: Mapping[str, JsonObject]) -> JsonObject:
    display = users.get(member_id, {}).get("userName")
    named = {} if display is None else {"display": display}
    return {"value": member_id, "type": "User", "$ref": location("Users", member_id), **named}


def _copied(resource: JsonObject) -> JsonObject:
    # Three times faster than deepcopy, which handles more than JSON: a full read copies every user.
    return {name: _copied_value(value) for name, value in resource.items()}


def _copied_value(value: object) -> object:
    if isinstance(value, dict):
        return _copied(value)
    return [_copied_value(item) for item in value] if isinstance(value, list) else value
