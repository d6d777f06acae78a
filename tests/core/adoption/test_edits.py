"""Edits as data: what a document reads like after them."""

from __future__ import annotations

import pytest

from reconciler.core.adoption.edits import AddItem, Edit, RemoveItem, SetValues, value_at, with_edits

FILE = "x.yaml"
DOCUMENT = {"users": {"ann": {"title": "Clerk", "name": {"givenName": "Ann"}}}, "roles": ["a", "b", "c"]}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("users", "ann", "title"), "Clerk"),
        (("roles", 1), "b"),
        ((), DOCUMENT),
        (("users", "bob", "title"), None),
        (("roles", "x"), None),
        (("users", "ann", "title", "x"), None),
    ],
)
def test_a_path_leads_to_a_value_or_to_nothing(path: tuple[str | int, ...], expected: object) -> None:
    """By names and by places."""
    assert expected == value_at(DOCUMENT, path)


def test_values_are_set_where_they_are_and_put_where_they_are_not() -> None:
    """The document that was given stays as it is."""
    edit = SetValues(FILE, ("users", "ann"), {("title",): "Head", ("name", "familyName"): "Lee", ("emails",): []})

    expected = {"title": "Head", "name": {"givenName": "Ann", "familyName": "Lee"}, "emails": []}
    assert expected == value_at(with_edits(DOCUMENT, [edit]), ("users", "ann"))
    assert {"title": "Clerk", "name": {"givenName": "Ann"}} == DOCUMENT["users"]["ann"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([RemoveItem(FILE, ("roles",), 1)], ["a", "c"]),
        ([AddItem(FILE, ("roles",), "x")], ["a", "b", "c", "x"]),
        ([AddItem(FILE, ("roles",), "x", 0), AddItem(FILE, ("roles",), "y", 0)], ["a", "x", "y", "b", "c"]),
        ([RemoveItem(FILE, ("roles",), 0), AddItem(FILE, ("roles",), "x", 0)], ["x", "b", "c"]),
        ([RemoveItem(FILE, ("roles",), 0), SetValues(FILE, ("roles", 1), {(): "B"})], ["B", "c"]),
    ],
)
def test_places_are_those_of_the_document_before_any_edit(edits: list[Edit], expected: list[str]) -> None:
    """However many there are."""
    assert expected == value_at(with_edits(DOCUMENT, edits), ("roles",))
