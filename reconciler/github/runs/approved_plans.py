"""Fetches the plan that reviewers of a pull request saw: its last plan run, then the stored plan.

A plan that can't be trusted does not count, with the reason. An artifact alone applies nothing: the plan must parse,
and an apply compares it with a fresh plan.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from reconciler.errors import NotFound, Refused
from reconciler.github.client import GitHub
from reconciler.github.models import PullRequest, WorkflowRun, parse
from reconciler.github.runs.artifacts import fetch_plan
from reconciler.github.runs.own_programs import refuse_own_program
from reconciler.github.runs.plan_runs import PlanRunning, find_plan_run, refuse_doubtful_base, refuse_unless_shown

BY_HAND = "merge another pull request, whose plan shows what was not applied; or apply by hand"
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class PlanQuery:
    """Identifies the plans of a tenant: by the workflow file that makes them, and the branch that they are for.

    `folder` is the path of the desired state in the repository. `runs_own_files` is true if the workflow runs files of
    the repository itself, as `uses: ./` does.
    """

    tenant: str
    workflow: str
    branch: str
    folder: str
    runs_own_files: bool = False


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """The text of a stored plan, with its pull request and run."""

    pull: int
    run: int
    plan: str


@dataclass(frozen=True, slots=True)
class NoPlan:
    """The reason why a pull request has no plan that counts, as a clause about it; what to do is BY_HAND for all."""

    pull: int
    reason: str


def make_no_plan(pull: int, reason: str) -> NoPlan:
    """Returns the reason as one line of bounded length, whatever an artifact made it quote."""
    line = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in reason)
    return NoPlan(pull, line if len(line) <= LONGEST_REASON else f"{line[:LONGEST_REASON]}…")


def fetch_plan_of(github: GitHub, number: int, query: PlanQuery) -> StoredPlan | NoPlan:
    """Fetches the plan that was last shown on a pull request, merged or open, or returns why none counts.

    Raises Unreachable if GitHub can't be asked. A plan without changes approves nothing, wherever it comes from. So no
    more is asked about it, because many merges bring such plans.
    """
    try:
        pull = parse(PullRequest, github.get(f"/pulls/{number}"))
        refuse_elsewhere(github, pull, query.branch)
        run = find_plan_run(github, pull, query.workflow)
        stored = _fetch_stored(github, run, query.tenant)
        if isinstance(stored, Refused) or has_changes(stored):
            refuse_own_program(github, pull, query.folder, runs_own_files=query.runs_own_files)
            refuse_doubtful_base(github, pull, run)
            refuse_unless_shown(github, run, query.tenant)
        if isinstance(stored, Refused):
            raise stored
        return StoredPlan(number, run.id, stored)
    except PlanRunning as error:
        return make_no_plan(number, f"{error}: re-run this job when it is done")
    except (Refused, NotFound) as error:
        return make_no_plan(number, str(error))


def refuse_elsewhere(github: GitHub, pull: PullRequest, branch: str) -> None:
    """Refuses pull requests into another branch, which may be protected less, and those from forks."""
    if pull.base.ref != branch:
        raise Refused(f"it goes into {pull.base.ref}, and only pull requests into {branch} approve")
    if pull.head.repo is None or pull.head.repo.full_name.lower() != github.repository.lower():
        raise Refused("it comes from a fork, and forks get no plan")


def _fetch_stored(github: GitHub, run: WorkflowRun, tenant: str) -> str | Refused:
    """Returns the plan, or why there is none."""
    try:
        return fetch_plan(github, run, tenant)
    except Refused as error:
        return error


def has_changes(plan: str) -> bool:
    """Returns whether the text may be a plan with changes; a text that is no plan is one that may."""
    try:
        document = json.loads(plan)
    except (ValueError, RecursionError):
        return True
    return not isinstance(document, dict) or document.get("changes") != []
