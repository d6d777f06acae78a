"""Which keys a plan is about when not about everything: those that git says otherwise than before, or those named.

Knows what git says, now and before; nothing of the account.
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
    """Every key of which the compiled states differ, and of a group the members in which they do.

    A group that comes, goes, or is decided on in another way is about all its members. So is one that was touched in
    between; and a line of `left:` or `released:` that comes or goes is about its key or id.
    """
    states = _states(desired, earlier)
    between = frozenset(earlier.touched) | _settled_otherwise(states)
    users = {key for key in chain.from_iterable(state.users for state in states) if _user_differs(key, states)}
    groups: set[Key] = set()
    members: dict[Key, frozenset[Key]] = {}
    for key in set(chain.from_iterable(state.groups for state in states)):
        said = [state.groups.get(key) for state in states]
        if all(one is said[0] or _same_group(one, said[0]) for one in said):
            continue
        groups.add(key)
        if (moved := _members_that_differ(said)) is not None:
            members[key] = moved
    members = {key: some for key, some in members.items() if key not in between}
    return Selection(frozenset(users | groups) | between, members, grows=True)


def _states(desired: DesiredState, earlier: Earlier) -> list[DesiredState]:
    return [desired, *earlier.states]


def _settled_otherwise(states: Sequence[DesiredState]) -> frozenset[Key]:
    """The keys of lines that settle who is ours, where states differ in them."""
    lines = [frozenset(_keys_settled(state)) for state in states]
    return frozenset(key for _word, key in frozenset.union(*lines) - frozenset.intersection(*lines))


def _keys_settled(state: DesiredState) -> Iterable[tuple[str, Key]]:
    for word, settlements in (("left", state.left), ("released", state.released)):
        for line in settlements:
            if line.key is not None:
                yield word, line.key
            if line.id is not None:
                yield word, key_by_id("user", line.id)


def _user_differs(key: Key, states: Sequence[DesiredState]) -> bool:
    said = [state.users.get(key) for state in states]
    return not all(one is said[0] or _same_user(one, said[0]) for one in said)


def _same_user(one: DesiredUser | None, other: DesiredUser | None) -> bool:
    """What is written once, on create, is no difference: it is never looked at again."""
    if one is None or other is None:
        return one is other
    return (one.attributes, one.in_scope, one.roles) == (other.attributes, other.in_scope, other.roles)


def _same_group(one: DesiredGroup | None, other: DesiredGroup | None) -> bool:
    if one is None or other is None:
        return one is other
    return _how_decided(one) == _how_decided(other) and (one.attributes, one.members) == (
        other.attributes,
        other.members,
    )


def _how_decided(group: DesiredGroup) -> tuple[bool, bool, bool]:
    return group.in_scope, group.authoritative, group.members is None


def _members_that_differ(said: Sequence[DesiredGroup | None]) -> frozenset[Key] | None:
    """The members in which states of a group differ, or None where all of them are in question."""
    groups = [one for one in said if one is not None]
    if len(groups) < len(said) or len({_how_decided(one) for one in groups}) > 1:
        return None
    every = [one.members or frozenset() for one in groups]
    return frozenset.union(*every) - frozenset.intersection(*every)


def select_keys(keys: Iterable[Key], desired: DesiredState, earlier: Earlier) -> Selection:
    """The keys and nothing else: of users the attributes, roles and access, of groups all members too."""
    return Selection(frozenset(keys) & _known(desired, earlier))


def with_dependencies(selection: Selection, desired: DesiredState, earlier: Earlier) -> Selection:
    """And what the keys need: managers, the groups that users are or were in, for them alone, and members of groups."""
    managers = {key for user in _users(selection, desired) if (key := manager_of(user))}
    members = {member for group in _groups(selection, desired) for member in group.members or ()}
    joined = {
        key: asked
        for key in desired.groups.keys() - selection.keys
        if (asked := _ever_members(key, desired, earlier) & selection.keys)
    }
    return Selection(selection.keys | managers | members | joined.keys(), {**selection.members, **joined}, grows=True)


def _ever_members(key: Key, desired: DesiredState, earlier: Earlier) -> frozenset[Key]:
    groups = (state.groups.get(key) for state in _states(desired, earlier))
    return frozenset().union(*(group.members or () for group in groups if group))


def select_changes(changes: Iterable[Change], *, whole_groups: bool) -> Selection:
    """What a plan's changes are about, for it to be planned again: of groups the members that it names, or all."""
    keys: set[Key] = set()
    members: dict[Key, frozenset[Key]] = {}
    whole: set[Key] = set()
    for change in changes:
        key = _parsed(change.key)
        keys.add(key)
        named = [member for name in change.members if (member := parse_key(name))]
        strangers = len(named) < len(change.members)
        if change.action == "create_group" or strangers or (whole_groups and change.action in MEMBERSHIP):
            whole.add(key)
        elif key.kind == "group":
            members[key] = members.get(key, frozenset()).union(named)
    return Selection(frozenset(keys), {key: some for key, some in members.items() if key not in whole}, grows=True)


def _parsed(key: str) -> Key:
    parsed = parse_key(key)
    assert parsed is not None  # noqa: S101  # the keys of changes are keys
    return parsed


def join_selections(one: Selection, other: Selection) -> Selection:
    """What either is about."""
    members: dict[Key, frozenset[Key]] = {}
    for key in one.members.keys() | other.members.keys():
        asked = [selection for selection in (one, other) if key in selection.keys]
        if all(key in selection.members for selection in asked):
            members[key] = frozenset().union(*(selection.members[key] for selection in asked))
    return Selection(one.keys | other.keys, members, one.grows or other.grows)


def covers(selection: Selection | None, pending: Selection) -> bool:
    """Whether a plan about the one is about all that the other is."""
    return selection is None or join_selections(selection, pending) == Selection(
        selection.keys, selection.members, selection.grows or pending.grows
    )


def manager_of(user: DesiredUser) -> Key | None:
    """The key of a user's manager, where git gives them one."""
    return parse_key(str(user.attributes.get("manager") or ""))


def find_keys(named: Sequence[str], desired: DesiredState, earlier: Earlier) -> tuple[list[Key], list[str]]:
    """The keys that people named, and what is wrong with those that name nothing; a bare name is a user's."""
    known = _known(desired, earlier)
    keys = [parse_key(name if "/" in name else f"user/{name}") for name in named]
    wrong = [
        f'"{name}" names no user or group of git, now or when last applied ({_nearest(name, known)})'
        for name, key in zip(named, keys, strict=True)
        if key not in known
    ]
    return [key for key in keys if key in known], wrong


def _nearest(name: str, known: Iterable[Key]) -> str:
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
    """Says which keys a partial plan is about and what it therefore does not show; empty for a plan about all keys.

    Reports put a fuller note in place of the problem `selection` where the read was targeted (report/view/partial.py).
    """
    selection = desired.selection
    if selection is None:
        return []
    users = sum(key.kind == "user" for key in selection.keys)
    groups = len(selection.keys) - users
    asked = f"{count(users, 'user')} and {count(groups, 'group')}"
    missing = "changes and drift elsewhere are" if everything_read else "drift and unmanaged users elsewhere are"
    message = f"partial plan: {asked}; {missing} not shown"
    told = [Problem("focus", message, severity="info")]
    if not selection.grows and (left := sorted(with_dependencies(selection, desired, earlier).keys - selection.keys)):
        message = f"the keys asked for depend on {few(left, MOST_NAMED)}, which this plan is not about"
        told.append(Problem("dependencies", message, None, "--with-dependencies brings them in", severity="info"))
    return told
