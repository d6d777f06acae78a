"""Splits a step into parts that can be asked for alone: one attribute, the access, the roles, one member.

A service may refuse one of them, and refuses the whole request then.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from reconciler.core.changes.plan import (
    AddMembers,
    Change,
    DeactivateUser,
    GrantRoles,
    ReactivateUser,
    RemoveMembers,
    RevokeRoles,
    UpdateGroup,
    UpdateUser,
)
from reconciler.core.changes.undone import ACTIVE, MEMBERS, ROLES, Undone, Why
from reconciler.core.model.messages import Response
from reconciler.core.planner.steps import CREATING, Step, resolve
from reconciler.core.scim.wire import describe_error, scim_path

# Rules of services tie these together, such as that the userName is the primary address: asked for together at first.
IDENTITY: Final = ("userName", "externalId", "displayName", "name", "emails")
GIVES_ACCESS: Final = {"reactivate_user": ReactivateUser, "deactivate_user": DeactivateUser}


class StepPart(NamedTuple):
    """The attribute `path`, or `active`, or `roles`, or the member `of` of the path `members`."""

    path: str
    of: str = ""

    @property
    def is_identity(self) -> bool:
        """Whether it is one of the attributes that services tie together."""
        return self.path.partition(".")[0] in IDENTITY


def list_parts(step: Step) -> tuple[StepPart, ...]:
    """Returns the parts of a step: access first, then the identity, other attributes, roles and members."""
    active = [StepPart(ACTIVE)] if any(change.action in GIVES_ACCESS for change in step.changes) else []
    attributes = sorted((StepPart(path) for path in step.attributes()), key=lambda part: (not part.is_identity, part))
    roles = [StepPart(ROLES)] if any(change.roles for change in step.changes) else []
    members = [StepPart(MEMBERS, member) for change in step.changes for member in change.members]
    return (*active, *attributes, *roles, *members)


def pick_parts(step: Step, parts: Collection[StepPart], live_id: str) -> Step:
    """Returns a step that changes these parts alone, of the user or group with that live id."""
    wanted = frozenset(parts)
    picked = tuple(made for change in step.changes for made in _pick(change, wanted, live_id))
    return Step(step.key, picked, step.via)


def _pick(change: Change, wanted: Collection[StepPart], live_id: str) -> Iterator[Change]:
    fields: dict[str, Any] = {
        "key": change.key,
        "name": change.name,
        "target_id": live_id,
        "cause": change.cause,
        "reason": change.reason,
        "source": change.source,
    }
    if change.action in GIVES_ACCESS and StepPart(ACTIVE) in wanted:
        yield GIVES_ACCESS[change.action](**fields)
    if attributes := tuple(one for one in change.attributes if StepPart(one.path) in wanted):
        update = UpdateUser if change.key.startswith("user/") else UpdateGroup
        yield update(**fields, attributes=attributes)
    if change.roles and StepPart(ROLES) in wanted:
        roles = RevokeRoles if change.action == "revoke_roles" else GrantRoles
        yield roles(**fields, roles=change.roles, held=change.held)
    if members := tuple(member for member in change.members if StepPart(MEMBERS, member) in wanted):
        moved = RemoveMembers if change.action == "remove_members" else AddMembers
        yield moved(**fields, members=members)


def leave_out(step: Step, parts: Collection[StepPart]) -> Step:
    """Returns the step that creates a user or group without these parts; its change keeps its id."""
    changes = (
        change.model_copy(
            update={
                "attributes": tuple(one for one in change.attributes if StepPart(one.path) not in parts),
                "roles": () if StepPart(ROLES) in parts else change.roles,
                "members": tuple(member for member in change.members if StepPart(MEMBERS, member) not in parts),
            }
        )
        for change in step.changes
    )
    return Step(step.key, tuple(changes), step.via)


def split_parts(
    parts: Sequence[StepPart], refusal: Response, ids: Mapping[str, str]
) -> tuple[Sequence[StepPart], Sequence[StepPart]]:
    """Splits parts that were refused together: those that the refusal does not name, and those that it names.

    If it names none or all of them, returns two halves, and keeps the identity in one of them.
    """
    named = find_named(parts, refusal, ids)
    if 0 < len(named) < len(parts):
        return [part for part in parts if part not in named], named
    identity = sum(part.is_identity for part in parts)
    middle = len(parts) // 2
    if middle < identity < len(parts):
        middle = identity
    return parts[:middle], parts[middle:]


def find_named(parts: Iterable[StepPart], refusal: Response, ids: Mapping[str, str]) -> list[StepPart]:
    """Returns the parts that a refusal names by attribute (RFC 7644 section 3.12, 4me's `errors`) or id, as words."""
    words = set(re.findall(r"[\w$-]+", describe_error(refusal).casefold()))
    return [part for part in parts if any(name.casefold() in words for name in _names(part, ids))]


def _names(part: StepPart, ids: Mapping[str, str]) -> Iterator[str]:
    if part.of:
        yield from filter(None, (resolve(part.of, ids), part.of.partition("/")[2]))
        return
    yield scim_path(part.path).rpartition(":")[2].rpartition(".")[2]


def find_owner(step: Step, part: Undone) -> str:
    """Returns the id of the change of the step that an undone part belongs to."""
    return next(change.id for change in step.changes if _has(change, part))


def _has(change: Change, part: Undone) -> bool:
    match part.path:
        case "active":
            return change.action in GIVES_ACCESS or change.action in CREATING
        case "roles":
            return part.of in change.roles and (change.action == "revoke_roles") is (part.asked is False)
        case "members":
            return part.of in change.members and (change.action == "remove_members") is (part.asked is False)
        case path:
            return any(attribute.path == path for attribute in change.attributes)


def list_undone(step: Step, parts: Collection[StepPart], why: Why, error: str) -> Iterator[Undone]:
    """Yields these parts of a step as undone, each role on its own; redacted values as fingerprints."""
    for change in step.changes:
        removes = change.action in {"deactivate_user", "remove_members", "revoke_roles"}
        if change.action in GIVES_ACCESS and StepPart(ACTIVE) in parts:
            yield Undone(path=ACTIVE, why=why, asked=not removes, error=error)
        for one in change.attributes:
            if StepPart(one.path) in parts:
                asked = one.redacted_pair[1] if one.redacted_pair is not None else one.after
                yield Undone(path=one.path, why=why, asked=asked, error=error)
        roles = change.roles if StepPart(ROLES) in parts else ()
        yield from (Undone(path=ROLES, of=role, why=why, asked=not removes, error=error) for role in roles)
        members = (member for member in change.members if StepPart(MEMBERS, member) in parts)
        yield from (Undone(path=MEMBERS, of=member, why=why, asked=not removes, error=error) for member in members)
