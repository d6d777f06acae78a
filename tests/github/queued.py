"""A merge queue with real commits: pull requests with reviewed plans, groups on top of each other, their merge."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from tests.cli.project import Project, Ran
from tests.github.standin import REPOSITORY, StandIn

Method: TypeAlias = Literal["merge", "squash", "rebase"]
Files: TypeAlias = Mapping[str, str]

PEOPLE = ("ann", "bob", "cid", "dee", "eli", "fay", "gus", "hal")
JOBS = {"plan sandbox": "success", "comment sandbox": "success"}


def person(key: str, more: str = "") -> dict[str, str]:
    """A file with one user."""
    return {f"{key}.yaml": f"users: {{{key}: {{userName: {key}@example.com, displayName: {key.title()}{more}}}}}\n"}


def start(tenant: str = "") -> dict[str, str]:
    """A company of eight, a group, and its tenant."""
    files = {"tenants.yaml": f"tenants: {{sandbox: {{url: sandbox, scope: all{tenant}}}}}\n"}
    for key in PEOPLE:
        files |= person(key)
    return {**files, "staff.yaml": "groups: {staff: {displayName: Staff, members: [ann, bob]}}\n"}


@dataclass
class Group:
    """A group of the queue: its commit, the commit that it was built on, its pull request."""

    pull: int
    head: str
    built_on: str


@dataclass
class Queue:
    """A project at GitHub with a merge queue for a base branch."""

    project: Project
    standin: StandIn
    base: str = "main"
    heads: dict[int, str] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.project.environment |= {
            "GITHUB_API_URL": self.standin.api_url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_TOKEN": "ghs_workflow",
            "GITHUB_EVENT_NAME": "merge_group",
        }

    def git(self, *arguments: str) -> str:
        return self.project.git(*arguments).strip()

    def commit(self, files: Files, message: str = "a change") -> str:
        """Writes the files, without those whose text is empty, and commits them."""
        for name, text in files.items():
            path = self.project.root / ("desired-state" if name.endswith(".yaml") else ".") / name
            path.unlink(missing_ok=True)
            if text:
                self.project.write(text, str(path.relative_to(self.project.root)))
                self.git("add", str(path))
        self.git("commit", "--quiet", "--all", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def push(self) -> None:
        """Lets the clone know the base branch as it is now."""
        self.git("update-ref", f"refs/remotes/origin/{self.base}", "HEAD")
        self.git("branch", "--force", self.base) if self.git("branch", "--show-current") != self.base else None

    def push_directly(self, files: Files) -> str:
        """Pushes an old commit to the base branch without a pull request; of a new one GitHub is asked again."""
        self.git("switch", "--quiet", "--detach", self.tip)
        with self.project.monkeypatch.context() as patched:
            patched.setenv("GIT_COMMITTER_DATE", "2020-01-01T00:00:00Z")
            pushed = self.commit(files)
        self.push()
        return pushed

    @property
    def tip(self) -> str:
        return self.git("rev-parse", f"refs/remotes/origin/{self.base}")

    def open_pull(self, number: int, *edits: Files, plan: bool = True) -> None:
        """Opens a pull request with a commit for each edit, from the base branch as it is now; plans and stores it."""
        self.git("switch", "--quiet", "--detach", self.tip)
        for edit in edits:
            self.heads[number] = self.commit(edit, f"part of {number}: {sorted(edit)}")
        pull = self.standin.open_pull(number, self.heads[number])
        pull["base"]["ref"] = self.base
        pull["head"]["ref"] = f"change-{number}"
        self.git("branch", "--force", f"change-{number}", self.heads[number])
        if plan:
            self.review(number)

    def review(self, number: int) -> None:
        """Plans GitHub's trial merge of the pull request with its base as it is now, and stores the plan."""
        self.git("switch", "--quiet", "--detach", self.tip)
        self.git("merge", "--quiet", "--no-ff", "--message", "try", self.heads[number])
        plan = self.project.root / f"plan-{number}.json"
        ran = self.project.run("plan", "--base", "HEAD^1", "-o", plan)
        assert 0 == ran.code, ran.said
        run = self.standin.start_run(self.heads[number])
        files: dict[str, str | bytes] = {"plan.json": plan.read_bytes()}
        self.standin.store(run, "plan-sandbox", files)
        self.standin.finish_run(run, JOBS)

    def enter(self, number: int, method: Method = "squash") -> Group:
        """Puts a pull request at the end of the queue: GitHub makes its commits on top of the last group."""
        built_on = self.groups[-1].head if self.groups else self.tip
        self.git("switch", "--quiet", "--detach", built_on)
        match method:
            case "merge":
                self.git("merge", "--quiet", "--no-ff", "--message", f"Merge #{number}", self.heads[number])
            case "squash":
                self.git("merge", "--quiet", "--squash", self.heads[number])
                self.git("commit", "--quiet", "--allow-empty", "--message", f"change (#{number})")
            case "rebase":
                self.git("switch", "--quiet", "--detach", self.heads[number])
                self.git("rebase", "--quiet", "--force-rebase", "--onto", built_on, self.tip)
        group = Group(number, self.git("rev-parse", "HEAD"), built_on)
        self.groups.append(group)
        self.standin.refs[self.ref_of(group)] = group.head
        return group

    def ref_of(self, group: Group) -> str:
        return f"refs/heads/gh-readonly-queue/{self.base}/pr-{group.pull}-{group.built_on}"

    def plan(self, group: Group) -> None:
        """Runs the job that plans a group's head."""
        (self.project.root / "plan.json").unlink(missing_ok=True)
        self.git("switch", "--quiet", "--detach", group.head)
        ran = self.project.run("plan", "--base", group.built_on, "-o", "plan.json")
        self.project.write(ran.err, "said.txt")

    def say(self, group: Group) -> None:
        """Writes the workflow's event of a group."""
        event = {
            "action": "checks_requested",
            "merge_group": {
                "head_sha": group.head,
                "head_ref": self.ref_of(group),
                "base_sha": group.built_on,
                "base_ref": f"refs/heads/{self.base}",
            },
        }
        path = self.project.write(json.dumps(event), "event.json")
        self.project.environment["GITHUB_EVENT_PATH"] = str(path)

    def look(self, group: Group) -> Ran:
        """Runs the check on the plan that is there."""
        self.say(group)
        self.git("switch", "--quiet", "--detach", group.head)
        return self.project.run("github", "merge-group", "plan.json", "--said", "said.txt")

    def check(self, group: Group) -> Ran:
        self.plan(group)
        return self.look(group)

    def land(self) -> None:
        """Merges all groups with one push, as a queue does, and deletes their refs."""
        for group in self.groups:
            self.standin.merge(group.pull, group.head)
            for copy in self.git("rev-list", "--first-parent", f"{group.built_on}..{group.head}^").split():
                self.standin.commits[copy] = [group.pull]
        self.git("switch", "--quiet", "--detach", self.groups[-1].head)
        self.push()
        self.standin.refs.clear()
        self.groups.clear()

    def drop(self, group: Group) -> None:
        """Takes a group and all behind it out of the queue."""
        for one in self.groups[self.groups.index(group) :]:
            del self.standin.refs[self.ref_of(one)]
        del self.groups[self.groups.index(group) :]

    def apply(self) -> Ran:
        """Runs the workflow of the push: gathers what was approved, and applies that."""
        self.git("switch", "--quiet", "--detach", self.tip)
        self.project.environment |= {"GITHUB_EVENT_NAME": "push", "GITHUB_REF": f"refs/heads/{self.base}"}
        self.project.environment.pop("GITHUB_EVENT_PATH", None)
        gathered = self.project.run("github", "approved-plans", "-o", "approvals", "--record", "local")
        assert 0 == gathered.code, gathered.said
        ran = self.project.run("apply", "--approvals", "approvals")
        self.project.environment |= {"GITHUB_EVENT_NAME": "merge_group"}
        del self.project.environment["GITHUB_REF"]
        return ran
