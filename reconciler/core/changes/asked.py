"""What a service was asked for before and did not do: attributes by key and value, and refused attributes by kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.undone import ROLES, Undone
from reconciler.core.model.resources import Kind, Value


class Asked(NamedTuple):
    """An attribute that a change asked for, or one of its `roles`, with the result: None if the service took it."""

    path: str
    of: str
    asked: Value
    undone: Undone | None


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


def kind_of(outcome: Outcome) -> Kind:
    """Returns whether an outcome is about a user or a group."""
    return "user" if outcome.change.key.startswith("user/") else "group"


@dataclass(slots=True)
class RefusedPaths:
    """The attributes that a service refuses, by kind and path, with its error; learns from each outcome of a run."""

    errors: dict[tuple[Kind, str], str] = field(default_factory=dict)

    def learn(self, outcome: Outcome) -> None:
        """Adds the attributes that were refused, and removes those that were taken."""
        for asked in list_asked(outcome):
            at = kind_of(outcome), asked.path
            if asked.undone is None:
                self.errors.pop(at, None)
            elif asked.undone.why == "refused":
                self.errors[at] = asked.undone.error
