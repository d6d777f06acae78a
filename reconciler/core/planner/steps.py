"""The changes of a plan → steps: one request for each resource written, and what it waits for.

Where roles take effect over REST, the roles of a person are a resource of their own beside the SCIM user.

Both the executor and the simulator take their requests from here, so that what was tried is what runs.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from reconciler.core.changes.plan import Change
from reconciler.core.comparison.references import ID_PREFIX
from reconciler.core.declarations.tenant import RolesVia
from reconciler.core.model.messages import JsonObject, Request
from reconciler.core.model.resources import Attributes, Value
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


@dataclass(frozen=True, slots=True)
class Step:
    """All changes that one request makes to one resource; `key` names it.

    With `permissions` it overwrites the roles of the person whose id is the changes' target.
    """

    key: str
    changes: tuple[Change, ...]
    via: RolesVia = "scim"

    @property
    def creates(self) -> bool:
        """Whether the resource does not exist yet."""
        return self.changes[0].action in CREATING

    @property
    def reappears(self) -> bool:
        """Whether it creates what git had before and the account has lost: deleted by hand, or missed by the read."""
        return self.creates and self.changes[0].cause == "drift"

    @property
    def requests(self) -> int:
        """How many requests it takes when nothing fails: one, and a look-up by each matching attribute first."""
        return 1 + (len(lookups(self)) if self.reappears else 0)

    @property
    def reactivates(self) -> bool:
        """Whether the user is inactive until then."""
        return any(change.action == "reactivate_user" for change in self.changes)

    @property
    def kind(self) -> Kind:
        """The SCIM endpoint of the resource."""
        return "Users" if self.key.startswith("user/") else "Groups"

    def attributes(self) -> dict[str, Value]:
        """What the resource's attributes should be afterwards; references are keys."""
        return {one.path: one.after for change in self.changes for one in change.attributes}

    def members(self, *actions: str) -> list[str]:
        """The members that changes of those actions name."""
        return [member for change in self.changes if change.action in actions for member in change.members]

    def roles(self) -> list[str] | None:
        """The whole set of roles afterwards, or None where no change is about roles."""
        about = [change for change in self.changes if change.roles]
        if not about:
            return None
        held = {role for change in about for role in change.held}
        gained = {role for change in about if change.action != "revoke_roles" for role in change.roles}
        lost = {role for change in about if change.action == "revoke_roles" for role in change.roles}
        return sorted((held | gained) - lost)

    def active(self) -> bool | None:
        """Whether the user is active afterwards, or None where no change is about that."""
        decided = [change.action != "deactivate_user" for change in self.changes if change.action in REACHES]
        return decided[0] if decided else None

    def needs(self) -> frozenset[str]:
        """The keys that must exist before the request can be made: a manager, members, the resource itself."""
        return frozenset(need for change in self.changes for need in needs_of(change))

    def without(self, missing: Container[str]) -> Step | None:
        """What can be done of the step though those keys do not exist; None where that is nothing.

        Members are left out one by one; a manager, or the resource itself, takes the whole change with it.
        """
        doable = tuple(change for change in self.changes if not _prevented(change, missing))
        return Step(self.key, doable, self.via) if doable else None


def lookups(step: Step) -> list[tuple[str, str]]:
    """By which attributes, and values, what a step creates can be found."""
    asked = step.attributes()
    return [(one, value) for one in MATCHING[step.kind] if isinstance(value := asked.get(one), str)]


def needs_of(change: Change) -> list[str]:
    """The keys that a change refers to, its own among them where the plan creates what it changes."""
    own = [] if change.target_id or change.action in CREATING else [change.key]
    return [*own, *change.members, *([manager] if (manager := _manager(change)) else [])]


def _manager(change: Change) -> str | None:
    return next((str(one.after) for one in change.attributes if one.path == "manager" and one.after), None)


def _prevented(change: Change, missing: Container[str]) -> bool:
    left = [member for member in change.members if member not in missing]
    nobody_left = bool(change.members) and not left and change.action not in CREATING
    return nobody_left or any(need in missing for need in needs_of(change) if need not in change.members)


def make_steps(changes: Iterable[Change], roles_via: RolesVia = "scim") -> tuple[Step, ...]:
    """One step for each resource, in the plan's order; a change to what the plan creates is a step of its own."""
    steps: dict[tuple[str, bool, RolesVia], list[Change]] = {}
    for change in changes:
        via: RolesVia = roles_via if change.action in ABOUT_ROLES else "scim"
        steps.setdefault((change.key, change.action in CREATING, via), []).append(change)
    return tuple(Step(key, tuple(made), via) for (key, _creates, via), made in steps.items())


def make_roles_request(step: Step, account: str) -> Request:
    """The one request of a step about the roles of a person: the whole set, for whoever holds it now or does not."""
    return overwrite_request(str(step.changes[0].target_id), account, step.roles() or ())


def resolve(reference: str, ids: Mapping[str, str]) -> str | None:
    """The live id of a key or of an `id/…`, or None where there is none yet."""
    return reference.removeprefix(ID_PREFIX) if reference.startswith(ID_PREFIX) else ids.get(reference)


def make_request(step: Step, ids: Mapping[str, str], dialect: Dialect) -> Request:
    """The one request of a step. Members without an id are left out; the caller has seen to the rest of `needs()`."""
    attributes = with_ids(step.attributes(), ids)
    if step.creates:
        return Request("POST", f"/{step.kind}", _resource(step, attributes, ids))
    target = get_request(step.kind, target_of(step, ids)).path
    if dialect.patch == "merge":
        return Request("PATCH", target, _merge_body(step, attributes, ids))
    operations = _operations(step, attributes, ids)
    return Request("PATCH", target, {"schemas": [PATCH_OP], "Operations": operations})


def target_of(step: Step, ids: Mapping[str, str]) -> str:
    """The live id of the resource that a step changes."""
    return step.changes[0].target_id or ids[step.key]


def with_ids(attributes: Attributes, ids: Mapping[str, str]) -> dict[str, Value]:
    """The attributes with the manager as a live id."""
    manager = attributes.get("manager")
    return {**attributes, "manager": resolve(str(manager), ids)} if manager else dict(attributes)


def ids_of(members: Iterable[str], ids: Mapping[str, str]) -> list[str]:
    """The live ids of those references that have one."""
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
    """4me's documented PATCH: what is given changes; members given are added, or removed where it says delete."""
    body = nest(attributes, step.kind)
    if (active := step.active()) is not None:
        body["active"] = active
    if (roles := step.roles()) is not None:
        body["roles"] = _references(roles)
    added: list[dict[str, str]] = _references(ids_of(step.members("add_members"), ids))
    removed = [{"value": one, "operation": "delete"} for one in ids_of(step.members("remove_members"), ids)]
    if added or removed:
        body["members"] = [*added, *removed]
    return body


def _operations(step: Step, attributes: Attributes, ids: Mapping[str, str]) -> list[JsonObject]:
    """RFC 7644 section 3.5.2. Removals name one member each: a value array is not understood everywhere."""
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
