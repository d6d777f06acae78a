"""An apply on record: begun before anything is sent, where the next run finds it, and ended; nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import ApplyRecord
from reconciler.desired.records.exchange import push_record
from reconciler.desired.records.load import load_history
from reconciler.desired.records.steps import begin
from reconciler.errors import ApplyIsOpen, Failed, RecordUnknown, Refused
from tests.desired.records.places import NOON, Site, ended_of, make_site, make_site_of, noon
from tests.desired.repository import make_clone

LATER = datetime(2026, 11, 29, 13, 5, tzinfo=UTC)


def hook(root: Path, text: str) -> Path:
    path = root / "remote.git" / "hooks" / "pre-receive"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def serials(history: ApplyHistory) -> list[tuple[int, str]]:
    return [(one.record.serial, one.record.state) for one in history.entries]


def test_an_apply_is_on_record_here_and_at_the_remote(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    begun = site.begin()
    ended = site.end(begun)
    other = make_site_of(tmp_path, "second")

    assert "done" == ended.pushed.state
    assert [(1, "begun"), (1, "ended")] == serials(load_history(other.branch)) == serials(load_history(site.branch))
    assert (begun.entry.id,) == ended.entry.parents
    assert ended.entry.id == site.branch.ours() == site.branch.theirs() == other.branch.theirs()


def test_a_commit_of_the_branch_is_one_file_a_message_and_the_applied_commit_last(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    head = site.clone.git("rev-parse", "HEAD")
    begun = site.begin()
    ended = site.end(begun)

    assert "apply.json" == site.clone.git("ls-tree", "-r", "--name-only", ended.entry.id)
    assert f"{begun.entry.id} {head}" == site.clone.git("log", "-1", "--format=%P", ended.entry.id)
    assert head == site.clone.git("log", "-1", "--format=%P", begun.entry.id)
    assert f"#1 ended: {head[:12]} [skip ci]" == site.clone.git("log", "-1", "--format=%B", ended.entry.id)


def test_without_a_remote_the_branch_here_serves(tmp_path: Path) -> None:
    clone = make_clone(tmp_path)
    clone.commit()
    site = Site(clone, remote=None)
    site.apply()
    site.apply()

    assert [1, 1, 2, 2] == [serial for serial, _state in serials(load_history(site.branch))]


def test_a_record_of_this_machine_alone_is_never_pushed(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    Site(site.clone, remote=None).apply()

    assert "" == site.clone.git("ls-remote", "origin", "refs/heads/reconciler/*")


def test_the_second_of_two_waits_until_the_first_may_send_no_more(tmp_path: Path) -> None:
    first = make_site(tmp_path)
    second = make_site_of(tmp_path, "second", run="run-2")
    first.begin()

    with pytest.raises(ApplyIsOpen, match="#1 of run-1") as raised:
        second.begin()
    assert LATER == raised.value.until
    assert 4 == raised.value.exit_code
    assert 2 == second.begin(lambda: LATER).entry.record.serial
    assert [(1, "begun"), (2, "begun")] == serials(load_history(second.branch))


def test_the_same_run_and_its_second_try_go_on_at_once(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    site.begin()

    assert 2 == site.begin().entry.record.serial
    assert 3 == make_site_of(tmp_path, "second").begin().entry.record.serial


def racing(site: Site, rival: Callable[[], object]) -> Callable[[ApplyHistory], ApplyRecord]:
    """Drafts a begin while another run does something; once."""
    waiting = [rival]

    def draft(history: ApplyHistory) -> ApplyRecord:
        if waiting:
            waiting.pop()()
        return site.record(history)

    return draft


def test_a_begin_that_loses_the_race_to_an_open_one_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    first = make_site(tmp_path)
    second = make_site_of(tmp_path, "second", run="run-2")

    with pytest.raises(ApplyIsOpen):
        begin(second.branch, "run-2", noon, racing(second, first.begin))
    assert [(1, "begun")] == serials(load_history(second.branch)) == serials(load_history(first.branch))


def test_a_begin_that_loses_the_race_to_an_apply_that_ended_goes_on_from_it(tmp_path: Path) -> None:
    first = make_site(tmp_path)
    second = make_site_of(tmp_path, "second", run="run-2")

    begun = begin(second.branch, "run-2", noon, racing(second, first.apply))

    assert 2 == begun.entry.record.serial
    assert [(1, "begun"), (1, "ended")] == serials(begun.history)


def test_of_many_that_begin_at_once_one_does(tmp_path: Path) -> None:
    make_site(tmp_path)
    sites = [make_site_of(tmp_path, f"at-once-{number}", run=f"run-{number}") for number in range(4)]

    def attempt(site: Site) -> str:
        try:
            return site.begin().entry.id
        except ApplyIsOpen:
            return ""

    with ThreadPoolExecutor(4) as pool:
        begun = [one for one in pool.map(attempt, sites) if one]
    assert 1 == len(begun)
    assert begun == [one.id for one in load_history(make_site_of(tmp_path, "last").branch).entries]


def test_of_two_runs_in_one_clone_the_second_sees_the_first(tmp_path: Path) -> None:
    clone = make_clone(tmp_path)
    clone.commit()
    first, second = Site(clone, remote=None), Site(clone, "run-2", remote=None)

    with pytest.raises(ApplyIsOpen):
        begin(second.branch, "run-2", noon, racing(second, first.begin))


def test_what_speaks_against_an_apply_is_raised_before_it_begins(tmp_path: Path) -> None:
    site = make_site(tmp_path)

    def refuse(_history: ApplyHistory) -> ApplyRecord:
        raise Refused("beside")

    with pytest.raises(Refused, match="beside"):
        begin(site.branch, "run-1", noon, refuse)
    assert () == load_history(site.branch).entries


def test_a_begin_that_the_host_does_not_take_is_refused_with_its_words(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    hook(tmp_path, "echo 'GH013: Commits must have verified signatures' >&2; exit 1")

    with pytest.raises(Refused, match="GH013: Commits must have verified signatures") as raised:
        site.begin()
    assert "reconciler/*" in str(raised.value)
    assert "begin_not_pushed" == raised.value.problems[0].code
    assert () == load_history(site.branch).entries


def test_a_begin_without_a_remote_that_answers_is_refused(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    site.clone.git("remote", "set-url", "origin", "http://ada:secret@127.0.0.1:9/x.git")

    with pytest.raises(RecordUnknown, match="can't be fetched") as raised:
        site.begin()
    assert "secret" not in str(raised.value)
    assert 4 == raised.value.exit_code


def test_an_end_that_the_host_does_not_take_stays_here_and_the_next_run_pushes_it(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    begun = site.begin()
    refusing = hook(tmp_path, "exit 1")
    ended = site.end(begun)

    assert "refused" == ended.pushed.state
    assert [(1, "begun"), (1, "ended")] == serials(load_history(site.branch))
    refusing.unlink()
    assert 2 == site.begin().entry.record.serial
    assert [(1, "begun"), (1, "ended"), (2, "begun")] == serials(load_history(make_site_of(tmp_path, "second").branch))


def test_an_end_whose_remote_is_gone_stays_here_and_can_be_pushed_later(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    begun = site.begin()
    (tmp_path / "remote.git").rename(tmp_path / "gone.git")

    assert "unreachable" == site.end(begun).pushed.state
    (tmp_path / "gone.git").rename(tmp_path / "remote.git")
    assert "done" == push_record(site.branch).state
    assert "done" == push_record(site.branch).state
    assert [(1, "begun"), (1, "ended")] == serials(load_history(make_site_of(tmp_path, "second").branch))


def test_an_end_that_loses_a_race_is_joined_with_what_won(tmp_path: Path) -> None:
    first = make_site(tmp_path)
    begun = first.begin()
    second = make_site_of(tmp_path, "second", run="run-2")
    taken_over = second.begin(lambda: LATER)
    ended = first.end(begun)

    assert "done" == ended.pushed.state
    history = load_history(first.branch)
    assert [(1, "begun"), (1, "ended"), (2, "begun")] == serials(history)
    assert 1 == len(history.tips())
    assert "done" == second.end(taken_over).pushed.state
    assert 4 == len(load_history(second.branch).entries)


def test_two_lines_that_were_never_exchanged_become_one(tmp_path: Path) -> None:
    """Each machine applied while the remote was away; then one pushes, and the other joins."""
    first = make_site(tmp_path)
    second = make_site_of(tmp_path, "second", run="run-2")
    Site(first.clone, remote=None).apply()
    Site(second.clone, "run-2", remote=None).apply()

    assert "done" == push_record(first.branch).state
    assert "done" == push_record(second.branch).state
    history = load_history(second.branch)
    assert [(1, "begun"), (1, "begun"), (1, "ended"), (1, "ended")] == sorted(serials(history))
    begun = first.begin()
    assert set(begun.entry.parents) == {tip.id for tip in begun.history.tips()}
    assert 5 == len(load_history(first.branch).entries)


def test_a_begin_that_was_killed_is_found_by_a_new_clone(tmp_path: Path) -> None:
    make_site(tmp_path).begin()
    history = load_history(make_site_of(tmp_path, "second").branch)

    assert history.open_begins()
    assert "held" == history.lock(NOON, "run-2").state


def test_a_branch_of_the_remote_that_went_back_loses_nothing(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    first = site.apply()
    site.apply()
    site.clone.git("push", "--quiet", "--force", "origin", f"{first.entry.id}:refs/heads/reconciler/production")

    assert 3 == site.begin().entry.record.serial
    assert 5 == len(load_history(make_site_of(tmp_path, "second").branch).entries)


def test_a_branch_that_the_remote_lost_is_pushed_again(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    site.apply()
    site.clone.git("push", "--quiet", "origin", ":refs/heads/reconciler/production")

    assert 2 == site.apply().entry.record.serial
    assert 4 == len(load_history(make_site_of(tmp_path, "second").branch).entries)


def test_an_applied_commit_outlives_a_squash_a_force_push_and_gc(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    applied = site.clone.commit({"desired-state/users.yaml": "users: {}\n"})
    site.apply()
    site.clone.git("reset", "--quiet", "--hard", "HEAD^")
    site.clone.git("push", "--quiet", "--force", "origin", "HEAD:main")
    site.clone.git("-c", "gc.reflogExpire=now", "gc", "--quiet", "--prune=now")
    other = make_site_of(tmp_path, "second")

    assert "commit" == other.clone.git("cat-file", "-t", applied)
    assert "users: {}" == other.clone.git("show", f"{applied}:desired-state/users.yaml")


def test_git_signs_with_its_identity_or_with_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = make_site(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nobody"))
    site.clone.git("config", "user.useConfigOnly", "true")
    ours = site.begin().entry
    site.clone.git("config", "user.name", "Ann Lee")
    site.clone.git("config", "user.email", "ann@example.com")
    theirs = site.begin().entry

    assert "reconciler" == site.clone.git("log", "-1", "--format=%an", ours.id)
    assert "Ann Lee" == site.clone.git("log", "-1", "--format=%an", theirs.id)


def test_a_branch_that_another_git_holds_is_no_lost_end(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    begun = site.begin()
    lock = site.clone.root / ".git" / "refs" / "heads" / "reconciler" / "production.lock"
    lock.write_text("")
    site.clone.git("config", "core.filesRefLockTimeout", "0")

    with pytest.raises(Failed, match="another git process holds its lock"):
        site.end(begun)
    lock.unlink()
    assert "done" == site.end(begun).pushed.state
    assert "ended" == ended_of(begun).state
