"""Finds resources by a filter, with the known faults of other services, which find too many or too few."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.core.model.messages import JsonObject
from reconciler.core.simulator.filter import Comparison, count_alternatives, parse_filter
from reconciler.core.simulator.rejection import Rejection
from reconciler.core.simulator.schema import Endpoint

_MOMENTS: Mapping[str, Comparison] = {"meta.lastModified": "moment", "meta.created": "moment"}
_FILTERABLE: Mapping[Endpoint, Mapping[str, Comparison]] = {
    "Users": {"userName": "caseless", "externalId": "exact", "active": "quoted boolean", **_MOMENTS},
    "Groups": {"displayName": "caseless", "externalId": "exact", **_MOMENTS},
}


@dataclass(frozen=True, slots=True)
class SearchQuirks:
    """The known faults of lookups in other servers.

    `ignores_filters` returns all resources; `refuses_or` answers 400 to a filter with an `or`; `minds_case` compares
    names with case; `finds_nothing_by` holds attributes whose lookups find nothing.
    """

    ignores_filters: bool = False
    refuses_or: bool = False
    minds_case: bool = False
    finds_nothing_by: frozenset[str] = frozenset()


def search(endpoint: Endpoint, resources: Iterable[JsonObject], text: str, quirks: SearchQuirks) -> list[JsonObject]:
    """Returns the resources that match the filter, in the given order; raises a Rejection if it is not valid."""
    if not text or quirks.ignores_filters:
        return list(resources)
    attributes = _FILTERABLE[endpoint]
    if quirks.minds_case:
        attributes = {name: "exact" if how == "caseless" else how for name, how in attributes.items()}
    wanted = parse_filter(text, attributes)
    if quirks.refuses_or and count_alternatives(text) > 1:
        raise Rejection(400, "`or` is not supported here", scim_type="invalidFilter")
    hidden = quirks.finds_nothing_by
    return [
        resource
        for resource in resources
        if wanted.matches({name: resource[name] for name in resource.keys() - hidden} if hidden else resource)
    ]
