"""The desired and the live state of one tenant, with everything that they hold besides users and groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key, Kind, LiveGroup, LiveUser
from reconciler.errors import Problem, Source


@dataclass(frozen=True, slots=True)
class AssignedRole:
    """A role of a user: each path by which git gives it, in words, and the line of the assignment."""

    role: str
    paths: tuple[str, ...]
    source: Source | None


@dataclass(frozen=True, slots=True)
class Breach:
    """A user to whom git gives roles that no user may hold together, with the paths of each role."""

    key: Key
    name: str
    roles: tuple[AssignedRole, ...]
    reason: str | None


@dataclass(frozen=True, slots=True)
class Selection:
    """The keys that a partial plan is about; for some groups, only some `members`.

    A group without an entry in `members` is selected with all its members. With `grows`, the plan also creates users
    and groups that a selected one needs; without, it leaves them out and names them.
    """

    keys: frozenset[Key]
    members: Mapping[Key, frozenset[Key]] = field(default_factory=dict)
    grows: bool = False


@dataclass(frozen=True, slots=True)
class Settlement:
    """A line of `released:` or `left:`: a user or group, by key or by live id, and the reason."""

    source: Source
    key: Key | None = None
    id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class DesiredState:
    """What git declares for one tenant on one day, after scope, mapping and roles.

    `breaches` are violations of the separation of duties, one for each rule and user. `rules` are the lines of the
    mappings to target attributes. `redact` are attributes that no report may show. `released` and `left` resolve users
    and groups in doubt; `was` has their previous keys. With `ignores_removed`, users that leave git keep their access;
    with `ignores_out_of_scope`, users that leave the scope keep it. The state is always complete; with a `selection`, a
    plan is about the selected keys only.
    """

    tenant: str
    users: Mapping[Key, DesiredUser]
    groups: Mapping[Key, DesiredGroup]
    matching: tuple[str, ...] = ("externalId", "userName")
    group_matching: tuple[str, ...] = ("externalId", "displayName")
    problems: tuple[Problem, ...] = ()
    breaches: tuple[Breach, ...] = ()
    selection: Selection | None = None
    rules: Mapping[tuple[Kind, str], Source] = field(default_factory=dict)
    redact: tuple[str, ...] = ()
    released: tuple[Settlement, ...] = ()
    left: tuple[Settlement, ...] = ()
    was: Mapping[Key, tuple[Key, ...]] = field(default_factory=dict)
    ignores_removed: bool = False
    ignores_out_of_scope: bool = False

    def is_selected(self, key: Key) -> bool:
        """Decides whether the plan is about that key."""
        return self.selection is None or key in self.selection.keys

    def selected_members(self, group: Key) -> frozenset[Key] | None:
        """Returns the members of a group that the plan is about, or None for all members."""
        return self.selection.members.get(group) if self.selection else None

    def resource(self, key: Key) -> DesiredUser | DesiredGroup | None:
        """Returns the desired user or group with that key, or None."""
        return self.users.get(key) if key.kind == "user" else self.groups.get(key)

    def __iter__(self) -> Iterator[DesiredUser | DesiredGroup]:
        yield from self.users.values()
        yield from self.groups.values()


@dataclass(frozen=True, slots=True)
class Certificate:
    """States what was read, how, and whether the read is complete; `faults` are the reasons if it is not."""

    mode: Literal["full", "incremental", "targeted", "snapshot"]
    users: int
    groups: int
    requests: int
    faults: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether totals, ids and pages all agreed. Without it, a user that was not read could look like a leaver."""
        return not self.faults


@dataclass(frozen=True, slots=True)
class LiveState:
    """The account as it was read; `me` is the id of the person whose credentials read the roles over REST."""

    users: tuple[LiveUser, ...]
    groups: tuple[LiveGroup, ...]
    certificate: Certificate
    me: str | None = None
