"""Pull requests of a project as git has them: branches, plans, merges, and the folder of approvals that is gathered."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.cli.project import Project, Ran

FOLDER = "approvals"


@dataclass
class PullRequests:
    """The pull requests of a project to `main`; each has a plan, unless a reason says why it has none."""

    project: Project
    plans: dict[int, str] = field(default_factory=dict)
    merged: list[dict[str, Any]] = field(default_factory=list)
    line: list[dict[str, Any]] = field(default_factory=list)
    reasons: dict[int, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()

    def open(self, number: int, files: dict[str, str | None], base: str = "main") -> Ran:
        """Opens a pull request from a base, and plans it; None deletes a file."""
        self.project.git("checkout", "--quiet", "-b", f"pull-{number}", base)
        self.commit(files)
        return self.plan(number)

    def commit(self, files: dict[str, str | None]) -> None:
        """Commits files to the branch that is checked out; None deletes a file."""
        for name, text in files.items():
            if text is None:
                (self.project.root / name).unlink()
            else:
                self.project.write(text, name)
        self.project.git("add", "--all", *files)
        self.project.git("commit", "--quiet", "--message", "an edit")

    def plan(self, number: int) -> Ran:
        """Plans the head of a pull request against the account as it is now."""
        self.project.git("checkout", "--quiet", f"pull-{number}")
        file = self.project.root / ".reconciler" / f"{number}.json"
        ran = self.project.run("plan", "--base", "main", "-o", file, *self.arguments)
        self.plans[number] = file.read_text() if file.exists() else ""
        self.project.git("checkout", "--quiet", "main")
        return ran

    def merge(self, number: int, way: Literal["merge", "squash", "rebase"] = "merge") -> str:
        """Merges a pull request into main, in one of the ways of the host."""
        git, branch = self.project.git, f"pull-{number}"
        before = git("rev-parse", "main").strip()
        if way == "merge":
            git("merge", "--quiet", "--no-ff", "--message", f"Merge #{number}", branch)
        elif way == "squash":
            git("merge", "--quiet", "--squash", branch)
            git("commit", "--quiet", "--message", f"An edit (#{number})")
        else:
            git("rebase", "--quiet", "main", branch)
            git("checkout", "--quiet", "main")
            git("merge", "--quiet", "--ff-only", branch)
        commits = git("rev-list", "--first-parent", "--reverse", f"{before}..main").split()
        self.line += [{"commit": commit, "pull": number} for commit in commits]
        self.merged.append({"number": number, "run": 1000 + number})
        return commits[-1]

    def push(self, files: dict[str, str | None]) -> str:
        """Pushes a commit to main without a pull request."""
        self.commit(files)
        commit = self.project.git("rev-parse", "main").strip()
        self.line.append({"commit": commit})
        return commit

    def gather(self, tenant: str = "sandbox", **fields: Any) -> Path:
        """Gathers the approvals of all merges since the last apply into a folder."""
        folder = self.project.root / ".reconciler" / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        pulls = []
        for pull in self.merged:
            number = pull["number"]
            if reason := self.reasons.get(number):
                pulls.append({**pull, "reason": reason})
            else:
                (folder / f"plan-{number}.json").write_text(self.plans[number])
                pulls.append({**pull, "plan": f"plan-{number}.json"})
        head = self.project.git("rev-parse", "HEAD").strip()
        document = {"format": 1, "tenant": tenant, "commit": head, "line": self.line, "pulls": pulls, **fields}
        (folder / "approvals.json").write_text(json.dumps(document))
        return folder

    def apply(self, *arguments: str, tenant: str = "sandbox") -> Ran:
        """Gathers and applies; the next window is empty if the apply ended."""
        folder = self.gather(tenant)
        ran = self.project.run("apply", "--approvals", folder, *arguments)
        if ran.code in {0, 1, 4} and ran.out:
            self.merged, self.line = [], []
        return ran
