"""Refuses an apply in a workflow's job that may be old: a re-run, or a run from another branch than the default one.

The first run of a push goes on, even if the branch has moved on since: its approvals are effects. A re-run could undo
what was merged since, so it must be of the tip.
"""

from __future__ import annotations

from reconciler.core.declarations.tenant import SANDBOX
from reconciler.core.model.branches import HEADS
from reconciler.core.record.refusals import check_tip, refuse_unknown_tip
from reconciler.desired.records.branch import choose_remote
from reconciler.desired.records.remote_tip import ask_for_tip
from reconciler.pipeline.record.history import History
from reconciler.pipeline.workflow_event import find_event, member_of
from reconciler.settings import Job


def refuse_old_run(history: History) -> None:
    """Raises Refused in a re-run, and in a run from another branch, unless HEAD is the tip of the default branch."""
    current = history.current
    job = current.workspace.settings.job()
    if not (job.repository and job.run_id) or current.repository is None or current.tenant.url == SANDBOX:
        return
    default = find_default_branch(job)
    if job.attempt == 1 and default is not None and job.ref == f"{HEADS}{default}":
        return
    tip = ask_for_tip(current.repository, choose_remote(current.repository), default)
    if tip.fault:
        raise refuse_unknown_tip(describe_run(job), tip.fault).as_error()
    if job.attempt == 1 and job.ref == f"{HEADS}{tip.branch}":
        return
    refusal = check_tip(current.repository.commit_named("HEAD"), tip.branch, tip.commit, describe_run(job))
    if refusal is not None:
        raise refusal.as_error()


def describe_run(job: Job) -> str:
    """Returns a clause about the run."""
    if job.attempt > 1:
        return f"this is attempt {job.attempt} of a run, so it may be an old one"
    return f"this run is of {job.ref or 'an unnamed branch'}, which is not known as the default branch"


def find_default_branch(job: Job) -> str | None:
    """Returns the repository's default branch by the workflow's event, or None if the event does not name it."""
    name = member_of(find_event(job), "repository", "default_branch")
    return name if isinstance(name, str) and name else None
