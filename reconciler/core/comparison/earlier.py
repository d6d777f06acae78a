"""Earlier states of git, at a pull request's base and at the last applied commit, and the causes that they give.

A value that an earlier state does not declare, or has out of scope, was unmanaged there: the account's value was right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from operator import eq
from typing import Final, TypeAlias

from reconciler.core.changes.plan import Cause
from reconciler.core.comparison.cause import NEVER, UNKNOWN, ThreeWayValue, find_cause
from reconciler.core.comparison.renaming import find_renamed, rename_keys
from reconciler.core.model.diff import differs
from reconciler.core.model.resources import Attributes, DesiredGroup, DesiredUser, Key, Value, parse_key
from reconciler.core.model.states import DesiredState

UNMANAGED: Final = object()
Read: TypeAlias = Callable[[DesiredState], object]


@dataclass(frozen=True, slots=True)
class Earlier:
    """The earlier states, each of which may be None. Without a base nothing was managed: every cause is `this_change`.

    `front` are the states of the commits begun or applied since the last complete apply, the newest first. `touched`
    are the keys on lines that a commit since then changed, including lines that came and went. Both decide which keys
    to read. `reached` is the front without the keys that its applies did not cover (None: they cover all): what is left
    of it may be in the account. `written` are the states of incomplete applies in it: a live value that one of them
    declares is no drift. `base_applied` is false if no complete apply of the base is on record. `never_applied` is true
    if the record is known and has no apply: what git asks for is not applied yet.
    """

    base: DesiredState | None = None
    applied: DesiredState | None = None
    front: tuple[DesiredState, ...] = ()
    touched: frozenset[Key] = frozenset()
    base_applied: bool = True
    reached: tuple[DesiredState, ...] | None = None
    written: tuple[DesiredState, ...] = ()
    never_applied: bool = False

    @property
    def last_applied(self) -> DesiredState | None:
        """The state of the last complete apply, as far as one is known."""
        return self.applied or (self.base if self.base_applied else None)

    def declares(self, key: Key) -> bool:
        """Whether an earlier state declares the key."""
        return any(state.resource(key) is not None for state in self.states)

    def in_keys_of(self, desired: DesiredState) -> Earlier:
        """Returns the earlier states with the keys of HEAD: what was renamed by `was:` has its new key."""
        return self.follow(find_renamed(desired, self.last_applied))

    def follow(self, renamed: Mapping[Key, tuple[Key, ...]]) -> Earlier:
        """Returns the earlier states with the keys of HEAD: `renamed` has the previous keys of each, by `was:`."""
        if not renamed:
            return self
        return replace(
            self,
            base=self.base and rename_keys(self.base, renamed),
            applied=self.applied and rename_keys(self.applied, renamed),
            front=tuple(rename_keys(state, renamed) for state in self.front),
            reached=None if self.reached is None else tuple(rename_keys(state, renamed) for state in self.reached),
            written=tuple(rename_keys(state, renamed) for state in self.written),
        )

    def agrees(self, key: Key, path: str, value: Value) -> bool:
        """Whether the base and the applied state, as far as they are known, create the resource with this value."""
        states = [state.resource(key) for state in (self.base, self.applied) if state]
        known = [{**one.on_create, **one.attributes} for one in states if one is not None and one.in_scope]
        return all(path in values and _same(path, values[path], value) for values in known)

    @property
    def proven(self) -> tuple[DesiredState, ...]:
        """Returns the states that a complete apply covers: what they declare was in the account."""
        return tuple(state for state in (self.base if self.base_applied else None, self.applied) if state)

    @property
    def unproven(self) -> tuple[DesiredState, ...]:
        """Returns the other states, as far as applies covered them: they may have left out what was in doubt."""
        front = self.front if self.reached is None else self.reached
        return tuple(state for state in (None if self.base_applied else self.base, *front) if state)

    @property
    def states(self) -> tuple[DesiredState, ...]:
        """Returns all earlier states: the base, the applied state, and the front."""
        return tuple(state for state in (self.base, self.applied, *self.front) if state)

    def users(self) -> dict[Key, DesiredUser]:
        """Returns every user that an earlier state declares; the base has precedence."""
        return {key: user for state in reversed(self.states) for key, user in state.users.items()}

    def groups(self) -> dict[Key, DesiredGroup]:
        """Returns every group that an earlier state declares; the base has precedence."""
        return {key: group for state in reversed(self.states) for key, group in state.groups.items()}

    def presence(self, key: Key, *, head: bool) -> Cause:
        """Returns the cause of a resource's creation or reactivation (`head`), or of its end."""
        return find_cause([self._three_ways(head, not head, partial(_is_present, key))])

    def removal(self, key: Key) -> Cause:
        """Returns the cause of the removal of a resource that left git, and of its members.

        `this_change`: it left git after the base. `merged`: it left git before, and no apply removed it. `drift`: it
        was removed, and the account brought it back. A state with `on_removed: ignore` counts as one that declares it.
        """
        if self.base is None or _keeps(key, self.base):
            return "this_change"
        pending = any(_keeps(key, state) for state in (self.applied, *self.front) if state)
        return "merged" if pending else "drift"

    def settlement(self, key: Key, live_id: str) -> Cause:
        """Returns the cause of the removal of a user who is listed under `left:`."""
        return find_cause([self._three_ways(head=True, live=False, read=partial(_is_settled, key, live_id))])

    def attributes(self, key: Key, paths: Iterable[str], head: Attributes, live: Attributes) -> Cause:
        """Returns the cause of an attribute change; references in `head` and `live` are keys."""
        return find_cause(self._attribute_values(key, paths, head, live))

    def reactivation(self, key: Key, paths: Iterable[str], head: Attributes, live: Attributes) -> Cause:
        """Returns the cause of a reactivation, with the attributes that change with it."""
        presence = self._three_ways(head=True, live=False, read=partial(_is_present, key))
        presence = replace(presence, written=tuple(_had_access(key, state) for state in self.written))
        return find_cause([presence, *self._attribute_values(key, paths, head, live)])

    def members(self, key: Key, members: Iterable[str], *, head: bool) -> Cause:
        """Returns the cause of adding members to a group (`head`), or of removing them."""
        return find_cause(self._three_ways(head, not head, partial(_is_member, key, member)) for member in members)

    def former_members(self, key: Key) -> frozenset[Key]:
        """Returns the members that the base, or the applied state, declares for a group."""
        groups = (state.groups.get(key) for state in (self.base, self.applied) if state)
        return frozenset().union(*(group.members or () for group in groups if group))

    def roles(self, key: Key, roles: Iterable[str], *, head: bool) -> Cause:
        """Returns the cause of granting roles (`head`), or of revoking them."""
        return find_cause(self._three_ways(head, not head, partial(_holds, key, role)) for role in roles)

    def roles_removal(self, key: Key) -> Cause:
        """Returns the cause of revoking a user's roles after the last role assignment left git: now, or earlier."""
        user = self.base.users.get(key) if self.base else None
        return "this_change" if user is not None and user.roles is not None else "merged"

    def _attribute_values(
        self, key: Key, paths: Iterable[str], head: Attributes, live: Attributes
    ) -> Iterable[ThreeWayValue]:
        return (
            self._three_ways(head[path], live.get(path), partial(_attribute, key, path), partial(_same, path))
            for path in paths
        )

    def _three_ways(
        self, head: object, live: object, read: Read, same: Callable[[object, object], bool] = eq
    ) -> ThreeWayValue:
        def value_in(state: DesiredState) -> object:
            value = read(state)
            return live if value is UNMANAGED else value

        return ThreeWayValue(
            head=head,
            live=live,
            base=value_in(self.base) if self.base else live,
            applied=value_in(self.applied) if self.applied else NEVER if self.never_applied else UNKNOWN,
            same=same,
            written=tuple(read(state) for state in self.written),
        )


def _is_present(key: Key, state: DesiredState) -> object:
    resource = state.resource(key)
    if resource is None or (key.kind == "user" and not resource.in_scope and state.ignores_out_of_scope):
        return UNMANAGED
    return resource.in_scope


def _had_access(key: Key, state: DesiredState) -> object:
    """Returns whether an apply of the state gave access, or took it; a user who left git loses it."""
    taken = key.kind == "user" and state.resource(key) is None and not state.ignores_removed
    return False if taken else _is_present(key, state)


def _keeps(key: Key, state: DesiredState) -> bool:
    return state.resource(key) is not None or (key.kind == "user" and state.ignores_removed)


def _is_settled(key: Key, live_id: str, state: DesiredState) -> object:
    return any(line.key == key or line.id == live_id for line in state.left)


def _attribute(key: Key, path: str, state: DesiredState) -> object:
    resource = state.resource(key)
    return resource.attributes.get(path, UNMANAGED) if resource and resource.in_scope else UNMANAGED


def _same(path: str, one: object, other: object) -> bool:
    return not differs(path, one, other)  # type: ignore[arg-type]  # the values are those of attributes


def _is_member(key: Key, member: str, state: DesiredState) -> object:
    group = state.groups.get(key)
    if group is None or group.members is None or not group.in_scope:
        return UNMANAGED
    parsed = parse_key(member)
    is_in = parsed is not None and parsed in group.members
    return is_in or (False if group.authoritative else UNMANAGED)


def _holds(key: Key, role: str, state: DesiredState) -> object:
    user = state.users.get(key)
    return role in user.roles if user and user.roles is not None else UNMANAGED
