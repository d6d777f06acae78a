"""Each request of each command for GitHub, answered wrongly: one sentence, an exit code, and nothing is approved."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from copy import deepcopy
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import click
import pytest

from reconciler.cli.github import commands  # noqa: F401  # it adds the commands to the group
from reconciler.cli.github.side import Side, github
from reconciler.cli.output import make_workspace
from reconciler.errors import ReconcilerError
from reconciler.github.comments.comment import CommentMark
from reconciler.github.comments.pull_head import PullHead
from tests.cli.project import Project
from tests.github.conftest import FakeTime
from tests.github.faulty import KINDS, REFUSALS, UNREACHABLE, WORDS, FaultyLine
from tests.github.queued import Queue, person, start
from tests.github.standin import BOT, StandIn, standing_in

TOKEN = "ghs_workflow"
CHIEF = person("ann", ", title: Chief")
BODY_LIMIT = 1_000  # characters of one sentence
ABSENT, REFUSED = {"404", "410"}, 4  # what is not there leaves a plan uncounted, with a sentence of our own
OF_TOKENS = {"401", "secondary limit", "primary limit"}
STATE = ("comments", "hidden", "issues", "documents", "refs", "calls", "violations", "last_id")


@dataclass
class Tried:
    """The result of a command: its code, its sentence if it failed, all that it printed, and its requests."""

    code: int
    sentence: str
    printed: str
    line: FaultyLine


@dataclass
class Bench:
    """A company at GitHub, and a command with its arguments; `effects` returns what the command did or approved."""

    queue: Queue
    arguments: Sequence[str] = ()
    effects: Callable[[], Any] = list
    environment: dict[str, str] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        return self.queue.project.root

    def keep(self) -> None:
        """Remembers the state of the stand-in."""
        standin = self.queue.standin
        self.before = {one.name: deepcopy(getattr(standin, one.name)) for one in fields(standin) if one.name in STATE}

    def run(self, kind: str | None = None, broken: tuple[str, str] | None = None) -> Tried:
        """Runs the command on the remembered state."""
        for name, value in self.before.items():
            setattr(self.queue.standin, name, deepcopy(value))
        shutil.rmtree(self.root / "folder", ignore_errors=True)
        line, time, out, sentence, code = FaultyLine(kind, broken), FakeTime(), io.StringIO(), "", 0
        name, *rest = self.arguments
        with self.queue.project.monkeypatch.context() as patched, redirect_stdout(out), redirect_stderr(out):
            patched.chdir(self.root)
            for variable, value in {**self.queue.project.environment, **self.environment}.items():
                patched.setenv(variable, value)
            workspace = make_workspace(Path("desired-state"), "sandbox", quiet=False)
            side = Side(workspace, None, None, clock=time.clock, transport=line)
            command = github.commands[name]
            assert isinstance(command, click.Command)
            try:
                code = command.main(list(rest), prog_name=name, obj=side, standalone_mode=False) or 0
            except ReconcilerError as error:
                code, sentence = error.exit_code, str(error)
        return Tried(code, sentence, out.getvalue() + sentence, line)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company that was applied once."""
    root = tmp_path_factory.mktemp("faults") / "project"
    with pytest.MonkeyPatch.context() as monkeypatch:
        project = Project(root, monkeypatch)
        for name, text in start().items():
            project.write(text, f"desired-state/{name}")
        project.commit()
        assert 0 == project.run("apply", "--yes").code
    return root


@pytest.fixture
def queue(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    project = Project(Path(shutil.copytree(root, tmp_path / "project")), monkeypatch)
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH", "GITHUB_SHA", "GITHUB_REF"):
        monkeypatch.delenv(name, raising=False)
    with standing_in(StandIn()) as standin:
        made = Queue(project, standin)
        made.push()
        standin.page_size = 100
        yield made


def approvals_of(bench: Bench) -> list[str]:
    """Returns the plans that count in the folder, which is whole or absent."""
    folder = bench.root / "folder"
    if not folder.exists():
        return []
    approvals = json.loads((folder / "approvals.json").read_text())
    named = [one["plan"] for one in (*approvals["pulls"], *approvals["by_hand"]) if one["plan"]]
    assert sorted([*named, "approvals.json"]) == sorted(path.name for path in folder.iterdir())
    return sorted(named)


def gather(queue: Queue, *, own_program: bool = False) -> Bench:
    """Two pull requests were merged; with `own_program`, one of them changes a workflow."""
    queue.open_pull(7, CHIEF)
    queue.open_pull(8, person("bob", ", title: Clerk"))
    if own_program:
        queue.standin.files[7].append({"filename": ".github/workflows/plan.yml"})
    for number in (7, 8):
        queue.enter(number)
    queue.land()
    environment = {"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main"}
    bench = Bench(queue, ["approved-plans", "-o", "folder", "--record", "local"], environment=environment)
    bench.effects = lambda: approvals_of(bench)
    return bench


def gather_with_own_program(queue: Queue) -> Bench:
    return gather(queue, own_program=True)


def by_hand(queue: Queue) -> Bench:
    """A plan by hand, which a merged file approves."""
    project, standin = queue.project, queue.standin
    project.write(CHIEF["ann.yaml"], "desired-state/ann.yaml")
    commit = project.commit()
    run = standin.start_run(commit, event="workflow_dispatch", path=".github/workflows/apply.yml")
    standin.documents[f"/actions/runs/{run['id']}/approvals"] = []
    assert 0 == project.run("plan", "-o", "plan.json").code
    digest = json.loads((project.root / "plan.json").read_text())["digest"]
    path = f"approvals/{digest.removeprefix('sha256:')}-sandbox.yaml"
    project.write(f"plan: {digest}\ntenant: sandbox\nreason: agreed\n", path)
    project.git("add", "--all", "approvals")
    commit = project.commit()
    standin.open_pull(7, "a" * 40)["user"] = {"login": "ada", "type": "User"}
    standin.merge(7, commit)
    standin.review(7, "grace", "a" * 40)
    arguments = ["approved-plans", "--by-hand", "plan.json", "--environment", "sandbox", "-o", "folder"]
    environment = {"GITHUB_RUN_ID": str(run["id"]), "GITHUB_EVENT_NAME": "workflow_dispatch"}
    bench = Bench(queue, arguments, environment=environment)
    bench.effects = lambda: approvals_of(bench)
    return bench


def by_hand_without_review(queue: Queue) -> Bench:
    """The review was withdrawn."""
    bench = by_hand(queue)
    queue.standin.review(7, "grace", "a" * 40, state="DISMISSED")
    return bench


def group(queue: Queue) -> Bench:
    """A group of one pull request, whose plan counts."""
    queue.open_pull(7, CHIEF)
    made = queue.enter(7)
    queue.plan(made)
    queue.say(made)
    queue.git("switch", "--quiet", "--detach", made.head)
    return Bench(queue, ["merge-group", "plan.json", "--said", "said.txt"])


def group_that_is_refused(queue: Queue) -> Bench:
    """The pull request changes the workflow."""
    bench = group(queue)
    queue.standin.files[7].append({"filename": ".github/workflows/plan.yml"})
    return bench


def pull_event(queue: Queue) -> None:
    """Opens pull request 7 with two comments of ours on an earlier head, and writes its event."""
    queue.open_pull(7, CHIEF)
    pull = {"number": 7, "head": {"sha": queue.heads[7]}, "base": {"ref": "main"}}
    queue.project.environment["GITHUB_EVENT_NAME"] = "pull_request"
    path = queue.project.write(json.dumps({"pull_request": pull}), "event.json")
    queue.project.environment["GITHUB_EVENT_PATH"] = str(path)
    old = CommentMark("plan", "sandbox").on("an earlier plan", PullHead("b" * 40, "main"))
    author = {"login": BOT, "type": "Bot"}
    queue.standin.comments[7] = [{"id": one, "node_id": f"c{one}", "body": old, "user": author} for one in (1, 2)]
    queue.standin.last_id = max(queue.standin.last_id, 2)


def comment(queue: Queue) -> Bench:
    pull_event(queue)
    return Bench(queue, ["comment", "plan-7.json"])


def outcome(queue: Queue) -> Bench:
    """An apply of two pull requests that refused to begin."""
    queue.open_pull(7, CHIEF)
    queue.open_pull(8, CHIEF)
    pulls = [{"number": 7, "reason": "no plan"}, {"number": 8, "reason": "no plan"}]
    queue.project.write(json.dumps({"tenant": "sandbox", "commit": "c" * 40, "pulls": pulls}), "given/approvals.json")
    queue.project.write("it was refused\n", "said.txt")
    return Bench(queue, ["comment", "--outcome", "outcome.json", "--said", "said.txt", "--approvals", "given"])


def mark(queue: Queue) -> Bench:
    pull_event(queue)
    return Bench(queue, ["mark-outdated"])


def drift_issue(queue: Queue) -> Bench:
    """Drift, and two issues about it."""
    project = queue.project
    project.write(CHIEF["ann.yaml"], "desired-state/ann.yaml")
    project.commit()
    project.write(project.run("drift", "--format", "json").out, "drift.json")
    body = CommentMark("drift", "sandbox").on("earlier")
    about = {"title": "Drift", "state": "open", "body": body, "user": {"login": BOT, "type": "Bot"}}
    queue.standin.issues = [{"number": number, "labels": [], **about} for number in (3, 4)]
    return Bench(queue, ["drift-issue", "drift.json"])


def doctor(queue: Queue) -> Bench:
    return Bench(queue, ["doctor", "--exit-code"])


BENCHES = {
    make.__name__: make
    for make in (
        *(gather, gather_with_own_program, by_hand, by_hand_without_review, group, group_that_is_refused),
        *(comment, outcome, mark, drift_issue, doctor),
    )
}


def is_api(path: str) -> bool:
    """Whether a path is of GitHub's API, and not of the host of artifacts, which is asked without a token."""
    return path.startswith(("/repos/", "/user", "/graphql", "/meta", "/orgs/"))


def list_codes(usual: int, kind: str, path: str) -> set[int]:
    """Returns the exit codes that are allowed. Hiding a duplicate is best effort; the artifacts' host has no limits."""
    if kind in UNREACHABLE and path != "/graphql" and (is_api(path) or kind not in OF_TOKENS):
        return {5}
    return {usual, 1, 4, 5}


@pytest.mark.sweep(one_in=6)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", BENCHES)
def test_a_request_that_is_answered_wrongly(name: str, kind: str, queue: Queue) -> None:
    """At each request; a read is tried again, and remains wrong."""
    bench = BENCHES[name](queue)
    bench.keep()
    usual = bench.run()
    allowed = bench.effects()
    assert usual.line.asked

    for call in usual.line.asked:
        tried = bench.run(kind, call)
        where = f"{name}, {' '.join(call)}, {kind}: {tried.code}, {tried.printed}"
        assert [] == tried.line.strayed, where
        assert TOKEN not in tried.printed, where
        assert "Traceback" not in tried.printed, where
        assert set(bench.effects()) <= set(allowed), where
        assert tried.code in list_codes(usual.code, kind, call[1]), where
        if tried.sentence:
            assert ("\n" not in tried.sentence, True) == (True, len(tried.sentence) < BODY_LIMIT), where
        if tried.code not in {0, usual.code}:
            assert tried.printed.strip(), where
            if kind in REFUSALS and not (kind in ABSENT and tried.code == REFUSED):  # its words are just "Not Found"
                assert (WORDS if is_api(call[1]) else "its host answers") in tried.printed, where
