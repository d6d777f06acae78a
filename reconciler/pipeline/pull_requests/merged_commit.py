"""What was merged, and by which pull request: asked of git, of the event, and of GitHub. Decides nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass

from reconciler.desired.git.repository import find_repository
from reconciler.errors import InvalidInput, UsageError
from reconciler.github.approved_plan import find_merged_pull
from reconciler.github.client import GitHub
from reconciler.pipeline.desired.current_state import choose_tenant, load_folder
from reconciler.pipeline.output import read_text
from reconciler.pipeline.workspace import Options
from reconciler.settings import Job


@dataclass(frozen=True, slots=True)
class Merged:
    """The commit, and what git says there of the tenant; `tree` is git's name for the whole desired state."""

    commit: str
    tenant: str
    url: str
    tree: str | None


def find_merged(options: Options, commit: str | None) -> Merged:
    """What was merged at a commit, else at what is checked out."""
    found = find_repository(options.folder)
    if found is None:
        raise UsageError("the repository that was merged into is needed, and this is none: check it out")
    loaded = load_folder(options, found)
    if not loaded.declarations.tenants and loaded.problems:
        raise InvalidInput(loaded.problems)
    tenant = choose_tenant(loaded.declarations, options.tenant)
    sha = found.commit_named(commit or "HEAD")
    return Merged(sha, tenant, loaded.declarations.tenants[tenant].tenant.url, found.tree_of(sha))


def number_of_event(job: Job) -> int | None:
    """The pull request that the workflow runs for, as its event says."""
    if job.event_file is None:
        return None
    try:
        event = json.loads(read_text(job.event_file))
    except (ValueError, RecursionError):
        return None
    pull = event.get("pull_request") if isinstance(event, dict) else None
    number = pull.get("number") if isinstance(pull, dict) else None
    return number if isinstance(number, int) else None


def number_of_merge(client: GitHub, options: Options, commit: str | None) -> int:
    """The pull request that a commit, else what is checked out, was merged by."""
    found = find_repository(options.folder)
    sha = found.resolve(commit or "HEAD") if found else commit
    if sha is None:
        raise UsageError("which pull request? Name it with --pull NUMBER, or the merged commit with --commit SHA")
    return find_merged_pull(client, sha).number
