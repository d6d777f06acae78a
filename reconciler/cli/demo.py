"""The command `demo`: runs the whole story on the embedded 4me, each step as a command that a person would type."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import click

from reconciler.core.model.amounts import and_more
from reconciler.core.scim.wire import read_page
from reconciler.errors import Failed, UsageError
from reconciler.pipeline.workspace import Workspace
from reconciler.sandbox.store import Store
from reconciler.settings import environment_for_git, environment_without

MOST_LINES = 14
JOINER = "users/new-hires.yaml"
NEW_HIRE = """\
users:
  ines.moreau:
    userName: ines.moreau@example.com
    name: {givenName: Inès, familyName: Moreau}
    displayName: Inès Moreau
    title: Analyst
    emails: [{value: ines.moreau@example.com, type: work, primary: true}]
    department: Finance
    site: Lyon
    manager: anneke.visser
    attributes: {contractType: permanent}
"""
EDITED_BY_HAND = ("zoe.laurent@example.com", "Sales Champion")


@click.command()
@click.pass_obj
def demo(workspace: Workspace) -> None:
    """Run the whole story on the embedded 4me, in seconds.

    Validate, plan, apply, an empty plan, an edit by hand, drift, its correction, and a new hire.
    """
    if not (workspace.folder / "users" / "finance.yaml").is_file():
        raise UsageError(f"{workspace.folder} is not the worked example: run the demo where desired-state/ is")
    with tempfile.TemporaryDirectory(prefix="reconciler-demo-") as name:
        story = _Story(Path(name))
        story.begin(workspace.folder)
        story.run()


@dataclass(frozen=True, slots=True)
class _Story:
    """The story, in a git repository of its own, so that the reader's repository is not changed."""

    root: Path

    def begin(self, example: Path) -> None:
        shutil.copytree(example, self.root / "desired-state")
        self._git("init", "--quiet")
        self._git("config", "user.name", "reconciler demo")
        self._git("config", "user.email", "demo@example.com")
        self._commit("Declare the company")

    def run(self) -> None:
        self._chapter("The desired state of a small company is in git. Is it valid?")
        self._run("validate")
        self._chapter("What would an apply change in an empty 4me account? (The head of the plan.)")
        self._run("plan")
        self._chapter("Apply it: managers before their reports, one request for each user and group.")
        self._run("apply", "--yes", quiet=True)
        self._chapter("Plan again: the account is as git declares it.")
        self._run("plan")
        self._chapter(f"A person edits {EDITED_BY_HAND[0]} by hand, in 4me itself.")
        self._edit_by_hand()
        self._chapter("Drift: what was changed in the account since the last apply.")
        self._run("drift")
        self._chapter("Apply again: the account is as git declares it.")
        self._run("apply", "--yes")
        self._chapter("A pull request adds a new hire to Finance; the rules of the groups add her to them.")
        (self.root / "desired-state" / JOINER).write_text(NEW_HIRE, encoding="utf-8")
        self._commit("Inès Moreau joins Finance")
        self._run("plan")
        self._run("apply", "--yes", quiet=True)
        self._chapter("Nothing was deleted, and nothing is left to do.")
        self._run("plan")
        self._chapter(
            "Each apply is on record: its begin and its end are commits of a git branch. No other state exists."
        )
        self._run("log", "--applies")

    def _chapter(self, sentence: str) -> None:
        click.echo("\n" + click.style(f"── {sentence}", bold=True))

    def _run(self, *arguments: str, quiet: bool = False) -> None:
        """Runs one command as it would be typed, and prints the head of its output."""
        click.echo(click.style(f"$ reconciler {' '.join(arguments)}", fg="cyan"))
        command = [sys.executable, "-m", "reconciler", *(["-q"] if quiet else []), *arguments]
        done = self._call(command, environment_without("RECONCILER_PRIVATE"), stderr=subprocess.DEVNULL)
        if done.returncode:
            raise Failed(f"the demo stopped: `reconciler {' '.join(arguments)}` exited with {done.returncode}")
        lines = done.stdout.splitlines()
        click.echo("\n".join(lines[:MOST_LINES]))
        if len(lines) > MOST_LINES:
            click.echo(f"  …{and_more(len(lines) - MOST_LINES)} lines")

    def _edit_by_hand(self) -> None:
        """Changes a user without git, as a person does in 4me's own pages."""
        user_name, title = EDITED_BY_HAND
        now = datetime.now(UTC)
        with Store(self.root / ".reconciler" / "sandbox.sqlite") as store:
            query = quote(f'userName eq "{user_name}"')
            found = store.answer("GET", f"/Users?filter={query}", None, now).body
            user = read_page(found).resources[0]
            store.answer("PATCH", f"/Users/{user['id']}", {"title": title}, now)
        click.echo(f"  title: {user['title']} → {title}")

    def _commit(self, message: str) -> None:
        self._git("add", "desired-state")
        self._git("commit", "--quiet", "-m", message)

    def _git(self, *arguments: str) -> str:
        done = self._call(["git", *arguments], environment_for_git(), stderr=subprocess.PIPE)
        if done.returncode:
            raise Failed(f"git {arguments[0]} failed: {done.stderr.strip()}")
        return done.stdout

    def _call(
        self, command: Sequence[str], environment: Mapping[str, str], stderr: int
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603  # our own words only
            command, cwd=self.root, env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True, check=False
        )
