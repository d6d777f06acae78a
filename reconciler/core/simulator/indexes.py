"""Indexes of the stored resources: unique names as the service compares them, and the groups of each user."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from reconciler.core.model.matching import fold
from reconciler.core.model.messages import JsonObject
from reconciler.core.simulator.schema import Endpoint, naming_attribute


@dataclass(slots=True)
class UniqueNames:
    """The ids of the resources that had each name; whether one still has it is looked up when it is asked for."""

    ids: dict[tuple[Endpoint, str], set[str]] = field(default_factory=dict)

    def fold(self, endpoint: Endpoint, resource: JsonObject) -> str | None:
        """Returns the unique name of a resource in the form in which it is compared, or None."""
        attribute = naming_attribute(endpoint).name
        value = resource.get(attribute)
        return fold(attribute, value) if isinstance(value, str) else None

    def keep(self, endpoint: Endpoint, resource_id: str, resource: JsonObject) -> None:
        """Indexes a stored resource."""
        if (name := self.fold(endpoint, resource)) is not None:
            self.ids.setdefault((endpoint, name), set()).add(resource_id)

    def is_taken(self, endpoint: Endpoint, name: str | None, kept: Mapping[str, JsonObject]) -> bool:
        """Whether a stored resource has the name."""
        known = self.ids.get((endpoint, name), set()) if name is not None else set()
        return any(self.fold(endpoint, kept[one]) == name for one in known if one in kept)


class Belonging:
    """The ids of the groups of each user."""

    def __init__(self) -> None:
        self._groups: dict[str, set[str]] = {}

    def move(self, group: str, before: AbstractSet[str], after: AbstractSet[str]) -> None:
        """Updates the index after the members of a group changed."""
        for user in before - after:
            self._groups[user].discard(group)
        for user in after - before:
            self._groups.setdefault(user, set()).add(group)

    def of(self, user: str) -> list[str]:
        """Returns the groups of a user, sorted."""
        return sorted(self._groups.get(user, ()))
