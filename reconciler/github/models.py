"""The parts of GitHub's answers that are used here. What else an answer holds is GitHub's to change, and ignored."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reconciler.errors import Failed


class GitHubModel(BaseModel):
    """Something that GitHub tells: strict, frozen, and open to more."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class GitHubAccount(GitHubModel):
    """A person, a bot, an app."""

    login: str


class Label(GitHubModel):
    """The name of a label."""

    name: str


class Comment(GitHubModel):
    """A comment on an issue or a pull request; those of deleted accounts have no user."""

    id: int
    body: str | None = None
    user: GitHubAccount | None = None


class Issue(GitHubModel):
    """An issue, or a pull request, which GitHub lists among them."""

    number: int
    title: str
    state: str
    body: str | None = None
    user: GitHubAccount | None = None
    pull_request: object | None = None


class Repo(GitHubModel):
    """A repository by `owner/name`."""

    full_name: str


class Branch(GitHubModel):
    """An end of a pull request; the repository is gone where a fork was deleted."""

    sha: str
    ref: str
    repo: Repo | None = None


class PullRequest(GitHubModel):
    """A pull request."""

    number: int
    head: Branch
    base: Branch
    merged_at: str | None = None
    merge_commit_sha: str | None = None


class File(GitHubModel):
    """A file that a pull request touches; `previous_filename` where it was renamed."""

    filename: str
    previous_filename: str | None = None


class WorkflowRun(GitHubModel):
    """A run of a workflow. `path` may name the branch too: `.github/workflows/plan.yml@refs/heads/main`."""

    id: int
    path: str
    event: str
    status: str
    head_sha: str
    repository: Repo
    head_repository: Repo | None = None


class RunJob(GitHubModel):
    """A job of a run; `conclusion` is missing while it runs."""

    name: str
    conclusion: str | None = None


class ArtifactOrigin(GitHubModel):
    """The run that an artifact comes from."""

    id: int
    head_sha: str


class Artifact(GitHubModel):
    """What a run stored; `digest` is `sha256:` and the hash of the archive."""

    id: int
    name: str
    expired: bool
    digest: str | None = None
    workflow_run: ArtifactOrigin | None = Field(default=None)


AnyTold = TypeVar("AnyTold", bound=GitHubModel)


def parse(kind: type[AnyTold], document: object) -> AnyTold:
    """The document as that kind; raises Failed where it is not."""
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        place = ".".join(map(str, detail["loc"]))
        raise Failed(f"GitHub answers no {kind.__name__} as documented ({place}: {detail['msg']})") from error
