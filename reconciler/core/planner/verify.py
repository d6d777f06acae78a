"""The differences between a change and the answer to its request. The answer to a write is its verification."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.core.changes.plan import AttributeChange, Change
from reconciler.core.changes.undone import ACTIVE, MANAGER, MEMBERS, ROLES, Undone
from reconciler.core.comparison.references import ID_PREFIX
from reconciler.core.declarations.redaction import REDACTED
from reconciler.core.model.diff import differs
from reconciler.core.model.resources import Attributes, LiveGroup, LiveUser, Value
from reconciler.core.planner.steps import Step, resolve, with_ids
from reconciler.core.scim.same_ids import is_same_id
from reconciler.core.scim.wire import read_group, read_user, unlike


def list_not_taken(change: Change, ids: Mapping[str, str], resource: Mapping[str, object]) -> tuple[Undone, ...]:
    """Returns the parts of a change that differ in the answered resource, with the values asked for and found.

    Raises NotScim if the resource is not a user or group.
    """
    if change.key.startswith("user/"):
        user = read_user(resource)
        return (
            *_attributes(change, ids, user.attributes),
            *list_roles_not_taken(change, user.roles),
            *_active(change, user),
        )
    group = read_group(resource)
    return (*_attributes(change, ids, group.attributes), *_members(change, ids, group))


def list_roles_not_taken(change: Change, live_roles: frozenset[str]) -> tuple[Undone, ...]:
    """Returns the roles of a change that a person still holds after a revocation, or lacks after a grant."""
    roles, revokes = frozenset(change.roles), change.action == "revoke_roles"
    found = sorted(roles & live_roles if revokes else roles - live_roles)
    return tuple(Undone(path=ROLES, of=role, why="changed", asked=not revokes, got=revokes) for role in found)


def list_other_differences(step: Step, live_roles: frozenset[str]) -> list[str]:
    """Returns the unplanned effects of an overwrite of roles: `- role` for a lost role, `+ role` for a new one."""
    written = frozenset(step.roles() or ())
    planned = frozenset(role for change in step.changes for role in change.roles)
    lost, gained = written - live_roles - planned, live_roles - written - planned
    return [*(f"- {role}" for role in sorted(lost)), *(f"+ {role}" for role in sorted(gained))]


def _attributes(change: Change, ids: Mapping[str, str], answered: Attributes) -> Iterator[Undone]:
    written = with_ids({attribute.path: attribute.after for attribute in change.attributes}, ids)
    found = [path for path in unlike(written, answered) if not _is_same_manager(path, written, answered)]
    by_path = {attribute.path: attribute for attribute in change.attributes} if found else {}
    for path in found:
        asked, got = _as_shown(by_path[path], answered.get(path))
        yield Undone(path=path, why="changed", asked=asked, got=got)


def _is_same_manager(path: str, written: Attributes, answered: Attributes) -> bool:
    asked, got = written.get(path), answered.get(path)
    return path == MANAGER and isinstance(asked, str) and isinstance(got, str) and is_same_id(asked, got)


def _as_shown(attribute: AttributeChange, got: Value) -> tuple[Value, Value]:
    """Returns the values asked for and found: a live manager as `id/…`, and redacted values as fingerprints."""
    if attribute.redacted_pair is not None:
        before, after = attribute.redacted_pair
        same = not differs(attribute.path, got, attribute.before)
        return after, before if same else None if got is None else REDACTED
    if attribute.path == MANAGER and got is not None:
        return attribute.after, f"{ID_PREFIX}{got}"
    return attribute.after, got


def _active(change: Change, user: LiveUser) -> Iterator[Undone]:
    match change.action:
        case "create_user" | "reactivate_user" if not user.active:
            yield Undone(path=ACTIVE, why="changed", asked=True, got=False)
        case "deactivate_user" if user.active:
            yield Undone(path=ACTIVE, why="changed", asked=False, got=True)
        case _:
            return


def _members(change: Change, ids: Mapping[str, str], group: LiveGroup) -> Iterator[Undone]:
    """Yields the members with an id that were not added, or not removed; answers may have another letter case.

    An answer without `members` does not show whether they were added: the value found is None.
    """
    removes = change.action == "remove_members"
    live = {member.lower() for member in group.members}
    for member in change.members:
        live_id = resolve(member, ids)
        if live_id is not None and (live_id.lower() in live) is removes:
            got = removes if group.lists_members else None
            yield Undone(path=MEMBERS, of=member, why="changed", asked=not removes, got=got)
