"""What `init` writes is pushed to an empty repository whose branch is `trunk`, and its workflows are played."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.project import Project
from tests.github.git_host import hosting
from tests.github.player import ROOT, Event, PlayedJob, Player
from tests.github.standin import StandIn, standing_in

ACTION = "acme/reconciler@" + "a1" * 20
NUMBER = 7


@dataclass
class FirstDay:
    """A repository that `init` has filled, at `origin`, and GitHub Actions for it."""

    project: Project
    player: Player

    @property
    def head(self) -> str:
        return self.project.git("rev-parse", "HEAD").strip()

    def filters(self) -> list[Any]:
        """Returns the branches on whose pushes Apply starts."""
        document = yaml.safe_load((self.project.root / ".github/workflows/apply.yml").read_text())
        return list(document[True]["push"]["branches"])  # YAML 1.1 reads `on` as true

    def push(self, message: str, branch: str = "trunk") -> None:
        self.project.git("add", "--all")
        self.project.git("commit", "--quiet", "--message", message)
        self.project.git("push", "--quiet", "origin", f"HEAD:{branch}")

    def plan(self) -> dict[str, PlayedJob]:
        """Runs Plan for a pull request whose head is checked out; it was merged with its base for the trial."""
        base = self.project.git("rev-parse", "origin/trunk").strip()
        change = self.head
        self.project.git("switch", "--quiet", "--detach", base)
        self.project.git("merge", "--quiet", "--no-ff", "--message", "try", change)
        self.project.git("push", "--quiet", "--force", "origin", f"HEAD:refs/pull/{NUMBER}/merge")
        pull = self.player.standin.open_pull(NUMBER, change)
        pull |= {"user": {"login": "ada"}}
        pull["base"] |= {"ref": "trunk", "sha": base}
        payload = {"action": "opened", "pull_request": pull, "sender": {"login": "ada"}}
        return self.player.play("plan.yml", Event("pull_request", self.head, payload, head=change))

    def apply(self) -> dict[str, PlayedJob]:
        return self.player.play("apply.yml", Event("push", self.head, ref="refs/heads/trunk"))


@pytest.fixture
def first_day(tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FirstDay]:
    origin = tmp_path / "origin.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", origin], check=True)  # noqa: S603, S607
    project = Project(tmp_path / "people", monkeypatch)
    project.git("symbolic-ref", "HEAD", "refs/heads/trunk")
    project.git("remote", "add", "origin", str(origin))
    ran = project.run("init", "--action", ACTION)
    assert (0, True) == (ran.code, "`trunk`: the branch that is checked out; origin is empty" in ran.err)
    for file in (project.root / ".github" / "workflows").iterdir():  # the stand-in has the action in the repository
        file.write_text(file.read_text().replace(f"uses: {ACTION}\n", "uses: ./\n"))
    shutil.copy(ROOT / "action.yml", project.root)

    with standing_in(StandIn()) as standin, hosting(origin, standin) as server:
        yield FirstDay(project, Player(standin, origin, tmp_path / "jobs", {}, program, server))


def assert_green(jobs: dict[str, PlayedJob]) -> None:
    """Nothing is planned or applied, because no tenant has an account: the jobs that would are skipped."""
    said = {name: job.said for name, job in jobs.items() if job.result != "success"}
    assert {} == said
    assert {"validate", "reconciler"} >= set(jobs)
    assert {"matrix": '{"include": []}'} == jobs["validate"].outputs
    assert "No job for sandbox" in jobs["validate"].said


def test_the_first_push_and_the_first_pull_request_are_green(first_day: FirstDay) -> None:
    """On `trunk`, with the starter as it is. Nothing is written to GitHub."""
    first_day.push("The first desired state")
    assert ["trunk"] == first_day.filters()
    assert_green(first_day.apply())

    first_day.project.git("fetch", "--quiet", "origin")
    starter = (first_day.project.root / "desired-state" / "users.yaml").read_text()
    first_day.project.write(f"{starter}  grace.hopper: {{userName: grace@example.com}}\n", "desired-state/users.yaml")
    first_day.push("A new colleague", "change")
    assert_green(first_day.plan())
    assert [] == [str(call) for call in first_day.player.standin.calls if call.method != "GET"]


def test_the_morning_after_is_green(first_day: FirstDay) -> None:
    """Drift finds no account to compare, and Apply by hand for the sandbox says why nothing runs."""
    first_day.push("The first desired state")

    assert_green(first_day.player.play("drift.yml", Event("schedule", first_day.head, ref="refs/heads/trunk")))
    by_hand = Event("workflow_dispatch", first_day.head, inputs={"tenant": "sandbox"}, ref="refs/heads/trunk")
    assert_green(first_day.player.play("apply.yml", by_hand))
