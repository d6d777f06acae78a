"""A company whose desired state is at GitHub, with a 4me on a port for each tenant, and the actions of people."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.model.messages import JsonObject
from reconciler.sandbox.app import make_app
from reconciler.sandbox.serve import serving
from reconciler.sandbox.store import Store
from tests.cli.project import Project
from tests.github.git_host import hosting
from tests.github.player import Event, PlayedJob, Player, copy_workflows
from tests.github.standin import REPOSITORY, StandIn, standing_in
from tests.github.warm import install

DEPENDABOT = "dependabot[bot]"
TEAM_FILE = "desired-state/team.yaml"
TEAM = """\
users:
  ann: {userName: ann@example.com, displayName: Ann, title: Chief}
  bob: {userName: bob@example.com, displayName: Bob, title: Clerk, manager: ann}
groups:
  staff: {displayName: Staff, members: [ann, bob]}
"""


@dataclass
class Company:
    """`clone` is where people work; what they push is at `origin`, and the workflows run there."""

    standin: StandIn
    clone: Path
    player: Player
    stores: dict[str, Store]
    pulls: int = 6
    heads: dict[int, str] = field(default_factory=dict)

    def git(self, *arguments: str) -> str:
        """Runs git in the clone. Its commits are an hour old: for a new one without a pull request, an apply waits."""
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
        old = {**os.environ, "GIT_COMMITTER_DATE": (datetime.now(UTC) - timedelta(hours=1)).isoformat()}
        command = ["git", *who, *arguments]
        done = subprocess.run(command, cwd=self.clone, env=old, capture_output=True, text=True, check=False)  # noqa: S603
        assert 0 == done.returncode, done.stderr
        return done.stdout.strip()

    def commit(self, text: str, name: str = TEAM_FILE) -> str:
        path = self.clone / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "as it should be")
        return self.git("rev-parse", "HEAD")

    def open_pull(self, text: str, name: str = TEAM_FILE, *, fork: bool = False, author: str = "ada") -> int:
        """Pushes a branch with this file, the team unless another is named, and opens a pull request."""
        self.pulls += 1
        self.git("switch", "--quiet", "--create", f"change-{self.pulls}", "origin/main")
        self.standin.open_pull(self.pulls, "", fork=fork)["user"] = {
            "login": author,
            "type": "Bot" if author == DEPENDABOT else "User",
        }
        self._push(self.pulls, text, name)
        return self.pulls

    def push_again(self, number: int, text: str, name: str = TEAM_FILE) -> None:
        self.git("switch", "--quiet", f"change-{number}")
        self._push(number, text, name)

    def _push(self, number: int, text: str, name: str) -> None:
        self.heads[number] = self.commit(text, name)
        self.git("push", "--quiet", "--force", "origin", f"change-{number}")
        self._pull(number)["head"]["sha"] = self.heads[number]
        changed = self.git("diff", "--name-only", "origin/main...HEAD").splitlines()
        self.standin.files[number] = [{"filename": one} for one in changed]

    def _pull(self, number: int) -> dict[str, Any]:
        return next(pull for pull in self.standin.pulls if pull["number"] == number)

    def plan(self, number: int, action: str = "synchronize") -> dict[str, PlayedJob]:
        """Runs the workflow on GitHub's trial merge of head and base."""
        pull = self._pull(number)
        self.git("fetch", "--quiet", "origin")
        self.git("switch", "--quiet", "--detach", f"origin/{pull['base']['ref']}")
        self.git("merge", "--quiet", "--no-ff", "--message", "try", self.heads[number])
        sha = self.git("rev-parse", "HEAD")
        self.git("push", "--quiet", "--force", "origin", f"HEAD:refs/pull/{number}/merge")
        pull["base"] |= {"sha": self.git("rev-parse", "HEAD^1")}
        author, fork = pull["user"]["login"], pull["head"]["repo"]["full_name"] != REPOSITORY
        merged = pull["merged_at"] is not None
        shown = {**pull, "state": "closed" if merged else "open", "merged": merged}
        payload = {"action": action, "pull_request": shown, "sender": {"login": author}}
        trusted = not fork and author != DEPENDABOT
        event = Event("pull_request", sha, payload, head=self.heads[number], actor=author, trusted=trusted)
        return self.player.play("plan.yml", event)

    def queue(self, *numbers: int) -> tuple[str, dict[str, PlayedJob]]:
        """Queues pull requests for the merge, each squashed on top of the one before, and checks the last group."""
        self.git("fetch", "--quiet", "origin")
        self.git("switch", "--quiet", "--detach", "origin/main")
        head = self.git("rev-parse", "HEAD")
        for number in numbers:
            self.git("merge", "--quiet", "--squash", self.heads[number])
            self.git("commit", "--quiet", "--message", f"change (#{number})")
            base, head = head, self.git("rev-parse", "HEAD")
            ref = f"refs/heads/gh-readonly-queue/main/pr-{number}-{base}"
            self.git("push", "--quiet", "--force", "origin", f"HEAD:{ref}")
            self.standin.refs[ref] = head
        group = {"base_ref": "refs/heads/main", "base_sha": base, "head_ref": ref, "head_sha": head}
        payload = {"action": "checks_requested", "merge_group": group, "sender": {"login": "ada"}}
        return head, self.player.play("plan.yml", Event("merge_group", head, payload, head=head, ref=ref))

    def land_group(self, head: str, *numbers: int) -> None:
        """Merges a group as its queue does: one push moves main to the group's head."""
        self.git("push", "--quiet", "origin", f"{head}:main")
        commits = self.git("rev-list", "--reverse", f"--max-count={len(numbers)}", head).split()
        for number, commit in zip(numbers, commits, strict=True):
            self.standin.merge(number, commit)

    def squash(self, number: int) -> str:
        """Merges as one new commit on main."""
        self.git("fetch", "--quiet", "origin")
        self.git("switch", "--quiet", "--detach", "origin/main")
        self.git("merge", "--quiet", "--squash", self.heads[number])
        self.git("commit", "--quiet", "--message", f"change (#{number})")
        return self._land(number)

    def merge(self, number: int) -> str:
        """Merges with a merge commit."""
        self.git("fetch", "--quiet", "origin")
        self.git("switch", "--quiet", "--detach", "origin/main")
        self.git("merge", "--quiet", "--no-ff", "--message", f"merge #{number}", self.heads[number])
        return self._land(number)

    def rebase(self, number: int) -> str:
        """Merges copies of its commits, because main has other commits meanwhile."""
        self.git("fetch", "--quiet", "origin")
        self.git("switch", "--quiet", "--detach", self.heads[number])
        self.git("rebase", "--quiet", "--force-rebase", "origin/main")
        return self._land(number)

    def _land(self, number: int) -> str:
        self.git("push", "--quiet", "origin", "HEAD:main")
        commit = self.git("rev-parse", "HEAD")
        self.standin.merge(number, commit)
        return commit

    def apply(self, commit: str, attempt: int = 1, **payload: Any) -> dict[str, PlayedJob]:
        """Runs the workflow of the push to main."""
        return self.player.play("apply.yml", Event("push", commit, payload, attempt=attempt))

    def apply_again(self, commit: str, run: int, attempt: int = 2) -> dict[str, PlayedJob]:
        """Runs a run of a push once more."""
        return self.player.play_again("apply.yml", Event("push", commit, attempt=attempt), run)

    def open_twin(self, number: int, base: str) -> int:
        """Opens another pull request of the same head, into a branch that starts where main is."""
        self.git("push", "--quiet", "origin", f"origin/main:refs/heads/{base}")
        first, self.pulls = self._pull(number), self.pulls + 1
        twin = self.standin.open_pull(self.pulls, first["head"]["sha"])
        twin |= {"user": first["user"]}
        twin["head"]["ref"], twin["base"]["ref"] = first["head"]["ref"], base
        self.heads[self.pulls] = first["head"]["sha"]
        return self.pulls

    def push(self, text: str, name: str) -> str:
        """Pushes a commit to main without a pull request."""
        self.git("fetch", "--quiet", "origin")
        self.git("switch", "--quiet", "--detach", "origin/main")
        commit = self.commit(text, name)
        self.git("push", "--quiet", "origin", "HEAD:main")
        return commit

    def apply_from_here(self, tenant: str) -> None:
        """Applies the commit that is checked out by hand, with the token, and pushes the record."""
        program = self.clone.parent / "reconciler"
        install(program, self.player.address)
        done = subprocess.run(  # noqa: S603
            [program, "--tenant", tenant, "apply", "--yes"],
            cwd=self.clone,
            env={**os.environ, f"FOURME_{tenant.upper()}_TOKEN": self.player.secrets[tenant]["SCIM_TOKEN"]},
            capture_output=True,
            text=True,
            check=False,
        )
        assert 0 == done.returncode, done.stderr

    def apply_by_hand(self, tenant: str = "", reviewer: str | None = None) -> dict[str, PlayedJob]:
        """Starts the workflow by hand; a reviewer of the environment lets the apply begin, if one is named."""
        inputs = {"tenant": tenant}
        run = self.standin.last_id + 1
        self.standin.documents[f"/actions/runs/{run}/approvals"] = []
        if reviewer is not None:
            self.standin.approve_run(run, reviewer, tenant)
        return self.player.play("apply.yml", Event("workflow_dispatch", self._main(), inputs=inputs))

    def look_for_drift(self) -> dict[str, PlayedJob]:
        return self.player.play("drift.yml", Event("schedule", self._main()))

    def _main(self) -> str:
        return self.player.git("rev-parse", "main").strip()

    def users(self, tenant: str = "qa") -> dict[str, JsonObject]:
        """Returns the users of an account, by externalId."""
        return {str(one["externalId"]): one for one in self.stores[tenant].simulator().users.values()}

    def edit(self, key: str, tenant: str = "qa", **attributes: Any) -> None:
        """Changes a user in 4me by hand."""
        self.stores[tenant].seed([{**self.users(tenant)[key], **attributes}])

    def comments(self, number: int) -> list[str]:
        return [one["body"] for one in self.standin.comments.get(number, [])]

    def applies(self, tenant: str = "qa") -> list[dict[str, Any]]:
        """Returns the records of applies at GitHub, begins and ends, oldest first."""
        return list(Project(self.player.origin, pytest.MonkeyPatch()).applies(tenant))


@contextmanager
def company(folder: Path, tenants: dict[str, str], address: Path) -> Iterator[Company]:
    """A company with these tenants, by the rest of what tenants.yaml says of them; nothing was applied yet.

    `address` is where the program listens.
    """
    with ExitStack() as stack:
        standin = stack.enter_context(standing_in(StandIn()))
        lines, stores = ["tenants:"], {}
        secrets: dict[str, dict[str, str]] = {}
        for name, more in tenants.items():
            token = f"{name}deadbeef" * 6
            stores[name] = stack.enter_context(Store(folder / f"{name}.sqlite"))
            url = stack.enter_context(serving(make_app(stores[name], now=lambda: datetime.now(UTC), token=token)))
            lines.append(f"  {name}: {{url: '{url}', token: {{env: FOURME_{name.upper()}_TOKEN}}, scope: all{more}}}")
            secrets |= {name: {"SCIM_TOKEN": token}, f"plan-{name}": {"SCIM_TOKEN": token}}

        origin, clone = folder / "origin.git", folder / "clone"
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", origin], check=True)  # noqa: S603, S607
        subprocess.run(["git", "clone", "--quiet", origin, clone], check=True, capture_output=True)  # noqa: S603, S607
        server = stack.enter_context(hosting(origin, standin))
        found = Company(standin, clone, Player(standin, origin, folder / "jobs", secrets, address, server), stores)
        copy_workflows(clone)
        found.commit("\n".join(lines) + "\n", "desired-state/tenants.yaml")
        found.commit(TEAM)
        found.git("push", "--quiet", "origin", "HEAD:main")
        found.git("fetch", "--quiet", "origin")
        yield found
