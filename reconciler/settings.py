"""The only reader of the environment: secrets by name, what GitHub tells a job, and where private files go."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.core.declarations.secret import SecretName
from reconciler.errors import Unreachable, UsageError


@dataclass(frozen=True, slots=True)
class Job:
    """What GitHub Actions tells a job of itself; each is None where there is no such variable."""

    api_url: str | None
    server_url: str | None
    repository: str | None
    commit: str | None
    run_id: str | None
    event_file: Path | None
    summary_file: Path | None

    @property
    def run_url(self) -> str | None:
        """The page of the run that this job is part of."""
        if not (self.server_url and self.repository and self.run_id):
            return None
        return f"{self.server_url}/{self.repository}/actions/runs/{self.run_id}"

    def checks_url(self, pull: int) -> str | None:
        """The page of a pull request that has its runs, the last ones first; it stays the same from run to run."""
        if not (self.server_url and self.repository):
            return None
        return f"{self.server_url}/{self.repository}/pull/{pull}/checks"


ACTORS = {
    "RECONCILER_ACTOR": "",
    "GITHUB_ACTOR": " (GitHub Actions)",
    "GITLAB_USER_LOGIN": " (GitLab CI)",
    "BUILD_REQUESTEDFOREMAIL": " (Azure Pipelines)",
}
GIT_KEEPS = re.compile(  # how a remote is reached and as whom, who commits, and where git itself is installed
    r"GIT_(?:ASKPASS|SSH|SSH_COMMAND|SSH_VARIANT|SSL_\w+|HTTP_\w+|PROXY_\w+|PROXY_SSL_\w+|ALLOW_PROTOCOL|EXEC_PATH"
    r"|AUTHOR_\w+|COMMITTER_\w+|CONFIG_COUNT|CONFIG_KEY_\d+|CONFIG_VALUE_\d+"
    r"|CONFIG_GLOBAL|CONFIG_SYSTEM|CONFIG_NOSYSTEM)\Z"
)
GIT_FORCED = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM": "1",
    "LC_ALL": "C",  # git's words are read
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment, as one value that a test can make."""

    environment: Mapping[str, str] = field(repr=False)  # it holds secrets

    def secret(self, declared: SecretName, what: str = "token") -> str:
        """The secret that a declaration names; raises Unreachable, without its value, where it is unset or no token."""
        value = self.environment.get(declared.env, "").strip()
        if not value:
            raise Unreachable(f"the environment variable {declared.env} is not set: put the tenant's {what} there")
        if not value.isascii() or not value.isprintable() or " " in value:
            raise Unreachable(f"the environment variable {declared.env} holds something that is no {what}")
        return value

    def github_token(self) -> str:
        """The token for GitHub's API; raises UsageError, without its value, where there is none, or it is no token."""
        value = self.environment.get("GITHUB_TOKEN", "").strip()
        if not value:
            raise UsageError(
                "the environment variable GITHUB_TOKEN is not set: in a workflow, give the step "
                "`env: GITHUB_TOKEN: ${{ github.token }}`"
            )
        if not value.isascii() or not value.isprintable() or " " in value:
            raise UsageError("the environment variable GITHUB_TOKEN holds something that is no token")
        return value

    def job(self) -> Job:
        """The variables of GitHub Actions."""
        told = self.environment.get
        event_file, summary_file = told("GITHUB_EVENT_PATH"), told("GITHUB_STEP_SUMMARY")
        return Job(
            api_url=told("GITHUB_API_URL") or None,
            server_url=told("GITHUB_SERVER_URL") or None,
            repository=told("GITHUB_REPOSITORY") or None,
            commit=told("GITHUB_SHA") or None,
            run_id=told("GITHUB_RUN_ID") or None,
            event_file=Path(event_file) if event_file else None,
            summary_file=Path(summary_file) if summary_file else None,
        )

    def private_folder(self, desired_state: Path) -> Path:
        """Where sandboxes, snapshots and the log are: beside the desired-state folder, or at RECONCILER_PRIVATE."""
        told = self.environment.get("RECONCILER_PRIVATE")
        return Path(told) if told else desired_state.resolve().parent / ".reconciler"

    def fingerprint_key(self) -> bytes | None:
        """The key of fingerprints, for machines that keep no files: RECONCILER_FINGERPRINT_KEY."""
        return self.environment.get("RECONCILER_FINGERPRINT_KEY", "").strip().encode() or None

    def build_actor(self) -> str | None:
        """Who started this, as RECONCILER_ACTOR or a build service says; None where none does."""
        named = ((name, self.environment.get(name, "").strip()) for name in ACTORS)
        return next((f"{actor}{ACTORS[name]}" for name, actor in named if actor), None)

    def machine_user(self) -> str | None:
        """Who is logged in on this machine, if the environment says."""
        return self.environment.get("USER") or self.environment.get("LOGNAME") or None


def wants_colour() -> bool:
    """Whether nobody asked for plain output (no-color.org)."""
    return not os.environ.get("NO_COLOR")


def environment_without(*names: str) -> dict[str, str]:
    """This process's environment for a child process, less some variables."""
    return {name: value for name, value in os.environ.items() if name not in names}


def environment_for_git() -> dict[str, str]:
    """The environment for git: nothing that points it elsewhere or makes it ask; credentials and identity are kept.

    An allow-list, because new versions of git bring new variables.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or GIT_KEEPS.match(name)}
    return {**kept, **GIT_FORCED}


def read_settings() -> Settings:
    """The settings of this process."""
    return Settings(dict(os.environ))
