"""Which pull request brought a change: of a merge, a squash, a rebase and a push; none before the line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.approval.atoms import Atom
from reconciler.core.approval.attribution import find_bringers, find_transition
from reconciler.core.approval.merge_approvals import BranchCommit
from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key
from reconciler.core.model.states import DesiredState
from reconciler.errors import Source

HISTORY: Mapping[str, Sequence[str]] = {  # 12 is a merge that merged the branch back, 13 a squash, 14 a rebase of two
    "root": (),
    "old": ("root",),
    "merge": ("old", "work2"),
    "work1": ("root",),
    "back": ("work1", "old"),
    "work2": ("back",),
    "squash": ("merge",),
    "rebase1": ("squash",),
    "rebase2": ("rebase1",),
    "pushed": ("rebase2",),
}
LINE = [
    BranchCommit(commit="merge", pull=12),
    BranchCommit(commit="squash", pull=13),
    BranchCommit(commit="rebase1", pull=14),
    BranchCommit(commit="rebase2", pull=14),
    BranchCommit(commit="pushed"),
]


@pytest.mark.parametrize(
    ("commit", "expected"),
    [
        ("work1", "merge"),
        ("work2", "merge"),
        ("back", "merge"),
        ("merge", "merge"),
        ("squash", "squash"),
        ("rebase1", "rebase1"),
        ("rebase2", "rebase2"),
        ("pushed", "pushed"),
        ("old", None),
        ("root", None),
        ("elsewhere", None),
    ],
)
def test_each_commit_came_with_the_first_line_commit_that_has_it(commit: str, expected: str | None) -> None:
    brought = find_bringers(LINE, HISTORY).get(commit)

    assert expected == (brought.commit if brought else None)


def test_a_line_may_start_with_the_first_commit_of_all_or_be_empty() -> None:
    first = BranchCommit(commit="root", pull=1)

    assert {"root": first} == find_bringers([first], HISTORY)
    assert {} == find_bringers([], HISTORY)


@st.composite
def histories(draw: st.DrawFn) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Commits with up to two parents among earlier ones, and the first-parent line of the last one."""
    count = draw(st.integers(2, 14))
    parents: dict[str, tuple[str, ...]] = {"0": ()}
    for number in range(1, count):
        some = draw(st.lists(st.integers(0, number - 1), min_size=1, max_size=2, unique=True))
        parents[str(number)] = tuple(map(str, some))
    line = [str(count - 1)]
    while parents[line[-1]]:
        line.append(parents[line[-1]][0])
    return parents, line[::-1]


def ancestors(commit: str, parents: Mapping[str, Sequence[str]]) -> set[str]:
    return {commit}.union(*(ancestors(parent, parents) for parent in parents[commit]))


@given(histories(), st.data())
def test_it_is_the_definition(history: tuple[dict[str, tuple[str, ...]], list[str]], data: st.DataObject) -> None:
    """Earliest commit of the line whose history has it, and whose first parent's does not."""
    parents, whole = history
    line = [BranchCommit(commit=commit) for commit in whole[data.draw(st.integers(0, len(whole) - 1)) :]]

    def brings(brought: BranchCommit, commit: str) -> bool:
        first = parents[brought.commit][:1]
        return commit in ancestors(brought.commit, parents) and not any(
            commit in ancestors(one, parents) for one in first
        )

    expected = {commit: next((one for one in line if brings(one, commit)), None) for commit in parents}

    assert {commit: one for commit, one in expected.items() if one} == find_bringers(line, parents)


def state(title: str | None, members: str = "", roles: str = "") -> DesiredState:
    """Declares ann with a title, unless None, and the group g."""
    ann, group = Key("user", "ann"), Key("group", "g")
    here = Source("a.yaml", 1)
    user = DesiredUser(ann, here, {"title": title}, title is not None, "", frozenset(roles.split()))
    keys = frozenset(Key("user", name) for name in members.split())
    made = DesiredGroup(group, here, {}, keys, authoritative=True, in_scope=True, reason="")
    return DesiredState("qa", {ann: user}, {group: made})


def atom(*path: str, after: str = "true", key: str = "user/ann") -> Atom:
    return Atom(key, "a", path, "false", after)


@pytest.mark.parametrize(
    ("wanted", "states", "expected"),
    [
        (atom("attribute", "title"), [state("A"), state("A"), state("B"), state("B")], "squash"),
        (atom("attribute", "title"), [state("B"), state("B"), state("B"), state("B")], None),
        (atom("attribute", "title"), [None, state("B"), state("B"), state("B")], "merge"),
        (atom("exists"), [state(None), state("A"), state("B"), state("C")], "merge"),
        (atom("active", after="false"), [state("A"), state("A"), state("A"), state(None)], "rebase1"),
        (atom("role", "auditor"), [state("A"), state("A"), state("A", roles="auditor")], "squash"),
        (atom("member", "user/ann", key="group/g"), [state("A"), state("A", "bob ann")], "merge"),
        (atom("member", "user/ann", key="group/g"), [state("A", "ann"), state("A", "ann bob"), state("A")], "squash"),
        (atom("member", "user/ann", key="nothing"), [state("A"), state("B")], None),
        (atom("exists"), [state("A")], None),
    ],
)
def test_an_effect_came_with_the_commit_from_which_on_git_asks_for_it(
    wanted: Atom, states: list[DesiredState | None], expected: str | None
) -> None:
    """Also one of a changed mapping, whose line is not that of the user."""
    found = find_transition(wanted, LINE[: len(states) - 1], lambda number: states[number + 1])

    assert expected == (found.commit if found else None)


def test_half_of_the_states_is_asked_for_at_a_time() -> None:
    line = [BranchCommit(commit=str(number), pull=number) for number in range(1_000)]
    asked = []

    def state_at(number: int) -> DesiredState:
        asked.append(number)
        return state("B" if number >= 617 else "A")

    assert line[617] == find_transition(atom("attribute", "title"), line, state_at)
    assert len(asked) <= 12
