"""A resource's outside: what the embedded 4me adds to what is stored (id, schemas, meta, links). Decides no write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from reconciler.core.model.messages import JsonObject
from reconciler.core.simulator.schema import ELSEWHERE, ENTERPRISE_USER, MEMBERS, Endpoint, schemas_of
from reconciler.core.simulator.value import read_items

# A resource that was there before, without saying since when, is older than any account of today.
_LONG_AGO = "2018-01-01T00:00:00.000Z"


def location(endpoint: Endpoint, resource_id: str) -> str:
    """Where 4me says the resource is: on another host than the one asked, and never to be followed."""
    return f"{ELSEWHERE}/{endpoint}/{resource_id}"


def completed(endpoint: Endpoint, resource_id: str, resource: JsonObject) -> JsonObject:
    """The resource with its id and whatever 4me always shows and it lacks; a member twice becomes one."""
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
    """The resource as changed at that moment, and as created then if it has no meta yet."""
    moment = (now if now.tzinfo else now.replace(tzinfo=UTC)).astimezone(UTC)
    written = moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    meta = resource.get("meta")
    known = meta if isinstance(meta, dict) else {"created": written}
    return {**resource, "meta": {**known, "lastModified": written}}


def member_ids(group: JsonObject) -> set[str]:
    """The ids of a group's members."""
    return {str(member["value"]) for member in read_items(MEMBERS, group.get("members"))}


def shown_user(user: JsonObject, users: Mapping[str, JsonObject], groups: Iterable[JsonObject] = ()) -> JsonObject:
    """A user as answered: a copy, with the groups they are in, the manager's link and, where known, display name."""
    shown = _copied(user)
    if listed := [_shown_belonging(group) for group in groups]:
        shown["groups"] = listed  # RFC 7643 section 4.1.2: read-only, and left out where there are none
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
    """A group as answered: a copy, each member with its type, link and, as `display`, userName."""
    members = [_shown_member(member_id, users) for member_id in sorted(member_ids(group))]
    return {**_copied(group), "members": members}


def without_members(group: JsonObject) -> JsonObject:
    """A group as 4me's lists show it: a copy."""
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
    # Three times faster than deepcopy, which must expect more than JSON: a full read copies every user.
    return {name: _copied_value(value) for name, value in resource.items()}


def _copied_value(value: object) -> object:
    if isinstance(value, dict):
        return _copied(value)
    return [_copied_value(item) for item in value] if isinstance(value, list) else value
