"""Finds the run that planned a pull request, apart from runs of other pull requests with the same head.

GitHub names no pull request of a finished run: `pull_requests` of a run lists those that are open now. So a run is
known by its workflow, event, head and time, and counts only if no other pull request can have started it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

from reconciler.errors import NotFound, Refused
from reconciler.github.client import GitHub
from reconciler.github.models import IssueEvent, PullRequest, RunJob, WorkflowRun, parse

BASE_CHANGES: Final = frozenset({"base_ref_changed", "automatic_base_change_succeeded"})
LATE: Final = timedelta(minutes=1)  # GitHub starts a run seconds after its event, and others may happen in between


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
    if pull.merged_at is not None and _moment(last.run_started_at or last.created_at) > _moment(pull.merged_at):
        raise Refused(f"its plan run {last.id} was started again after the merge, and reviewers saw an earlier plan")
    return last


def refuse_doubtful_base(github: GitHub, pull: PullRequest, run: WorkflowRun) -> None:
    """Raises Refused if the run may have planned for another base, whose workflow file may be another one."""
    _refuse_siblings(github, pull, run)
    _refuse_other_base(github, pull, run)


def refuse_unless_shown(github: GitHub, run: WorkflowRun, tenant: str) -> None:
    """Refuses unless the jobs that plan and comment succeeded for the tenant; other tenants do not matter."""
    jobs = list_jobs(github, run.id)
    for name in (f"plan {tenant}", f"comment {tenant}"):
        if (worst := find_worst(jobs, name)) != "success":
            raise Refused(f'the job "{name}" of its last plan run {run.id} {_describe_conclusion(worst)}')


def list_jobs(github: GitHub, run: int) -> list[RunJob]:
    """Returns the jobs of the last attempt of a run."""
    return [parse(RunJob, one) for one in github.get_all(f"/actions/runs/{run}/jobs?filter=latest", "jobs")]


def find_worst(jobs: Iterable[RunJob], name: str) -> str | None:
    """Returns the conclusion of the job with that name, of several with it one that is no success, or None."""
    conclusions = [job.conclusion for job in jobs if job.name == name]
    return next((one for one in conclusions if one != "success"), conclusions[0] if conclusions else None)


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
    found = (run.workflow, run.event, run.head_sha, run.head_branch)
    wanted = (f".github/workflows/{workflow}", "pull_request", pull.head.sha, pull.head.ref)
    return (
        run.is_within(github.repository) and found == wanted and _was_open(run, pull) and not _names_others(run, pull)
    )


def _was_open(run: WorkflowRun, pull: PullRequest) -> bool:
    """Whether the run began between opening and merge; an edited title of a merged pull request starts a run too."""
    began = _moment(run.created_at)
    return _moment(pull.created_at) <= began and (pull.merged_at is None or began <= _moment(pull.merged_at))


def _names_others(run: WorkflowRun, pull: PullRequest) -> bool:
    """Whether the run lists other open pull requests only. After the merge that may be a later one of the branch."""
    numbers = {one.number for one in run.pull_requests or ()}
    return pull.merged_at is None and bool(numbers) and pull.number not in numbers


def _refuse_siblings(github: GitHub, pull: PullRequest, run: WorkflowRun) -> None:
    """Refuses if another pull request from the same branch may have started the run, for another base.

    The base may have a workflow file of its own. A closed pull request keeps the head that it had then, so the heads do
    not decide: the branch may have been pushed away and back.
    """
    owner = github.repository.partition("/")[0]
    listed = github.get_all(f"/pulls?state=all&head={quote(f'{owner}:{pull.head.ref}', safe='')}")
    others = [one for one in (parse(PullRequest, one) for one in listed) if one.head.ref == pull.head.ref]
    for other in others:
        if other.number == pull.number:
            continue
        if other.head.sha == pull.head.sha and other.base.ref != pull.base.ref:
            raise Refused(
                f"#{other.number} has the same head and goes into {other.base.ref}, so their plan runs can't be told "
                f"apart; next time, push another commit to one of them before the merge"
            )
        if _was_open_at(other, run) and (other.base.ref != pull.base.ref or _list_base_changes(github, other.number)):
            raise Refused(
                f"#{other.number} from the same branch was open when its last plan run {run.id} began, and had another "
                f"base, so their plan runs can't be told apart; next time, push another commit after closing #"
                f"{other.number}"
            )


def _was_open_at(pull: PullRequest, run: WorkflowRun) -> bool:
    """Whether a pull request was open when the run began, or shortly before."""
    began = _moment(run.created_at)
    return _moment(pull.created_at) <= began and (pull.closed_at is None or began - LATE <= _moment(pull.closed_at))


def _refuse_other_base(github: GitHub, pull: PullRequest, run: WorkflowRun) -> None:
    """Refuses if the base changed after the event of the run; where GitHub changes it by itself, no run follows.

    A run of an event before the change may begin after it, so one that began just then may be for either base.
    """
    if any(_moment(at) + LATE > _moment(run.created_at) for at in _list_base_changes(github, pull.number)):
        raise Refused(
            f"its base branch was changed after its last plan run {run.id}, or less than a minute before, so that run "
            "may have planned for another base"
        )


def _list_base_changes(github: GitHub, pull: int) -> list[str]:
    """Returns the times at which the pull request got another base."""
    events = [parse(IssueEvent, one) for one in github.get_all(f"/issues/{pull}/events")]
    return [one.created_at for one in events if one.event in BASE_CHANGES]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
