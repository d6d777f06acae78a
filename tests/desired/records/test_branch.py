"""The remote of a record, and the names of records that are known."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.desired.records.branch import choose_remote, list_record_names
from reconciler.desired.records.exchange import fetch_record
from reconciler.errors import RecordUnknown, Refused
from tests.desired.records.places import Site, make_site, make_site_of
from tests.desired.repository import make_clone


@pytest.mark.parametrize(
    ("remotes", "tracked", "chosen"),
    [
        ((), None, None),
        (("upstream",), None, "upstream"),
        (("origin", "upstream"), None, "origin"),
        (("origin", "upstream"), "upstream", "upstream"),
        (("origin", "upstream"), ".", "origin"),
    ],
)
def test_the_remote_is_the_only_one_or_the_branches_or_origin(
    tmp_path: Path, remotes: tuple[str, ...], tracked: str | None, chosen: str | None
) -> None:
    clone = make_clone(tmp_path)
    clone.commit()
    for remote in remotes:
        clone.git("remote", "add", remote, "x")
    if tracked:
        clone.git("config", "branch.main.remote", tracked)

    assert chosen == choose_remote(clone.found())


def test_a_detached_head_goes_by_origin_and_else_asks_for_a_name(tmp_path: Path) -> None:
    clone = make_clone(tmp_path)
    clone.commit()
    clone.git("checkout", "--quiet", "--detach")
    clone.git("remote", "add", "here", "x")
    clone.git("remote", "add", "there", "x")

    with pytest.raises(Refused, match="here, there"):
        choose_remote(clone.found())
    clone.git("remote", "add", "origin", "x")
    assert "origin" == choose_remote(clone.found())


def test_the_names_of_records_here_and_at_the_remote_are_known(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    Site(site.clone, name="eu/qa").apply()
    other = make_site_of(tmp_path, "second")
    Site(other.clone, remote=None, name="local").apply()

    assert {"eu/qa", "local"} == list_record_names(other.clone.found(), "origin")
    assert {"local"} == list_record_names(other.clone.found(), None)


def test_a_remote_that_does_not_answer_is_left_after_a_time(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    site.clone.git("config", "protocol.ext.allow", "always")
    site.clone.git("remote", "set-url", "origin", "ext::tail -f /dev/null")
    branch = site.branch

    with pytest.raises(RecordUnknown, match=r"no answer within 0\.2 seconds"):
        fetch_record(type(branch)(branch.repository, branch.name, "origin", seconds=0.2))
