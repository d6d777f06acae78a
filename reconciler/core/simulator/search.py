"""Which resources a filter finds, and the ways in which services find less than they should, or more."""

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
    """How other servers are known to search.

    With `ignores_filters` every look-up is answered with everybody; `refuses_or` is 400 for a filter with an `or`;
    `minds_case` compares names with case; what is in `finds_nothing_by` is never found by that attribute.
    """

    ignores_filters: bool = False
    refuses_or: bool = False
    minds_case: bool = False
    finds_nothing_by: frozenset[str] = frozenset()


def search(endpoint: Endpoint, resources: Iterable[JsonObject], text: str, quirks: SearchQuirks) -> list[JsonObject]:
    """Those that the filter lets through, in the order given; raises a Rejection where it can't be read."""
    if not text or quirks.ignores_filters:
        return list(resources)
    attributes = _FILTERABLE[endpoint]
    if quirks.minds_case:
        attributes = {name: "exact" if how == "caseless" else how for name, how in attributes.items()}
    wanted = parse_filter(text, attributes)
    if quirks.refuses_or and count_alternatives(text) > 1:
        raise Rejection(400, "`or` is not supported here", scim_type="invalidFilter")
    blind = quirks.finds_nothing_by
    return [
        one for one in resources if wanted.matches({name: one[name] for name in one.keys() - blind} if blind else one)
    ]
