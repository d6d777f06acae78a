"""Attributes that a service was asked for before and did not take: by key and value; refused ones also by kind."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.undone import ACTIVE, MEMBERS, ROLES, Undone
from reconciler.core.model.resources import Kind, Value


class Asked(NamedTuple):
    """An attribute that a change asked for, `active`, or a role or member of it; `undone` is None if it was done."""

    path: str
    of: str
    asked: Value
    undone: Undone | None


class NotTaken(NamedTuple):
    """An attribute, role or member that a service did not take when it was last asked for, and how often in a row.

    `asked` is the JSON of the value. `why` is `refused`, with its `error`, or `changed`, with the value that it `got`.
    """

    key: str
    path: str
    of: str
    asked: str
    got: Value
    why: str
    error: str
    times: int


@dataclass(frozen=True, slots=True)
class AskedBefore:
    """What was not taken, by key, path, and role or member; and the errors of refused attributes, by kind and path."""

    not_taken: Mapping[tuple[str, str, str], NotTaken] = field(default_factory=dict)
    refused: Mapping[tuple[Kind, str], str] = field(default_factory=dict)

    def find(self, key: str, path: str, of: str, asked: Value) -> NotTaken | None:
        """Returns what became of this value when it was last asked for, if it was not taken."""
        found = self.not_taken.get((key, path, of))
        return found if found is not None and found.asked == spell_asked(asked) else None


NEVER_ASKED = AskedBefore()
REFUSED_MEMBER = (MEMBERS, "refused")
OF_ONE_KEY = frozenset({MEMBERS, ACTIVE})  # a refusal for one key says nothing about the others
ASKS_FOR_ACCESS = {"create_user": True, "reactivate_user": True, "deactivate_user": False}


def spell_asked(value: Value) -> str:
    """Returns the JSON of a canonical value, equal for equal values."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def list_asked(outcome: Outcome) -> Iterator[Asked]:
    """Yields the attributes, access, roles and members of a change whose result is known.

    Redacted values are fingerprints.
    """
    if outcome.status != "applied" and not outcome.undone:
        return
    undone = {(part.path, part.of): part for part in outcome.undone}
    for attribute in outcome.change.attributes:
        asked = attribute.redacted_pair[1] if attribute.redacted_pair is not None else attribute.after
        yield Asked(attribute.path, "", asked, undone.get((attribute.path, "")))
    access = ASKS_FOR_ACCESS.get(outcome.change.action)
    if access is not None:
        yield Asked(ACTIVE, "", access, undone.get((ACTIVE, "")))
    gains = outcome.change.action not in {"revoke_roles", "remove_members"}
    for path, items in ((ROLES, outcome.change.roles), (MEMBERS, outcome.change.members)):
        for item in items:
            yield Asked(path, item, gains, undone.get((path, item)))


def resource_kind(key: str) -> Kind:
    """Returns whether a key is a user's or a group's."""
    return "user" if key.startswith("user/") else "group"


@dataclass(slots=True)
class RefusedParts:
    """The parts of changes that a service refuses; learns from each outcome of a run.

    An attribute, or the roles, of all users or of all groups, by kind and path; a member of one group, by both keys.
    """

    paths: set[tuple[Kind, str]] = field(default_factory=set)
    members: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def known(cls, before: AskedBefore) -> RefusedParts:
        """Returns the parts that were refused before."""
        rows = before.not_taken.values()
        return cls(set(before.refused), {(row.key, row.of) for row in rows if (row.path, row.why) == REFUSED_MEMBER})

    def has(self, key: str, path: str, of: str) -> bool:
        """Decides whether this part of a change was refused when it was last asked for."""
        return (key, of) in self.members if path == MEMBERS else (resource_kind(key), path) in self.paths

    def learn(self, outcome: Outcome) -> None:
        """Adds the parts that were refused, and removes those that were taken."""
        key = outcome.change.key
        for asked in list_asked(outcome):
            if asked.undone is None:
                self.members.discard((key, asked.of))
                self.paths.discard((resource_kind(key), asked.path))
            elif asked.undone.why == "refused" and asked.path == MEMBERS:
                self.members.add((key, asked.of))
            elif asked.undone.why == "refused" and asked.path not in OF_ONE_KEY:
                self.paths.add((resource_kind(key), asked.path))
