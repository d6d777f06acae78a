"""From a merged commit to the plan that its reviewers saw: the pull request, its last plan run, the stored plan.

Refuses, with the reason, whatever is not exactly that. What it hands over still has to be a plan that parses, and is
held against a fresh plan when it is applied: nothing runs for being in an artifact alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.core.changes.plan import Plan
from reconciler.errors import NotFound, Refused
from reconciler.github.artifacts import fetch_files, find_artifact
from reconciler.github.client import GitHub
from reconciler.github.models import File, PullRequest, RunJob, WorkflowRun, parse

PLAN_FILE, TREE_FILE, SAID_FILE = "plan.json", "tree", "said.txt"
BY_HAND = "apply by hand: that plans again, and the environment asks for a review"


@dataclass(frozen=True, slots=True)
class PlanQuery:
    """Which plan: of which tenant, for which commit on the branch, made by which workflow file."""

    tenant: str
    commit: str
    workflow: str


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A plan as it was stored, where from, and the git tree of the desired state that it was made of."""

    pull: int
    run: int
    plan: str
    tree: str


def fetch_approved_plan(github: GitHub, wanted: PlanQuery) -> StoredPlan:
    """The plan that was stored for the head that was merged; raises Refused where there is none that can be trusted."""
    pull = find_merged_pull(github, wanted.commit)
    _refuse_fork(github, pull)
    _refuse_own_workflow(github, pull, wanted.workflow)
    run = _find_run(github, pull, wanted.workflow)
    _refuse_unless_shown(github, run, wanted.tenant)

    plan, tree = _fetch_stored(github, run, wanted.tenant)
    return StoredPlan(pull.number, run.id, plan, tree)


def find_merged_pull(github: GitHub, commit: str) -> PullRequest:
    """The pull request that a commit was merged by, as a merge, a squash, or the last commit of a rebase."""
    listed = [parse(PullRequest, one) for one in github.get_all(f"/commits/{commit}/pulls")]
    merged = [pull for pull in listed if pull.merged_at is not None and _is_here(github, pull)]
    exact = [pull for pull in merged if pull.merge_commit_sha == commit]
    if len(exact) == 1:
        return exact[0]
    if not merged:
        raise Refused(f"{commit[:12]} came without a pull request, so nobody approved a plan for it: {BY_HAND}")
    numbers = ", ".join(f"#{pull.number}" for pull in exact or merged)
    raise Refused(f"{commit[:12]} is not where one pull request was merged (it belongs to {numbers}): {BY_HAND}")


def _is_here(github: GitHub, pull: PullRequest) -> bool:
    """Whether it was merged into this repository: in a network of forks a commit has the pull requests of all."""
    return pull.base.repo is not None and pull.base.repo.full_name.lower() == github.repository.lower()


def _refuse_fork(github: GitHub, pull: PullRequest) -> None:
    if pull.head.repo is None or pull.head.repo.full_name.lower() != github.repository.lower():
        raise Refused(f"#{pull.number} came from a fork, where no plan is made: {BY_HAND}")


def _refuse_own_workflow(github: GitHub, pull: PullRequest, workflow: str) -> None:
    """A run of a pull request runs the workflow as the pull request has it: one that edits it vouches for itself."""
    path = f".github/workflows/{workflow}"
    files = [parse(File, one) for one in github.get_all(f"/pulls/{pull.number}/files")]
    if any(path in {file.filename, file.previous_filename} for file in files):
        raise Refused(f"#{pull.number} changes {path}, so its plan was made by a workflow of its own: {BY_HAND}")


def _find_run(github: GitHub, pull: PullRequest, workflow: str) -> WorkflowRun:
    """The last run for the head that was merged. An earlier one showed reviewers something else."""
    head = pull.head.sha
    query = f"?head_sha={head}&event=pull_request"
    try:
        listed = github.get_all(f"/actions/workflows/{workflow}/runs{query}", "workflow_runs")
    except NotFound as error:
        raise Refused(f"there is no workflow {workflow} here, or the token may not read it: {BY_HAND}") from error
    runs = [run for run in (parse(WorkflowRun, one) for one in listed) if _is_of(github, run, head, workflow)]
    last = max(runs, key=lambda run: run.id, default=None)
    if last is None:
        raise Refused(
            f"#{pull.number} was merged at {head[:12]}, and no run of {workflow} planned that commit "
            f"(was it pushed just before the merge?): {BY_HAND}"
        )
    if last.status != "completed":
        raise Refused(f"the plan of #{pull.number} is still being made (run {last.id}): run this again when it is done")
    return last


def _is_of(github: GitHub, run: WorkflowRun, head: str, workflow: str) -> bool:
    """Every part of the question is checked against the answer: workflow, head, event, and both repositories."""
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
    """The jobs that plan and comment must both have succeeded for the tenant; what other tenants do is theirs."""
    listed = github.get_all(f"/actions/runs/{run.id}/jobs?filter=latest", "jobs")
    conclusions = {job.name: job.conclusion for job in (parse(RunJob, one) for one in listed)}
    for name in (f"plan {tenant}", f"comment {tenant}"):
        if conclusions.get(name) != "success":
            became = conclusions.get(name) or "did not run"
            raise Refused(f'the job "{name}" of the last plan run ({run.id}) {_ended(became)}: {BY_HAND}')


def _ended(conclusion: str) -> str:
    return conclusion if conclusion == "did not run" else f"ended in {conclusion.replace('_', ' ')}"


def _fetch_stored(github: GitHub, run: WorkflowRun, tenant: str) -> tuple[str, str]:
    """The two files that count; what the command said when it made them is the only other one."""
    name = f"plan-{tenant}"
    try:
        artifact = find_artifact(github, run, name)
        files = fetch_files(github, artifact, (PLAN_FILE, TREE_FILE), (SAID_FILE,)) if artifact else None
    except Refused as error:
        raise Refused(f"{error}: {BY_HAND}") from error
    if files is None:
        raise Refused(f"the plan run {run.id} holds no artifact {name} (was it deleted?): {BY_HAND}")
    return files[PLAN_FILE], files[TREE_FILE].strip()


def refuse_moved_base(plan: Plan, stored: StoredPlan, tenant: str, url: str, tree: str | None) -> None:
    """Raises Refused, with every reason, where the plan is not of what was merged: another account, or another base."""
    reasons = list(_moved(plan, stored, tenant, url, tree))
    if reasons:
        raise Refused(f"the plan of #{stored.pull} is not of what was merged: {'; '.join(reasons)}; {BY_HAND}")


def _moved(plan: Plan, stored: StoredPlan, tenant: str, url: str, tree: str | None) -> Iterable[str]:
    if plan.tenant != tenant:
        yield f"it is for the tenant {plan.tenant}, and not {tenant}"
    if plan.url != url:
        yield f"{tenant} was at {plan.url}, and is at {url} now"
    if plan.commit is None:
        yield "it was made of files that were not committed"
    if stored.tree != tree:
        yield "the base moved: other edits of the desired state were merged after it was made"
