"""Where HEAD stands to what was applied, as git has it, and what is refused for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.desired.evidence.apply_line import (
    check_line,
    check_own_folder,
    find_last_apply,
    find_last_full,
    find_last_whole,
)
from reconciler.desired.evidence.graph import CommitGraph, read_graph
from reconciler.desired.records.load import load_history
from reconciler.errors import Refused
from tests.desired.records.places import Site, make_site, make_site_of
from tests.desired.repository import make_clone

USERS = "desired-state/users.yaml"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    clone = make_clone(tmp_path / "alone")
    clone.commit({USERS: "users: {}\n"})
    return Site(clone, remote=None)


def apply(site: Site, *, whole: bool = True) -> None:
    site.end(site.begin(tree=site.clone.git("rev-parse", "HEAD:desired-state")), whole=whole)


def graph_of(site: Site) -> CommitGraph:
    return read_graph(site.clone.found(), {entry.record.commit for entry in load_history(site.branch).entries})


def refused(site: Site) -> list[str]:
    history, repository = load_history(site.branch), site.clone.found()
    found = [check_line(graph_of(site), history), check_own_folder(repository, site.name, history)]
    return [refusal.because for refusal in found if refusal]


def test_what_was_applied_here_and_before_refuses_nothing(site: Site) -> None:
    assert [] == refused(site)
    apply(site)
    assert [] == refused(site)
    site.clone.commit({USERS: "users: {a: {}}\n"})
    assert [] == refused(site)


@pytest.mark.parametrize(("whole", "because"), [(True, "applied_already"), (False, "behind")])
def test_what_is_in_a_later_apply_is_known(site: Site, whole: bool, because: str) -> None:  # noqa: FBT001
    site.clone.commit({USERS: "users: {a: {}}\n"})
    apply(site, whole=whole)
    site.clone.git("checkout", "--quiet", "--detach", "HEAD^")

    assert [because] == refused(site)


def test_what_is_beside_the_last_apply_is_refused_until_it_is_merged(site: Site) -> None:
    site.clone.git("checkout", "--quiet", "-b", "side")
    site.clone.commit({USERS: "users: {a: {}}\n"})
    apply(site)
    site.clone.git("checkout", "--quiet", "main")
    site.clone.commit({"desired-state/other.yaml": "users: {b: {}}\n"})

    assert ["beside"] == refused(site)
    site.clone.git("merge", "--quiet", "--no-edit", "side")
    assert [] == refused(site)


def test_a_squash_has_the_tree_of_what_was_applied(site: Site) -> None:
    site.clone.git("checkout", "--quiet", "-b", "side")
    site.clone.commit({USERS: "users: {a: {}}\n"})
    apply(site)
    site.clone.git("checkout", "--quiet", "main")
    site.clone.git("merge", "--quiet", "--squash", "side")
    site.clone.commit()
    site.clone.commit({USERS: "users: {b: {}}\n"})

    assert [] == refused(site)


def test_a_folder_that_moved_goes_on_and_a_second_one_does_not(site: Site) -> None:
    apply(site)
    second = Site(type(site.clone)(site.clone.root, "other"), remote=None)
    second.clone.commit({"other/users.yaml": "users: {}\n"})
    assert ["two_folders"] == refused(second)

    second.clone.git("rm", "--quiet", "-r", "desired-state")
    second.clone.commit()
    assert [] == refused(second)


def test_a_forged_folder_is_none_that_head_has(site: Site) -> None:
    folder = "x\u2028y\nz"
    site.begin(folder=folder)
    site.begin(folder="desired-state/\u2028 missing")

    assert "two_folders" not in refused(site)


def test_a_shallow_clone_does_not_show_the_line(tmp_path: Path) -> None:
    first = make_site(tmp_path)
    apply(first)
    first.clone.commit({USERS: "users: {a: {}}\n"})
    first.clone.git("push", "--quiet", "origin", "main")
    other = make_site_of(tmp_path, "second", "--depth=1", "--no-single-branch")

    with pytest.raises(Refused, match="git fetch --unshallow"):
        graph_of(other)


def test_the_last_applies_of_the_line_are_found(site: Site) -> None:
    """The last whole one, the last of everybody, and the last of all; one beside the line is none of them."""
    apply(site)
    whole = site.clone.git("rev-parse", "HEAD")
    site.clone.commit({USERS: "users: {a: {}}\n"})
    apply(site, whole=False)
    history, graph = load_history(site.branch), graph_of(site)

    last_whole, last = find_last_whole(graph, history), find_last_apply(graph, history)
    assert last_whole is not None
    assert last is not None
    assert whole == last_whole.record.commit
    assert last_whole == find_last_full(graph, history)
    assert site.clone.git("rev-parse", "HEAD") == last.record.commit
