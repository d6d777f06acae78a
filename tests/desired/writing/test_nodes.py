"""The position of each value in a text."""

from __future__ import annotations

import pytest

from reconciler.desired.writing.nodes import Node, read_nodes

TEXT = """\
users:
  ann: &model {userName: 'a', title: }
  bob:
    <<: *model
    emails:
    - value: x  # one

# end
"""


def find(*steps: str | int) -> Node:
    node = read_nodes(TEXT).root
    for step in steps:
        assert node is not None
        if isinstance(step, int):
            node = node.items[step]
        else:
            pair = node.pair(step)
            assert pair is not None
            node = pair[1]
    assert node is not None
    return node


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (("users", "ann"), "&model {userName: 'a', title: }"),
        (("users", "ann", "userName"), "'a'"),
        (("users", "ann", "title"), ""),
        (("users", "bob", "<<"), "*model"),
        (("users", "bob", "emails"), "- value: x"),
        (("users", "bob", "emails", 0), "value: x"),
        (("users", "bob"), "<<: *model\n    emails:\n    - value: x"),
    ],
)
def test_a_value_stands_from_its_anchor_to_its_last_character(steps: tuple[str | int, ...], expected: str) -> None:
    """A block ends with its last value, not where the next value begins."""
    node = find(*steps)

    assert expected == TEXT[node.start : node.end]


def test_anchors_that_are_referred_to_are_known() -> None:
    """An alias or a merge refers to an anchor."""
    assert {"model"} == read_nodes(TEXT).referred
    assert frozenset() == read_nodes("a: &x 1\n").referred


def test_a_mapping_that_lacks_a_key_has_no_pair_of_it() -> None:
    """A key from a merge is not the mapping's own."""
    assert None is find("users", "bob").pair("userName")


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_an_empty_text_has_no_root(text: str) -> None:
    """A text with only a comment is empty too."""
    assert None is read_nodes(text).root
