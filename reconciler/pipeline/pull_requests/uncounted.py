"""Finds out, before a merge, why the plan of an open pull request will not count: its files, or its base branch."""

from __future__ import annotations

from reconciler.desired.git.repository import find_repository
from reconciler.errors import Refused
from reconciler.github.branches import find_default_branch
from reconciler.github.client import GitHub
from reconciler.github.models import PullRequest, parse
from reconciler.github.runs.approved_plans import refuse_elsewhere
from reconciler.github.runs.own_programs import refuse_own_program
from reconciler.pipeline.pull_requests.window import runs_own_files
from reconciler.pipeline.workspace import Workspace

WORKFLOW = "plan.yml"  # those of further parts run the same
TRIAL_MERGE = ("HEAD", "HEAD^1")  # and its base


def find_uncounted_reason(github: GitHub, workspace: Workspace, number: int) -> str | None:
    """Returns why merging the pull request approves nothing of its plan, as far as that is known now; else None.

    The checked-out commit is the pull request's trial merge, or its head.
    """
    pull = parse(PullRequest, github.get(f"/pulls/{number}"))
    repository = find_repository(workspace.folder)
    own_files = repository is not None and runs_own_files(repository, WORKFLOW, TRIAL_MERGE)
    folder = repository.folder if repository is not None else str(workspace.folder)
    try:
        refuse_elsewhere(github, pull, find_default_branch(github))
        refuse_own_program(github, pull, folder, runs_own_files=own_files)
    except Refused as error:
        return str(error)
    return None
