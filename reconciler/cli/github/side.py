"""The group `github`: its options, and the client that they name."""

from __future__ import annotations

from dataclasses import dataclass

import click

from reconciler.errors import UsageError
from reconciler.github.client import REAL_CLOCK, GitHub, GitHubClock, Transport
from reconciler.pipeline.workspace import Workspace

GITHUB_API = "https://api.github.com"

commit_option = click.option("--commit", metavar="SHA", help="The merged commit. Default: the checked-out commit.")


@dataclass(frozen=True, slots=True)
class Side:
    """The options of all these commands: the workspace, and GitHub's repository; the connection is for tests."""

    workspace: Workspace
    repository: str | None
    api_url: str | None
    clock: GitHubClock = REAL_CLOCK
    transport: Transport | None = None

    def connect(self) -> GitHub:
        """Returns a client of the named repository, or of the workflow's own; raises UsageError without either."""
        settings = self.workspace.settings
        job = settings.job()
        named = self.repository or job.repository
        if named is None:
            raise UsageError("which repository? Name it with --repository OWNER/NAME, or set GITHUB_REPOSITORY")
        api_url, token = self.api_url or job.api_url or GITHUB_API, settings.github_token()
        return GitHub(api_url, named, token, transport=self.transport, clock=self.clock)


@click.group()
@click.option("--repository", metavar="OWNER/NAME", help="The GitHub repository. Default: the workflow's.")
@click.option("--api-url", metavar="URL", help="The address of GitHub's API, for GitHub Enterprise outside a workflow.")
@click.pass_context
def github(ctx: click.Context, repository: str | None, api_url: str | None) -> None:
    """Work with GitHub: comment on pull requests, keep the drift issue, gather approvals, check protections.

    The token for GitHub is read from the environment variable GITHUB_TOKEN.
    """
    ctx.obj = Side(ctx.obj, repository, api_url)
