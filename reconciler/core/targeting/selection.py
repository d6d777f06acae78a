"""The keys that a partial plan is about: those that differ between states of git, or those that the user names.

Knows the states of git, now and earlier; nothing of the account.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from reconciler.core.changes.plan import Change
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.comparison.references import key_by_id
from reconciler.core.model.amounts import count, few
from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key, parse_key
from reconciler.core.model.states import DesiredState, Selection
from reconciler.core.model.suggest import did_you_mean
from reconciler.errors import Problem

MOST_NAMED = 10
MEMBERSHIP = ("add_members", "remove_members")


def select_difference(desired: DesiredState, earlier: Earlier) -> Selection:
    """Returns every key whose compiled states differ, and, for a group, the members that differ.

    A group that is new, left git, changed in between, or changed its scope or membership mode, is selected with all its
    members. A new or removed line of `left:` or `released:` selects its key or id.
    """
    states = _states(desired, earlier)
    between = frozenset(earlier.touched) | _settled_otherwise(states)
    users = {key for key in chain.from_iterable(state.users for state in states) if _user_differs(key, states)}
    groups: set[Key] = set()
    members: dict[Key, frozenset[Key]] = {}
    for key in set(chain.from_iterable(state.groups for state in states)):
        versions = [state.groups.get(key) for state in states]
        if all(version is versions[0] or _same_group(version, versions[0]) for version in versions):
            continue
        groups.add(key)
        if (differing := _members_that_differ(versions)) is not None:
            members[key] = differing
    members = {key: some for key, some in members.items() if key not in between}
    return Selection(frozenset(users | groups) | between, members, grows=True)


def _states(desired: DesiredState, earlier: Earlier) -> list[DesiredState]:
    return [desired, *earlier.states]


def _settled_otherwise(states: Sequence[DesiredState]) -> frozenset[Key]:
    """Returns the keys of the lines of `left:` and `released:` that are not in all states."""
    lines = [frozenset(_keys_settled(state)) for state in states]
    return frozenset(key for _list, key in frozenset.union(*lines) - frozenset.intersection(*lines))


def _keys_settled(state: DesiredState) -> Iterable[tuple[str, Key]]:
    for name, settlements in (("left", state.left), ("released", state.released)):
        for line in settlements:
            if line.key is not None:
                yield name, line.key
            if line.id is not None:
                yield name, key_by_id("user", line.id)


def _user_differs(key: Key, states: Sequence[DesiredState]) -> bool:
    versions = [state.users.get(key) for state in states]
    return not all(version is versions[0] or _same_user(version, versions[0]) for version in versions)


def _same_user(one: DesiredUser | None, other: DesiredUser | None) -> bool:
    """Whether two versions of a user are equal; attributes that only a create writes are never compared."""
    if one is None or other is None:
        return one is other
    return (one.attributes, one.in_scope, one.roles) == (other.attributes, other.in_scope, other.roles)


def _same_group(one: DesiredGroup | None, other: DesiredGroup | None) -> bool:
    if one is None or other is None:
        return one is other
    same_mode = _membership_mode(one) == _membership_mode(other)
    return same_mode and (one.attributes, one.members) == (other.attributes, other.members)


def _membership_mode(group: DesiredGroup) -> tuple[bool, bool, bool]:
    return group.in_scope, group.authoritative, group.members is None


def _members_that_differ(versions: Sequence[DesiredGroup | None]) -> frozenset[Key] | None:
    """Returns the members that are not in all versions of a group, or None if all members must be planned."""
    groups = [group for group in versions if group is not None]
    if len(groups) < len(versions) or len({_membership_mode(group) for group in groups}) > 1:
        return None
    every = [group.members or frozenset() for group in groups]
    return frozenset.union(*every) - frozenset.intersection(*every)


def select_keys(keys: Iterable[Key], desired: DesiredState, earlier: Earlier) -> Selection:
    """Returns a selection of these keys alone: users with attributes, roles and access, groups with all members."""
    return Selection(frozenset(keys) & _known(desired, earlier))


def with_dependencies(selection: Selection, desired: DesiredState, earlier: Earlier) -> Selection:
    """Adds the dependencies of the keys: managers, members of groups, and, for the users alone, their groups.

    The groups are those that a user is in at HEAD or was in at an earlier state.
    """
    managers = {key for user in _users(selection, desired) if (key := manager_of(user))}
    members = {member for group in _groups(selection, desired) for member in group.members or ()}
    joined = {
        key: users
        for key in desired.groups.keys() - selection.keys
        if (users := _ever_members(key, desired, earlier) & selection.keys)
    }
    return Selection(selection.keys | managers | members | joined.keys(), {**selection.members, **joined}, grows=True)


def _ever_members(key: Key, desired: DesiredState, earlier: Earlier) -> frozenset[Key]:
    groups = (state.groups.get(key) for state in _states(desired, earlier))
    return frozenset().union(*(group.members or () for group in groups if group))


def select_changes(changes: Iterable[Change], *, whole_groups: bool) -> Selection:
    """Returns the selection that plans the changes again: groups with the members that the changes name, or all."""
    keys: set[Key] = set()
    members: dict[Key, frozenset[Key]] = {}
    whole: set[Key] = set()
    for change in changes:
        key = _parsed(change.key)
        keys.add(key)
        named = [member for name in change.members if (member := parse_key(name))]
        has_undeclared = len(named) < len(change.members)
        if change.action == "create_group" or has_undeclared or (whole_groups and change.action in MEMBERSHIP):
            whole.add(key)
        elif key.kind == "group":
            members[key] = members.get(key, frozenset()).union(named)
    return Selection(frozenset(keys), {key: some for key, some in members.items() if key not in whole}, grows=True)


def _parsed(key: str) -> Key:
    parsed = parse_key(key)
    assert parsed is not None  # noqa: S101  # the keys of changes are keys
    return parsed


def join_selections(one: Selection, other: Selection) -> Selection:
    """Returns the union of two selections."""
    members: dict[Key, frozenset[Key]] = {}
    for key in one.members.keys() | other.members.keys():
        selections = [selection for selection in (one, other) if key in selection.keys]
        if all(key in selection.members for selection in selections):
            members[key] = frozenset().union(*(selection.members[key] for selection in selections))
    return Selection(one.keys | other.keys, members, one.grows or other.grows)


def covers(selection: Selection | None, pending: Selection) -> bool:
    """Whether a plan of `selection` is also about everything in `pending`."""
    return selection is None or join_selections(selection, pending) == Selection(
        selection.keys, selection.members, selection.grows or pending.grows
    )


def manager_of(user: DesiredUser) -> Key | None:
    """Returns the key of a user's manager, or None if git declares none."""
    return parse_key(str(user.attributes.get("manager") or ""))


def find_keys(named: Sequence[str], desired: DesiredState, earlier: Earlier) -> tuple[list[Key], list[str]]:
    """Returns the known keys among the names, and a message for each unknown name; a name without `/` is a user."""
    known = _known(desired, earlier)
    keys = [parse_key(name if "/" in name else f"user/{name}") for name in named]
    unknown = [
        f'"{name}" is no user or group in git, now or at the last apply ({_suggest(name, known)})'
        for name, key in zip(named, keys, strict=True)
        if key not in known
    ]
    return [key for key in keys if key in known], unknown


def _suggest(name: str, known: Iterable[Key]) -> str:
    near = did_you_mean(name if "/" in name else f"user/{name}", map(str, known))
    return near or "write it like user/alice.lee or group/finance"


def _known(desired: DesiredState, earlier: Earlier) -> frozenset[Key]:
    states = _states(desired, earlier)
    return frozenset(key for state in states for key in chain(state.users, state.groups))


def _users(selection: Selection, desired: DesiredState) -> list[DesiredUser]:
    return [user for key in selection.keys if (user := desired.users.get(key))]


def _groups(selection: Selection, desired: DesiredState) -> list[DesiredGroup]:
    return [group for key in selection.keys if (group := desired.groups.get(key))]


def warn_of_selection(desired: DesiredState, earlier: Earlier, *, everything_read: bool) -> list[Problem]:
    """Returns notes on the keys of a partial plan and on what it does not show; empty for a plan of all keys.

    For a targeted read, reports replace the problem `focus` by a fuller note (report/view/partial.py).
    """
    selection = desired.selection
    if selection is None:
        return []
    users = sum(key.kind == "user" for key in selection.keys)
    groups = len(selection.keys) - users
    selected = f"{count(users, 'user')} and {count(groups, 'group')}"
    missing = "changes and drift elsewhere are" if everything_read else "drift and unmanaged users elsewhere are"
    message = f"partial plan: {selected}; {missing} not shown"
    notes = [Problem("focus", message, severity="info")]
    if not selection.grows and (left := sorted(with_dependencies(selection, desired, earlier).keys - selection.keys)):
        message = f"the selected keys depend on {few(left, MOST_NAMED)}, which this plan leaves out"
        notes.append(Problem("dependencies", message, None, "--with-dependencies includes them", severity="info"))
    return notes
