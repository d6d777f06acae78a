"""Receipts: which commit was applied last, told by git notes alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.desired.receipts import Receipt, find_last_population, find_last_receipt, write_receipt
from tests.desired.repository import Clone, make_clone

URL = "https://api.xurrent.com/scim/v2"


def receipt(commit: str, at: str = "2026-03-31T12:00:00+00:00", **fields: Any) -> Receipt:
    written = {"tenant": "production", "url": URL, "digest": "sha256:0", "outcome": "whole", "counts": {}, **fields}
    return Receipt(**{"at": at, "commit": commit, "population": 40, **written})


def last(clone: Clone, tenant: str = "production", url: str = URL) -> Receipt | None:
    return find_last_receipt(clone.found(), tenant, url)


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


def test_a_receipt_holds_no_personal_data() -> None:
    """Counts, hashes and addresses of services; who was changed is in the log."""
    expected = "format at tenant url commit digest outcome counts population"

    assert expected.split() == list(Receipt.model_fields)


def test_the_population_is_that_of_the_last_apply_whole_or_not(tmp_path: Path) -> None:
    """On whatever commit it was; another account's is not this one's."""
    clone = make_clone(tmp_path)
    first, second = clone.commit(), clone.commit()

    assert find_last_population(clone.found(), "production", URL) is None
    write_receipt(clone.found(), receipt(second, at="2026-03-01T00:00:00+00:00", population=50))
    write_receipt(clone.found(), receipt(first, at="2026-03-31T00:00:00+00:00", population=30, outcome="partial"))
    write_receipt(clone.found(), receipt(second, at="2026-04-01T00:00:00+00:00", population=9, url="https://other"))

    assert 30 == find_last_population(clone.found(), "production", URL)
    assert find_last_population(clone.found(), "production", "https://nowhere") is None
