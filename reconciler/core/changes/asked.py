"""What a service was asked for before and did not do: attributes by key and value, and refused attributes by kind."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.undone import ROLES, Undone
from reconciler.core.model.resources import Kind, Value


class Asked(NamedTuple):
    """An attribute that a change asked for, or the role `of` of its `roles`, and the result: None if it was done."""

    path: str
    of: str
    asked: Value
    undone: Undone | None


class NotTaken(NamedTuple):
    """An attribute or role that a service did not take when it was last asked for, and how often in a row.

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
    """The attributes and roles that were not taken, by key, path and role; and refused attributes with the error."""

    not_taken: Mapping[tuple[str, str, str], NotTaken] = field(default_factory=dict)
    refused: Mapping[tuple[Kind, str], str] = field(default_factory=dict)

    def find(self, key: str, path: str, of: str, asked: Value) -> NotTaken | None:
        """Returns what became of this value when it was last asked for, if it was not taken."""
        found = self.not_taken.get((key, path, of))
        return found if found is not None and found.asked == spell_asked(asked) else None


NEVER_ASKED = AskedBefore()


def spell_asked(value: Value) -> str:
    """Returns the JSON of a canonical value, equal for equal values."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def list_asked(outcome: Outcome) -> Iterator[Asked]:
    """Yields the attributes and roles of a change whose result is known. Redacted values are fingerprints."""
    if outcome.status != "applied" and not outcome.undone:
        return
    undone = {(part.path, part.of): part for part in outcome.undone}
    for attribute in outcome.change.attributes:
        asked = attribute.redacted_pair[1] if attribute.redacted_pair is not None else attribute.after
        yield Asked(attribute.path, "", asked, undone.get((attribute.path, "")))
    grants = outcome.change.action != "revoke_roles"
    for role in outcome.change.roles:
        yield Asked(ROLES, role, grants, undone.get((ROLES, role)))


def resource_kind(key: str) -> Kind:
    """Returns whether a key is a user's or a group's."""
    return "user" if key.startswith("user/") else "group"


@dataclass(slots=True)
class RefusedPaths:
    """The attributes that a service refuses, by kind and path, with its error; learns from each outcome of a run."""

    errors: dict[tuple[Kind, str], str] = field(default_factory=dict)

    def learn(self, outcome: Outcome) -> None:
        """Adds the attributes that were refused, and removes those that were taken."""
        for asked in list_asked(outcome):
            at = resource_kind(outcome.change.key), asked.path
            if asked.undone is None:
                self.errors.pop(at, None)
            elif asked.undone.why == "refused":
                self.errors[at] = asked.undone.error
