"""Services that search otherwise than 4me documents it: each of these is known to exist."""

from __future__ import annotations

import pytest

from reconciler.core.model.messages import JsonObject
from reconciler.core.simulator.rejection import Rejection
from reconciler.core.simulator.search import SearchQuirks, search

ANN: JsonObject = {"id": "1", "userName": "Ann@example.com", "externalId": "ann"}
BOB: JsonObject = {"id": "2", "userName": "bob@example.com", "externalId": "bob"}
BY_NAME, BY_ID = 'userName eq "ann@example.com"', 'externalId eq "ann"'


@pytest.mark.parametrize(
    ("text", "quirks", "found"),
    [
        ("", SearchQuirks(), [ANN, BOB]),
        (BY_NAME, SearchQuirks(), [ANN]),
        (BY_NAME, SearchQuirks(minds_case=True), []),
        (BY_ID, SearchQuirks(finds_nothing_by=frozenset({"externalId"})), []),
        (f"{BY_ID} or {BY_NAME}", SearchQuirks(finds_nothing_by=frozenset({"externalId"})), [ANN]),
        (BY_ID, SearchQuirks(ignores_filters=True), [ANN, BOB]),
        (BY_ID, SearchQuirks(refuses_or=True), [ANN]),
        ('externalId eq "x or y" and active eq "true"', SearchQuirks(refuses_or=True), []),
    ],
)
def test_what_a_filter_finds(text: str, quirks: SearchQuirks, found: list[JsonObject]) -> None:
    """Less than it should, or more."""
    assert found == search("Users", [ANN, BOB], text, quirks)


@pytest.mark.parametrize("text", [f"{BY_ID} or {BY_NAME}", f'{BY_ID} and active eq "true" OR {BY_ID}'])
def test_or_may_be_refused(text: str) -> None:
    """In either case."""
    with pytest.raises(Rejection, match="`or` is not supported here"):
        search("Users", [ANN, BOB], text, SearchQuirks(refuses_or=True))
