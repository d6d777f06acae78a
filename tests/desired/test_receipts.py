"""Receipts: which commit was applied last, told by git notes alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.receipt import Receipt
from reconciler.desired.receipts import (
    fetch_receipts,
    find_last_applied,
    list_tenants,
    publish_receipts,
    read_receipts,
    write_receipt,
)
from reconciler.errors import Failed, UsageError
from tests.desired.repository import Clone, make_clone

URL = "https://api.xurrent.com/scim/v2"


def receipt(commit: str, at: str = "2026-03-31T12:00:00+00:00", **fields: Any) -> Receipt:
    written = {"tenant": "production", "url": URL, "digest": "sha256:0", "outcome": "whole", "counts": {}, **fields}
    return Receipt(**{"at": at, "commit": commit, "population": 40, **written})


def last(clone: Clone, tenant: str = "production", url: str = URL) -> Receipt | None:
    return find_last_applied(clone.found(), tenant, url).receipt


def test_where_nothing_was_applied_there_is_no_receipt(tmp_path: Path) -> None:
    """Before the first commit, and after it."""
    clone = make_clone(tmp_path)

    assert last(clone) is None
    clone.commit()
    assert last(clone) is None


@pytest.mark.parametrize("folder", ["desired-state", "infra/desired-state", "."])
def test_a_receipt_that_was_written_is_found(tmp_path: Path, folder: str) -> None:
    """As it was written, wherever the folder is in the repository."""
    clone = make_clone(tmp_path, folder)
    written = receipt(clone.commit(), counts={"applied": 3})
    write_receipt(clone.found(), written)

    assert written == last(clone)


def test_the_newest_ancestor_with_a_receipt_counts(tmp_path: Path) -> None:
    """However late an older commit was applied again."""
    clone = make_clone(tmp_path)
    first, second = clone.commit(), clone.commit()
    clone.commit()
    write_receipt(clone.found(), receipt(second, at="2026-03-01T00:00:00+00:00"))
    write_receipt(clone.found(), receipt(first, at="2026-03-31T00:00:00+00:00"))

    assert receipt(second, at="2026-03-01T00:00:00+00:00") == last(clone)


def test_of_two_receipts_on_one_commit_the_later_counts(tmp_path: Path) -> None:
    """In whatever order two that raced were merged."""
    clone = make_clone(tmp_path)
    commit = clone.commit()
    late, early = receipt(commit, "2026-03-31T12:00:01+00:00"), receipt(commit, "2026-03-31T12:00:00+00:00")
    write_receipt(clone.found(), late)
    write_receipt(clone.found(), early)

    assert late == last(clone)


def test_a_partial_apply_is_no_receipt(tmp_path: Path) -> None:
    """What it left undone is still to be done, so the one before it counts."""
    clone = make_clone(tmp_path)
    first, second = clone.commit(), clone.commit()
    write_receipt(clone.found(), receipt(second, outcome="partial"))

    assert last(clone) is None
    write_receipt(clone.found(), receipt(first))
    assert receipt(first) == last(clone)


def test_a_commit_that_does_not_lead_here_does_not_count(tmp_path: Path) -> None:
    """What was applied from another branch is not what this one was applied as."""
    clone = make_clone(tmp_path)
    first = clone.commit({"desired-state/a.yaml": "a"})
    clone.git("checkout", "--quiet", "-b", "other")
    elsewhere = clone.commit({"desired-state/a.yaml": "b"})
    clone.git("checkout", "--quiet", "main")
    write_receipt(clone.found(), receipt(elsewhere))

    assert last(clone) is None
    write_receipt(clone.found(), receipt(first))
    assert receipt(first) == last(clone)


@pytest.mark.parametrize(("tenant", "url"), [("qa", URL), ("production", "https://api.xurrent.qa/scim/v2")])
def test_another_account_has_receipts_of_its_own(tmp_path: Path, tenant: str, url: str) -> None:
    """By the tenant's name and by its address: a tenant that moved was never applied to."""
    clone = make_clone(tmp_path)
    write_receipt(clone.found(), receipt(clone.commit()))

    assert last(clone, tenant, url) is None


@pytest.mark.parametrize(
    "line",
    [
        "reviewed by Bob",
        "",
        "{}",
        "[]",
        "null",
        '{"format": 2}',
        '{"format": 1, "outcome": "whole"}',
        '{"format": 1, "at": "9999", "tenant": "production", "surprise": true}',
        '\ud7ff ☃ \\ "',
    ],
)
def test_lines_that_somebody_else_wrote_say_nothing(tmp_path: Path, line: str) -> None:
    """Before the receipt and after it."""
    clone = make_clone(tmp_path)
    commit = clone.commit()
    clone.git("notes", "--ref=reconciler/production", "append", "--allow-empty", "-F", "-", commit, stdin=line.encode())

    assert last(clone) is None
    write_receipt(clone.found(), receipt(commit))
    clone.git("notes", "--ref=reconciler/production", "append", "-F", "-", commit, stdin=line.encode())
    assert receipt(commit) == last(clone)


def test_a_note_of_any_bytes_says_nothing(tmp_path: Path) -> None:
    """Git notes hold whatever somebody puts there."""
    clone = make_clone(tmp_path)
    commit = clone.commit()
    write_receipt(clone.found(), receipt(commit))
    blob = clone.git("hash-object", "-w", "--stdin", stdin=b"\xff\xfe")
    clone.git("notes", "--ref=reconciler/production", "add", "-C", blob, clone.commit())

    assert receipt(commit) == last(clone)


def test_a_later_apply_of_a_commit_that_does_not_lead_here_is_told(tmp_path: Path) -> None:
    """Where the history was rewritten, or this branch is behind; an earlier one is of no interest."""
    clone = make_clone(tmp_path)
    first, second = clone.commit(), clone.commit()
    write_receipt(clone.found(), receipt(first, at="2026-03-01T00:00:00+00:00"))
    write_receipt(clone.found(), receipt(second, at="2026-03-02T00:00:00+00:00"))
    clone.git("reset", "--quiet", "--hard", first)

    told = find_last_applied(clone.found(), "production", URL)
    assert (first, second) == (told.receipt and told.receipt.commit, told.elsewhere and told.elsewhere.commit)
    write_receipt(clone.found(), receipt(first, at="2026-03-03T00:00:00+00:00"))
    assert find_last_applied(clone.found(), "production", URL).elsewhere is None


def test_a_receipt_that_a_rebase_took_along_is_not_of_the_new_commit(tmp_path: Path) -> None:
    """Git copies notes to what it makes of a commit, where it is told to; what it made was never applied."""
    clone = make_clone(tmp_path)
    first, second = clone.commit(), clone.commit()
    written = receipt(first)
    write_receipt(clone.found(), written)
    clone.git("notes", "--ref=reconciler/production", "copy", first, second)

    assert written == last(clone)
    assert [written] == read_receipts(clone.found(), "production")


def test_receipts_are_listed_by_tenant_oldest_first(tmp_path: Path) -> None:
    """Whole and partial, of whatever commit."""
    clone = make_clone(tmp_path)
    first, second = clone.commit(), clone.commit()
    written = [
        receipt(second, at="2026-03-01T00:00:00+00:00", outcome="partial"),
        receipt(first, at="2026-03-02T00:00:00+00:00"),
        receipt(second, at="2026-03-03T00:00:00+00:00"),
    ]
    for one in written[::-1]:
        write_receipt(clone.found(), one)
    write_receipt(clone.found(), receipt(first, tenant="qa"))

    assert written == read_receipts(clone.found(), "production")
    assert ["production", "qa"] == list_tenants(clone.found())
    assert [] == read_receipts(clone.found(), "sandbox")


def clone_of(origin: Clone, root: Path) -> Clone:
    origin.git("clone", "--quiet", str(origin.root), str(root))
    return Clone(root)


def make_origin(tmp_path: Path) -> tuple[Clone, str]:
    """A bare repository with one commit, as a remote has it."""
    seed = make_clone(tmp_path / "seed")
    commit = seed.commit({"desired-state/a.yaml": "users: {}"})
    seed.git("clone", "--quiet", "--bare", str(seed.root), str(tmp_path / "origin.git"))
    return Clone(tmp_path / "origin.git"), commit


def test_receipts_travel_by_the_remote(tmp_path: Path) -> None:
    """As a checkout has them that fetches every commit and no note; what is there already is not told again."""
    origin, commit = make_origin(tmp_path)
    here, there = clone_of(origin, tmp_path / "here"), clone_of(origin, tmp_path / "there")
    write_receipt(here.found(), receipt(commit))
    write_receipt(here.found(), receipt(commit, tenant="qa"))

    assert ["production"] == publish_receipts(here.found(), "origin", "production")
    assert ["production"] == fetch_receipts(there.found(), "origin")
    assert receipt(commit) == last(there)
    assert ["qa"] == publish_receipts(here.found(), "origin")
    assert [] == publish_receipts(here.found(), "origin")
    assert [] == fetch_receipts(there.found(), "origin", "production")
    assert ["qa"] == fetch_receipts(there.found(), "origin")


def test_applies_that_race_lose_no_receipt(tmp_path: Path) -> None:
    """From two clones, several at once from each, on one commit and one tenant; what a person wrote there stays."""
    origin, commit = make_origin(tmp_path)
    clones = [clone_of(origin, tmp_path / name) for name in ("here", "there")]
    by_hand = "approved by Bob on the phone"
    clones[0].git("notes", "--ref=reconciler/production", "add", "-m", by_hand, commit)
    receipts = [receipt(commit, at=f"2026-03-31T12:00:{second:02}+00:00") for second in range(12)]

    def apply(number: int) -> None:
        repository = clones[number % 2].found()
        write_receipt(repository, receipts[number])
        publish_receipts(repository, "origin")

    with ThreadPoolExecutor(6) as runners:
        list(runners.map(apply, range(len(receipts))))

    fresh = clone_of(origin, tmp_path / "fresh")
    fetch_receipts(fresh.found(), "origin")
    assert receipts == read_receipts(fresh.found(), "production")
    assert by_hand in fresh.git("notes", "--ref=reconciler/production", "show", commit).splitlines()


def test_a_remote_that_takes_nothing_is_told_in_its_words(tmp_path: Path) -> None:
    """As without the permission to write; the receipts are kept."""
    origin, commit = make_origin(tmp_path)
    here = clone_of(origin, tmp_path / "here")
    write_receipt(here.found(), receipt(commit))
    refuse = origin.root / "hooks/pre-receive"
    refuse.write_text("#!/bin/sh\necho no receipts here >&2\nexit 1\n")
    refuse.chmod(0o755)

    with pytest.raises(Failed, match=r"origin takes no receipts \(.*no receipts here.*they are kept here"):
        publish_receipts(here.found(), "origin")
    assert receipt(commit) == last(here)


@pytest.mark.parametrize("remote", ["upstream", "", "--all", "../origin.git"])
def test_a_remote_that_is_none_is_named(tmp_path: Path, remote: str) -> None:
    """With those that there are."""
    origin, _commit = make_origin(tmp_path)
    here = clone_of(origin, tmp_path / "here")

    for exchange in (fetch_receipts, publish_receipts):
        with pytest.raises(UsageError, match=r"is no remote of this repository \(there are: origin\)"):
            exchange(here.found(), remote)
    with pytest.raises(UsageError, match=r"\(there are: none\)"):
        fetch_receipts(make_clone(tmp_path / "alone").found(), "origin")


def test_a_remote_that_is_not_there_is_told_in_gits_words(tmp_path: Path) -> None:
    """Nothing is lost by it."""
    origin, commit = make_origin(tmp_path)
    here = clone_of(origin, tmp_path / "here")
    write_receipt(here.found(), receipt(commit))
    here.git("remote", "set-url", "origin", str(tmp_path / "gone.git"))

    with pytest.raises(UsageError, match="git fetch: "):
        publish_receipts(here.found(), "origin")
    assert receipt(commit) == last(here)


def test_a_receipt_holds_no_personal_data() -> None:
    """Counts, hashes and addresses of services; who was changed is in the log."""
    expected = "format at tenant url commit digest outcome counts population"

    assert expected.split() == list(Receipt.model_fields)


def population(clone: Clone, url: str) -> int | None:
    return find_last_applied(clone.found(), "production", url).population


def test_the_population_is_that_of_the_last_apply_whole_or_not(tmp_path: Path) -> None:
    """On whatever commit it was; another account's is not this one's."""
    clone = make_clone(tmp_path)
    first, second = clone.commit(), clone.commit()

    assert population(clone, URL) is None
    write_receipt(clone.found(), receipt(second, at="2026-03-01T00:00:00+00:00", population=50))
    write_receipt(clone.found(), receipt(first, at="2026-03-31T00:00:00+00:00", population=30, outcome="partial"))
    write_receipt(clone.found(), receipt(second, at="2026-04-01T00:00:00+00:00", population=9, url="https://other"))

    assert 30 == population(clone, URL)
    assert population(clone, "https://nowhere") is None
