"""The window of a merge, over histories of any shape: what an oracle finds that knows parents only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import RecordEntry
from reconciler.pipeline.pull_requests.window import find_window
from tests.core.ownership.histories import make_record
from tests.desired.repository import Clone, make_clone

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
NUMBERS = count(1)
Parents = Sequence[int]


@st.composite
def shapes(draw: st.DrawFn) -> list[Parents]:
    """Returns the parents of each commit, by number, the first parent first; the last commit is HEAD."""
    commits: list[Parents] = [()]
    for number in range(1, draw(st.integers(1, 12))):
        earlier = st.integers(max(0, number - 4), number - 1)
        commits.append(tuple(dict.fromkeys(draw(st.lists(earlier, min_size=1, max_size=2)))))
    return commits


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    return make_clone(tmp_path_factory.mktemp("window"))


def write(clone: Clone, shape: Sequence[Parents]) -> list[str]:
    """Makes these commits, and returns their ids."""
    example, marks = next(NUMBERS), Path(clone.root) / "marks"
    stream = []
    for number, parents in enumerate(shape):
        words = ("from", "merge")
        above = "".join(f"{word} :{parent + 1}\n" for word, parent in zip(words, parents, strict=False))
        message = f"{example} {number}"
        who = f"committer Ann <ann@example.com> {1_764_000_000 + number} +0000"
        text = f"{who}\ndata {len(message)}\n{message}\n{above}\n"
        stream.append(f"commit refs/heads/c{number}\nmark :{number + 1}\n{text}")
    clone.git("fast-import", "--quiet", "--force", f"--export-marks={marks}", stdin="".join(stream).encode())
    ids = dict(line.split() for line in marks.read_text().splitlines())
    return [ids[f":{number + 1}"] for number in range(len(shape))]


def reach(shape: Sequence[Parents], starts: Sequence[int]) -> set[int]:
    """Returns these commits and their ancestors."""
    found: set[int] = set()
    waiting = list(starts)
    while waiting:
        number = waiting.pop()
        if number not in found:
            found.add(number)
            waiting += shape[number]
    return found


@given(shape=shapes(), data=st.data())
@settings(max_examples=60)
def test_the_window_is_the_first_parent_line_that_no_ended_apply_reached(
    clone: Clone, shape: list[Parents], data: st.DataObject
) -> None:
    """An apply of HEAD itself closes no window. The newest record of each line of a union opens it."""
    applied = data.draw(st.lists(st.integers(0, len(shape) - 1), max_size=3, unique=True))
    commits = write(clone, shape)
    head = len(shape) - 1
    entries = [
        RecordEntry(f"r{number}", (), make_record(number + 1, whole=True).model_copy(update={"commit": commits[one]}))
        for number, one in enumerate(applied)
    ]

    found = find_window(clone.found(), ApplyHistory(tuple(entries)), commits[head], LONG_AGO)

    reached = reach(shape, [one for one in applied if one != head])
    line, number = [], head
    while number not in reached:
        line.append(number)
        if not shape[number]:
            break
        number = shape[number][0]
    wanted = [commits[one] for one in reversed(line)]
    assert wanted == found.ids
    assert (found.since is not None) == any(one != head for one in applied)
