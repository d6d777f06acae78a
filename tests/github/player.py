"""Plays workflows: it runs their `run` steps in bash, with their `env`, and imitates the actions that they use.

A job has a clone of its own, a token with its permissions, and the secrets of its environment. Anything unknown fails,
so a workflow can't use a feature that was never tried.
"""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.github.expression import Context, as_text, fill, holds
from tests.github.standin import REPOSITORY, StandIn, Token
from tests.github.warm import install

ROOT = Path(__file__).parents[2]
ACTIONS = {
    "actions/checkout": "de0fac2e4500dabe0009e67214ff5f5447ce83dd",
    "actions/setup-python": "a309ff8b426b58ec0e2a45f0f869d46889d02405",
    "actions/upload-artifact": "b7c566a772e6b6bfb58ed0dc250532a479d7789f",
    "actions/download-artifact": "37930b1c2abaa49bbe596cd826c3c89aef350131",
}


@dataclass(frozen=True)
class Event:
    """An event: its name, the commit to check out, and GitHub's payload."""

    name: str
    sha: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    head: str | None = None
    ref: str = "refs/heads/main"
    attempt: int = 1
    actor: str = "ada"
    trusted: bool = True  # else there are no secrets, and tokens only read: a fork's run, or one of Dependabot


@dataclass
class PlayedJob:
    """The result of one job: the steps that ran, their outputs and logs, and the secrets that they saw."""

    name: str
    result: str = "success"
    steps: list[str] = field(default_factory=list)
    printed: str = ""
    said: str = ""
    summary: str = ""
    permissions: Mapping[str, str] = field(default_factory=dict)
    holds_secrets: bool = False
    outputs: dict[str, Any] = field(default_factory=dict)


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

    def play(self, workflow: str, event: Event) -> dict[str, PlayedJob]:
        """Runs a workflow in its version at the commit. Returns the jobs by name, without skipped ones."""
        document = yaml.safe_load(self.git("show", f"{event.sha}:.github/workflows/{workflow}"))
        assert event.name in document[True], f"{workflow} does not run on {event.name}"  # YAML 1.1 reads `on` as true
        assert {} == document["permissions"]
        run = self.standin.start_run(event.head or event.sha, event=event.name, path=f".github/workflows/{workflow}")
        played: dict[str, list[PlayedJob]] = {}
        needs: dict[str, dict[str, Any]] = {}
        for key, job in document["jobs"].items():
            asked = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
            before = {name: needs[name] for name in asked}
            played[key] = list(_Play(self, event, run, before).play_job(key, job))
            needs[key] = _summary_of(played[key])
        jobs = {one.name: one for group in played.values() for one in group}
        self.standin.finish_run(run, {name: one.result for name, one in jobs.items()})
        return jobs

    def git(self, *arguments: str) -> str:
        """Runs git in the repository at GitHub."""
        done = subprocess.run(["git", *arguments], cwd=self.origin, capture_output=True, text=True, check=True)  # noqa: S603, S607
        return done.stdout


def _summary_of(jobs: list[PlayedJob]) -> dict[str, Any]:
    """Returns the part of a job, with its matrix, that later jobs see."""
    if not jobs:
        return {"result": "skipped", "outputs": {}}
    ended = {job.result for job in jobs}
    outputs = {name: value for job in jobs for name, value in job.outputs.items()}
    return {"result": next(one for one in ("failure", "cancelled", "success") if one in ended), "outputs": outputs}


@dataclass
class _Play:
    player: Player
    event: Event
    run: dict[str, Any]
    needs: Mapping[str, Mapping[str, Any]]

    def play_job(self, key: str, job: Mapping[str, Any]) -> Iterator[PlayedJob]:
        well = all(one["result"] == "success" for one in self.needs.values())
        names = {"github": self.github(""), "needs": self.needs, "inputs": self.event.inputs}
        if not holds(job.get("if"), Context(names, well)):
            return
        matrix = fill(job.get("strategy", {}).get("matrix"), Context(names))
        for combination in matrix["include"] if matrix else [{}]:
            yield self.play_one(job, {**names, "matrix": combination}, key)

    def play_one(self, job: Mapping[str, Any], names: Mapping[str, Any], key: str) -> PlayedJob:
        trusted = self.event.trusted
        asked = {name.replace("-", "_"): level for name, level in job["permissions"].items()}
        permissions = asked if trusted else dict.fromkeys(asked, "read")
        assert job["timeout-minutes"] <= 120
        self.player.runs += 1
        token = f"ghs_{self.player.runs}"
        self.player.standin.tokens[token] = Token(permissions)
        context = Context({**names, "github": self.github(token)})
        environment = fill(job.get("environment", {}).get("name"), context)
        played = PlayedJob(fill(job.get("name", key), context), permissions=permissions)
        if played.name in self.player.killed:
            played.result = self.player.killed[played.name]
            return played

        secrets = self.player.secrets.get(environment, {}) if environment and trusted else {}
        folder = self.player.work / f"{self.player.runs}"
        _Runner(self, played, folder, token, {**context.names, "secrets": secrets}).run_all(job)
        return played

    def github(self, token: str) -> dict[str, Any]:
        """Returns the context of that name."""
        event = {**self.event.payload, "inputs": self.event.inputs}
        about = {
            "repository": REPOSITORY,
            "event_name": self.event.name,
            "sha": self.event.sha,
            "ref": self.event.ref,
            "actor": self.event.actor,
        }
        return {**about, "event": event, "token": token}


@dataclass
class _Runner:
    """The machine of one job."""

    play: _Play
    played: PlayedJob
    folder: Path
    token: str
    names: Mapping[str, Any]
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def workspace(self) -> Path:
        return self.folder / "work"

    @property
    def temp(self) -> Path:
        return self.folder / "temp"

    def run_all(self, job: Mapping[str, Any]) -> None:
        self.workspace.mkdir(parents=True)
        program = self.temp / "reconciler" / "bin"
        program.mkdir(parents=True)
        install(program / "reconciler", self.play.player.address)
        (self.folder / "event.json").write_text(json.dumps(self.names["github"]["event"]))
        for step in job["steps"]:
            self.run_step(step, self.names, None)
        summary = self.folder / "summary.md"
        self.played.summary = summary.read_text() if summary.exists() else ""
        context = Context({**self.names, "steps": self.steps})
        self.played.outputs = {name: fill(value, context) for name, value in job.get("outputs", {}).items()}

    def run_step(self, step: Mapping[str, Any], names: Mapping[str, Any], action: Path | None) -> bool:
        """Runs a step if its `if` allows it. Returns whether it did not fail. `action` is the folder of its action."""
        known = {"name", "id", "if", "uses", "with", "env", "run", "shell", "continue-on-error"}
        assert set(step) <= known, f"not known here: {set(step) - known}"
        runner = {"temp": str(self.temp)}
        context = Context({**names, "runner": runner, "steps": self.steps}, self.played.result == "success")
        if not holds(step.get("if"), context):
            return True
        if "uses" in step:
            done = self.use(step, context)
        else:
            assert action is None or step["shell"] == "bash"
            assert "${{" not in step["run"], "nothing is inserted into a script: it comes through env"
            done = self.run_script(step, context, action)
        if done or step.get("continue-on-error"):
            return True
        self.played.result = "failure"
        return False

    def use(self, step: Mapping[str, Any], context: Context) -> bool:
        told = {name: fill(value, context) for name, value in step.get("with", {}).items()}
        self.played.holds_secrets |= any("secrets." in str(value) for value in step.get("with", {}).values())
        if step["uses"] == "./":
            return self.use_own(step, told)
        name, at, version = step["uses"].partition("@")
        assert at
        assert ACTIONS[name] == version
        match name:
            case "actions/checkout":
                self.check_out(told)
            case "actions/upload-artifact":
                self.upload(told)
            case "actions/download-artifact":
                return self.download(told)
        return True

    def use_own(self, step: Mapping[str, Any], told: Mapping[str, Any]) -> bool:
        """Runs the repository's own action, whose steps see its inputs alone. Returns whether it did not fail."""
        action = self.workspace / "action.yml"
        document = yaml.safe_load(action.read_text())
        assert set(told) <= set(document["inputs"]), f"no such inputs: {set(told) - set(document['inputs'])}"
        outer = Context({"github": self.names["github"]})
        defaults = {name: fill(one.get("default", ""), outer) for name, one in document["inputs"].items()}
        names = {"github": self.names["github"], "inputs": {**defaults, **told}}
        done = [self.run_step(one, names, action.parent) for one in document["runs"]["steps"]]
        context = Context({**names, "steps": self.steps})
        outputs = {name: fill(one["value"], context) for name, one in document["outputs"].items()}
        if "id" in step:
            self.steps[step["id"]] = {"outputs": outputs}
        return all(done)

    def run_script(self, step: Mapping[str, Any], context: Context, action: Path | None) -> bool:
        told = {name: as_text(fill(value, context)) for name, value in step.get("env", {}).items()}
        output = self.folder / "output.txt"
        output.write_text("")
        self.played.steps.append(step.get("name", step["run"]))
        done = subprocess.run(  # noqa: S603
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],  # noqa: S607
            cwd=self.workspace,
            env={**self.environment(output, action), **told},
            capture_output=True,
            text=True,
            check=False,
        )
        self.played.printed += done.stdout
        self.played.said += done.stderr
        if os.environ.get("WF_DEBUG"): print("STEP", self.played.name, self.played.steps[-1], done.returncode, done.stdout[-1500:], done.stderr[-3000:])
        lines = (line.partition("=") for line in output.read_text().splitlines())
        if "id" in step:
            self.steps[step["id"]] = {"outputs": {name: value for name, _equals, value in lines}}
        return done.returncode == 0

    def environment(self, output: Path, action: Path | None) -> dict[str, str]:
        """Returns the variables that GitHub sets for every step, and PATH alone of this process."""
        event = self.play.event
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GITHUB_ACTION_PATH": str(action or ""),
            "GITHUB_ACTOR": event.actor,
            "GITHUB_API_URL": self.play.player.standin.api_url,
            "GITHUB_EVENT_NAME": event.name,
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_REF": event.ref,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ATTEMPT": str(event.attempt),
            "GITHUB_RUN_ID": str(self.play.run["id"]),
            "GITHUB_SERVER_URL": self.play.player.server,
            "GITHUB_SHA": event.sha,
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
            "RUNNER_TEMP": str(self.temp),
        }

    def check_out(self, told: dict[str, Any]) -> None:
        """Checks the event's commit out, with all history or none; git keeps no credentials."""
        assert told.pop("persist-credentials") is False
        depth = () if told.pop("fetch-depth", 1) == 0 else ("--depth=1",)
        assert {} == told
        login = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        header = f"http.extraHeader=Authorization: Basic {login}"
        git = ("git", "-c", "advice.detachedHead=false", "-c", header)
        origin = f"{self.play.player.server}/{self.play.player.origin.name}"
        for arguments in (
            ("init", "--quiet"),
            ("remote", "add", "origin", origin),
            ("fetch", "--quiet", *depth, "origin", self.play.event.sha, "+refs/heads/*:refs/remotes/origin/*"),
            ("checkout", "--quiet", self.play.event.sha),
        ):
            subprocess.run([*git, *arguments], cwd=self.workspace, check=True, capture_output=True)  # noqa: S603

    def upload(self, told: dict[str, Any]) -> None:
        """Stores files with the run; without files, GitHub warns and stores nothing."""
        assert 1 <= told["retention-days"] <= 90
        folder = Path(told["path"])
        files = {path.name: path.read_bytes() for path in sorted(folder.glob("*"))} if folder.exists() else {}
        if files:
            self.play.player.standin.store(self.play.run, told["name"], files)

    def download(self, told: dict[str, Any]) -> bool:
        """Downloads an artifact of the same run. Returns False if none has that name."""
        standin = self.play.player.standin
        stored = [one for one in standin.artifacts if one["workflow_run"]["id"] == self.play.run["id"]]
        found = next((one for one in reversed(stored) if one["name"] == told["name"]), None)
        if found is None:
            return False
        with zipfile.ZipFile(io.BytesIO(standin.archives[found["id"]])) as archive:
            archive.extractall(told["path"])
        return True


def copy_workflows(to: Path) -> None:
    """Copies the project's workflows and action into another repository."""
    shutil.copytree(ROOT / ".github", to / ".github")
    shutil.copy(ROOT / "action.yml", to / "action.yml")
