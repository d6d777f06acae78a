"""A record's branch is read whole, from any clone; what does not read is named, with the last commit that does."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import Covers, make_sample, spell_record
from reconciler.desired.records.exchange import fetch_record, push_record
from reconciler.desired.records.load import load_history, load_readable
from reconciler.desired.records.steps import write_recovery
from reconciler.errors import NotARecord, RecordUnknown
from tests.desired.records.places import SALT, Site, make_site, make_site_of
from tests.desired.repository import Clone, make_clone

REF = "refs/heads/reconciler/production"


def alone(root: Path) -> Site:
    clone = make_clone(root)
    clone.commit({"desired-state/users.yaml": "users: {alice.lee: {userName: alice@example.com}}\n"})
    return Site(clone, remote=None)


def put(site: Site, content: bytes, *, applied: str = "HEAD", files: tuple[str, ...] = ("apply.json",)) -> str:
    """Puts a commit on the branch by hand."""
    git = site.clone.git
    blob = git("hash-object", "-w", "--stdin", stdin=content)
    tree = git("mktree", stdin="".join(f"100644 blob {blob}\t{name}\n" for name in files).encode())
    tip = site.branch.ours()
    before = ("-p", tip) if tip else ()
    commit = git("commit-tree", tree, *before, "-p", git("rev-parse", applied), "-m", "forged")
    git("update-ref", REF, commit)
    return commit


def forged(site: Site, **fields: Any) -> bytes:
    return spell_record(site.record(load_history(site.branch)).model_copy(update=fields))


def test_where_nothing_was_applied_there_is_no_record(tmp_path: Path) -> None:
    site = make_site(tmp_path)

    assert () == load_history(site.branch).entries
    assert not fetch_record(site.branch)
    assert not fetch_record(Site(site.clone, remote=None).branch)


@pytest.mark.parametrize("kind", ["other format", "cut", "other fields", "huge", "no file", "two files", "not applied"])
def test_a_commit_that_does_not_read_is_named_with_the_last_that_does(tmp_path: Path, kind: str) -> None:
    site = alone(tmp_path)
    site.apply()
    good = site.apply().entry.id
    written = forged(site)
    other = site.clone.commit() if kind == "not applied" else "HEAD"
    bad = {
        "other format": lambda: put(site, written.replace(b'"format":1', b'"format":2')),
        "cut": lambda: put(site, written[:-30]),
        "other fields": lambda: put(site, written.replace(b'"run"', b'"ran"')),
        "huge": lambda: put(site, written + b" " * 9_000_000),
        "no file": lambda: put(site, written, files=("other.json",)),
        "two files": lambda: put(site, written, files=("apply.json", "x")),
        "not applied": lambda: put(site, written, applied="HEAD"),
    }[kind]()

    assert other
    with pytest.raises(NotARecord) as raised:
        load_history(site.branch)
    assert bad[:12] in str(raised.value)
    assert f"set the branch reconciler/production to {good}" in str(raised.value)
    assert "not_a_record" == raised.value.problems[0].code
    site.clone.git("update-ref", REF, good)
    assert 4 == len(load_history(site.branch).entries)


def test_a_record_that_is_cut_anywhere_is_a_reason(tmp_path: Path) -> None:
    site = alone(tmp_path)
    tip = site.apply().entry.id
    written = forged(site)
    for end in range(0, len(written) - 1, 61):
        put(site, written[:end])
        with pytest.raises(NotARecord, match=tip):
            load_history(site.branch)
        site.clone.git("update-ref", REF, tip)


def test_records_on_top_of_one_that_does_not_read_do_not_hide_it(tmp_path: Path) -> None:
    site = alone(tmp_path)
    good = site.apply().entry.id
    written = forged(site, serial=9)
    put(site, b"{}")
    put(site, written)

    with pytest.raises(NotARecord, match=good):
        load_history(site.branch)


def test_a_commit_of_somebody_on_top_is_named(tmp_path: Path) -> None:
    """As an editor of GitHub's page makes it: one parent, which is a record."""
    site = alone(tmp_path)
    good = site.apply().entry.id
    empty = site.clone.git("mktree")
    site.clone.git("update-ref", REF, site.clone.git("commit-tree", empty, "-p", good, "-m", "tidied"))

    with pytest.raises(NotARecord, match=good):
        load_history(site.branch)


def test_a_branch_that_holds_no_record_at_all_names_none(tmp_path: Path) -> None:
    site = alone(tmp_path)
    site.clone.git("update-ref", REF, "HEAD")

    with pytest.raises(NotARecord, match=r"(?<!set the branch) can't be read: .*: run reconciler ownership recover"):
        load_history(site.branch)


@pytest.mark.parametrize("junk", ["no json", "a commit of somebody"])
def test_a_recovery_leaves_behind_what_does_not_read(tmp_path: Path, junk: str) -> None:
    site = alone(tmp_path)
    good = site.apply(sample=make_sample(SALT, [("user/a", "1")])).entry.id
    if junk == "no json":
        put(site, b"{}")
    else:
        site.clone.git("update-ref", REF, site.clone.git("commit-tree", "HEAD^{tree}", "-p", good, "-m", "tidied"))
    readable = load_readable(site.branch)
    assert 2 == len(readable.entries)
    recovery = site.record(readable, state="recovered", until=None, covers=Covers(kind="only"))

    entry = write_recovery(site.branch, recovery).entry
    history = load_history(site.branch)
    assert 3 == len(history.entries)
    assert (entry.id,) == tuple(one.id for one in history.front()) == tuple(one.id for one in history.tips())
    assert history.recovered
    assert history.last_sample() is None
    assert 3 == site.apply().entry.record.serial
    assert not load_history(site.branch).recovered


def test_a_recovery_is_pushed_without_force(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    site.apply()
    put(site, b"{}")
    site.clone.git("push", "--quiet", "origin", f"{REF}:{REF}")
    fetch_record(site.branch)
    recovery = site.record(load_readable(site.branch), state="recovered", until=None, covers=Covers(kind="only"))

    assert "done" == write_recovery(site.branch, recovery).pushed.state
    assert load_history(make_site_of(tmp_path, "second").branch).recovered


def test_a_recovery_that_could_not_be_pushed_is_pushed_by_the_next_run(tmp_path: Path) -> None:
    """What it follows does not read, and is all that the remote has."""
    site = make_site(tmp_path)
    site.apply()
    put(site, b"{}")
    site.clone.git("push", "--quiet", "origin", f"{REF}:{REF}")
    fetch_record(site.branch)
    recovery = site.record(load_readable(site.branch), state="recovered", until=None, covers=Covers(kind="only"))
    address = site.clone.git("remote", "get-url", "origin")
    site.clone.git("remote", "set-url", "origin", str(tmp_path / "nowhere"))
    assert "unreachable" == write_recovery(site.branch, recovery).pushed.state
    site.clone.git("remote", "set-url", "origin", address)

    assert fetch_record(site.branch)
    assert "done" == push_record(site.branch).state
    assert load_history(make_site_of(tmp_path, "second").branch).recovered


def test_a_clone_with_what_does_not_read_follows_a_recovery(tmp_path: Path) -> None:
    """Its branch is at what another clone gave up."""
    site, other = make_site(tmp_path), make_site_of(tmp_path, "second")
    site.apply()
    put(site, b"{}")
    site.clone.git("push", "--quiet", "origin", f"{REF}:{REF}")
    fetch_record(other.branch)
    other.clone.git("update-ref", REF, other.branch.theirs() or "")
    recovery = site.record(load_readable(site.branch), state="recovered", until=None, covers=Covers(kind="only"))
    write_recovery(site.branch, recovery)

    assert fetch_record(other.branch)
    assert other.branch.ours() == other.branch.theirs() == site.branch.ours()
    assert load_history(other.branch).recovered


def test_no_byte_of_a_person_is_in_any_object_of_the_branch(tmp_path: Path) -> None:
    """Of those whom records are about: all objects that the branch has, and main has not."""
    site = alone(tmp_path)
    people = [(f"user/person{n}", f"id-{n}") for n in range(30)]
    site.apply(sample=make_sample(SALT, people), covers=Covers(kind="all_but", keys=("0" * 16,)))
    listed = site.clone.git("rev-list", "--objects", REF, "--not", "main").split("\n")

    assert 6 == len(listed)
    for line in listed:
        content = site.clone.git("cat-file", "-p", line.split()[0])
        assert not any(word in content for word in ("person", "id-1", "alice", "example.org"))


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--single-branch",),
        ("--depth=1",),
        ("--filter=blob:none",),
        ("--filter=blob:none", "--single-branch"),
        ("--filter=blob:none", "--depth=1"),
        ("--filter=tree:0", "--single-branch"),
    ],
)
def test_any_clone_reads_the_record(tmp_path: Path, options: tuple[str, ...]) -> None:
    site = make_site(tmp_path)
    for setting in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        Clone(tmp_path / "remote.git").git("config", setting, "true")
    for number in range(4):
        site.clone.commit({"desired-state/users.yaml": f"# {number}\n"})
        site.apply()
    site.clone.git("push", "--quiet", "origin", "main")
    site.clone.commit({"other.txt": "other"})
    site.clone.git("push", "--quiet", "origin", "HEAD:other", "HEAD:refs/tags/v1")
    other = make_site_of(tmp_path, "second", *options, run="run-2")
    before = other.clone.git("for-each-ref", "--format=%(refname)").split()

    assert fetch_record(other.branch)
    assert load_history(site.branch) == load_history(other.branch)
    after = other.clone.git("for-each-ref", "--format=%(refname)").split()
    assert {"refs/remotes/origin/reconciler/production"} >= set(after) - set(before)
    assert 5 == other.begin().entry.record.serial


def test_a_partial_clone_fetches_all_records_at_once(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    for setting in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        Clone(tmp_path / "remote.git").git("config", setting, "true")
    for _number in range(4):
        site.apply()
    other = make_site_of(tmp_path, "second", "--filter=blob:none")
    fetch_record(other.branch)
    (tmp_path / "remote.git").rename(tmp_path / "gone.git")

    assert 8 == len(load_history(other.branch).entries)


def test_a_record_that_a_shallow_clone_lacks_is_refused_with_the_way_out(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    site.apply()
    other = make_site_of(tmp_path, "second", "--depth=1", "--no-single-branch")

    with pytest.raises(RecordUnknown, match="--unshallow"):
        load_history(other.branch)
    other.clone.git("fetch", "--quiet", "--unshallow")
    assert 2 == len(load_history(other.branch).entries)


def test_a_repository_of_sha256_has_records_too(tmp_path: Path) -> None:
    site = make_site(tmp_path, "--object-format=sha256")
    site.apply()

    assert 64 == len(load_history(site.branch).entries[0].id)
    assert 2 == len(load_history(make_site_of(tmp_path, "second").branch).entries)


@pytest.mark.parametrize("name", ["Production", "eu/production", "prod.eu-1", "ü"])
def test_a_name_may_have_folders_and_capitals(tmp_path: Path, name: str) -> None:
    site = make_site(tmp_path)
    named = Site(site.clone, name=name)
    named.clone.git("checkout", "--quiet", "--detach")
    named.apply()

    assert 2 == len(load_history(named.branch).entries)
    assert () == load_history(site.branch).entries


def test_the_files_that_are_checked_out_do_not_matter(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    site.apply()
    site.clone.git("sparse-checkout", "set", "none")
    site.clone.git("checkout", "--quiet", "--detach")
    (site.clone.root / "desired-state").mkdir(exist_ok=True)

    assert 2 == len(load_history(site.branch).entries)


def test_an_object_that_replaces_a_record_does_not_count(tmp_path: Path) -> None:
    site = alone(tmp_path)
    ended = site.apply().entry.id
    site.clone.git("replace", ended, f"{ended}^1")

    assert 2 == len(load_history(site.branch).entries)


def make_line(site: Site, length: int) -> None:
    """A line of records, written at once."""
    head = site.clone.git("rev-parse", "HEAD")
    begun = site.record(ApplyHistory())
    sample = make_sample(SALT, [(f"user/u{n}", str(n)) for n in range(25)])
    ended = begun.model_copy(update={"state": "ended", "until": None, "mode": "full", "sample": sample})
    stream: list[str] = []
    for serial in range(1, length // 2 + 1):
        for record in (begun, ended):
            text = spell_record(record.model_copy(update={"serial": serial})).decode()
            parents = f"from :{len(stream)}\nmerge {head}" if stream else f"from {head}"
            stream.append(
                f"commit {REF}\nmark :{len(stream) + 1}\ncommitter A <a@b> {1_700_000_000 + len(stream)} +0000\n"
                f"data 1\nx\n{parents}\ndeleteall\nM 100644 inline apply.json\ndata {len(text)}\n{text}\n"
            )
    site.clone.git("fast-import", "--quiet", stdin="".join(stream).encode())


def count_processes(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many gits are started to load the history: each writes a line."""
    real = subprocess.run(["sh", "-c", "command -v git"], capture_output=True, check=True, text=True).stdout.strip()  # noqa: S607
    told = tmp_path / "told"
    told.write_text("")
    shim = tmp_path / "bin" / "git"
    shim.parent.mkdir(exist_ok=True)
    shim.write_text(f'#!/bin/sh\necho "$@" >> {told}\nexec {real} "$@"\n')
    shim.chmod(0o755)
    branch = site.branch
    with monkeypatch.context() as patch:
        patch.setenv("PATH", f"{shim.parent}{os.pathsep}{os.environ['PATH']}")
        load_history(branch)
    return len(told.read_text().splitlines())


def test_a_thousand_records_take_as_many_processes_as_ten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few, many = alone(tmp_path / "few"), alone(tmp_path / "many")
    make_line(few, 10)
    make_line(many, 1_000)

    assert 1_000 == len(load_history(many.branch).entries)
    assert 3 == count_processes(tmp_path, few, monkeypatch) == count_processes(tmp_path, many, monkeypatch)
