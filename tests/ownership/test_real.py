"""Git, the command line and accounts behind HTTP: a few histories and forged records; whole runs are commands.

`python -m tests.ownership.real 200`, `python -m tests.ownership.real 50 --server scim2`, and
`python -m tests.ownership.real.forge`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from tests.cli.project import Project
from tests.ownership.real.forge import ELSEWHERE, LEAVER, STRANGER, list_forgeries, start_bench, try_forgery
from tests.ownership.real.place import Place, serve_place
from tests.ownership.real.play import make_history, play

FEW_STEPS = 8
EVERY = 470  # of the forgeries


@pytest.fixture(scope="module", params=["embedded", "scim2-server"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Serves the accounts of each kind of server."""
    with serve_place(request.param, tmp_path_factory.mktemp("place")) as served:
        yield served


@pytest.mark.parametrize("number", [12, 18, 26])
def test_nobody_is_forgotten_hit_or_stuck_in_a_real_history(
    place: Place, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real effects of applies decide. Two losses at once are not checked."""
    world = play(make_history(number, FEW_STEPS), place, tmp_path / "history", monkeypatch)

    assert [] == [what for what in +world.bad if not what.startswith("two losses: ")], world.told


def test_a_forged_record_is_refused_or_reported_and_hits_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through every command that reads it, one forgery in many."""
    bench = start_bench(tmp_path / "project", monkeypatch)

    wrong = {what: try_forgery(bench, make) for what, make in islice(list_forgeries(bench), 0, None, EVERY)}

    assert {} == {what: said for what, said in wrong.items() if said}


def test_no_byte_of_a_person_is_in_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names, keys, addresses and ids are searched in every object of the branch but the commits that were applied."""
    bench = start_bench(tmp_path / "project", monkeypatch)
    project = bench.project
    project.commit(_settled(), "desired-state/settled.yaml")
    approved = project.run("plan", "-o", "approved.json")
    project.run("apply", "approved.json")
    shown = project.run("ownership", "recover")
    recovered = project.run("ownership", "recover", "--yes", shown.err.split()[-1])
    applied = project.run("apply", "--yes")
    assert [0, 0, 0] == [approved.code, recovered.code, applied.code], applied.said

    found = _read_record(project)

    assert len(found) > len(bench.line)
    with project.account("here") as store:
        users = list(store.simulator().users.values())
    words = {str(one[name]) for one in users for name in ("id", "userName", "externalId", "displayName") if name in one}
    assert {ELSEWHERE, LEAVER, STRANGER} <= words
    told = {word for word in (*words, "example.com", "Staff", "user/", "group/") for text in found if word in text}
    assert set() == told


def _settled() -> str:
    return f"left:\n  - {{key: user/{LEAVER}, reason: CHG-1}}\nreleased:\n  - {{id: {STRANGER}, reason: CHG-2}}\n"


def _read_record(project: Project) -> list[str]:
    """The records: their commits without who made them, their trees and files."""
    commits = project.git("rev-list", "reconciler/here", "--not", "main", "side").split()
    texts = [project.git("show", "--no-patch", "--format=%B", one) for one in commits]
    texts += [project.git("ls-tree", "-r", one) + project.git("show", f"{one}:apply.json") for one in commits]
    return texts
