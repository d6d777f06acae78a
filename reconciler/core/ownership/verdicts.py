"""The verdicts on live users and groups that HEAD does not link: leaver, unresolved, released. Decides nothing.

`findings` has the table of docs/ownership.md, `judge` applies it, and `sentences` has the words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key, Kind, LiveGroup, LiveUser
from reconciler.core.model.states import LiveState

Verdict: TypeAlias = Literal["leaver", "unaccounted", "elsewhere", "unsettled"]


@dataclass(frozen=True, slots=True)
class Leaver:
    """A live user who was owned and left git. `user` is the covered declaration, `serial` the number of its apply.

    `serial` is None if a `left:` line confirms the leaver instead of the record. `user.key` is the declared key, or
    `user/id/4711` if HEAD uses that key for another user or no commit declares the user. `reason` is one sentence.
    """

    user: DesiredUser
    live: LiveUser
    commit: str
    serial: int | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class GroupThatLeft:
    """A live group that HEAD no longer declares, or has out of scope, with its last covered declaration.

    `members` are the live ids of the users whom that commit declares as members.
    """

    group: DesiredGroup
    live: LiveGroup
    commit: str
    members: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Doubt:
    """An unresolved user or group: it may have left git, and the evidence does not decide. It is not changed.

    `key` is the most likely declared key. `witnesses` is the evidence in one sentence; `settle` is the line of YAML
    that resolves the user or group.
    """

    kind: Literal["user", "group"]
    id: str
    name: str
    verdict: Verdict
    key: str
    witnesses: str
    settle: str


@dataclass(frozen=True, slots=True)
class Ownership:
    """The verdicts on an account. `spared` are the ids of unresolved users, who keep memberships and roles.

    `released` are kinds and ids of unmanaged resources, each with a sentence on the releasing line. `provisioned` are
    keys of users that HEAD has out of scope and a covered commit in HEAD's history had in scope. `assigned` are the
    roles that the last covered commit assigned to users without roles in HEAD. `adopted` are linked keys that no apply
    covers yet; the next apply makes them owned.
    """

    leavers: tuple[Leaver, ...] = ()
    groups: tuple[GroupThatLeft, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    released: tuple[tuple[Kind, str, str], ...] = ()
    provisioned: frozenset[Key] = frozenset()
    assigned: Mapping[Key, frozenset[str]] = field(default_factory=dict)
    adopted: tuple[Key, ...] = ()

    def seen_in(self, live: LiveState) -> Ownership:
        """Returns these verdicts for the users and groups of another live state, with their values in that state."""
        users = {user.id: user for user in live.users}
        groups = {group.id: group for group in live.groups}
        return replace(
            self,
            leavers=tuple(
                replace(leaver, live=users[leaver.live.id]) for leaver in self.leavers if leaver.live.id in users
            ),
            groups=tuple(
                replace(former, live=group, members=former.members & group.members)
                for former in self.groups
                if (group := groups.get(former.live.id))
            ),
        )

    @property
    def spared(self) -> frozenset[str]:
        """The ids of the unresolved users."""
        return frozenset(doubt.id for doubt in self.doubts if doubt.kind == "user")
