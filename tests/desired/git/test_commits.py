"""Commits, described for a reader."""

from __future__ import annotations

from pathlib import Path

from reconciler.desired.git.commits import Commit, describe_commits
from tests.desired.repository import make_clone


def test_commits_are_described_with_whether_they_lead_here(tmp_path: Path) -> None:
    """A commit that the clone lacks is left out; a duplicate id gives one entry."""
    clone = make_clone(tmp_path)
    first, second, third = (clone.commit({"a": text}) for text in "abc")
    clone.git("checkout", "--quiet", "--detach", second)
    described = describe_commits(clone.found(), [third, first, first, "1" * 40, second])

    assert {first: True, second: True, third: False} == {one: described[one].leads_here for one in described}
    at = clone.git("show", "--no-patch", "--format=%cI", first)
    assert Commit(first, "Ann Lee", at, "any", leads_here=True) == described[first]


def test_any_subject_and_author_is_told_on_one_line(tmp_path: Path) -> None:
    """The subject can have any characters; the author's name follows .mailmap."""
    clone = make_clone(tmp_path)
    clone.write({".mailmap": "Ada Lovelace <ann@example.com>\n"})
    clone.git("add", "--all")
    clone.git("commit", "--quiet", "--message", 'Zoë "joins" | ☃ \x1b[31m\n\nbody')
    commit = clone.git("rev-parse", "HEAD")

    described = describe_commits(clone.found(), [commit])[commit]
    assert ("Ada Lovelace", 'Zoë "joins" | ☃ \x1b[31m') == (described.author, described.subject)


def test_before_the_first_commit_none_leads_here(tmp_path: Path) -> None:
    """Without HEAD no commit leads to it; without ids the result is empty."""
    clone = make_clone(tmp_path)
    assert {} == describe_commits(clone.found(), [])
    commit = clone.commit()
    clone.git("checkout", "--quiet", "--orphan", "other")

    assert [False] == [one.leads_here for one in describe_commits(clone.found(), [commit]).values()]
