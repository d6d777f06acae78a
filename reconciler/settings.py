"""The only reader of the environment: secrets by name, the variables of a GitHub job, and the private folder."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from reconciler.core.declarations.secret import SecretName
from reconciler.errors import Unreachable, UsageError


@dataclass(frozen=True, slots=True)
class Job:
    """The variables that GitHub Actions sets for a job; None for each that is not set."""

    api_url: str | None
    server_url: str | None
    repository: str | None
    commit: str | None
    run_id: str | None
    event_file: Path | None
    summary_file: Path | None
    event: str | None = None
    ref: str | None = None  # in full, as refs/heads/main
    attempt: int = 1  # of the run; above 1 for a re-run

    @property
    def run_url(self) -> str | None:
        """The page of the run that contains this job."""
        if not (self.server_url and self.repository and self.run_id):
            return None
        return f"{self.server_url}/{self.repository}/actions/runs/{self.run_id}"

    def checks_url(self, pull: int) -> str | None:
        """Returns the page with the runs of a pull request, the latest first; it is the same for every run."""
        if not (self.server_url and self.repository):
            return None
        return f"{self.server_url}/{self.repository}/pull/{pull}/checks"


ACTORS = {
    "RECONCILER_ACTOR": "",
    "GITHUB_ACTOR": " (GitHub Actions)",
    "GITLAB_USER_LOGIN": " (GitLab CI)",
    "BUILD_REQUESTEDFOREMAIL": " (Azure Pipelines)",
}
GIT_KEEPS = re.compile(  # access to remotes, the identity of commits, and git's own installation
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
    "LC_ALL": "C",  # git's messages are parsed
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment as a value, which tests can make."""

    environment: Mapping[str, str] = field(repr=False)  # it holds secrets

    def secret(self, declared: SecretName, what: str = "token") -> str:
        """Returns the secret that a declaration names; raises Unreachable, without the value, if unset or not valid."""
        value = self.environment.get(declared.env, "").strip()
        if not value:
            raise Unreachable(f"the environment variable {declared.env} is not set: put the tenant's {what} there")
        if not value.isascii() or not value.isprintable() or " " in value:
            raise Unreachable(f"the environment variable {declared.env} does not hold a valid {what}")
        return value

    def github_token(self) -> str:
        """Returns the token for GitHub's API; raises UsageError, without the value, if unset or not valid."""
        value = self.environment.get("GITHUB_TOKEN", "").strip()
        if not value:
            raise UsageError(
                "the environment variable GITHUB_TOKEN is not set: in a workflow, give the step "
                "`env: GITHUB_TOKEN: ${{ github.token }}`"
            )
        if not value.isascii() or not value.isprintable() or " " in value:
            raise UsageError("the environment variable GITHUB_TOKEN does not hold a valid token")
        return value

    def job(self) -> Job:
        """Returns the variables of GitHub Actions."""
        read = self.environment.get
        event_file, summary_file = read("GITHUB_EVENT_PATH"), read("GITHUB_STEP_SUMMARY")
        attempt = read("GITHUB_RUN_ATTEMPT") or ""
        return Job(
            api_url=read("GITHUB_API_URL") or None,
            server_url=read("GITHUB_SERVER_URL") or None,
            repository=read("GITHUB_REPOSITORY") or None,
            commit=read("GITHUB_SHA") or None,
            run_id=read("GITHUB_RUN_ID") or None,
            event_file=Path(event_file) if event_file else None,
            summary_file=Path(summary_file) if summary_file else None,
            event=read("GITHUB_EVENT_NAME") or None,
            ref=read("GITHUB_REF") or None,
            attempt=int(attempt) if attempt.isascii() and attempt.isdecimal() else 1,
        )

    def private_folder(self, desired_state: Path) -> Path:
        """Returns the folder of sandboxes, snapshots and log: RECONCILER_PRIVATE, or `.reconciler` beside the YAML."""
        folder = self.environment.get("RECONCILER_PRIVATE")
        return Path(folder).resolve() if folder else desired_state.resolve().parent / ".reconciler"

    def fingerprint_key(self) -> bytes | None:
        """Returns RECONCILER_FINGERPRINT_KEY, the key of fingerprints on machines that keep no files, or None."""
        return self.environment.get("RECONCILER_FINGERPRINT_KEY", "").strip().encode() or None

    def build_actor(self) -> str | None:
        """Returns the actor by RECONCILER_ACTOR or a build service's variable, or None."""
        actors = ((name, self.environment.get(name, "").strip()) for name in ACTORS)
        return next((f"{actor}{ACTORS[name]}" for name, actor in actors if actor), None)

    def machine_user(self) -> str | None:
        """Returns the login name on this machine by USER or LOGNAME, or None."""
        return self.environment.get("USER") or self.environment.get("LOGNAME") or None


def wants_colour() -> bool:
    """Checks that NO_COLOR is not set (no-color.org)."""
    return not os.environ.get("NO_COLOR")


PROXIES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY")
AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


def name_proxies() -> list[str]:
    """Returns the names of the variables that name a proxy."""
    return [name for name in PROXIES if os.environ.get(name) or os.environ.get(name.lower())]


def check_proxies() -> None:
    """Raises ValueError for a proxy with an impossible port, which a connection would end in a traceback."""
    for name in name_proxies():
        proxy = os.environ.get(name) or os.environ.get(name.lower()) or ""
        urlsplit(proxy if "://" in proxy else f"http://{proxy}").port  # noqa: B018  # the property raises


def explain_tls_and_proxies(error: Exception) -> str:
    """Describes why no client can be opened with the environment's proxy or authorities, with what to do.

    Shows no value of a proxy's variable, because it may hold a password.
    """
    named = " or ".join(name_proxies()) or "the proxy of this machine"
    if isinstance(error, ImportError):
        return (
            f"{named} names a SOCKS proxy, which needs the package `socksio`: install `httpx[socks]`, "
            f"or name an HTTP proxy, as in HTTPS_PROXY=http://HOST:PORT"
        )
    if isinstance(error, OSError):
        files = [f"{name}={os.environ[name]}" for name in AUTHORITIES if os.environ.get(name)]
        why = error.strerror if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError) else ""
        return (
            f"the certificates of {' and '.join(files) or 'this installation'} can't be used "
            f"({why or 'no certificate in PEM format'}): name a file that holds your authorities' certificates "
            f"in PEM format, or unset the variable"
        )
    return f"{named} is not the address of a proxy: write it as http://HOST:PORT, or unset the variable"


def environment_without(*names: str) -> dict[str, str]:
    """Returns this process's environment for a child process, without some variables."""
    return {name: value for name, value in os.environ.items() if name not in names}


def environment_for_git() -> dict[str, str]:
    """Returns the environment for git: with credentials and identity, without redirection to other files or prompts.

    Uses an allow-list, because new versions of git add variables.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or GIT_KEEPS.match(name)}
    return {**kept, **GIT_FORCED}


def read_settings() -> Settings:
    """Reads the settings of this process."""
    return Settings(dict(os.environ))
