"""Translates earlier states of git to the keys of HEAD: by `was: old`, the resource had another key.

Knows compiled states only. Causes, members and managers of an earlier state then compare key by key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key
from reconciler.core.model.states import DesiredState

PreviousKeys: TypeAlias = Mapping[Key, tuple[Key, ...]]


def find_renamed(desired: DesiredState, applied: DesiredState | None) -> dict[Key, tuple[Key, ...]]:
    """Returns the previous keys of HEAD's keys, without those that are wrong and those that the last apply had."""
    wrong = find_wrong(desired)
    renamed = {
        key: tuple(former for former in formers if applied is None or former not in applied.was.get(key, ()))
        for key, formers in desired.was.items()
        if key not in wrong and desired.resource(key) is not None
    }
    return {key: formers for key, formers in renamed.items() if formers}


def find_wrong(desired: DesiredState) -> set[Key]:
    """Returns the keys whose `was:` names a key that HEAD declares or that two keys name, with those keys."""
    wrong: set[Key] = set()
    first: dict[Key, Key] = {}
    for key, formers in desired.was.items():
        for former in formers:
            other = first.setdefault(former, key)
            if other != key:
                wrong |= {key, other}
            if desired.resource(former) is not None:
                wrong |= {key, former}
    return wrong


def find_done(desired: DesiredState, applied: DesiredState | None) -> list[tuple[Key, Key]]:
    """Returns the keys with a previous key that the last apply had on the same line."""
    if applied is None or not desired.was:
        return []
    return [
        (key, former)
        for key, formers in sorted(desired.was.items())
        for former in formers
        if former in applied.was.get(key, ())
    ]


def rename_keys(state: DesiredState, renamed: PreviousKeys) -> DesiredState:
    """Returns an earlier state with HEAD's keys in place of the previous ones that it declares."""
    new_of: dict[Key, Key] = {}
    for key, formers in renamed.items():
        former = next((former for former in formers if state.resource(former) is not None), None)
        if former is not None and state.resource(key) is None:
            new_of[former] = key
    if not new_of:
        return state
    texts = {str(old): str(new) for old, new in new_of.items()}
    users = (_rename_user(user, new_of, texts) for user in state.users.values())
    groups = (_rename_group(group, new_of) for group in state.groups.values())
    return replace(state, users={user.key: user for user in users}, groups={group.key: group for group in groups})


def _rename_user(user: DesiredUser, new_of: Mapping[Key, Key], texts: Mapping[str, str]) -> DesiredUser:
    boss = texts.get(str(user.attributes.get("manager")))
    if boss is None and user.key not in new_of:
        return user
    attributes = {**user.attributes, "manager": boss} if boss else user.attributes
    return replace(user, key=new_of.get(user.key, user.key), attributes=attributes)


def _rename_group(group: DesiredGroup, new_of: Mapping[Key, Key]) -> DesiredGroup:
    members = group.members
    if members is not None and not members.isdisjoint(new_of):
        members = frozenset(new_of.get(member, member) for member in members)
    return replace(group, key=new_of.get(group.key, group.key), members=members)
