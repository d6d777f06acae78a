"""A team at GitHub whose workflows run as commands in this process, each job in a clone of its own.

The steps of a job are those of the workflows and of the action; tests/github/test_team_steps.py compares them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pytest
import yaml

from reconciler.core.model.messages import JsonObject
from reconciler.sandbox.app import App, Message, Receive, Send, make_app
from reconciler.sandbox.serve import serving
from reconciler.sandbox.store import Store
from tests.cli.project import OURS, Project, Ran
from tests.github.standin import FULL, REPOSITORY, StandIn, Token, standing_in

Way: TypeAlias = Literal["squash", "merge", "rebase"]
Files: TypeAlias = Mapping[str, str | None]
SECRET = "deadbeef" * 8
LIMITS = "guardrails:\n" + "".join(
    f"  {name}: {{count: 99}}\n"
    for name in (
        "max_deactivations",
        "max_member_removals",
        "max_role_revocations",
        "max_updates",
        "max_population_drop",
    )
)
HOURS_AGO = timedelta(hours=3)
VARIABLES = ("GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH", "GITHUB_SHA", "GITHUB_ACTIONS")


@dataclass
class Job:
    """A machine of GitHub Actions: a clone at the commit of its run. `steps` are the commands of all jobs."""

    project: Project
    steps: list[list[str]]
    ran: list[Ran] = field(default_factory=list)

    def run(self, *arguments: str | Path) -> Ran:
        """Runs a step."""
        ran = self.project.run(*arguments)
        assert "Traceback" not in ran.said, ran.said
        self.steps.append([str(one) for one in arguments])
        self.ran.append(ran)
        return ran

    @property
    def out(self) -> Path:
        """The folder of the files that the job makes."""
        folder = self.project.root / ".git" / "out"
        folder.mkdir(exist_ok=True)
        return folder


@dataclass
class Service:
    """The account on a port; after `writes_left` more writes it refuses each with that status."""

    store: Store
    refuses_with: int = 0
    writes_left: int = 0

    async def answer(self, app: App, scope: Message, receive: Receive, send: Send) -> None:
        """Answers a request."""
        if scope["type"] == "http" and scope["method"] != "GET" and self.refuses_with:
            self.writes_left -= 1
            if self.writes_left < 0:
                await send({"type": "http.response.start", "status": self.refuses_with, "headers": []})
                await send({"type": "http.response.body", "body": b""})
                return
        await app(scope, receive, send)


@dataclass
class Team:
    """People work in `clone` and push to `origin`; `clock` counts minutes at GitHub."""

    folder: Path
    clone: Project
    standin: StandIn
    service: Service
    heads: dict[int, str] = field(default_factory=dict)
    clock: int = 0
    jobs: int = 0
    steps: list[list[str]] = field(default_factory=list)

    @property
    def origin(self) -> Path:
        return self.folder / "origin.git"

    @property
    def main(self) -> str:
        """The tip of main at GitHub."""
        return self.git("rev-parse", "origin/main")

    def git(self, *arguments: str, text: str = "") -> str:
        """Runs git in the clone. Its commits are hours old: for a new one without a pull request, an apply waits."""
        return self.try_git(*arguments, text=text) or ""

    def try_git(self, *arguments: str, may_fail: bool = False, text: str = "") -> str | None:
        """Runs git in the clone. Returns None if it fails and may."""
        old = (datetime.now(UTC) - HOURS_AGO).isoformat()
        env = {**os.environ, **OURS, "GIT_COMMITTER_DATE": old}
        command = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", *arguments]
        done = subprocess.run(  # noqa: S603
            command, cwd=self.clone.root, env=env, input=text, capture_output=True, text=True, check=False
        )
        assert may_fail or done.returncode == 0, done.stderr
        return done.stdout.strip() if done.returncode == 0 else None

    def moment(self) -> str:
        """Returns the time at GitHub; each call is a minute later."""
        self.clock += 1
        return (datetime(2026, 11, 25, 8, tzinfo=UTC) + timedelta(minutes=self.clock)).strftime("%Y-%m-%dT%H:%M:%SZ")

    # what people do

    def commit(self, files: Files) -> str:
        for name, text in files.items():
            path = self.clone.root / name
            path.unlink(missing_ok=True)
            if text is not None:
                self.clone.write(text, name)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "an edit")
        return self.git("rev-parse", "HEAD")

    def open_pull(self, number: int, files: Files) -> None:
        self.git("switch", "--quiet", "--create", f"change-{number}", "origin/main")
        pull = self.standin.open_pull(number, self.commit(files))
        pull |= {"user": {"login": "ada"}, "created_at": self.moment()}
        pull["head"]["ref"] = f"change-{number}"
        self.heads[number] = pull["head"]["sha"]

    def push_again(self, number: int, files: Files) -> None:
        """Pushes these files on top of main as it is now, in place of what was there."""
        self.git("switch", "--quiet", "--force-create", f"change-{number}", "origin/main")
        self.heads[number] = self.pull(number)["head"]["sha"] = self.commit(files)

    def pull(self, number: int) -> dict[str, Any]:
        return next(one for one in self.standin.pulls if one["number"] == number)

    def merge(self, number: int, way: Way, onto: str = "origin/main") -> str | None:
        """Makes the commits of a merge. Returns the last one, or None if it conflicts."""
        self.git("switch", "--quiet", "--detach", onto)
        head = self.heads[number]
        if way == "rebase":
            base = self.git("merge-base", head, onto)
            if self.try_git("cherry-pick", "--allow-empty", f"{base}..{head}", may_fail=True) is None:
                self.git("cherry-pick", "--abort")
                return None
        elif self.try_git("merge", "--quiet", "--no-ff", "--no-commit", head, may_fail=True) is None:
            self.git("reset", "--hard", "--quiet")
            return None
        elif way == "squash":
            tree = self.git("write-tree")
            self.git("reset", "--hard", "--quiet")
            self.git("reset", "--hard", "--quiet", self.git("commit-tree", tree, "-p", "HEAD", "-m", f"#{number}"))
        else:
            self.git("commit", "--quiet", "--allow-empty", "--message", f"merge #{number}")
        return self.git("rev-parse", "HEAD")

    def land(self, *merges: tuple[int, str]) -> None:
        """Moves main to the last of these commits with one push; each is the merge of a pull request."""
        self.git("push", "--quiet", "origin", f"{merges[-1][1]}:refs/heads/main")
        for number, commit in merges:
            self.standin.merge(number, commit)
            self.pull(number)["merged_at"] = self.moment()

    def push(self, files: Files) -> str:
        """Pushes a commit to main without a pull request."""
        self.git("switch", "--quiet", "--detach", "origin/main")
        commit = self.commit(files)
        self.git("push", "--quiet", "origin", f"{commit}:refs/heads/main")
        return commit

    # what GitHub Actions do

    @contextmanager
    def job(  # noqa: PLR0913  # the facts of a run
        self,
        sha: str,
        event: str,
        run: int,
        payload: Mapping[str, Any],
        attempt: int = 1,
        *,
        ref: str = "refs/heads/main",
    ) -> Iterator[Job]:
        """A fresh clone at a commit, which is gone afterwards."""
        self.jobs += 1
        root = self.folder / f"job-{self.jobs}"
        self.git("push", "--quiet", "--force", "origin", f"{sha}:refs/jobs/{self.jobs}")
        command = ["git", "clone", "--quiet", "--no-checkout", str(self.origin), str(root)]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        project = Project(root, self.clone.monkeypatch)
        project.git("fetch", "--quiet", "origin", f"refs/jobs/{self.jobs}")
        project.git("checkout", "--quiet", "--detach", sha)
        (root / ".git" / "event.json").write_text(json.dumps(payload))
        project.environment = {
            "GITHUB_API_URL": self.standin.api_url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_TOKEN": "ghs_workflow",
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(root / ".git" / "event.json"),
            "GITHUB_REF": ref,
            "GITHUB_RUN_ID": str(run),
            "GITHUB_RUN_ATTEMPT": str(attempt),
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_SHA": sha,
            "QA_TOKEN": SECRET,
        }
        try:
            yield Job(project, self.steps)
        finally:
            shutil.rmtree(root)

    def age_record(self) -> None:
        """Lets hours pass since the last apply began: its job has ended, whatever became of it."""
        branch = "refs/heads/reconciler/qa"
        self.git("fetch", "--quiet", "origin", f"+{branch}:{branch}")
        record = json.loads(self.git("show", f"{branch}:apply.json"))
        for name in ("at", "until"):
            if record.get(name):
                record[name] = (datetime.fromisoformat(record[name]) - HOURS_AGO).isoformat().replace("+00:00", "Z")
        self.clone.write(json.dumps(record, indent=2), "../apply.json")
        blob = self.git("hash-object", "-w", "../apply.json")
        tree = self.git("mktree", text=f"100644 blob {blob}\tapply.json\n")
        parents = self.git("show", "--no-patch", "--format=%P", branch).split()
        message = self.git("show", "--no-patch", "--format=%B", branch)
        older = self.git("commit-tree", tree, *(f"-p{one}" for one in parents), "-m", message)
        self.git("push", "--quiet", "--force", "origin", f"{older}:{branch}")

    # what is in the account and in git

    def users(self) -> dict[str, JsonObject]:
        """Returns the users of the account, by externalId."""
        return {str(one["externalId"]): dict(one) for one in self.service.store.simulator().users.values()}

    def members(self) -> set[str]:
        names = {user["id"]: key for key, user in self.users().items()}
        groups: list[Any] = list(self.service.store.simulator().groups.values())
        return {names[one["value"]] for group in groups for one in group.get("members", [])}

    def edit(self, key: str, **attributes: Any) -> None:
        """Changes a user in 4me by hand."""
        self.service.store.seed([{**self.users()[key], **attributes}])

    def toggle_member(self, key: str) -> None:
        """Adds a user to the group by hand, or removes the user from it."""
        number = self.users()[key]["id"]
        [group] = self.service.store.simulator().groups.values()
        listed: list[Any] = list(group.get("members", []))  # type: ignore[call-overload]  # JSON
        kept = [one for one in listed if one["value"] != number]
        self.service.store.seed(
            [], [{**group, "members": kept if len(kept) < len(listed) else [*listed, {"value": number}]}]
        )

    def declared(self, commit: str) -> dict[str, Any]:
        """Returns all YAML of the desired state at a commit, in one document."""
        listed = self.git("ls-tree", "-r", "--name-only", commit, "desired-state").splitlines()
        documents = [yaml.safe_load(self.git("show", f"{commit}:{name}")) for name in listed if name.endswith(".yaml")]
        found: dict[str, Any] = {"users": {}, "groups": {}, "role_assignments": []}
        for one in documents:
            found["users"] |= one.get("users", {})
            found["groups"] |= one.get("groups", {})
            found["role_assignments"] += one.get("role_assignments", [])
        return found

    def comments(self, number: int) -> list[str]:
        return self.standin.shown(number)


@contextmanager
def make_team(folder: Path, files: Files) -> Iterator[Team]:
    """A repository with these files and an empty account, whose first apply was by hand."""
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name in VARIABLES:
            patch.delenv(name, raising=False)
        standin = stack.enter_context(standing_in(StandIn(tokens={"ghs_workflow": Token(FULL)}, page_size=100)))
        service = Service(stack.enter_context(Store(folder / "qa.sqlite")))
        inner = make_app(service.store, now=lambda: datetime.now(UTC), token=SECRET)

        async def app(scope: Message, receive: Receive, send: Send) -> None:
            await service.answer(inner, scope, receive, send)

        url = stack.enter_context(serving(app))
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", folder / "origin.git"], check=True)  # noqa: S603, S607
        clone = Project(folder / "clone", patch)
        clone.environment = {"QA_TOKEN": SECRET}
        team = Team(folder, clone, standin, service)
        team.git("remote", "add", "origin", str(team.origin))
        tenants = f"tenants:\n  qa: {{url: '{url}', token: {{env: QA_TOKEN}}, scope: all}}\n{LIMITS}"
        workflow = "on: {pull_request: {}}\njobs: {}\n"
        team.commit({**files, "desired-state/tenants.yaml": tenants, ".github/workflows/plan.yml": workflow})
        team.git("push", "--quiet", "origin", "HEAD:refs/heads/main")
        ran = clone.run("--tenant", "qa", "apply", "--yes")
        assert 0 == ran.code, ran.said
        team.git("switch", "--quiet", "--detach", "origin/main")
        team.git("branch", "--quiet", "-D", "main")
        yield team
