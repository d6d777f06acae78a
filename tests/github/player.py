"""Plays workflows: it decides which jobs run, as GitHub does, and runs them one after the other.

GitHub's own packages read the workflow and evaluate its expressions (tests/github/referee.py). Anything that the player
does not imitate fails, so a workflow can't use a feature that was never tried.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path
from typing import Any

from tests.github.imitated_actions import ACTIONS
from tests.github.referee import Context, Status, find_referee
from tests.github.runner import Event, PlayedJob, Runner
from tests.github.standin import REPOSITORY, StandIn, Token

__all__ = ["ACTIONS", "ROOT", "Event", "PlayedJob", "Player", "copy_workflows"]
ROOT = Path(__file__).parents[2]
USUAL_TYPES = {"pull_request": ("opened", "synchronize", "reopened"), "merge_group": ("checks_requested",)}
JOB_KEYS = {"name", "needs", "if", "runs-on", "timeout-minutes", "permissions", "environment", "concurrency"}
JOB_KEYS |= {"strategy", "outputs", "steps"}


@dataclass
class Player:
    """GitHub Actions for one repository; `origin` is the repository, `secrets` those of each environment.

    `address` is where the program listens that the workflows run, `server` where the repository is served to tokens.
    """

    standin: StandIn
    origin: Path
    work: Path
    secrets: dict[str, dict[str, str]]
    address: Path
    server: str
    runs: int = 0
    killed: dict[str, str] = field(default_factory=dict)  # the results of jobs that die before their first step
    cancelled_in: str | None = None  # the job during which a person cancels the run
    make_token: Callable[[Mapping[str, str]], Token] = Token  # from the permissions of a job
    last_run: dict[str, Any] = field(default_factory=dict)

    def play(self, workflow: str, event: Event) -> dict[str, PlayedJob]:
        """Runs a workflow in its version at the commit. Returns the jobs by name, without skipped ones."""
        document = self.read(workflow, event)
        run = self.standin.start_run(event.head or event.sha, event=event.name, path=f".github/workflows/{workflow}")
        self.last_run = run | {"run_attempt": event.attempt} | _origin_of(event)
        run |= self.last_run
        return self._play(document, event, run)

    def play_again(self, workflow: str, event: Event, run_id: int | None = None) -> dict[str, PlayedJob]:
        """Runs all jobs of a run again, of the last one unless another is named: another attempt, for its commit."""
        run = next(one for one in self.standin.runs if one["id"] == (run_id or self.last_run["id"]))
        assert event.attempt == run["run_attempt"] + 1, "a run that is repeated has a later attempt"
        run |= {"status": "in_progress", "run_attempt": event.attempt}
        return self._play(self.read(workflow, event), event, run)

    def read(self, workflow: str, event: Event) -> dict[str, Any]:
        """Reads a workflow, which must run on the event."""
        text = self.git("show", f"{event.sha}:.github/workflows/{workflow}")
        document: dict[str, Any] = find_referee().parse("workflow", workflow, text)
        assert starts(document["on"], event), f"{workflow} does not run on {event.name}"
        assert {} == document["permissions"]
        return document

    def _play(self, document: Mapping[str, Any], event: Event, run: dict[str, Any]) -> dict[str, PlayedJob]:
        play = _Play(self, event, run, _inputs_of(document["on"], event))
        jobs = {one.name: one for key, job in document["jobs"].items() for one in play.play_job(key, job)}
        self.standin.finish_run(run, {name: one.result for name, one in jobs.items()})
        return jobs

    def git(self, *arguments: str) -> str:
        """Runs git in the repository at GitHub."""
        done = subprocess.run(["git", *arguments], cwd=self.origin, capture_output=True, text=True, check=True)  # noqa: S603, S607
        return done.stdout


def starts(triggers: Any, event: Event) -> bool:
    """Whether a workflow runs on an event: by its name, its activity and its branch."""
    named = [triggers] if isinstance(triggers, str) else triggers
    if event.name not in named:
        return False
    told = (named[event.name] if isinstance(named, dict) else None) or {}
    if isinstance(told, list):  # of a schedule
        return True
    assert set(told) <= {"types", "branches", "inputs"}, f"not known here: {set(told)}"
    types = told.get("types", USUAL_TYPES.get(event.name, ()))
    branch = event.payload.get("pull_request", {}).get("base", {}).get("ref") or event.ref.removeprefix("refs/heads/")
    patterns = told.get("branches", ["*"])
    known_type = "action" not in event.payload or not types or event.payload["action"] in types
    return known_type and any(fnmatchcase(branch, one) for one in patterns)


def _inputs_of(triggers: Any, event: Event) -> dict[str, Any]:
    """Returns the inputs of a run by hand, with their defaults."""
    told = triggers.get(event.name) if isinstance(triggers, dict) else None
    known = told.get("inputs", {}) if isinstance(told, dict) else {}
    assert set(event.inputs) <= set(known), f"no such inputs: {set(event.inputs) - set(known)}"
    return {**{name: one.get("default", "") for name, one in known.items()}, **event.inputs}


def _origin_of(event: Event) -> dict[str, Any]:
    """Returns what a run for a pull request tells of it; of a fork's, GitHub does not list it."""
    pull = event.payload.get("pull_request")
    if pull is None or "head" not in pull or event.name != "pull_request":
        return {}
    if pull["head"]["repo"]["full_name"] != REPOSITORY:
        return {"head_repository": pull["head"]["repo"], "pull_requests": []}
    return {}  # the stand-in lists the pull requests that are open when it is asked, as GitHub does


@dataclass
class _Play:
    """One attempt of one run."""

    player: Player
    event: Event
    run: dict[str, Any]
    inputs: Mapping[str, Any]
    ended: dict[str, dict[str, Any]] = field(default_factory=dict)
    before: dict[str, frozenset[str]] = field(default_factory=dict)
    cancelled: bool = False

    def play_job(self, key: str, job: Mapping[str, Any]) -> Iterator[PlayedJob]:
        """Runs a job for each combination of its matrix, if its `if` allows it."""
        assert set(job) <= JOB_KEYS, f"not known here: {set(job) - JOB_KEYS}"
        needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
        self.before[key] = frozenset(needs).union(*(self.before[one] for one in needs))
        names = {
            "github": self.event.context(self.run),
            "needs": {name: self.ended[name] for name in needs},
            "inputs": self.inputs,
            "vars": {},
        }
        played = []
        if Context(names, self.status_before(key)).holds(job["if"]):
            for combination in self.combinations(job, names):
                played.append(self.play_one(job, {**names, "matrix": combination}, key))
                yield played[-1]
        self.ended[key] = _summary_of(played)

    def status_before(self, key: str) -> Status:
        """Returns the status for the `if` of a job: all jobs before it count, not only those that it names."""
        results = [self.ended[name]["result"] for name in self.before[key]]
        well = not self.cancelled and all(result == "success" for result in results)
        return Status(well, not self.cancelled and "failure" in results, self.cancelled)

    def combinations(self, job: Mapping[str, Any], names: Mapping[str, Any]) -> list[dict[str, Any]]:
        matrix = Context(names).value(job.get("strategy", {}).get("matrix"))
        if matrix is None:
            return [{}]
        if set(matrix) == {"include"}:
            found = list(matrix["include"])
        else:
            assert not {"include", "exclude"} & set(matrix), "not known here: include and exclude beside lists"
            found = [dict(zip(matrix, one, strict=True)) for one in product(*matrix.values())]
        assert found, "GitHub refuses an empty matrix: 'Matrix must define at least one vector'"
        return found

    def play_one(self, job: Mapping[str, Any], names: Mapping[str, Any], key: str) -> PlayedJob:
        levels = {name.replace("-", "_"): level for name, level in job["permissions"].items()}
        permissions = levels if self.event.trusted else dict.fromkeys(levels, "read")
        assert job["timeout-minutes"] <= 120
        self.player.runs += 1
        token = f"ghs_{self.player.runs}"
        self.player.standin.tokens[token] = self.player.make_token(permissions)
        context = Context({**names, "github": {**names["github"], "token": token}})
        environment = context.value(job.get("environment", {}).get("name"))
        played = PlayedJob(context.text(job.get("name", key)), permissions=permissions)
        if played.name == self.player.cancelled_in:
            self.cancelled = True
            played.result = "cancelled"
        elif played.name in self.player.killed:
            played.result = self.player.killed[played.name]
        else:
            secrets = self.player.secrets.get(environment, {}) if environment and self.event.trusted else {}
            folder = self.player.work / f"{self.player.runs}"
            Runner(self.player, self.event, self.run, played, folder, {**context.names, "secrets": secrets}).run_all(
                job
            )
        return played


def _summary_of(jobs: list[PlayedJob]) -> dict[str, Any]:
    """Returns the part of a job, with its matrix, that later jobs see."""
    ended = {job.result for job in jobs}
    outputs = {name: value for job in jobs for name, value in job.outputs.items()}
    result = next((one for one in ("failure", "cancelled", "success") if one in ended), "skipped")
    return {"result": result, "outputs": outputs}


def copy_workflows(to: Path) -> None:
    """Copies the project's workflows and action into another repository."""
    shutil.copytree(ROOT / ".github", to / ".github")
    shutil.copy(ROOT / "action.yml", to / "action.yml")
