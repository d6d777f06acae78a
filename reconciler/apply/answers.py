"""Derives the outcome of each change of a step from the service's answer. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from reconciler.core.changes.outcome import Status
from reconciler.core.changes.plan import Change
from reconciler.core.model.messages import Response
from reconciler.core.planner.steps import Step, person_of, target_of
from reconciler.core.planner.verify import list_not_taken, list_other_differences, list_roles_not_taken
from reconciler.core.scim.people import read_roles
from reconciler.core.scim.wire import NotScim, describe_error, read_id

GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


@dataclass(frozen=True, slots=True)
class Answered:
    """One status for all changes of a step; `not_taken` lists what the service did not change, by the change's id.

    `requests` counts those sent for the step, with lookups and retries.
    """

    status: Status
    detail: str = ""
    live_id: str | None = None
    requests: int = 0
    not_taken: Mapping[str, list[str]] = field(default_factory=dict)

    @classmethod
    def all(cls, status: Status, detail: str) -> Answered:
        """Makes the same answer for every change of the step."""
        return cls(status, detail)

    def but(self, detail: str) -> Answered:
        """Returns the answer with one more detail."""
        return replace(self, detail=f"{self.detail}; {detail}" if self.detail else detail)

    def of(self, change: Change) -> tuple[Status, str]:
        """Returns the status and detail of one change of the step."""
        not_taken = self.not_taken.get(change.id)
        if not_taken:
            return "failed", f"the service answered with success, but did not change: {', '.join(not_taken)}"
        return self.status, self.detail


def judge_answer(step: Step, ids: Mapping[str, str], response: Response) -> Answered:
    """Returns `applied` if the answer shows the changed resource, `stale` if the resource is gone, else `failed`.

    Raises NotScim if the answer is not a resource, or is another resource.
    """
    if response.status in GONE and not step.creates:
        return Answered.all("stale", "it is no longer in the account: plan again")
    if not response.succeeded:
        return Answered.all("failed", f"refused: {describe_error(response)}")
    if not isinstance(response.body, dict):
        raise NotScim("the service answered with success, but without the resource")
    live_id = read_id(response.body)
    if not step.creates and live_id != target_of(step, ids):
        raise NotScim(f"the change of {target_of(step, ids)} was answered with {live_id}")
    not_taken = {change.id: list_not_taken(change, ids, response.body) for change in step.changes}
    return Answered("applied", live_id=live_id, not_taken=not_taken)


def judge_roles(step: Step, response: Response) -> Answered:
    """Returns `applied` if the answer shows the planned roles, `stale` if the person is gone, else `failed`.

    Raises NotPeople if the answer holds no roles.
    """
    if response.status in GONE:
        return Answered.all("stale", "the person is no longer in the account: plan again")
    if not response.succeeded:
        return Answered.all("failed", f"refused: {describe_error(response)}")
    live_roles = read_roles(response)
    not_taken = {change.id: list_roles_not_taken(change, live_roles) for change in step.changes}
    others = list_other_differences(step, live_roles)
    detail = f"the account also changed other roles: {', '.join(others)}; the next plan shows them" if others else ""
    return Answered("applied", detail, live_id=person_of(step), not_taken=not_taken)
