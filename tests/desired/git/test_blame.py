"""The commit and author that changed a line last."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.explanation.origin import BlamedLine
from reconciler.desired.git.blame import NOT_COMMITTED, blame
from reconciler.errors import Source
from tests.desired.repository import Clone, make_clone

FILE = "desired-state/all.yaml"


def write_as(clone: Clone, author: str, text: str, file: str = FILE) -> str:
    clone.write({file: text})
    clone.git("add", "--all")
    clone.git("commit", "--quiet", "--author", f"{author} <{author[:1]}@example.com>", "--message", "any")
    return clone.git("rev-parse", "HEAD")


def blamed(clone: Clone, commit: str | None, *lines: int, file: str = FILE) -> list[tuple[str | None, str | None]]:
    """Returns the commit and author of each line, in the given order."""
    places = [Source(file, line) for line in lines]
    found = blame(clone.found(), commit, places)
    return [(found[place].source.commit, found[place].source.author) for place in places if place in found]


def test_each_line_is_told_with_its_commit_and_author(tmp_path: Path) -> None:
    """The blame is as of the given commit, whatever came later."""
    clone = make_clone(tmp_path)
    first = write_as(clone, "Ada", "one\ntwo\nthree\nfour\n")
    second = write_as(clone, "Zoë ☃ \\ @b", "one\n2\nthree\nfour\n")
    write_as(clone, "Cleo", "1\n2\n3\n4\n")

    asked = blamed(clone, second, 4, 2, 1)

    assert [(first, "Ada"), (second, "Zoë ☃ \\ @b"), (first, "Ada")] == asked
    at = int(clone.git("show", "--no-patch", "--format=%ct", first))
    place = Source(FILE, 1)
    assert {place: BlamedLine(Source(FILE, 1, first, "Ada"), at)} == blame(clone.found(), second, [place, place])


@pytest.mark.parametrize("file", ["odd [ab] name.yaml", ":(top)x.yaml", "zoë ☃.yaml", '"quoted".yaml', "-x.yaml"])
def test_a_file_of_any_name_is_asked_about(tmp_path: Path, file: str) -> None:
    """git must read none of these names as a pattern or an option."""
    clone = make_clone(tmp_path)
    commit = write_as(clone, "Ada", "one\n", f"desired-state/{file}")

    assert [(commit, "Ada")] == blamed(clone, commit, 1, file=f"desired-state/{file}")


def test_the_working_tree_has_lines_that_nobody_committed(tmp_path: Path) -> None:
    """These lines count as newer than all others, and have no author."""
    clone = make_clone(tmp_path)
    commit = write_as(clone, "Ada", "one\ntwo\n")
    clone.write({FILE: "one\n2\n"})

    assert [(commit, "Ada"), (None, None)] == blamed(clone, None, 1, 2)
    place = Source(FILE, 2)
    assert {place: BlamedLine(place, NOT_COMMITTED)} == blame(clone.found(), None, [place])


def test_what_git_does_not_know_is_left_out(tmp_path: Path) -> None:
    """Covers an uncommitted file, a line beyond the end, no line, and a file name of any bytes."""
    clone = make_clone(tmp_path)
    commit = write_as(clone, "Ada", "one\n")

    assert [] == blamed(clone, None, 1, file="desired-state/new.yaml")
    assert [] == blamed(clone, commit, 99)
    assert [] == blamed(clone, commit, 0)
    assert [] == blamed(clone, commit, 1, file="desired-state/\\udcff.yaml")


def test_of_very_many_lines_the_whole_file_is_asked_about(tmp_path: Path) -> None:
    """The length of a command line is limited."""
    clone = make_clone(tmp_path)
    commit = write_as(clone, "Ada", "line\n" * 2400)

    assert [(commit, "Ada")] * 1200 == blamed(clone, commit, *range(1, 2400, 2))


def test_where_a_clone_is_cut_off_nobody_is_taken_for_the_author(tmp_path: Path) -> None:
    """git attributes older lines to the oldest commit of a shallow clone."""
    origin = make_clone(tmp_path / "origin")
    write_as(origin, "Ada", "one\ntwo\n")
    write_as(origin, "Bob", "one\n2\n")
    third = write_as(origin, "Cleo", "one\n2\n3\n")
    origin.git("clone", "--quiet", "--depth=2", (tmp_path / "origin").as_uri(), str(tmp_path / "clone"))
    clone = Clone(tmp_path / "clone")

    assert [(third, "Cleo")] == blamed(clone, third, 1, 2, 3)


def test_what_a_person_has_set_for_themselves_changes_nothing(tmp_path: Path) -> None:
    """A user can configure ignored commits, date formats and colours."""
    clone = make_clone(tmp_path)
    write_as(clone, "Ada", "one\n")
    second = write_as(clone, "Bob", "1\n")
    clone.write({"ignored": f"{second}\n"})
    for name, value in {
        "blame.ignoreRevsFile": "ignored",
        "blame.showEmail": "true",
        "blame.date": "relative",
        "color.ui": "always",
    }.items():
        clone.git("config", name, value)

    assert [(second, "Bob")] == blamed(clone, second, 1)
