"""Derives the outcome of each change of a step from the service's answer. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from reconciler.core.changes.outcome import Outcome, Status
from reconciler.core.changes.plan import Change, find_manager
from reconciler.core.changes.undone import MANAGER, MEMBERS, Undone, describe_undone
from reconciler.core.model.messages import Response
from reconciler.core.planner.steps import Step, person_of, target_of
from reconciler.core.planner.verify import list_not_taken, list_other_differences, list_roles_not_taken
from reconciler.core.scim.people import read_roles
from reconciler.core.scim.same_ids import is_same_id
from reconciler.core.scim.wire import NotScim, describe_error, read_id

GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


@dataclass(frozen=True, slots=True)
class Answered:
    """One status for all changes of a step; `undone` has the parts that were not done, by the change's id.

    `requests` counts those sent for the step, with lookups and retries. `of_members` is a detail of changes that have
    members.
    """

    status: Status
    detail: str = ""
    live_id: str | None = None
    requests: int = 0
    undone: Mapping[str, tuple[Undone, ...]] = field(default_factory=dict)
    of_members: str = ""

    @classmethod
    def all(cls, status: Status, detail: str) -> Answered:
        """Makes the same answer for every change of the step."""
        return cls(status, detail)

    def without(self, waiting: Mapping[str, tuple[Undone, ...]]) -> Answered:
        """Returns the answer to a step from which parts were left out, by the ids of their changes."""
        undone = {change: (*parts, *self.undone.get(change, ())) for change, parts in waiting.items()}
        return replace(self, undone={**self.undone, **undone})

    def of(self, change: Change) -> Outcome:
        """Returns the outcome of one change of the step: failed if the service did not do a part of it."""
        undone = self.undone.get(change.id, ()) if self.status in {"applied", "failed"} else ()
        if self.status == "failed" and all(part.why == "waits" for part in undone):
            undone = ()  # nothing is known of the other parts
        failed = self.status == "failed" or any(part.why != "waits" for part in undone)
        sentence = describe_undone(change, undone) if undone else ""
        return Outcome(
            change=change,
            status="failed" if failed else self.status,
            detail="; ".join(filter(None, (sentence, self.detail, self.of_members if change.members else ""))),
            undone=undone,
        )


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
    if not step.creates and not is_same_id(live_id, target_of(step, ids)):
        raise NotScim(f"the change of {target_of(step, ids)} was answered with {live_id}")
    undone = {change.id: list_not_taken(change, ids, response.body) for change in step.changes}
    return Answered("applied", live_id=live_id, undone=undone)


def judge_roles(step: Step, response: Response) -> Answered:
    """Returns `applied` if the answer shows the planned roles, `stale` if the person is gone, else `failed`.

    Raises NotPeople if the answer holds no roles.
    """
    if response.status in GONE:
        return Answered.all("stale", "the person is no longer in the account: plan again")
    if not response.succeeded:
        return Answered.all("failed", f"refused: {describe_error(response)}")
    live_roles = read_roles(response)
    undone = {change.id: list_roles_not_taken(change, live_roles) for change in step.changes}
    others = list_other_differences(step, live_roles)
    detail = f"the account also changed other roles: {', '.join(others)}; the next plan shows them" if others else ""
    return Answered("applied", detail, live_id=person_of(step), undone=undone)


def list_waiting(whole: Change, doable: Change) -> tuple[Undone, ...]:
    """Returns the parts of a change that were left out because their user was not created: manager, and members."""
    asked = find_manager(whole) if find_manager(doable) is None else None
    manager = (Undone(path=MANAGER, why="waits", asked=asked),) if asked else ()
    members = (member for member in whole.members if member not in doable.members)
    return (*manager, *(Undone(path=MEMBERS, of=member, why="waits", asked=True) for member in members))
