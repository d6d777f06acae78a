"""ruamel's events and back, and values as events."""

from __future__ import annotations

import pytest

from reconciler.desired.writing.round_trip import (
    YamlPair,
    emit_events,
    make_list,
    make_mapping,
    make_value,
    parse_events,
    write_document,
)


def test_values_are_written_between_brackets_where_they_fit() -> None:
    """Values that do not fit are written on several lines."""
    short = {"a": [1, None, True], "b": {}, "c": "no"}
    long = {"a": ["x" * 60, "z" * 60], "b": []}

    assert "{k: {a: [1, null, true], b: {}, c: 'no'}}\n" == write_document(make_value({"k": short}))
    assert f"a:\n  - {'x' * 60}\n  - {'z' * 60}\nb: []\n" == write_document(make_value(long))


def test_a_mapping_has_comments_above_and_behind_its_pairs() -> None:
    """A list has empty lines between its items."""
    pairs = [
        YamlPair("a", make_value(1), above="# head\n\n"),
        YamlPair("b", make_value([2]), above="\n", behind="# two"),
    ]
    items = [make_mapping([YamlPair("c", make_value(3))]), make_mapping([YamlPair("d", make_value("x"))])]

    assert "# head\n\na: 1\n\nb: [2]  # two\n" == write_document(make_mapping(pairs))
    assert "  - c: 3\n\n  - d: x\n" == write_document(make_list(items))


@pytest.mark.parametrize(
    "text",
    [
        "a:  # note\n  - {b: c}  # one\n  # above\n  - d: x  # two\n    f: g\n",
        "a: &x 1\nb: *x # note\nc:\n  - *x\n  - d\n",
        "a: >\n  one\n  two\n\n  three\nb: >-\n  x\n",
    ],
)
def test_what_ruamel_alone_gets_wrong_is_as_it_was(text: str) -> None:
    """Covers two keys on one line, a comment behind an alias, a paragraph of a folded text."""
    assert text == emit_events(parse_events(text))
