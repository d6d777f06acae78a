"""The machine of one job: it runs the steps of the job and of the repository's own action, in bash, with their `env`.

A job has a clone of its own, a token with its permissions, and the secrets of its environment.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tests.github.imitated_actions import Imitated
from tests.github.referee import Context, Status, find_referee
from tests.github.standin import REPOSITORY, StandIn
from tests.github.warm import install

STEP_KEYS = frozenset({"name", "id", "if", "uses", "with", "env", "run", "shell", "continue-on-error"})


@dataclass(frozen=True)
class Event:
    """An event: its name, the commit to check out, and GitHub's payload.

    A run that is not `trusted`, of a fork or of Dependabot, gets no secrets, and its tokens only read.
    """

    name: str
    sha: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    head: str | None = None
    ref: str = "refs/heads/main"
    attempt: int = 1
    actor: str = "ada"
    trusted: bool = True

    def context(self, run: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the context `github` of a run, without a token."""
        pull = self.payload.get("pull_request", {})
        return {
            "repository": REPOSITORY,
            "event_name": self.name,
            "sha": self.sha,
            "ref": self.ref,
            "ref_name": self.ref.removeprefix("refs/heads/"),
            "head_ref": pull.get("head", {}).get("ref", ""),
            "base_ref": pull.get("base", {}).get("ref", ""),
            "actor": self.actor,
            "run_id": str(run["id"]),
            "run_attempt": str(self.attempt),
            "event": {**self.payload, "inputs": self.inputs},
        }


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
    codes: dict[str, int] = field(default_factory=dict)  # the exit codes of the scripts, by the names of their steps


class Home(Protocol):
    """What a machine needs to know of GitHub: the stand-in, the repository, its address, and that of the program."""

    standin: StandIn
    origin: Path
    address: Path
    server: str


@dataclass
class Scope:
    """The steps of a job, or of an action within it: each has its own names, and its own success().

    `folder` is the action's.
    """

    names: Mapping[str, Any]
    folder: Path | None = None
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    failed: bool = False

    def context(self) -> Context:
        return Context({**self.names, "steps": self.steps}, Status(not self.failed, self.failed))


@dataclass
class Runner:
    """The machine; `names` are the contexts of the job, with its token and secrets."""

    home: Home
    event: Event
    run: dict[str, Any]
    played: PlayedJob
    folder: Path
    names: Mapping[str, Any]

    @property
    def workspace(self) -> Path:
        return self.folder / "work"

    @property
    def temp(self) -> Path:
        return self.folder / "temp"

    def run_all(self, job: Mapping[str, Any]) -> None:
        """Runs all steps, and keeps the result, the outputs and the summary."""
        self.workspace.mkdir(parents=True)
        program = self.temp / "reconciler" / "bin"
        program.mkdir(parents=True)
        install(program / "reconciler", self.home.address)
        (self.folder / "event.json").write_text(json.dumps(self.names["github"]["event"]))
        scope = Scope({**self.names, "runner": {"temp": str(self.temp)}, "env": {}})
        for step in job["steps"]:
            self.run_step(step, scope)
        summary = self.folder / "summary.md"
        self.played.summary = summary.read_text() if summary.exists() else ""
        self.played.result = "failure" if scope.failed else "success"
        self.played.outputs = {name: scope.context().text(one) for name, one in job.get("outputs", {}).items()}

    def run_step(self, step: Mapping[str, Any], scope: Scope) -> None:
        """Runs a step if its `if` allows it, and keeps its end for the steps after it."""
        assert set(step) <= STEP_KEYS, f"not known here: {set(step) - STEP_KEYS}"
        context = scope.context()
        done: bool | None = None
        outputs: dict[str, str] = {}
        if context.holds(step["if"]):
            done, outputs = self.use(step, context) if "uses" in step else self.run_script(step, scope)
        tolerated = done is False and context.holds(step.get("continue-on-error", False))
        if "id" in step:
            outcome = {None: "skipped", True: "success", False: "failure"}[done]
            conclusion = "success" if tolerated else outcome
            scope.steps[step["id"]] = {"outputs": outputs, "outcome": outcome, "conclusion": conclusion}
        scope.failed |= done is False and not tolerated

    def use(self, step: Mapping[str, Any], context: Context) -> tuple[bool, dict[str, str]]:
        """Runs an action. Returns whether it did not fail, and its outputs."""
        told = {name: context.text(value) for name, value in step.get("with", {}).items()}
        self.played.holds_secrets |= any("secrets." in str(value) for value in step.get("with", {}).values())
        if step["uses"] == "./":
            return self.use_own(told)
        token = self.names["github"]["token"]
        repository = f"{self.home.server}/{self.home.origin.name}"
        imitated = Imitated(self.home.standin, self.run, self.workspace, repository, self.event.sha, token)
        return imitated.use(step["uses"], told), {}

    def use_own(self, told: Mapping[str, str]) -> tuple[bool, dict[str, str]]:
        """Runs the repository's own action, whose steps see its inputs alone."""
        path = self.workspace / "action.yml"
        document = find_referee().parse("action", path.name, path.read_text(encoding="utf-8"))
        assert set(told) <= set(document["inputs"]), f"no such inputs: {set(told) - set(document['inputs'])}"
        outer = Context({"github": self.names["github"]})
        defaults = {name: outer.text(one.get("default", "")) for name, one in document["inputs"].items()}
        names = {"github": self.names["github"], "inputs": {**defaults, **told}, "runner": {"temp": str(self.temp)}}
        inner = Scope({**names, "env": {}}, path.parent)
        for one in document["runs"]["steps"]:
            self.run_step(one, inner)
        context = inner.context()
        return not inner.failed, {name: context.text(one["value"]) for name, one in document["outputs"].items()}

    def run_script(self, step: Mapping[str, Any], scope: Scope) -> tuple[bool, dict[str, str]]:
        """Runs a script in bash. Returns whether it did not fail, and its outputs."""
        script = step["run"]
        assert scope.folder is None or step["shell"] == "bash"
        assert isinstance(script, str), "nothing is inserted into a script: it comes through env"
        context = scope.context()
        told = {name: context.text(value) for name, value in step.get("env", {}).items()}
        output = self.folder / "output.txt"
        output.write_text("")
        self.played.steps.append(step.get("name", script))
        done = subprocess.run(  # noqa: S603
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],  # noqa: S607
            cwd=self.workspace,
            env={**self.environment(output, scope.folder), **told},
            capture_output=True,
            text=True,
            check=False,
        )
        self.played.codes[step.get("name", script)] = done.returncode
        self.played.printed += done.stdout
        self.played.said += done.stderr
        lines = (line.partition("=") for line in output.read_text().splitlines())
        return done.returncode == 0, {name: value for name, _equals, value in lines}

    def environment(self, output: Path, action: Path | None) -> dict[str, str]:
        """Returns the variables that GitHub sets for every step, and PATH alone of this process."""
        event = self.event
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GITHUB_ACTION_PATH": str(action or ""),
            "GITHUB_ACTOR": event.actor,
            "GITHUB_API_URL": self.home.standin.api_url,
            "GITHUB_EVENT_NAME": event.name,
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_REF": event.ref,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ATTEMPT": str(event.attempt),
            "GITHUB_RUN_ID": str(self.run["id"]),
            "GITHUB_SERVER_URL": self.home.server,
            "GITHUB_SHA": event.sha,
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
            "RUNNER_TEMP": str(self.temp),
        }
