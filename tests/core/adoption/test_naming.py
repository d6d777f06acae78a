"""Keys for what has none: readable, stable, and the same in whatever order the account was read."""

from __future__ import annotations

from itertools import permutations

import pytest

from reconciler.core.adoption.naming import Nameless, choose_keys, make_slug, reads_like_a_key

GUID = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"


def keys(*people: tuple[str | None, str]) -> list[str]:
    """The keys of people by externalId and userName, in their order, whatever the order of reading."""
    nameless = [Nameless(f"id-{number}", *one) for number, one in enumerate(people)]
    found = {tuple(sorted(choose_keys("user", some).items())) for some in permutations(nameless)}
    assert 1 == len(found)
    return [key for _id, key in found.pop()]


@pytest.mark.parametrize("text", ["alice.lee", "alice.lee@example.com", "Zoë", "o'brien", "a-1", "svc_mail"])
def test_a_word_that_people_can_type_is_a_key(text: str) -> None:
    """It needs no quotes, and can be said."""
    assert reads_like_a_key(text)


@pytest.mark.parametrize(
    "text", ["", "0042", GUID, GUID.replace("-", ""), "a b", "a/b", "null", "NO", "x" * 65, "#1", "a:b"]
)
def test_what_is_no_such_word_is_not(text: str) -> None:
    """Numbers, GUIDs, words of YAML, and what has a space or a slash."""
    assert not reads_like_a_key(text)


def test_an_external_id_that_reads_like_a_key_is_the_key() -> None:
    """Then it need not be declared."""
    assert ["alice", "bob.lee"] == keys(("alice", "a.lee@example.com"), ("bob.lee", "bob@example.com"))


@pytest.mark.parametrize("external_id", [GUID, "0042", None])
def test_else_the_name_before_the_at_is(external_id: str | None) -> None:
    """In plain small letters."""
    assert ["lukasz.wojcik"] == keys((external_id, "Łukasz.Wójcik@example.com"))


def test_two_of_one_name_both_take_the_domain() -> None:
    """Nobody's key depends on who came first."""
    assert ["ann.example.com", "ann.example.org"] == keys((None, "ann@example.com"), (None, "ann@example.org"))


def test_a_name_that_is_somebodys_external_id_is_theirs() -> None:
    """The other takes the domain."""
    assert ["ann", "ann.example.com"] == keys(("ann", "a@example.com"), (None, "ann@example.com"))


def test_external_ids_that_differ_in_case_are_two_keys() -> None:
    """One of them the name: nobody should have to tell Ann from ann."""
    assert ["Ann", "bob"] == keys(("Ann", "a@example.com"), ("ann", "bob@example.com"))


def test_where_nothing_tells_them_apart_they_are_numbered() -> None:
    """By their names, from the second on."""
    assert ["user-2", "user-3"] == keys((None, "!@"), (None, "?@"))


def test_numbers_that_are_taken_are_passed_over() -> None:
    """Somebody may be called so."""
    assert ["user-2", "user-3", "user-4"] == keys(("user-2", "x@example.com"), (None, "!@"), (None, "?@"))


@pytest.mark.parametrize(("name", "expected"), [("0042@example.com", "user-0042"), ("no@example.com", "user-no")])
def test_a_name_that_is_no_word_says_that_it_is_a_user(name: str, expected: str) -> None:
    """So that it needs no quotes."""
    assert [expected] == keys((None, name))


def test_a_group_is_called_by_its_name() -> None:
    """All of it, with an @ too."""
    assert {"g": "r-d-lyon"} == choose_keys("group", [Nameless("g", None, "R&D @ Lyon")])


@pytest.mark.parametrize(
    ("text", "expected"), [("R&D", "r-d"), ("Ärzte / Nord", "arzte-nord"), ("日本", "日本"), ("!", "")]
)
def test_a_slug_is_small_letters_and_dashes(text: str, expected: str) -> None:
    """Letters of any script."""
    assert expected == make_slug(text)
