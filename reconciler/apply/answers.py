"""What an answer means for each change of a step. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus

from reconciler.core.model import Response
from reconciler.core.outcome import Status
from reconciler.core.plan import Change
from reconciler.core.steps import Step, check_answer
from reconciler.core.wire import NotScim, describe_error, read_id

GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
MEMBER_ACTIONS = frozenset({"create_group", "add_members", "remove_members"})
ROLE_ACTIONS = frozenset({"create_user", "grant_roles", "revoke_roles"})


@dataclass(frozen=True, slots=True)
class Answered:
    """One status for the step; `wrong` are the attributes that the service did not take, which fail their changes."""

    status: Status
    detail: str = ""
    live_id: str | None = None
    wrong: frozenset[str] = frozenset()

    @classmethod
    def all(cls, status: Status, detail: str) -> Answered:
        """The same for every change of the step."""
        return cls(status, detail)

    def but(self, detail: str) -> Answered:
        """With something that is to be known all the same."""
        return replace(self, detail=f"{self.detail}; {detail}" if self.detail else detail)

    def of(self, change: Change) -> tuple[Status, str]:
        """The status of one change of the step, and its detail."""
        not_taken = sorted(self.wrong & _concerns(change))
        if self.status == "applied" and not_taken:
            return "failed", f"answered with success, and did not take: {', '.join(not_taken)}"
        return self.status, self.detail


def _concerns(change: Change) -> set[str]:
    """What of a resource a change is about, in the words of `check_answer`."""
    concerned = {one.path for one in change.attributes}
    if change.action in MEMBER_ACTIONS:
        concerned.add("members")
    if change.action in ROLE_ACTIONS:
        concerned.add("roles")
    if change.action in {"create_user", "reactivate_user", "deactivate_user"}:
        concerned.add("active")
    return concerned


def judge_answer(step: Step, ids: Mapping[str, str], response: Response) -> Answered:
    """Applied where the service answers the resource as asked; else failed, or stale where it is gone."""
    if response.status in GONE:
        return Answered.all("stale", "it is not in the account any more: plan again")
    if not response.succeeded:
        return Answered.all("failed", f"refused: {describe_error(response)}")
    if not isinstance(response.body, dict):
        raise NotScim("success without the resource")
    wrong = frozenset(check_answer(step, ids, response.body))
    return Answered("applied", live_id=read_id(response.body), wrong=wrong)
