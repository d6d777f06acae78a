"""Notes of git: lines are added and merged, and none is lost, however many write at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from reconciler.desired.notes import DRAFTS, add_line, list_refs, merge_notes, read_notes

from reconciler.errors import Failed, UsageError
from tests.desired.repository import make_clone

REF = "reconciler/qa"


def test_notes_are_kept_by_commit_and_ref(tmp_path: Path) -> None:
    """Another line is added, and never replaces the first."""
    clone = make_clone(tmp_path)
    first, second = clone.commit(), clone.commit()
    repository = clone.found()

    assert {} == read_notes(repository, REF)
    add_line(repository, REF, first, "one")
    add_line(repository, REF, first, "two é ☃")
    add_line(repository, REF, second, "three")
    add_line(repository, "reconciler/production", second, "four")

    notes = read_notes(repository, REF)
    assert {first, second} == set(notes)
    assert ["one", "two é ☃"] == [line for line in notes[first].splitlines() if line]
    assert "three\n" == notes[second]
    assert {second: "four\n"} == read_notes(repository, "reconciler/production")
    assert {"qa", "production"} == set(list_refs(repository, "reconciler"))
    assert {} == list_refs(repository, DRAFTS)


def test_a_note_can_be_written_where_nobody_has_a_name(tmp_path: Path) -> None:
    """As on a build machine, where git knows no committer."""
    clone = make_clone(tmp_path)
    commit = clone.commit()
    clone.git("config", "user.useConfigOnly", "true")
    add_line(clone.found(), REF, commit, "one")

    assert {commit: "one\n"} == read_notes(clone.found(), REF)


def test_many_that_write_at_once_lose_no_line(tmp_path: Path) -> None:
    """On one commit, in one repository."""
    clone = make_clone(tmp_path)
    commit, repository = clone.commit(), clone.found()
    lines = [f"line {number}" for number in range(12)]
    with ThreadPoolExecutor(6) as writers:
        list(writers.map(lambda line: add_line(repository, REF, commit, line), lines))

    assert sorted(lines) == sorted(line for line in read_notes(repository, REF)[commit].splitlines() if line)
    assert {} == list_refs(repository, DRAFTS)


def test_notes_that_both_changed_have_every_line_of_either(tmp_path: Path) -> None:
    """Also where one of the two has none, or both are the same."""
    clone = make_clone(tmp_path)
    both, alone, repository = clone.commit(), clone.commit(), clone.found()
    add_line(repository, REF, both, "here")
    add_line(repository, "other", both, "there")
    add_line(repository, "other", alone, "only there")
    for _ in range(2):
        merge_notes(repository, REF, "other")
        merge_notes(repository, "new", "other")

    assert {both: "here\nthere\n", alone: "only there\n"} == read_notes(repository, REF)
    assert read_notes(repository, "other") == read_notes(repository, "new")


def test_a_note_of_a_commit_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    """And leaves no draft behind."""
    clone = make_clone(tmp_path)
    clone.commit()

    with pytest.raises(UsageError, match="git notes: "):
        add_line(clone.found(), REF, "nowhere", "one")
    assert {} == list_refs(clone.found(), DRAFTS)


def test_a_ref_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    """As where another git died, and left its lock."""
    clone = make_clone(tmp_path)
    commit = clone.commit()
    clone.git("config", "core.filesRefLockTimeout", "0")
    lock = tmp_path / ".git/refs/notes/reconciler/qa.lock"
    lock.parent.mkdir(parents=True)
    lock.write_text("")

    with pytest.raises(Failed, match="refs/notes/reconciler/qa can't be written"):
        add_line(clone.found(), REF, commit, "one")
