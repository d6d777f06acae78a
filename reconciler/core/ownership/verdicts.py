"""The verdicts on live users and groups that HEAD does not link: left git, in doubt, released. Decides nothing.

`findings` has the table of docs/ownership.md and `judge` asks it; `sentences` has the words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key, LiveGroup, LiveUser
from reconciler.core.model.states import LiveState

Verdict: TypeAlias = Literal["leaver", "unaccounted", "elsewhere", "unsettled"]


@dataclass(frozen=True, slots=True)
class Leaver:
    """A live user who was ours and left git: `user` is what the covered commit declared, `serial` its apply's number.

    `serial` is None where a `left:` line says so instead of the record. `user.key` is the key that git knew them by,
    or `user/id/4711` where HEAD uses that key for another user, or git knew none. `reason` says why in one sentence.
    """

    user: DesiredUser
    live: LiveUser
    commit: str
    serial: int | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class GroupThatLeft:
    """A live group that HEAD no longer declares, or has out of scope, and what its last covered commit declared.

    `members` are the live ids of the users whom that commit declares as members.
    """

    group: DesiredGroup
    live: LiveGroup
    commit: str
    members: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Doubt:
    """A live user or group that may have left git, which can't be decided: named, and left untouched.

    `key` is the likeliest key that git knew them by. `witnesses` says in one sentence what is known; `settle` is the
    line of YAML that settles it.
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
    """The verdicts on an account. `spared` are the ids of those in doubt: memberships and roles of theirs stay.

    `released` are ids with the words that say since when; they are unmanaged. `provisioned` are keys of users whom HEAD
    has out of scope and whom a covered commit that leads here had in scope. `assigned` are the roles that the last
    covered commit assigned to users, where HEAD assigns no roles. `adopted` are keys that are linked, and that
    no apply covers yet: they are ours from the next apply on.
    """

    leavers: tuple[Leaver, ...] = ()
    groups: tuple[GroupThatLeft, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    released: tuple[tuple[str, str], ...] = ()
    provisioned: frozenset[Key] = frozenset()
    assigned: Mapping[Key, frozenset[str]] = field(default_factory=dict)
    adopted: tuple[Key, ...] = ()

    def seen_in(self, live: LiveState) -> Ownership:
        """Returns the verdicts that are about users and groups of another account, as that has them."""
        users = {one.id: one for one in live.users}
        groups = {one.id: one for one in live.groups}
        return replace(
            self,
            leavers=tuple(replace(one, live=users[one.live.id]) for one in self.leavers if one.live.id in users),
            groups=tuple(
                replace(one, live=there, members=one.members & there.members)
                for one in self.groups
                if (there := groups.get(one.live.id))
            ),
        )

    @property
    def spared(self) -> frozenset[str]:
        """The ids of the users in doubt."""
        return frozenset(doubt.id for doubt in self.doubts if doubt.kind == "user")
