"""Hashes of people that serve nothing any more are erased, here, at the remote and in other clones."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.record.applied import find_applied
from reconciler.core.record.record import Covers, OpenAtom, make_sample
from reconciler.desired.records.erase import erase
from reconciler.desired.records.load import load_history
from reconciler.errors import Failed
from tests.desired.records.places import SALT, Site, make_site, make_site_of

OLD = "0123456789abcdef"
ATOM = OpenAtom(effect=OLD, outcome=OLD, serial=1, date="2026-11-01")
SAMPLE = make_sample(SALT, [("user/a", "1")])


def applied(site: Site) -> None:
    """A partial apply that names somebody, a whole one, and a partial one again."""
    site.apply(whole=False, covers=Covers(kind="all_but", keys=(OLD,)), open=(ATOM,), sample=SAMPLE, counts={"a": 1})
    site.apply(sample=SAMPLE)
    site.apply(whole=False, covers=Covers(kind="all_but", keys=(OLD,)), open=(ATOM,), sample=SAMPLE)


def holds(site: Site) -> int:
    """How many records that the branch leads to have the old hash."""
    return sum(OLD in one.record.model_dump_json() for one in load_history(site.branch).entries)


@pytest.mark.parametrize("options", [(), ("--object-format=sha256",)])
def test_what_the_last_full_apply_made_needless_is_erased(tmp_path: Path, options: tuple[str, ...]) -> None:
    site = make_site(tmp_path, *options)
    applied(site)
    before = load_history(site.branch)

    assert 1 == erase(site.branch)
    after = load_history(site.branch)
    assert 1 == holds(site) == holds(make_site_of(tmp_path, "second"))
    assert [one.record.serial for one in before.entries] == [one.record.serial for one in after.entries]
    assert before.last_sample() == after.last_sample()
    assert before.open_atoms() == after.open_atoms()
    assert [*find_applied(before).records] == [*find_applied(after).records]
    assert site.branch.ours() == site.branch.theirs()
    message, author = (site.clone.git("log", "-1", f"--format={form}", "HEAD") for form in ("%B", "%an %ad"))
    assert message
    assert author
    assert "" == site.clone.git("for-each-ref", "refs/reconciler-drafts")
    assert 0 == erase(site.branch)


def test_another_clone_follows_and_brings_nothing_back(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    other = make_site_of(tmp_path, "second")
    applied(other)
    erase(site.branch)

    assert 2 == holds(other)
    other.apply()
    assert 1 == holds(other) == holds(make_site_of(tmp_path, "third"))


def test_without_a_remote_the_branch_here_is_rewritten(tmp_path: Path) -> None:
    site = Site(make_site(tmp_path).clone, remote=None)
    applied(site)

    assert 1 == erase(site.branch)
    assert 1 == holds(site)


def test_before_a_full_apply_nothing_is_erased(tmp_path: Path) -> None:
    site = make_site(tmp_path)

    assert 0 == erase(site.branch)
    site.apply(whole=False, covers=Covers(kind="only", keys=(OLD,)))
    assert 0 == erase(site.branch)


def test_a_host_that_takes_no_force_leaves_all_as_it_was(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    applied(site)
    before = site.branch.ours()
    with (tmp_path / "remote.git" / "config").open("a") as config:
        config.write("[receive]\n\tdenyNonFastForwards = true\n")

    with pytest.raises(Failed, match="nothing was erased"):
        erase(site.branch)
    assert before == site.branch.ours() == site.branch.theirs()


def test_what_can_not_be_pushed_first_is_not_erased(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    Site(site.clone, remote=None).apply()
    hook = tmp_path / "remote.git" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)

    with pytest.raises(Failed, match="can't be pushed"):
        erase(site.branch)
