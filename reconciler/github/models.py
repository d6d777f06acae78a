"""The parts of GitHub's answers that are used here; all other fields are ignored."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reconciler.errors import Failed


class GitHubModel(BaseModel):
    """The base of all models of GitHub: strict, frozen, with unknown fields ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class GitHubAccount(GitHubModel):
    """A person, a bot, an app; `type` is `Bot` for the last two."""

    login: str
    type: str = ""


class Label(GitHubModel):
    """The name of a label."""

    name: str


class Comment(GitHubModel):
    """A comment on an issue or a pull request; it has no user if the account was deleted."""

    id: int
    node_id: str = ""
    body: str | None = None
    user: GitHubAccount | None = None


class Issue(GitHubModel):
    """An issue; GitHub lists pull requests as issues too."""

    number: int
    title: str
    state: str
    body: str | None = None
    user: GitHubAccount | None = None
    labels: list[Label | str] = Field(default_factory=list)
    pull_request: object | None = None

    @property
    def label_names(self) -> list[str]:
        """Returns the names of the labels."""
        return [one if isinstance(one, str) else one.name for one in self.labels]


class Repo(GitHubModel):
    """A repository by `owner/name`."""

    full_name: str


class Branch(GitHubModel):
    """The head or base of a pull request; `repo` is None if the fork was deleted."""

    sha: str
    ref: str
    repo: Repo | None = None


class PullRequest(GitHubModel):
    """A pull request; `changed_files` is in no list, only where one pull request is asked for.

    `user` is the author, or None if the account was deleted.
    """

    number: int
    head: Branch
    base: Branch
    created_at: str
    user: GitHubAccount | None = None
    changed_files: int | None = None
    closed_at: str | None = None
    merged_at: str | None = None
    merge_commit_sha: str | None = None


class File(GitHubModel):
    """A file that a pull request changes; `previous_filename` is set if it was renamed."""

    filename: str
    previous_filename: str | None = None


class IssueEvent(GitHubModel):
    """A step in the life of an issue or a pull request, such as `base_ref_changed`."""

    event: str
    created_at: str


class NumberedPull(GitHubModel):
    """A pull request, by its number alone."""

    number: int


class WorkflowRun(GitHubModel):
    """A run of a workflow. `path` may name the branch too: `.github/workflows/plan.yml@refs/heads/main`.

    `pull_requests` are those that are open now with this head commit or branch; the run need not be of one of them.
    `run_started_at` is the start of its last attempt, and `created_at` that of the first.
    """

    id: int
    path: str
    event: str
    status: str
    head_sha: str
    created_at: str
    run_started_at: str | None = None
    repository: Repo
    head_branch: str | None = None
    head_repository: Repo | None = None
    pull_requests: list[NumberedPull] | None = None

    @property
    def workflow(self) -> str:
        """The path of the workflow file, without a branch."""
        return self.path.partition("@")[0]

    def is_within(self, repository: str) -> bool:
        """Whether the run and its head belong to the repository `owner/name`, and not to a fork."""
        names = {one.full_name.lower() if one else None for one in (self.repository, self.head_repository)}
        return names == {repository.lower()}


class RunJob(GitHubModel):
    """A job of a run; `conclusion` is missing while it runs."""

    name: str
    conclusion: str | None = None


class ArtifactOrigin(GitHubModel):
    """The run that an artifact comes from."""

    id: int
    head_sha: str


class Artifact(GitHubModel):
    """An artifact of a run; `digest` is `sha256:` and the hash of the archive."""

    id: int
    name: str
    expired: bool
    digest: str | None = None
    workflow_run: ArtifactOrigin | None = Field(default=None)


Model = TypeVar("Model", bound=GitHubModel)


def parse(kind: type[Model], document: object) -> Model:
    """Parses the document as that kind. Raises Failed if it does not fit."""
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        field = ".".join(map(str, detail["loc"]))
        raise Failed(f"GitHub's answer is not a {kind.__name__} as documented ({field}: {detail['msg']})") from error
