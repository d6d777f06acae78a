"""The verdict on each active live user to whom HEAD's declarations do not link: did they leave, and who says so.

Decides by the table of docs/ownership.md, first row first. Knows compiled states and records; nothing of git.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from reconciler.core.model import DesiredGroup, DesiredUser, LiveGroup, LiveUser

Verdict: TypeAlias = Literal["leaver", "unaccounted", "elsewhere", "unsettled"]


@dataclass(frozen=True, slots=True)
class Leaver:
    """A live user who was ours and left git: `user` is what the covered commit declared, `serial` its apply's number.

    `serial` is None where a `left:` line says so instead of the record.
    """

    user: DesiredUser
    live: LiveUser
    commit: str
    serial: int | None


@dataclass(frozen=True, slots=True)
class GroupThatLeft:
    """A live group that HEAD no longer declares, or has out of scope, and what its last covered commit declared."""

    group: DesiredGroup
    live: LiveGroup
    commit: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """A live user or group of whom it can't be told whether they left: named, and untouched.

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

    `released` are ids with the words that say since when; they are unmanaged.
    """

    leavers: tuple[Leaver, ...] = ()
    groups: tuple[GroupThatLeft, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    released: tuple[tuple[str, str], ...] = ()

    @property
    def spared(self) -> frozenset[str]:
        """The ids of the users in doubt."""
        return frozenset(doubt.id for doubt in self.doubts if doubt.kind == "user")
