"""Finds the plan that reviewers saw, from a merged commit: the pull request, its last plan run, the stored plan.

Refuses everything else, with the reason. An artifact alone applies nothing: the plan must parse, and an apply compares
it with a fresh plan.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.core.changes.plan import Plan
from reconciler.errors import NotFound, Refused
from reconciler.github.artifacts import fetch_files, find_artifact
from reconciler.github.client import GitHub
from reconciler.github.models import File, PullRequest, RunJob, WorkflowRun, parse

PLAN_FILE, TREE_FILE, STDERR_FILE = "plan.json", "tree", "said.txt"
BY_HAND = "start the apply by hand: it plans again, and the environment requires a review"


@dataclass(frozen=True, slots=True)
class PlanQuery:
    """Identifies a plan: by tenant, commit on the branch, and the workflow file that made it."""

    tenant: str
    commit: str
    workflow: str


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A stored plan, its pull request and run, and the git tree of the desired state that it was made from."""

    pull: int
    run: int
    plan: str
    tree: str


def fetch_approved_plan(github: GitHub, query: PlanQuery) -> StoredPlan:
    """Fetches the plan that was stored for the merged head. Raises Refused if no such plan can be trusted."""
    pull = find_merged_pull(github, query.commit)
    _refuse_fork(github, pull)
    _refuse_own_workflow(github, pull, query.workflow)
    run = _find_run(github, pull, query.workflow)
    _refuse_unless_shown(github, run, query.tenant)

    plan, tree = _fetch_stored(github, run, query.tenant)
    return StoredPlan(pull.number, run.id, plan, tree)


def find_merged_pull(github: GitHub, commit: str) -> PullRequest:
    """Finds the pull request of a merge commit, a squash, or the last commit of a rebase. Raises Refused."""
    listed = [parse(PullRequest, one) for one in github.get_all(f"/commits/{commit}/pulls")]
    merged = [pull for pull in listed if pull.merged_at is not None and _is_here(github, pull)]
    exact = [pull for pull in merged if pull.merge_commit_sha == commit]
    if len(exact) == 1:
        return exact[0]
    if not merged:
        raise Refused(f"{commit[:12]} was pushed without a pull request, so no plan was approved for it: {BY_HAND}")
    numbers = ", ".join(f"#{pull.number}" for pull in exact or merged)
    raise Refused(f"{commit[:12]} is not the merge of one pull request (it belongs to {numbers}): {BY_HAND}")


def _is_here(github: GitHub, pull: PullRequest) -> bool:
    """Whether the pull request was merged into this repository; a commit also lists those of forks."""
    return pull.base.repo is not None and pull.base.repo.full_name.lower() == github.repository.lower()


def _refuse_fork(github: GitHub, pull: PullRequest) -> None:
    if pull.head.repo is None or pull.head.repo.full_name.lower() != github.repository.lower():
        raise Refused(f"#{pull.number} comes from a fork, and forks get no plan: {BY_HAND}")


def _refuse_own_workflow(github: GitHub, pull: PullRequest, workflow: str) -> None:
    """Refuses a pull request that edits the workflow: its run used the edited file and would approve itself."""
    path = f".github/workflows/{workflow}"
    files = [parse(File, one) for one in github.get_all(f"/pulls/{pull.number}/files")]
    if any(path in {file.filename, file.previous_filename} for file in files):
        raise Refused(f"#{pull.number} changes {path}, so its own workflow made its plan: {BY_HAND}")


def _find_run(github: GitHub, pull: PullRequest, workflow: str) -> WorkflowRun:
    """Finds the last run for the merged head; an earlier run showed reviewers another plan."""
    head = pull.head.sha
    query = f"?head_sha={head}&event=pull_request"
    try:
        listed = github.get_all(f"/actions/workflows/{workflow}/runs{query}", "workflow_runs")
    except NotFound as error:
        raise Refused(f"this repository has no workflow {workflow}, or the token may not read it: {BY_HAND}") from error
    runs = [run for run in (parse(WorkflowRun, one) for one in listed) if _is_of(github, run, head, workflow)]
    last = max(runs, key=lambda run: run.id, default=None)
    if last is None:
        raise Refused(
            f"#{pull.number} was merged at {head[:12]}, and no run of {workflow} planned that commit "
            f"(was it pushed just before the merge?): {BY_HAND}"
        )
    if last.status != "completed":
        raise Refused(
            f"the plan run of #{pull.number} has not finished (run {last.id}): run this again when it is done"
        )
    return last


def _is_of(github: GitHub, run: WorkflowRun, head: str, workflow: str) -> bool:
    """Whether a run is for the head, by this workflow, of a pull request, within this repository."""
    here = github.repository.lower()
    origin = run.head_repository.full_name.lower() if run.head_repository else None
    path = run.path.partition("@")[0]
    return (path, run.head_sha, run.event, run.repository.full_name.lower(), origin) == (
        f".github/workflows/{workflow}",
        head,
        "pull_request",
        here,
        here,
    )


def _refuse_unless_shown(github: GitHub, run: WorkflowRun, tenant: str) -> None:
    """Refuses unless the jobs that plan and comment succeeded for the tenant; other tenants do not matter."""
    listed = github.get_all(f"/actions/runs/{run.id}/jobs?filter=latest", "jobs")
    conclusions = {job.name: job.conclusion for job in (parse(RunJob, one) for one in listed)}
    for name in (f"plan {tenant}", f"comment {tenant}"):
        if conclusions.get(name) != "success":
            conclusion = conclusions.get(name) or "did not run"
            raise Refused(
                f'the job "{name}" of the last plan run ({run.id}) {_describe_conclusion(conclusion)}: {BY_HAND}'
            )


def _describe_conclusion(conclusion: str) -> str:
    return conclusion if conclusion == "did not run" else f"ended in {conclusion.replace('_', ' ')}"


def _fetch_stored(github: GitHub, run: WorkflowRun, tenant: str) -> tuple[str, str]:
    """Returns the plan and its tree. The only other file allowed is the stderr of the command."""
    name = f"plan-{tenant}"
    try:
        artifact = find_artifact(github, run, name)
        files = fetch_files(github, artifact, (PLAN_FILE, TREE_FILE), (STDERR_FILE,)) if artifact else None
    except Refused as error:
        raise Refused(f"{error}: {BY_HAND}") from error
    if files is None:
        raise Refused(f"the plan run {run.id} has no artifact {name} (was it deleted?): {BY_HAND}")
    return files[PLAN_FILE], files[TREE_FILE].strip()


def refuse_moved_base(plan: Plan, stored: StoredPlan, tenant: str, url: str, tree: str | None) -> None:
    """Raises Refused, with every reason, if the plan is for another account or another base than the merge."""
    reasons = list(_find_differences(plan, stored, tenant, url, tree))
    if reasons:
        raise Refused(f"the plan of #{stored.pull} does not match the merge: {'; '.join(reasons)}; {BY_HAND}")


def _find_differences(plan: Plan, stored: StoredPlan, tenant: str, url: str, tree: str | None) -> Iterable[str]:
    if plan.tenant != tenant:
        yield f"it is for the tenant {plan.tenant}, not {tenant}"
    if plan.url != url:
        yield f"the url of {tenant} was {plan.url} and is now {url}"
    if plan.commit is None:
        yield "it was made from files that were not committed"
    if stored.tree != tree:
        yield "the base moved: other changes of the desired state were merged after it was made"
