"""What an answer means for each change of a step. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from reconciler.core.changes.outcome import Status
from reconciler.core.changes.plan import Change
from reconciler.core.model.messages import Response
from reconciler.core.planner.steps import Step, target_of
from reconciler.core.planner.verify import list_not_taken, list_other_differences, list_roles_not_taken
from reconciler.core.scim.people import read_roles
from reconciler.core.scim.wire import NotScim, describe_error, read_id

GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


@dataclass(frozen=True, slots=True)
class Answered:
    """One status for all changes of a step; `not_taken` is what the service did not take, by the change's id.

    `requests` is how many were sent for the step, look-ups and retries too.
    """

    status: Status
    detail: str = ""
    live_id: str | None = None
    requests: int = 0
    not_taken: Mapping[str, list[str]] = field(default_factory=dict)

    @classmethod
    def all(cls, status: Status, detail: str) -> Answered:
        """The same for every change of the step."""
        return cls(status, detail)

    def but(self, detail: str) -> Answered:
        """With something that is to be known all the same."""
        return replace(self, detail=f"{self.detail}; {detail}" if self.detail else detail)

    def of(self, change: Change) -> tuple[Status, str]:
        """The status of one change of the step, and its detail."""
        not_taken = self.not_taken.get(change.id)
        if not_taken:
            return "failed", f"answered with success, and did not take: {', '.join(not_taken)}"
        return self.status, self.detail


def judge_answer(step: Step, ids: Mapping[str, str], response: Response) -> Answered:
    """Applied where the service answers the resource as asked; else failed, or stale where it is gone.

    Raises NotScim where the answer is no resource, or another one.
    """
    if response.status in GONE and not step.creates:
        return Answered.all("stale", "it is not in the account any more: plan again")
    if not response.succeeded:
        return Answered.all("failed", f"refused: {describe_error(response)}")
    if not isinstance(response.body, dict):
        raise NotScim("success without the resource")
    live_id = read_id(response.body)
    if not step.creates and live_id != target_of(step, ids):
        raise NotScim(f"asked to change {target_of(step, ids)}, it answers {live_id}")
    not_taken = {change.id: list_not_taken(change, ids, response.body) for change in step.changes}
    return Answered("applied", live_id=live_id, not_taken=not_taken)


def judge_roles(step: Step, response: Response) -> Answered:
    """Applied where the person holds what was asked for; else failed, or stale where the person is gone.

    Raises NotPeople where the answer tells no roles.
    """
    if response.status in GONE:
        return Answered.all("stale", "the person is not in the account any more: plan again")
    if not response.succeeded:
        return Answered.all("failed", f"refused: {describe_error(response)}")
    held = read_roles(response)
    not_taken = {change.id: list_roles_not_taken(change, held) for change in step.changes}
    others = list_other_differences(step, held)
    detail = f"the account changed other roles with it: {', '.join(others)}; the next plan shows it" if others else ""
    return Answered("applied", detail, live_id=step.changes[0].target_id, not_taken=not_taken)
