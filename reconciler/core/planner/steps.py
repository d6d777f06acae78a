"""The changes of a plan → steps: one request for each resource to write, and the keys that it needs.

With `roles_via: permissions` the roles of a person are a resource apart from the SCIM user.

The executor and the simulation both take their requests from here, so an apply sends what was simulated.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from reconciler.core.changes.plan import Change, find_manager
from reconciler.core.comparison.references import ID_PREFIX
from reconciler.core.declarations.tenant import RolesVia
from reconciler.core.model.messages import JsonObject, Request
from reconciler.core.model.resources import Attributes, Value
from reconciler.core.scim.member_batches import count_more_requests
from reconciler.core.scim.people import overwrite_request
from reconciler.core.scim.wire import PATCH_OP, Dialect, get_request, nest, patch_op

Kind = Literal["Users", "Groups"]
CREATING = ("create_user", "create_group")
MATCHING: Final[Mapping[Kind, tuple[str, ...]]] = {
    "Users": ("externalId", "userName"),
    "Groups": ("externalId", "displayName"),
}
REACHES = ("create_user", "reactivate_user", "deactivate_user")
ABOUT_ROLES = ("grant_roles", "revoke_roles")
HAPPENS_ALONE = (*CREATING, "reactivate_user")  # without any attribute or member


@dataclass(frozen=True, slots=True)
class Step:
    """All changes that one request makes to the resource with this `key`.

    Via `permissions` the request overwrites the roles of the person whose id is the target of the changes, or of the
    `person` that 4me linked after the plan was made.
    """

    key: str
    changes: tuple[Change, ...]
    via: RolesVia = "scim"
    person: str | None = None

    @property
    def id(self) -> str:
        """Returns the id of the first change, which no other step has."""
        return self.changes[0].id

    @property
    def creates(self) -> bool:
        """Whether the request creates the resource."""
        return self.changes[0].action in CREATING

    @property
    def reappears(self) -> bool:
        """Whether the request creates a resource that the account had: deleted by hand, or missed by the read."""
        return self.creates and self.changes[0].cause == "drift"

    @property
    def requests(self) -> int:
        """Counts the requests if none fails: one, the lookups before a resource is created again, and many members.

        A grant to a person who is linked later also needs a look for the person, and a read of the roles held.
        """
        members = sum(len(change.members) for change in self.changes)
        more = count_more_requests(members, creates=self.creates)
        return (3 if self.awaits_person else 1) + (len(lookups(self)) if self.reappears else 0) + more

    @property
    def awaits_person(self) -> bool:
        """Whether 4me must link a person before the request."""
        return self.person is None and any(change.awaits_person for change in self.changes)

    @property
    def reactivates(self) -> bool:
        """Whether the request reactivates an inactive user."""
        return any(change.action == "reactivate_user" for change in self.changes)

    @property
    def deactivates(self) -> bool:
        """Whether the request deactivates a user."""
        return any(change.action == "deactivate_user" for change in self.changes)

    @property
    def kind(self) -> Kind:
        """Returns the SCIM endpoint of the resource."""
        return "Users" if self.key.startswith("user/") else "Groups"

    def attributes(self) -> dict[str, Value]:
        """Returns the attributes to write, by path; references are keys."""
        return {attribute.path: attribute.after for change in self.changes for attribute in change.attributes}

    def members(self, *actions: str) -> list[str]:
        """Returns the members that changes of those actions name."""
        return [member for change in self.changes if change.action in actions for member in change.members]

    def roles(self) -> list[str] | None:
        """Returns the whole set of roles after the step, or None if no change is about roles."""
        about = [change for change in self.changes if change.roles]
        if not about:
            return None
        before = {role for change in about for role in change.held}
        gained = {role for change in about if change.action != "revoke_roles" for role in change.roles}
        lost = {role for change in about if change.action == "revoke_roles" for role in change.roles}
        return sorted((before | gained) - lost)

    def active(self) -> bool | None:
        """Returns whether the user is active after the step, or None if no change is about that."""
        decided = [change.action != "deactivate_user" for change in self.changes if change.action in REACHES]
        return decided[0] if decided else None

    def needs(self) -> frozenset[str]:
        """Returns the keys that must exist before the request: a manager, members, the resource itself."""
        return frozenset(need for change in self.changes for need in needs_of(change))

    def without(self, missing: Container[str]) -> Step | None:
        """Returns the part of the step that is possible without the `missing` keys, or None.

        Missing members and a missing manager are left out. A missing resource drops the whole change. What is left of
        a change keeps the id of the whole change, whose outcome it decides.
        """
        doable = tuple(left for change in self.changes if (left := _left_of(change, missing)) is not None)
        return replace(self, changes=doable) if doable else None


def lookups(step: Step) -> list[tuple[str, str]]:
    """Returns the attributes and values by which the resource that a step creates can be found."""
    attributes = step.attributes()
    return [(name, value) for name in MATCHING[step.kind] if isinstance(value := attributes.get(name), str)]


def needs_of(change: Change) -> list[str]:
    """Returns the keys that a change refers to, and its own key if the same plan creates that resource."""
    own = [] if change.target_id or change.action in CREATING else [change.key]
    return [*own, *change.members, *([manager] if (manager := find_manager(change)) else [])]


def _left_of(change: Change, missing: Container[str]) -> Change | None:
    """Returns the change without a missing manager and missing members; None if nothing of it is possible."""
    gone = [need for need in needs_of(change) if need in missing]
    if not gone:
        return change
    if change.key in gone:
        return None
    members = tuple(member for member in change.members if member not in gone)
    attributes = tuple(one for one in change.attributes if one.path != "manager" or one.after not in gone)
    if not members and not attributes and change.action not in HAPPENS_ALONE:
        return None
    return change.model_copy(update={"members": members, "attributes": attributes})


def make_steps(changes: Iterable[Change], roles_via: RolesVia = "scim") -> tuple[Step, ...]:
    """Returns one step for each resource, in the plan's order.

    An update of a resource that the plan creates is a second step.
    """
    steps: dict[tuple[str, bool, RolesVia], list[Change]] = {}
    for change in changes:
        via: RolesVia = roles_via if change.action in ABOUT_ROLES else "scim"
        steps.setdefault((change.key, change.action in CREATING, via), []).append(change)
    return tuple(Step(key, tuple(made), via) for (key, _creates, via), made in steps.items())


def make_roles_request(step: Step, account: str) -> Request:
    """Returns the request of a step about the roles of a person: it overwrites the whole set."""
    return overwrite_request(person_of(step), account, step.roles() or ())


def person_of(step: Step) -> str:
    """Returns the id of the person whose roles a step writes."""
    return step.person or str(step.changes[0].target_id)


def resolve(reference: str, ids: Mapping[str, str]) -> str | None:
    """Returns the live id of a key or of an `id/…`, or None if it has none yet."""
    return reference.removeprefix(ID_PREFIX) if reference.startswith(ID_PREFIX) else ids.get(reference)


def make_request(step: Step, ids: Mapping[str, str], dialect: Dialect) -> Request:
    """Returns the request of a step. Members without an id are left out; the caller ensures the rest of `needs()`."""
    attributes = with_ids(step.attributes(), ids)
    if step.creates:
        return Request("POST", f"/{step.kind}", _resource(step, attributes, ids))
    target = get_request(step.kind, target_of(step, ids)).path
    if dialect.patch == "merge":
        return Request("PATCH", target, _merge_body(step, attributes, ids))
    operations = _operations(step, attributes, ids)
    return Request("PATCH", target, {"schemas": [PATCH_OP], "Operations": operations})


def target_of(step: Step, ids: Mapping[str, str]) -> str:
    """Returns the live id of the resource that a step changes."""
    return step.changes[0].target_id or ids[step.key]


def with_ids(attributes: Attributes, ids: Mapping[str, str]) -> dict[str, Value]:
    """Returns the attributes with the manager as a live id."""
    manager = attributes.get("manager")
    return {**attributes, "manager": resolve(str(manager), ids)} if manager else dict(attributes)


def ids_of(members: Iterable[str], ids: Mapping[str, str]) -> list[str]:
    """Returns the live ids of the members that have one."""
    return [live_id for member in members if (live_id := resolve(member, ids)) is not None]


def _references(values: Iterable[str]) -> list[dict[str, str]]:
    return [{"value": value} for value in values]


def _resource(step: Step, attributes: Attributes, ids: Mapping[str, str]) -> JsonObject:
    resource = nest(attributes, step.kind)
    if step.kind == "Groups":
        return {**resource, "members": _references(ids_of(step.members("create_group"), ids))}
    roles = step.roles()
    return {**resource, "active": True, **({"roles": _references(roles)} if roles else {})}


def _merge_body(step: Step, attributes: Attributes, ids: Mapping[str, str]) -> JsonObject:
    """Returns the body of 4me's documented PATCH: it changes the given attributes, and adds or deletes members."""
    body = nest(attributes, step.kind)
    if (active := step.active()) is not None:
        body["active"] = active
    if (roles := step.roles()) is not None:
        body["roles"] = _references(roles)
    added: list[dict[str, str]] = _references(ids_of(step.members("add_members"), ids))
    removed = [{"value": member, "operation": "delete"} for member in ids_of(step.members("remove_members"), ids)]
    if added or removed:
        body["members"] = [*added, *removed]
    return body


def _operations(step: Step, attributes: Attributes, ids: Mapping[str, str]) -> list[JsonObject]:
    """Returns the operations of RFC 7644 section 3.5.2.

    A removal names one member, because not every service understands an array of values.
    """
    operations = patch_op(attributes)
    if (active := step.active()) is not None:
        operations.append({"op": "replace", "path": "active", "value": active})
    if (roles := step.roles()) is not None:
        operations.append(_set_roles(roles))
    if added := ids_of(step.members("add_members"), ids):
        operations.append({"op": "add", "path": "members", "value": _references(added)})
    operations += [
        {"op": "remove", "path": f'members[value eq "{member}"]'}
        for member in ids_of(step.members("remove_members"), ids)
    ]
    return operations


def _set_roles(roles: Sequence[str]) -> JsonObject:
    if not roles:
        return {"op": "remove", "path": "roles"}
    return {"op": "replace", "path": "roles", "value": _references(roles)}
