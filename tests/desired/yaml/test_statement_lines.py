"""The line of a statement in a document."""

from __future__ import annotations

import pytest

from reconciler.core.explanation.origin import Statement
from reconciler.desired.yaml.reader import read_yaml
from reconciler.desired.yaml.statement_lines import find_line
from reconciler.errors import Source

TEXT = """\
users:
  ann:
    title: Head
    name: {givenName: Ann,
           familyName: Lee}
    manager: &chief bob
groups:
  staff:
    members:
      - ann
      - group/other
      - *chief
  flow: {members: [ann,
                   eve]}
role_assignments:
  - role: specialist
    users:
      - ann
  - role: specialist
    users: [eve,
            ann]
    expires: 2027-01-01
  - not a mapping
"""
DOCUMENT = read_yaml("all.yaml", TEXT.encode())


def line(*path: str, own: int = 1) -> int | None:
    return find_line(DOCUMENT, Statement(Source("all.yaml", own), path))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("users", "ann"), 2),
        (("users", "ann", "title"), 3),
        (("users", "ann", "name", "givenName"), 4),
        (("users", "ann", "name", "familyName"), 5),
        (("groups", "staff", "members"), 9),
        (("groups", "staff", "members", "ann"), 10),
        (("groups", "staff", "members", "group/other"), 11),
        (("groups", "staff", "members", "bob"), 12),
        (("groups", "flow", "members", "eve"), 14),
        (("role_assignments", "specialist", "users", "ann"), 18),
        (("role_assignments", "specialist", "users", "eve"), 20),
        (("role_assignments", "specialist", "expires"), 22),
    ],
)
def test_a_statement_stands_where_its_last_step_is_written(path: tuple[str, ...], expected: int) -> None:
    """Covers keys and items, block and flow style, several lines, and aliases."""
    assert expected == line(*path)


def test_of_two_assignments_that_say_it_that_of_the_statement_is_meant() -> None:
    """The assignment at the statement's line is preferred; else the first."""
    path = ("role_assignments", "specialist", "users", "ann")

    assert [18, 21, 18] == [line(*path, own=own) for own in (16, 19, 99)]


@pytest.mark.parametrize(
    "path",
    [
        ("users", "eve"),
        ("users", "ann", "nickName"),
        ("users", "ann", "title", "Head"),
        ("users", "ann", "name", "middleName"),
        ("groups", "staff", "members", "eve"),
        ("groups", "staff", "members", "ann", "x"),
        ("scoping_filters",),
        ("role_assignments", "auditor", "users", "ann"),
        ("role_assignments", "specialist", "groups", "ann"),
    ],
)
def test_what_is_not_said_stands_nowhere(path: tuple[str, ...]) -> None:
    """A name, an attribute, an item or a section can be missing."""
    assert line(*path) is None


@pytest.mark.parametrize("text", ["", "[", "- a", "text", "users: text", "role_assignments: {a: b}", "\0"])
def test_a_document_of_any_shape_says_nothing(text: str) -> None:
    """An old commit can contain such a document."""
    document = read_yaml("old.yaml", text.encode())
    paths = [("users", "ann"), ("role_assignments", "specialist", "users", "ann")]

    assert [None, None] == [find_line(document, Statement(Source("old.yaml", 1), path)) for path in paths]


def test_a_statement_without_a_path_stands_where_it_says() -> None:
    """Clauses and rules already know their line."""
    assert 7 == line(own=7)
