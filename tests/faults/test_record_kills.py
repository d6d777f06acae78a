"""A killed apply is on record, or has sent nothing; the next run waits until it expires."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.record_kills import ANOTHER, THE_SAME, At, kill_and_revert
from tests.ownership.real.place import Place, serve_place

FEW = (
    (At("push", 1, "before"), ANOTHER),
    (At("push", 1, "after"), ANOTHER),
    (At("push", 2, "before"), THE_SAME),
    (At("request", 5, "done"), ANOTHER),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Serves the embedded 4me behind a gateway."""
    with serve_place("embedded", tmp_path_factory.mktemp("place")) as served:
        yield served


@pytest.mark.parametrize(("at", "clone"), FEW, ids=str)
def test_a_revert_takes_back_what_a_killed_apply_did(
    place: Place, at: At, clone: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No user of the reverted commit is active, and none exists twice."""
    found = kill_and_revert(at, place, tmp_path / "git", monkeypatch, clone=clone)

    assert "" == found.wrong
    assert found.killed
