"""Where HEAD stands to what was applied, as git has it, and what is refused for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.ownership.refusals import RecordRefusal, check_behind, check_beside, check_folder
from reconciler.desired.records.line import LineFacts, gather_line
from reconciler.desired.records.load import load_history
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


def facts(site: Site) -> LineFacts:
    return gather_line(site.clone.found(), load_history(site.branch))


def refused(site: Site) -> list[str]:
    history, found = load_history(site.branch), facts(site)
    checks: list[RecordRefusal | None] = [
        check_behind(history, found.ahead),
        check_beside(history, found.line | found.ahead, found.trees),
        check_folder(history, site.clone.folder, found.present, site.name),
    ]
    return [refusal.because for refusal in checks if refusal]


def test_what_was_applied_here_and_before_refuses_nothing(site: Site) -> None:
    assert LineFacts() == facts(site)
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

    assert not facts(site).present


def test_a_shallow_clone_does_not_show_the_line(tmp_path: Path) -> None:
    first = make_site(tmp_path)
    apply(first)
    first.clone.commit({USERS: "users: {a: {}}\n"})
    first.clone.git("push", "--quiet", "origin", "main")
    other = make_site_of(tmp_path, "second", "--depth=1", "--no-single-branch")
    other.clone.git("fetch", "--quiet", "--depth=5", "origin", "refs/heads/reconciler/production")

    assert not gather_line(other.clone.found(), load_history(other.branch)).line
    assert gather_line(other.clone.found(), load_history(other.branch)).cut
