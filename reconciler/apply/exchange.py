"""The exchange of one step: its request, the lookups around it, and the answer as the outcome of each change.

A step that is refused is asked for in parts. A create whose answer was lost is looked up before it is sent again. A
resource that is linked in the record, but missing now, is looked up before it is created, because the read may have
missed it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus

from reconciler.apply.answers import Answered, judge_answer, judge_roles
from reconciler.apply.apart import Apart, is_refused
from reconciler.apply.channel import Channel, CountedSend, Send, Stop
from reconciler.apply.forms import FormedSend
from reconciler.apply.lookup import find_created, name_holder
from reconciler.apply.unlisted import add_detail, settle_unlisted
from reconciler.core.model.messages import Request, Response
from reconciler.core.planner.late_grant import describe_kept, is_held, with_held
from reconciler.core.planner.steps import Step, lookups, make_request, make_roles_request, person_of, target_of
from reconciler.core.scim.hints import WRONG_DIALECT
from reconciler.core.scim.people import NotPeople, read_roles, roles_request
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
        formed = FormedSend(counted, self.channel.dialect, self.channel.forms)
        answered = await self._tried(step, counted if over_rest else formed, counted)
        return replace(add_detail(answered, formed.remark), requests=counted.requests)

    async def _tried(self, step: Step, send: Send, counted: CountedSend) -> Answered:
        try:
            return await self._exchange(step, send)
        except (NotScim, NotPeople, LostAnswer, NotAnAnswer) as error:
            return Answered.all("failed", f"{error}; the next plan shows whether it was done")
        except NotSent as error:
            if counted.requests:  # it was stopped between a write and the request that shows its result
                return Answered.all("failed", f"{error}; the next plan shows whether it was done")
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
        apart = self._ask_apart(step, send)
        first = apart.first()
        response = await self._write(first, send)
        if response.status == HTTPStatus.CONFLICT and lookups(first):
            return Answered.all("failed", await name_holder(step, response, send))
        refused_apart = is_refused(response) and not _is_of_another_dialect(send)
        if apart.suspects or refused_apart:
            return await apart.finish(first, response)
        answered = judge_answer(step, self.ids, response)
        if answered.live_id and step.creates:
            self.ids[step.key] = answered.live_id
        return answered

    def _ask_apart(self, step: Step, send: Send) -> Apart:
        """Returns the parts of a step, with those that the service refused before."""
        required = frozenset(self.channel.required[step.kind])
        apart = Apart(step, self.ids, partial(self._write, send=send), self.stop, required)
        suspects = tuple(part for part in apart.optional if self.channel.refused.has(step.key, part.path, part.of))
        alone = not step.creates and len(suspects) == len(apart.optional)
        return apart if alone else replace(apart, suspects=suspects)

    async def _write(self, step: Step, send: Send) -> Response:
        """Sends the request of a step; if the answer to a success does not show the change, reads the resource."""
        request = make_request(step, self.ids, self.channel.dialect)
        response = await (self._create(step, request, send) if step.creates else send(request))
        if response.succeeded and self._leaves_open(step, response):
            response = await self._read_back(step, response, send)
        response, remark = settle_unlisted(step, response, self.ids, self.channel.dialect)
        if isinstance(send, FormedSend):
            send.remark = send.remark or remark
        return response

    def _leaves_open(self, step: Step, response: Response) -> bool:
        """Checks whether the answer does not show the change: no body (204, RFC 7644 section 3.5.2), or no members."""
        if not isinstance(response.body, dict):
            return True
        about_members = any(change.members for change in step.changes)
        hidden = "hides_members" in self.channel.dialect.quirks
        return about_members and "members" not in response.body and not hidden

    async def _read_back(self, step: Step, response: Response, send: Send) -> Response:
        """Reads a resource if the answer to a write contained neither it nor the changed members."""
        if isinstance(response.body, dict) and isinstance(response.body.get("id"), str):
            return await send(get_request(step.kind, response.body["id"]))
        if not step.creates:
            return await send(get_request(step.kind, target_of(step, self.ids)))
        return await find_created(step, send, was_made=True) or response

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


def _is_of_another_dialect(send: Send) -> bool:
    """Decides whether a refusal was about the dialect, so that asking for the parts apart would be refused too."""
    return isinstance(send, FormedSend) and send.remark == WRONG_DIALECT


async def _overwrite(step: Step, account: str, send: Send) -> Answered:
    """Writes the whole set of a person's roles; reads it if the answer to a successful write does not show it.

    Of a person who was linked after the plan was made, the roles are read first, because the write would revoke them.
    """
    if step.person is not None:
        step = with_held(step, read_roles(await send(roles_request(step.person, account))))
        if is_held(step):
            return Answered("already", describe_kept(step), live_id=step.person)
    response = await send(make_roles_request(step, account))
    if response.succeeded and not isinstance(response.body, dict):
        response = await send(roles_request(person_of(step), account))
    answered, kept = judge_roles(step, response), describe_kept(step) if step.person else ""
    return add_detail(answered, kept) if answered.status == "applied" else answered
