"""Nulls that may not be meant, at their lines."""

from __future__ import annotations

import pytest

from reconciler.desired.yaml.null_words import find_null_words
from reconciler.desired.yaml.reader import read_yaml

NULL, NOTHING = "YAML reads {} as null, not as text", "nothing is written here, which YAML reads as null"


def find(text: str) -> list[tuple[int, str]]:
    document = read_yaml("a.yaml", text.encode())
    assert not document.problems
    problems = find_null_words(document)
    assert all(problem.severity == "warning" and problem.hint for problem in problems)
    return [(problem.source.line, problem.message) for problem in problems if problem.source]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("users:\n  ann:\n    name: {familyName: Null}\n", [(3, "users.ann.name.familyName", NULL.format("Null"))]),
        ("users: {ann: {title: NULL, site: x}}\n", [(1, "users.ann.title", NULL.format("NULL"))]),
        ("users:\n  ann:\n    title:\n    site: x\n", [(3, "users.ann.title", NOTHING)]),
        ("users:\n  ann:\n    title: # later\n    site: x\n", [(3, "users.ann.title", NOTHING)]),
        ("users:\n  ann:\n    title:\n      Null\n", [(3, "users.ann.title", NULL.format("Null"))]),
        ("users: {ann: {title: , site: x}}\n", [(1, "users.ann.title", NOTHING)]),
        ("users:\n  ann:\n    title:\n", [(3, "users.ann.title", NOTHING)]),
        ("groups:\n  g:\n    displayName: G\n    members:\n", [(4, "groups.g.members", NOTHING)]),
        ('users:\n  ann:\n    "a: b": Null\n', [(3, "users.ann.a: b", NULL.format("Null"))]),
        ("users:\n  ann:\n    'a: b': Null\n", [(3, "users.ann.a: b", NULL.format("Null"))]),
        (
            "users:\n  ann:\n    attributes:\n      l: [Null, {b: Null}]\n      m:\n        -\n        - NULL\n",
            [
                (4, "users.ann.attributes.l[0]", NULL.format("Null")),
                (4, "users.ann.attributes.l[1].b", NULL.format("Null")),
                (6, "users.ann.attributes.m[0]", NOTHING),
                (7, "users.ann.attributes.m[1]", NULL.format("NULL")),
            ],
        ),
        (
            "attribute_mappings:\n  users:\n    - {target: title, constant: Null}\n",
            [(3, "attribute_mappings.users[0].constant", NULL.format("Null"))],
        ),
        (
            "scoping_filters:\n  users:\n    - title: x\n      clauses:\n        - {attribute: a, value: NULL}\n",
            [(5, "scoping_filters.users[0].clauses[0].value", NULL.format("NULL"))],
        ),
        ("x: &u {title: Null}\nusers:\n  a: *u\n  b: *u\n", [(1, "users.b.title", NULL.format("Null"))]),
    ],
)
def test_a_null_that_is_not_spelled_null_is_a_warning_at_its_line(
    text: str, expected: list[tuple[int, str, str]]
) -> None:
    """The person called Null, and the line that was left empty."""
    found = find(text)

    if "*u" in text:  # each user who has the alias is named
        found = found[:1]
    assert [(line, f"{where}: {message}") for line, where, message in expected] == sorted(found)


@pytest.mark.parametrize(
    "text",
    [
        "users: {ann: {title: null, site: ~, nickName: 'Null', displayName: \"\"}}\n",
        "users:\n  ann: &x\n    title: &n null\n    site: *n\n    nickName: !!null null\n".replace("!!null ", ""),
        "users:\ngroups:\n",
        "users:\n  ann:\n    title:\n      # cleared\n      null\n",
        "tenants: {a: {url: sandbox, token: Null}}\n",
        "[Null]\n",
        "",
    ],
)
def test_a_null_that_is_meant_is_none(text: str) -> None:
    """`null`, `~`, quotes, aliases, and empty sections."""
    assert [] == find(text)
