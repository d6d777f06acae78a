"""The lines of an entry that an edit changes."""

from __future__ import annotations

from reconciler.desired.writing.branches import Changer, YamlBranch
from reconciler.desired.writing.changed_lines import Hunk, apply_hunks, find_changed_lines

RANK = {"userName": 1, "title": 2, "emails": 3}


def change(lines: list[str], old: object, new: object) -> list[Hunk] | None:
    """Returns the hunks of an entry with one key."""

    def to_new(root: YamlBranch) -> None:
        root.inner[1] = Changer(RANK).change(root.inner[1], old, new)

    return find_changed_lines(lines, to_new)


def test_a_new_key_is_one_line_indented_as_its_neighbours() -> None:
    """The neighbours can have any layout."""
    lines = ["   ann:   # model", "      userName:   'a'", "      emails: [x,   z]"]
    hunks = change(
        lines, {"userName": "a", "emails": ["x", "z"]}, {"userName": "a", "title": "T", "emails": ["x", "z"]}
    )

    assert [Hunk(2, 2, ("      title: T",), is_exact=True)] == hunks
    assert [*lines[:2], "      title: T", lines[2]] == apply_hunks(lines, hunks)


def test_a_line_that_ruamel_has_in_another_form_is_not_exact() -> None:
    """The edit would change its quotes."""
    hunks = change(["ann:", "  title: 'Head'"], {"title": "Head"}, {"title": "Chair"})

    assert [Hunk(1, 2, ("  title: Chair",), is_exact=False)] == hunks


def test_a_removed_key_leaves_the_comments_above_and_below_it() -> None:
    """The comment behind the key is removed."""
    lines = ["ann:", "  userName: a", "  # above", "  title: x  # behind", "", "  # below", "  emails: []"]
    hunks = change(lines, {"userName": "a", "title": "x", "emails": []}, {"userName": "a", "emails": []})

    assert hunks is not None
    assert [*lines[:3], *lines[4:]] == apply_hunks(lines, hunks)


def test_what_would_lose_another_comment_is_none() -> None:
    """ruamel keeps no comment in brackets."""
    assert None is change(
        ["ann: {userName: a, # first", "  title: x}"], {"userName": "a", "title": "x"}, {"userName": "a", "title": "z"}
    )
