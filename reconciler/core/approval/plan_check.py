"""Decides the check `reconciler` of a plan run from the results of its jobs; branch protection requires this check.

A job that did not run fails the check, unless GitHub gives the run no secrets or there is no account to plan for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

PlanRunKind: TypeAlias = Literal["pull_request", "fork", "dependabot", "merge_group", "merged", "closed"]


@dataclass(frozen=True, slots=True)
class PlanCheck:
    """The result of the check: whether it passes, and why, as a headline and sentences."""

    passes: bool
    headline: str
    sentences: tuple[str, ...]


JOB_NAMES: Final[Mapping[str, str]] = {
    "tenants": "The job `validate`",
    "plan": "A job `plan TENANT`",
    "comment": "A job `comment TENANT`",
    "group": "A job `group TENANT`",
}
JOB_ENDS: Final[Mapping[str, str]] = {
    "failure": "failed",
    "cancelled": "was cancelled, or ran out of time",
    "skipped": "did not run",
}
JOB_HINTS: Final[Mapping[str, str]] = {
    "tenants": "its log names each problem with file and line",
    "plan": "no plan of that tenant can be approved, and the log of the job gives the reason",
    "comment": "that plan was not shown, so merging would not approve it; re-run the failed jobs",
    "group": (
        "its summary names each change that no pull request of the group shows, or the reason why that is not known"
    ),
}
OTHER_HINT: Final = "the check includes this job, because its `needs` name it"
NO_LIST: Final = "The job `validate` gave no list of tenants, so it is not known which plans are missing: read its log."

PLANNED: Final = PlanCheck(
    passes=True,
    headline="Every tenant has a plan, and it is shown",
    sentences=(
        "Merging approves the changes that the comments on this pull request show, and no others.",
        (
            "It approves none if the pull request changes a workflow or an action, because its own version made the "
            "plan, or if it goes into another branch than the default branch."
        ),
    ),
)
GROUPED: Final = PlanCheck(
    passes=True,
    headline="The group changes what its pull requests show, and nothing else",
    sentences=("The plan of the group was compared with the plan of each pull request in it.",),
)
NO_TENANT: Final = PlanCheck(
    passes=True,
    headline="Valid, and no account to plan for",
    sentences=(
        (
            "The desired state gives this workflow no tenant with an account: none at all, or only the sandbox, which "
            "lives on one machine. Merging changes no account."
        ),
    ),
)
NO_PLAN: Final = (
    "No account was read and no plan was made, so merging approves no change of any account.",
    (
        "If the merge changes the desired state, its apply refuses each effect on an account, and so does the check of "
        "a merge queue, until the plan of another pull request shows it. Or apply by hand after the merge: Actions → "
        "Apply → Run workflow."
    ),
)
OF_FORK: Final = PlanCheck(
    passes=True,
    headline="Valid, but not planned, because it comes from a fork",
    sentences=(
        *NO_PLAN,
        (
            "GitHub gives a fork no secrets. To have the change planned, push the branch to this repository and open a "
            "pull request from there."
        ),
    ),
)
OF_DEPENDABOT: Final = PlanCheck(
    passes=True,
    headline="Valid, but not planned, because it comes from Dependabot",
    sentences=(
        *NO_PLAN,
        (
            "GitHub gives Dependabot no secrets and a token that only reads. To have the change planned, open a pull "
            "request with the same commits yourself."
        ),
    ),
)
MERGED: Final = PlanCheck(
    passes=True,
    headline="Merged already, so nothing was planned",
    sentences=("The comments stay as they were when it was merged.",),
)
CLOSED: Final = "This pull request is closed, so nothing was planned: reopen it, which plans again."
UNPLANNED: Final[Mapping[PlanRunKind, PlanCheck]] = {"fork": OF_FORK, "dependabot": OF_DEPENDABOT}


def check_plan_run(kind: PlanRunKind, results: Mapping[str, str], tenants: int | None) -> PlanCheck:
    """Decides the check of a run, from the results of its jobs by their ids in the workflow.

    `tenants` is the number of tenants to plan; None if the job that lists them gave no list.
    """
    faults = tuple(_find_faults(kind, results, tenants))
    if faults:
        what = "group" if kind == "merge_group" else "pull request"
        return PlanCheck(passes=False, headline=f"Don't merge this {what}", sentences=faults)
    if kind == "merged":
        return MERGED
    if tenants == 0:
        return NO_TENANT
    if results["plan"] != "success":
        return UNPLANNED[kind]
    return GROUPED if kind == "merge_group" else PLANNED


def _find_faults(kind: PlanRunKind, results: Mapping[str, str], tenants: int | None) -> Iterator[str]:
    """Yields a sentence for each job that did not do what this kind of run needs, causes before consequences."""
    over = kind in {"merged", "closed"}
    needed = () if over else ("tenants", *_name_jobs_of_tenants(kind, results, tenants))
    for job in dict.fromkeys((*needed, *results)):
        result = results.get(job)
        if result is None:
            yield f"The check has no result of the job `{job}`: name it under `needs` of the job `reconciler`."
        elif result != "success" and (job in needed or result != "skipped"):
            name, ended = JOB_NAMES.get(job, f"The job `{job}`"), JOB_ENDS.get(result, f"ended in `{result}`")
            yield f"{name} {ended}: {JOB_HINTS.get(job, OTHER_HINT)}."
    if tenants is None and results.get("tenants") == "success":
        yield NO_LIST
    if kind == "closed":
        yield CLOSED


def _name_jobs_of_tenants(kind: PlanRunKind, results: Mapping[str, str], tenants: int | None) -> tuple[str, ...]:
    """Names the jobs of tenants that must succeed: none without a tenant, or in a run without secrets."""
    if not tenants or results.get("tenants") != "success":
        return ()  # none of them can run, which is no fault of theirs
    if kind in UNPLANNED and results.get("plan") == "skipped":
        return ()
    return ("plan", "group" if kind == "merge_group" else "comment")
