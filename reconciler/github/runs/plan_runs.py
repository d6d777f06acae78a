"""Finds the run that planned a pull request, apart from runs of other pull requests with the same head.

GitHub names no pull request of a finished run: `pull_requests` of a run lists those that are open now. So a run is
known by its workflow, event, head and time, and counts only if no other pull request can have started it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from urllib.parse import quote

from reconciler.errors import NotFound, Refused
from reconciler.github.client import GitHub
from reconciler.github.models import IssueEvent, PullRequest, RunJob, WorkflowRun, parse

BASE_CHANGES: Final = frozenset({"base_ref_changed", "automatic_base_change_succeeded"})


class PlanRunning(Refused):
    """The last plan run has not finished; another attempt of this job may find its plan."""


def find_plan_run(github: GitHub, pull: PullRequest, workflow: str) -> WorkflowRun:
    """Finds the last run for the pull request's head; an earlier run showed reviewers another plan.

    Raises Refused if there is none, and PlanRunning if it has not finished.
    """
    last = max(_list_runs(github, pull, workflow), key=lambda run: run.id, default=None)
    if last is None:
        when = "before the merge " if pull.merged_at else ""
        raise Refused(
            f"no run of {workflow} planned its head {pull.head.sha[:12]} {when}(was it pushed just before the merge?)"
        )
    if last.status != "completed":
        raise PlanRunning(f"its plan run {last.id} had not finished")
    return last


def refuse_doubtful_base(github: GitHub, pull: PullRequest, run: WorkflowRun) -> None:
    """Raises Refused if the run may have planned for another base, whose workflow file may be another one."""
    _refuse_siblings(github, pull)
    _refuse_other_base(github, pull, run)


def refuse_unless_shown(github: GitHub, run: WorkflowRun, tenant: str) -> None:
    """Refuses unless the jobs that plan and comment succeeded for the tenant; other tenants do not matter."""
    listed = github.get_all(f"/actions/runs/{run.id}/jobs?filter=latest", "jobs")
    conclusions = {job.name: job.conclusion for job in (parse(RunJob, one) for one in listed)}
    for name in (f"plan {tenant}", f"comment {tenant}"):
        if conclusions.get(name) != "success":
            became = _describe_conclusion(conclusions.get(name))
            raise Refused(f'the job "{name}" of its last plan run {run.id} {became}')


def _describe_conclusion(conclusion: str | None) -> str:
    return "did not run" if conclusion in {None, "skipped"} else f"ended in {str(conclusion).replace('_', ' ')}"


def _list_runs(github: GitHub, pull: PullRequest, workflow: str) -> list[WorkflowRun]:
    query = f"?head_sha={pull.head.sha}&event=pull_request"
    try:
        listed = github.get_all(f"/actions/workflows/{workflow}/runs{query}", "workflow_runs")
    except NotFound as error:
        raise Refused(f"this repository has no workflow {workflow}, or the token may not read it") from error
    return [run for run in (parse(WorkflowRun, one) for one in listed) if _is_of(github, run, pull, workflow)]


def _is_of(github: GitHub, run: WorkflowRun, pull: PullRequest, workflow: str) -> bool:
    """Whether a run is for the head and its branch, by this workflow, within this repository, while it was open."""
    here = github.repository.lower()
    origin = run.head_repository.full_name.lower() if run.head_repository else None
    found = (run.path.partition("@")[0], run.event, run.head_sha, run.head_branch)
    wanted = (f".github/workflows/{workflow}", "pull_request", pull.head.sha, pull.head.ref)
    inside = run.repository.full_name.lower() == here == origin
    return inside and found == wanted and _was_open(run, pull) and not _names_others(run, pull)


def _was_open(run: WorkflowRun, pull: PullRequest) -> bool:
    """Whether the run began between opening and merge; an edited title of a merged pull request starts a run too."""
    began = _moment(run.created_at)
    return _moment(pull.created_at) <= began and (pull.merged_at is None or began <= _moment(pull.merged_at))


def _names_others(run: WorkflowRun, pull: PullRequest) -> bool:
    """Whether the run lists other open pull requests only. After the merge that may be a later one of the branch."""
    numbers = {one.number for one in run.pull_requests or ()}
    return pull.merged_at is None and bool(numbers) and pull.number not in numbers


def _refuse_siblings(github: GitHub, pull: PullRequest) -> None:
    """Refuses if the same head also goes into another base, which may have a workflow file of its own."""
    owner = github.repository.partition("/")[0]
    listed = github.get_all(f"/pulls?state=all&head={quote(f'{owner}:{pull.head.ref}', safe='')}")
    for other in (parse(PullRequest, one) for one in listed):
        same_head = (other.head.sha, other.head.ref) == (pull.head.sha, pull.head.ref)
        if other.number != pull.number and same_head and other.base.ref != pull.base.ref:
            raise Refused(
                f"#{other.number} has the same head and goes into {other.base.ref}, so their plan runs can't be told "
                f"apart; next time, push another commit to one of them before the merge"
            )


def _refuse_other_base(github: GitHub, pull: PullRequest, run: WorkflowRun) -> None:
    """Refuses if the base changed after the run began; where GitHub changes it by itself, no run follows."""
    events = [parse(IssueEvent, one) for one in github.get_all(f"/issues/{pull.number}/events")]
    changes = [one for one in events if one.event in BASE_CHANGES]
    if any(_moment(one.created_at) > _moment(run.created_at) for one in changes):
        raise Refused(f"its base branch was changed after its last plan run {run.id}, which planned for another base")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
