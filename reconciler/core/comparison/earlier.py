"""What git said before, at a pull request's base and at the last applied commit, and so why a change is in the plan.

Where an earlier state does not speak of something, or has it out of scope, it was unmanaged, and whatever the account
has was right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from operator import eq
from typing import Final, TypeAlias

from reconciler.core.changes.plan import Cause
from reconciler.core.comparison.cause import UNKNOWN, ThreeWayValue, find_cause
from reconciler.core.model.diff import differs
from reconciler.core.model.resources import Attributes, DesiredGroup, DesiredUser, Key, parse_key
from reconciler.core.model.states import DesiredState

NOT_SPOKEN_OF: Final = object()
Ask: TypeAlias = Callable[[DesiredState], object]


@dataclass(frozen=True, slots=True)
class Earlier:
    """The states before, None where there is none. Without a base nothing was managed, and all is `this_change`.

    `front` are the states of the commits begun or applied since the last whole apply, the newest first, and `touched`
    the keys on lines that a commit since then touched: what came and went between. They say what to look at, no cause.
    """

    base: DesiredState | None = None
    applied: DesiredState | None = None
    front: tuple[DesiredState, ...] = ()
    touched: frozenset[Key] = frozenset()

    @property
    def states(self) -> tuple[DesiredState, ...]:
        """Every earlier state: the base, the applied one, and the front."""
        return tuple(state for state in (self.base, self.applied, *self.front) if state)

    def users(self) -> dict[Key, DesiredUser]:
        """Every user that an earlier state declares; the base's word goes before the others'."""
        return {key: user for state in reversed(self.states) for key, user in state.users.items()}

    def groups(self) -> dict[Key, DesiredGroup]:
        """Every group that an earlier state declares."""
        return {key: group for state in reversed(self.states) for key, group in state.groups.items()}

    def presence(self, key: Key, *, head: bool) -> Cause:
        """Why a resource appears or comes back (`head`), or goes."""
        return find_cause([self._facet(head, not head, partial(_is_present, key))])

    def removal(self, key: Key) -> Cause:
        """Why a resource goes that git no longer declares, and its members with it.

        It left git now, or earlier and was not applied yet; or it had gone already, and the account brought it back.
        A state whose tenant ignored who left had given them leave to stay: that it no longer does takes it from them.
        """
        if self.base is None or _lets_stay(key, self.base):
            return "this_change"
        waits = any(_lets_stay(key, state) for state in (self.applied, *self.front) if state)
        return "merged" if waits else "drift"

    def settlement(self, key: Key, live_id: str) -> Cause:
        """Why a user goes of whom a line of `left:` says that they left."""
        return find_cause([self._facet(head=True, live=False, ask=partial(_is_settled, key, live_id))])

    def attributes(self, key: Key, paths: Iterable[str], head: Attributes, live: Attributes) -> Cause:
        """Why attributes change; references in both are keys."""
        return find_cause(self._attribute_facets(key, paths, head, live))

    def reactivation(self, key: Key, paths: Iterable[str], head: Attributes, live: Attributes) -> Cause:
        """Why a user comes back, with the attributes that change on the way."""
        back = self._facet(head=True, live=False, ask=partial(_is_present, key))
        return find_cause([back, *self._attribute_facets(key, paths, head, live)])

    def members(self, key: Key, members: Iterable[str], *, head: bool) -> Cause:
        """Why members enter a group (`head`), or leave it."""
        return find_cause(self._facet(head, not head, partial(_is_member, key, member)) for member in members)

    def former_members(self, key: Key) -> frozenset[Key]:
        """The members that the base, or what was applied last, declares for a group."""
        groups = (state.groups.get(key) for state in (self.base, self.applied) if state)
        return frozenset().union(*(group.members or () for group in groups if group))

    def roles(self, key: Key, roles: Iterable[str], *, head: bool) -> Cause:
        """Why roles are granted (`head`), or revoked."""
        return find_cause(self._facet(head, not head, partial(_holds, key, role)) for role in roles)

    def roles_removal(self, key: Key) -> Cause:
        """Why roles go that git no longer assigns to anybody: the last assignment left git now, or earlier."""
        user = self.base.users.get(key) if self.base else None
        return "this_change" if user is not None and user.roles is not None else "merged"

    def _attribute_facets(
        self, key: Key, paths: Iterable[str], head: Attributes, live: Attributes
    ) -> Iterable[ThreeWayValue]:
        return (
            self._facet(head[path], live.get(path), partial(_attribute, key, path), partial(_same, path))
            for path in paths
        )

    def _facet(
        self, head: object, live: object, ask: Ask, same: Callable[[object, object], bool] = eq
    ) -> ThreeWayValue:
        def asked(state: DesiredState) -> object:
            answer = ask(state)
            return live if answer is NOT_SPOKEN_OF else answer

        return ThreeWayValue(
            head=head,
            live=live,
            base=asked(self.base) if self.base else live,
            applied=asked(self.applied) if self.applied else UNKNOWN,
            same=same,
        )


def _is_present(key: Key, state: DesiredState) -> object:
    resource = state.resource(key)
    if resource is None or (key.kind == "user" and not resource.in_scope and state.ignores_out_of_scope):
        return NOT_SPOKEN_OF
    return resource.in_scope


def _lets_stay(key: Key, state: DesiredState) -> bool:
    return state.resource(key) is not None or (key.kind == "user" and state.ignores_removed)


def _is_settled(key: Key, live_id: str, state: DesiredState) -> object:
    return any(line.key == key or line.id == live_id for line in state.left)


def _attribute(key: Key, path: str, state: DesiredState) -> object:
    resource = state.resource(key)
    return resource.attributes.get(path, NOT_SPOKEN_OF) if resource and resource.in_scope else NOT_SPOKEN_OF


def _same(path: str, one: object, other: object) -> bool:
    return not differs(path, one, other)  # type: ignore[arg-type]  # facets hold attribute values here


def _is_member(key: Key, member: str, state: DesiredState) -> object:
    group = state.groups.get(key)
    if group is None or group.members is None or not group.in_scope:
        return NOT_SPOKEN_OF
    named = parse_key(member)
    is_in = named is not None and named in group.members
    return is_in or (False if group.authoritative else NOT_SPOKEN_OF)


def _holds(key: Key, role: str, state: DesiredState) -> object:
    user = state.users.get(key)
    return role in user.roles if user and user.roles is not None else NOT_SPOKEN_OF
