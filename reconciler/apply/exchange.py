"""The exchange of one step: its request, the lookups around it, and the answer as the outcome of each change.

A create whose answer was lost is looked up before it is sent again. A resource that is linked in the record, but
missing now, is looked up before it is created, because the read may have missed it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus

from reconciler.apply.answers import Answered, judge_answer, judge_roles
from reconciler.apply.channel import Channel, CountedSend, Send, Stop
from reconciler.apply.lookup import find_created, name_holder
from reconciler.core.model.messages import Request, Response
from reconciler.core.planner.steps import Step, lookups, make_request, make_roles_request, target_of
from reconciler.core.scim.people import NotPeople, roles_request
from reconciler.core.scim.wire import NotScim, get_request
from reconciler.errors import LostAnswer, NotAnAnswer, NotSent, Unreachable

MOST_CREATE_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Exchange:
    """Sends the request of a step, and reads the answer. `ids` are the live ids of keys; a create adds its own."""

    ids: dict[str, str]
    channel: Channel
    stop: Stop

    async def run(self, step: Step) -> Answered:
        """Returns the outcome of each change of the step, whatever happens, and the number of requests sent."""
        over_rest = self.channel.roles if step.via == "permissions" else None
        counted = CountedSend(over_rest.send if over_rest else self.channel.send)
        return replace(await self._tried(step, counted), requests=counted.requests)

    async def _tried(self, step: Step, send: Send) -> Answered:
        try:
            return await self._exchange(step, send)
        except (NotScim, NotPeople, LostAnswer, NotAnAnswer) as error:
            return Answered.all("failed", f"{error}; the next plan shows whether it was done")
        except NotSent as error:
            return Answered.all("skipped", str(error))
        except Unreachable as error:
            self.stop.set(str(error))
            return Answered.all("failed", str(error))
        except Exception as error:  # noqa: BLE001  # a bug in one step must not take the outcomes of the others
            return Answered.all("failed", f"a bug in this program, {type(error).__name__}: {error}")

    async def _exchange(self, step: Step, send: Send) -> Answered:
        if step.via == "permissions" and self.channel.roles:
            return await _overwrite(step, self.channel.roles.account, send)
        if step.reappears and await find_created(step, send) is not None:
            return Answered.all("stale", "it is in the account, and the read missed it: plan again")
        request = make_request(step, self.ids, self.channel.dialect)
        response = await (self._create(step, request, send) if step.creates else send(request))
        if response.status == HTTPStatus.CONFLICT and lookups(step):
            return Answered.all("failed", await name_holder(step, response, send))
        if response.succeeded and _leaves_open(step, response):
            response = await self._read_back(step, response, send)
        answered = judge_answer(step, self.ids, response)
        if answered.live_id and step.creates:
            self.ids[step.key] = answered.live_id
        return answered

    async def _read_back(self, step: Step, response: Response, send: Send) -> Response:
        """Reads a resource if the answer to a write contained neither it nor the changed members."""
        if isinstance(response.body, dict) and isinstance(response.body.get("id"), str):
            return await send(get_request(step.kind, response.body["id"]))
        if not step.creates:
            return await send(get_request(step.kind, target_of(step, self.ids)))
        return await find_created(step, send) or response

    async def _create(self, step: Step, request: Request, send: Send) -> Response:
        """Sends a POST; if its answer is lost, looks the resource up before it sends the POST again."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return await send(request)
            except LostAnswer:
                found = await find_created(step, send)
                if found is not None:
                    return found
                if attempt == MOST_CREATE_ATTEMPTS:
                    raise


async def _overwrite(step: Step, account: str, send: Send) -> Answered:
    """Writes the whole set of a person's roles; reads it if the answer to a successful write does not show it."""
    response = await send(make_roles_request(step, account))
    if response.succeeded and not isinstance(response.body, dict):
        response = await send(roles_request(str(step.changes[0].target_id), account))
    return judge_roles(step, response)


def _leaves_open(step: Step, response: Response) -> bool:
    """Checks whether the answer does not show the change: no body (204, RFC 7644 section 3.5.2), or no members."""
    about_members = any(change.members for change in step.changes)
    return not isinstance(response.body, dict) or (about_members and "members" not in response.body)
