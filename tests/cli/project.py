"""A repository with a desired state, and the command as a person types it there."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.main import main
from reconciler.core.model.messages import JsonObject
from reconciler.sandbox.store import Store

SANDBOX = "tenants: {sandbox: {url: sandbox, scope: all}}\n"
TEAM = """\
users:
  ann: {userName: ann@example.com, displayName: Ann}
  bob: {userName: bob@example.com, displayName: Bob, title: Clerk, manager: ann}
  cid: {userName: cid@example.com, displayName: Cid, manager: bob}
groups:
  staff: {displayName: Staff, members: [ann, bob]}
"""
OURS = {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONWARNINGS": "error", "GIT_CONFIG_GLOBAL": os.devnull}

UNSAID: Mapping[str, Any] = {  # what a record need not say
    "mode": None,
    "only": False,
    "whole": False,
    "digest": None,
    "counts": {},
    "effects": {},
    "population": None,
    "sample": [],
    "open": [],
    "unsettled": 0,
    "ignored": 0,
}


@dataclass(frozen=True)
class Ran:
    """The result of a command."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Stdout and stderr."""
        return self.out + self.err

    @property
    def told(self) -> str:
        """Stdout without its line breaks."""
        return " ".join(self.out.split())

    @property
    def document(self) -> Any:
        """Stdout, parsed as JSON."""
        return json.loads(self.out)


def hear_signals() -> None:
    """Restores the defaults: a suite that runs in the background ignores signals, and so would its children."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@dataclass
class Project:
    """A folder of its own with a git repository; `run` is in this process, `start` in another."""

    root: Path
    monkeypatch: pytest.MonkeyPatch
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.root.exists():
            return
        self.root.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")
        with (self.root / ".git" / "config").open("a", encoding="utf-8") as config:  # not by two processes
            config.write("[user]\n\tname = Ada\n\temail = ada@example.com\n")

    def write(self, text: str | bytes, name: str = "desired-state/all.yaml") -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def commit(self, text: str | None = None, name: str = "desired-state/all.yaml") -> str:
        """Writes the text, if one is given, commits all files, and returns the commit."""
        if text is not None:
            self.write(text, name)
        self.git("add", "--all", "desired-state")
        self.git("commit", "--quiet", "--allow-empty", "--message", "as it is")
        return self.git("rev-parse", "HEAD").strip()

    def git(self, *arguments: str) -> str:
        command = ["git", *arguments]
        environment = {**os.environ, **OURS}
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        assert 0 == done.returncode, done.stderr
        return done.stdout

    def run(self, *arguments: str | Path, stdin: str = "") -> Ran:
        """Runs the command in this process, and returns its exit code, stdout and stderr."""
        out, err = io.StringIO(), io.StringIO()
        with self.monkeypatch.context() as patched, redirect_stdout(out), redirect_stderr(err):
            patched.chdir(self.root)
            patched.setattr(sys, "argv", ["reconciler", *map(str, arguments)])
            patched.setattr(sys, "stdin", io.StringIO(stdin))
            for name, value in {**OURS, **self.environment}.items():
                patched.setenv(name, value)
            meant = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
            with pytest.raises(SystemExit) as exited:
                main()
            for number, before in meant.items():  # an apply that is over ignores them until its process ends
                signal.signal(number, before)
        assert isinstance(exited.value.code, int)
        return Ran(exited.value.code, out.getvalue(), err.getvalue())

    def start(self, *arguments: str | Path, **more: str) -> subprocess.Popen[str]:
        """Starts `python -m reconciler` as a process of its own."""
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "reconciler", *map(str, arguments)],
            cwd=self.root,
            env={**os.environ, **OURS, **self.environment, **more},
            preexec_fn=hear_signals,  # noqa: PLW1509  # no threads here: a test starts processes one by one
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def written(self) -> list[str]:
        """Returns the path of every file except git's own."""
        paths = (path for path in self.root.rglob("*") if path.is_file() and ".git" not in path.parts)
        return sorted(path.relative_to(self.root).as_posix() for path in paths)

    def account(self, tenant: str = "sandbox") -> Store:
        """Opens the embedded 4me of a tenant; the caller closes it."""
        return Store(self.root / ".reconciler" / f"{tenant}.sqlite")

    def users(self, tenant: str = "sandbox") -> Mapping[str, JsonObject]:
        """Returns the users of the embedded 4me by externalId, or by id without an externalId."""
        with self.account(tenant) as store:
            return {str(user.get("externalId") or user["id"]): user for user in store.simulator().users.values()}

    def applies(self, tenant: str = "sandbox") -> Sequence[Any]:
        """The records of applies to a tenant, begins and ends, oldest first, as far as they are in this clone.

        The last parent of a record is the commit that was applied, the others are the records before it.
        """
        branches = [f"refs/{where}/reconciler/{tenant}" for where in ("heads", "remotes/*")]
        waiting = self.git("for-each-ref", "--format=%(objectname)", *branches).split()
        found: dict[str, Any] = {}
        while waiting:
            commit = waiting.pop()
            if commit not in found:
                found[commit] = {**UNSAID, **json.loads(self.git("show", f"{commit}:apply.json"))}
                waiting += self.git("show", "--no-patch", "--format=%P", commit).split()[:-1]
        return sorted(found.values(), key=lambda record: (record["serial"], record["at"]))

    def ends(self, tenant: str = "sandbox") -> Sequence[str]:
        """Returns the end of each apply on record, oldest first; `begun` for an apply without an end."""
        applies = self.applies(tenant)
        ended = {one["serial"] for one in applies if one["state"] == "ended"}
        return [describe_end(one) for one in applies if one["state"] == "ended" or one["serial"] not in ended]


def describe_end(record: Any) -> str:
    """Returns `whole`, `partial`, `begun`, or `nothing done` for an apply that was refused after its begin."""
    if record["state"] != "ended":
        return str(record["state"])
    if record["whole"]:
        return "whole"
    return "partial" if record["counts"] else "nothing done"


def finish(process: subprocess.Popen[str]) -> Ran:
    """Waits for a command that was started."""
    out, err = process.communicate(timeout=60)
    return Ran(process.returncode, out, err)
