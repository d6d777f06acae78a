"""The front of a targeted plan: what was applied since the last whole apply, and what came and went since."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.model.states import DesiredState
from reconciler.core.record.record import Covers, salted
from reconciler.desired.evidence.front import Front, find_front
from reconciler.desired.evidence.gather import start_pass
from tests.desired.evidence.histories import Project, history_of, make_project, user, users


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A repository whose first commit declares nobody."""
    return make_project(tmp_path / "clone")


def front_of(project: Project) -> Front:
    """The front, seen from HEAD."""
    desired = project.compile(project.clone.git("rev-parse", "HEAD"))
    assert isinstance(desired, DesiredState)
    history = history_of(*project.applied)
    with start_pass(project.clone.found(), history) as work:
        return find_front(work, history, project.compile, desired)


def names(front: Front) -> list[str]:
    """The names of its keys."""
    return sorted(key.name for key in front.keys)


def test_the_front_is_the_last_whole_apply_and_all_since(project: Project) -> None:
    """What was applied before does not count, what was only begun does."""
    project.people("ann")
    project.apply()
    project.people("ann", "bob")
    whole = project.apply()
    project.people("ann", "bob", "cid")
    begun = project.apply(state="begun", whole=False, mode=None)
    project.people("ann", "bob", "cid", "dee")

    front = front_of(project)

    assert [begun.commit, whole.commit] == list(front.states)
    assert ["cid", "dee"] == names(front)


def test_what_no_apply_covered_is_not_reached(project: Project) -> None:
    """An apply leaves out what is in doubt; a key that nothing else declares is still looked for."""
    project.people("ann", "bob")
    project.apply()
    project.people("ann", "bob", "kim", "zoe")
    keys = tuple(salted("salt", f"user/{name}") for name in ("bob", "kim", "zoe"))
    project.apply(whole=False, covers=Covers(kind="all_but", keys=keys))
    project.people("ann", "bob", "kim")

    front = front_of(project)

    assert [["ann", "bob", "kim", "zoe"], ["ann", "bob"]] == [
        sorted(key.name for key in state.users) for state in front.states.values()
    ]
    assert [["ann", "zoe"], ["ann", "bob"]] == [sorted(key.name for key in state.users) for state in front.reached]


def test_who_came_and_went_since_is_among_the_keys_with_a_state_that_declares_them(project: Project) -> None:
    """Neither HEAD nor an applied commit does."""
    project.people("ann")
    whole = project.apply()
    between = project.people("ann", "kai")
    project.people("ann")

    front = front_of(project)

    assert [whole.commit, between] == list(front.states)
    assert ["kai"] == names(front)


def test_an_attribute_that_changed_names_nobody(project: Project) -> None:
    """Whose state differs is known from the states."""
    project.people("ann")
    project.apply()
    project.commit({"users.yaml": "users:\n" + user("ann", title="Boss", displayName="Ann Lee")})

    assert frozenset() == front_of(project).keys


def test_members_on_lists_that_were_touched_are_among_the_keys(project: Project) -> None:
    """In either style."""
    project.commit({"users.yaml": users("ann", "bob", "cid")})
    project.commit({"groups.yaml": "groups:\n  staff:\n    displayName: Staff\n    members: [ann]\n"})
    project.apply()
    project.commit({"groups.yaml": "groups:\n  staff:\n    displayName: Staff\n    members: [ann, user/bob]\n"})
    project.commit({"groups.yaml": "groups:\n  staff:\n    displayName: Staff\n    members:\n      - cid\n"})

    assert ["ann", "bob", "cid"] == names(front_of(project))


def test_a_squashed_whole_apply_begins_where_its_folder_stands(project: Project) -> None:
    """By the tree that leads here."""
    project.people("ann")
    project.apply()
    tree = project.clone.git("rev-parse", "HEAD^{tree}")
    project.clone.git("reset", "--quiet", "--hard", project.clone.git("commit-tree", tree, "-m", "all"))
    project.people("ann", "bob")

    assert ["bob"] == names(front_of(project))


def test_without_any_apply_all_lines_are_touched(project: Project) -> None:
    """Nothing was applied, nothing is left out."""
    project.people("ann")

    assert ["ann"] == names(front_of(project))
    assert {} == front_of(project).states


def test_what_was_applied_and_is_not_here_or_does_not_compile_is_said(project: Project) -> None:
    """By its name."""
    project.people("ann")
    project.apply()
    project.commit({"bad.yaml": "users: [\n"})
    broken = project.apply(state="begun", whole=False, mode=None)
    project.apply("2" * 40, state="begun", whole=False, mode=None)
    project.commit({"bad.yaml": ""})

    first, second = front_of(project).incomplete

    assert broken.commit[:12] in first
    assert "the applied commit 222222222222 is not in this clone" == second
