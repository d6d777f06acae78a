"""A remote and two clones of it: commits of a history in memory become commits of git, and pushes can be spoiled."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pytest
import yaml

from tests.cli.project import OURS as ENVIRONMENT
from tests.cli.project import Project
from tests.ownership.lines import Commit, Person, Saying
from tests.ownership.real.place import DOMAIN

ADA = {"NAME": "Ada", "EMAIL": "ada@example.com"}
RECORD = "refs/heads/reconciler/here"
Spoilt: TypeAlias = Literal["refuse", "kill before", "kill after"]
HOOK = """#!/bin/sh
# counts the pushes, and spoils the one that the player chose
[ -f spoil ] || exit 0
read number what pid < spoil
[ {moment} = pre ] && echo x >> pushes
[ "$(wc -l < pushes)" -eq "$number" ] || exit 0
case "{moment} $what" in
    "pre refuse") echo "no pushes today" >&2; exit 1 ;;
    "pre kill-before") kill -9 "$pid"; exit 1 ;;
    "post kill-after") kill -9 "$pid" ;;
esac
exit 0
"""


@dataclass
class Repositories:
    """The remote and the clones; `hashes` has git's name of each commit in memory."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    tenant: str
    roles: bool
    hashes: dict[str, str] = field(default_factory=dict)
    ignoring: dict[str, bool] = field(default_factory=dict)
    clones: list[Project] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        _git(self.folder, "init", "--quiet", "--bare", "--initial-branch=main", "remote")
        for moment in ("pre", "post"):
            hook = self.remote / "hooks" / f"{moment}-receive"
            hook.parent.mkdir(exist_ok=True)
            hook.write_text(HOOK.format(moment=moment))
            hook.chmod(0o755)

    @property
    def remote(self) -> Path:
        """The bare repository."""
        return self.folder / "remote"

    def write(self, branches: dict[str, Commit], *, ignore: bool) -> None:
        """Makes git's commits of those that are new, and moves the branches of the remote."""
        new = [one for tip in branches.values() for one in tip.leading().values() if one.id not in self.hashes]
        new = sorted({one.id: one for one in new}.values(), key=lambda one: one.number)
        if new:
            stream = b"".join(self._spell(one, ignore=ignore) for one in new)
            marks = self.folder / "marks"
            _git(self.remote, "fast-import", "--quiet", "--force", f"--export-marks={marks}", stdin=stream)
            for line in marks.read_text().splitlines():
                mark, name = line.split()
                self.hashes[f"{int(mark[1:]):040x}"] = name
            _git(self.remote, "update-ref", "-d", "refs/play/tip")
        for name in ("main", "side"):
            if name in branches:
                _git(self.remote, "update-ref", f"refs/heads/{name}", self.hashes[branches[name].id])
            else:
                _git(self.remote, "update-ref", "-d", f"refs/heads/{name}")

    def _spell(self, commit: Commit, *, ignore: bool) -> bytes:
        parents = [self.hashes.get(one.id) or f":{one.number}" for one in commit.parents]
        lines = [f"commit refs/play/tip\nmark :{commit.number}\n"]
        lines.append(f"committer Ada <ada@example.com> {1_700_000_000 + commit.number} +0000\ndata 5\nas is\n")
        lines += [f"{'merge' if index else 'from'} {one}\n" for index, one in enumerate(parents)]
        if not parents:
            lines[0] = f"reset refs/play/tip\n\n{lines[0]}"
        lines.append("deleteall\n")
        for path, text in self._files(commit.saying, ignore=self.ignoring.setdefault(commit.id, ignore)).items():
            lines.append(f"M 100644 inline desired-state/{path}\ndata {len(text.encode())}\n{text}\n")
        return "".join(lines).encode()

    def _files(self, saying: Saying, *, ignore: bool) -> dict[str, str]:
        on_removed = "ignore" if ignore else "deactivate"
        limits = "guardrails: {max_deactivations: {count: 99}, max_member_removals: {count: 99}}\n"
        files = {"tenants.yaml": f"tenants:\n  here: {{{self.tenant}, on_removed: {on_removed}}}\n{limits}"}
        files |= {f"people/{name}.yaml": _dump({"users": {name: _user(one)}}) for name, one in saying.people}
        if saying.team:
            members = [name for name, one in saying.people if one.member]
            team = {"displayName": "Team", "membership": saying.team, "members": members}
            files["team.yaml"] = _dump({"groups": {"team": team}})
        auditors = [name for name, one in saying.people if one.auditor]
        if auditors and self.roles:
            files["roles.yaml"] = _dump({"role_assignments": [{"role": "auditor", "users": auditors}]})
        settled = {word: [_settlement(one) for one in sorted(getattr(saying, word))] for word in ("left", "released")}
        if any(settled.values()):
            files["settled.yaml"] = _dump({word: lines for word, lines in settled.items() if lines})
        if saying.filtered:
            files["tenants.yaml"] += "# filtered\n"
        return files

    def clone(self, number: int) -> Project:
        """The clone of that number, which is made where it is missing; the second has one branch."""
        while len(self.clones) <= number:
            root = self.folder / f"clone{len(self.clones)}"
            single = ["--single-branch"] if self.clones else []
            _git(self.folder, "clone", "--quiet", *single, str(self.remote), str(root))
            for name, value in (("user.name", "Ada"), ("user.email", "ada@example.com")):
                _git(root, "config", name, value)
            self.clones.append(Project(root, self.monkeypatch))
        return self.clones[number]

    def check_out(self, number: int, branches: dict[str, Commit], commit: Commit) -> Project:
        """Fetches the branches into a clone, and checks a commit out there."""
        project = self.clone(number)
        wanted = [f"+refs/heads/{name}:refs/remotes/origin/{name}" for name in branches]
        _git(project.root, "fetch", "--quiet", "--no-tags", "origin", *wanted)
        if "side" not in branches:
            _git(project.root, "update-ref", "-d", "refs/remotes/origin/side")
        _git(project.root, "checkout", "--quiet", "--force", "-B", "main", self.hashes[commit.id])
        return project

    # the record

    def record(self) -> str | None:
        """The tip of the record at the remote."""
        return _git(self.remote, "for-each-ref", "--format=%(objectname)", RECORD).strip() or None

    def last(self) -> dict[str, Any]:
        """What the tip of the record says; nothing where there is none."""
        tip = self.record()
        return json.loads(_git(self.remote, "show", f"{tip}:apply.json")) if tip else {}

    def set_record(self, tip: str | None) -> None:
        """Loses the record everywhere, or sets it back."""
        for root in (self.remote, *(one.root for one in self.clones)):
            self.forget(root)
        if tip is not None:
            _git(self.remote, "update-ref", RECORD, tip)

    def forget(self, root: Path) -> None:
        """Deletes the record in one repository."""
        for name in _git(root, "for-each-ref", "--format=%(refname)").split():
            if "reconciler/" in name:
                _git(root, "update-ref", "-d", name)

    def let_time_pass(self) -> None:
        """The begins at the tip of the record, and in the clones, were a day ago: written so."""
        tip, said = self.record(), self.last()
        if tip is None or said.get("state") != "begun":
            return
        said["until"] = "2026-01-01T00:00:00+00:00"
        blob = _git(self.remote, "hash-object", "-w", "--stdin", stdin=json.dumps(said).encode()).strip()
        tree = _git(self.remote, "mktree", stdin=f"100644 blob {blob}\tapply.json\n".encode()).strip()
        parents = _git(self.remote, "show", "--no-patch", "--format=%P", tip).split()
        message = _git(self.remote, "show", "--no-patch", "--format=%B", tip)
        flags = [word for one in parents for word in ("-p", one)]
        self.set_record(_git(self.remote, "commit-tree", tree, *flags, "-m", message).strip())

    def spoil(self, number: int, what: Spoilt, pid: int = 0) -> None:
        """The push of that number, from one, is refused, or its process killed before or after it was done."""
        (self.remote / "pushes").write_text("")
        (self.remote / "spoil").write_text(f"{number} {what.replace(' ', '-')} {pid}\n")

    def calm(self) -> None:
        """Nothing is spoilt any more."""
        (self.remote / "spoil").unlink(missing_ok=True)


def _user(person: Person) -> dict[str, Any]:
    marked = {} if person.marked else {"externalId": None}
    return {"userName": person.login + DOMAIN, **marked, **({"was": person.was} if person.was else {})}


def _settlement(name: str) -> dict[str, str]:
    named = {"id": name.removeprefix("id-")} if name.startswith("id-") else {"key": f"user/{name}"}
    return {**named, "reason": "CHG-1"}


def _dump(document: object) -> str:
    return str(yaml.safe_dump(document, sort_keys=False))


def _git(folder: Path, *arguments: str, stdin: bytes | None = None) -> str:
    who = {f"GIT_{role}_{what}": ADA[what] for role in ("AUTHOR", "COMMITTER") for what in ADA}
    environment = {**os.environ, **ENVIRONMENT, **who}
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, input=stdin, capture_output=True, check=False)  # noqa: S603
    assert 0 == done.returncode, f"git {arguments}: {done.stderr.decode()}"
    return done.stdout.decode()
