"""Whatever any commit declares and HEAD does not stood on a line that the pass finds: random histories in real git."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.model.states import DesiredState
from reconciler.desired.evidence.gather import start_pass
from reconciler.desired.evidence.mentions import find_mentions
from tests.desired.evidence.histories import (
    TENANTS,
    candidate_of,
    compile_commit,
    history_of,
    live,
    record,
    user,
)
from tests.desired.repository import Clone, make_clone

KEYS = ("ann", "bob", "cid", "dee")
SHAPES = ("one line", "block", "files", "quoted")


def spell(keys: frozenset[str], shape: str) -> dict[str, str]:
    """Files that declare some keys, in one of several shapes."""
    if shape == "one line":
        entries = ", ".join(f"{key}: {{userName: {key}@example.com}}" for key in sorted(keys))
        return {"users.yaml": f"users: {{{entries}}}\n"}
    if shape == "files":
        return {f"{key}.yaml": "users:\n" + user(key) for key in sorted(keys)}
    quoted = shape == "quoted"
    entries = "".join(
        f'  "{key}": {{userName: "{key}@example.com"}}\n' if quoted else user(key) for key in sorted(keys)
    )
    return {"users.yaml": f"users:\n{entries}" if keys else "users: {}\n"}


class RandomHistory:
    """Commits with any parents and any people, made by git's plumbing; the last is HEAD."""

    def __init__(self, clone: Clone, chance: random.Random) -> None:
        self.clone = clone
        self.commits: list[str] = []
        for _number in range(chance.randrange(3, 9)):
            parents = chance.sample(self.commits, min(len(self.commits), chance.choice([0, 1, 1, 1, 1, 2, 2, 3])))
            keys = frozenset(key for key in KEYS if chance.random() < 0.5)
            self.commits.append(self._commit(spell(keys, chance.choice(SHAPES)), parents))
        clone.git("update-ref", "refs/heads/main", self.commits[-1])
        clone.git("reset", "--quiet", "--hard")

    def _commit(self, files: dict[str, str], parents: list[str]) -> str:
        git = self.clone.git
        entries = ""
        for name, text in {"tenants.yaml": TENANTS, **files}.items():
            blob = git("hash-object", "-w", "--stdin", stdin=text.encode())
            entries += f"100644 blob {blob}\t{name}\n"
        folder = git("mktree", stdin=entries.encode())
        tree = git("mktree", stdin=f"040000 tree {folder}\tdesired-state\n".encode())
        message = f"commit {len(self.commits)}"
        return git("commit-tree", tree, "-m", message, *(word for one in parents for word in ("-p", one)))


@pytest.mark.parametrize("recorded", [False, True], ids=["what leads here", "and what is on record"])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chance=st.randoms(use_true_random=False))
def test_what_any_commit_declares_and_head_does_not_is_found_by_the_pass(recorded: bool, chance: random.Random) -> None:  # noqa: FBT001
    """From the commit that declares it, some commit after which a line that names it went is reached."""
    with tempfile.TemporaryDirectory() as folder:
        history = RandomHistory(make_clone(Path(folder)), chance)
        repository = history.clone.found()
        head = compile_commit(repository, history.commits[-1])
        assert isinstance(head, DesiredState)
        applies = [record(number + 1, commit) for number, commit in enumerate(history.commits)] if recorded else []
        candidates = {number: candidate_of(live(key)) for number, key in enumerate(KEYS)}
        with start_pass(repository, history_of(*applies)) as work:
            lines = work.join()
            mentions = find_mentions(lines, candidates)

        for commit in lines.graph.parents:
            state = compile_commit(repository, commit)
            assert isinstance(state, DesiredState)
            for number, key in enumerate(KEYS):
                declared = key in {one.name for one in state.users} and key not in {one.name for one in head.users}
                ends = mentions.ended.get(number, {})
                assert not declared or any(end == commit or lines.graph.marks_before({commit: 1})[end] for end in ends)
