"""The answers of GitHub about a repository's protections, each readable or not. Asks, and decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from pydantic import Field

from reconciler.errors import Failed, Forbidden, NotFound
from reconciler.github.models import GitHubModel

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class UnknownFact:
    """A fact that this token can't read, with the reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class KnownFact(Generic[T]):
    """A fact that was read."""

    value: T


Fact: TypeAlias = KnownFact[T] | UnknownFact


def ask(read: Callable[[], T]) -> Fact[T]:
    """Reads a fact. A missing permission, or an answer that is none, leaves it unread; GitHub out of reach raises."""
    try:
        return KnownFact(read())
    except Forbidden:  # GitHub names the permission, but a workflow can't be given `administration`
        return UnknownFact("this token may not read that (403)")
    except NotFound:
        return UnknownFact("GitHub does not find that, or hides it from this token (404)")
    except Failed as error:
        return UnknownFact(str(error))


class RepositoryOwner(GitHubModel):
    """The owner of the repository: `User` or `Organization`."""

    login: str
    type: str


class RepositoryAbout(GitHubModel):
    """The repository's own settings."""

    full_name: str
    default_branch: str
    private: bool
    has_issues: bool
    owner: RepositoryOwner


class BranchRule(GitHubModel):
    """A rule of a ruleset that is active for a branch."""

    type: str
    ruleset_source: str = ""
    ruleset_id: int | None = None
    parameters: dict[str, object] = Field(default_factory=dict)


class BypassActor(GitHubModel):
    """A person, team or app that a ruleset does not hold."""

    actor_type: str


class Ruleset(GitHubModel):
    """A ruleset; `bypass_actors` is missing unless the token may edit it."""

    name: str
    bypass_actors: list[BypassActor] | None = None


class BranchAbout(GitHubModel):
    """A branch, and whether a classic protection rule covers it."""

    name: str
    protected: bool


class Switch(GitHubModel):
    """A setting of a classic protection."""

    enabled: bool = False


class ClassicReviews(GitHubModel):
    """The reviews that a classic protection requires."""

    dismiss_stale_reviews: bool = False
    require_code_owner_reviews: bool = False
    required_approving_review_count: int = 0
    require_last_push_approval: bool = False


class ClassicChecks(GitHubModel):
    """The status checks that a classic protection requires."""

    contexts: list[str] = Field(default_factory=list)
    strict: bool = False


class ClassicProtection(GitHubModel):
    """The classic protection rule of a branch; what is absent is not required."""

    required_pull_request_reviews: ClassicReviews | None = None
    required_status_checks: ClassicChecks | None = None
    enforce_admins: Switch = Switch()
    allow_force_pushes: Switch = Switch()
    allow_deletions: Switch = Switch()


class WorkflowAbout(GitHubModel):
    """A workflow: its file, and whether GitHub runs it (`active`)."""

    path: str
    state: str


class ActionsSwitch(GitHubModel):
    """Whether GitHub Actions is on for the repository."""

    enabled: bool


class WorkflowPermissions(GitHubModel):
    """Whether workflows may approve pull requests."""

    can_approve_pull_request_reviews: bool


class CodeOwnersError(GitHubModel):
    """A line of CODEOWNERS that GitHub ignores."""

    line: int
    kind: str
    path: str


class FileContent(GitHubModel):
    """A file in base64."""

    content: str
    encoding: str
