"""The unique names of users and groups, indexed as the service compares them (4me: SCIM users and groups)."""

from __future__ import annotations

from collections.abc import Mapping
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
