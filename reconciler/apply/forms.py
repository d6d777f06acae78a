"""Sends writes in the form that a service takes, which its refusals teach; large groups are sent in parts.

A form that works is kept for the rest of the run, and its quirk is named at the end. `core/scim/forms.py` rewrites, and
`core/scim/member_batches.py` splits; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from reconciler.core.model.messages import Request, Response
from reconciler.core.scim.forms import Form, find_form, rewrite
from reconciler.core.scim.hints import hint_at_dialect
from reconciler.core.scim.member_batches import (
    MOST_MEMBERS,
    add_request,
    count_members,
    find_smaller,
    split_create,
    split_patch,
)
from reconciler.core.scim.wire import Dialect, describe_error, get_request


class SendOne(Protocol):
    """Sends one request."""

    async def __call__(self, request: Request, /) -> Response:
        """Returns the answer."""


@dataclass(slots=True)
class LearnedForms:
    """The forms that the service takes: `learned` are those that its refusals taught in this run.

    `base_url` is the address of the service. `most_members` is the size of a request about members.
    """

    base_url: str = ""
    learned: set[Form] = field(default_factory=set)
    most_members: int = MOST_MEMBERS

    def advice(self) -> list[str]:
        """Returns what to declare, so that the next run has no request refused first."""
        if not self.learned:
            return []
        quirks = ", ".join(sorted(self.learned))
        return [f"The service takes changes only in another form. Add to the tenant: quirks: [{quirks}]"]


@dataclass(slots=True)
class FormedSend:
    """Sends the requests of one step over `send`; `remark` is what to add to the outcome."""

    send: SendOne
    dialect: Dialect
    forms: LearnedForms
    remark: str = ""

    async def __call__(self, request: Request) -> Response:
        """Sends a request, a write in the form and the parts that the service takes; returns the last answer."""
        match request.method:
            case "GET":
                return await self.send(request)
            case "POST":
                return await self._create(request)
            case "PATCH":
                return (await self._change(request))[0]

    async def _create(self, request: Request) -> Response:
        """Creates a resource; further members of a group are added once it has an id."""
        while True:
            first, others = split_create(request, self.forms.most_members)
            response = await self._formed(first)
            if not self._learned_limit(first, response):
                break
        body = response.body
        live_id = body.get("id") if response.succeeded and isinstance(body, dict) else None
        if not others or not isinstance(live_id, str):
            return response
        _answer, refused = await self._change(add_request(live_id, others, self.dialect))
        if refused:
            self.remark = f"it was created with a part of its members, and the others were refused: {refused}"
        return await self.send(get_request("Groups", live_id))

    async def _change(self, request: Request) -> tuple[Response, str]:
        """Sends a PATCH in parts. Returns the last answer, and the refusal of a part after others were taken."""
        waiting: Sequence[Request] = split_patch(request, self.forms.most_members)
        taken = 0
        while True:
            first, *others = waiting
            response = await self._formed(first)
            if self._learned_limit(first, response):
                waiting = [part for one in waiting for part in split_patch(one, self.forms.most_members)]
                continue
            if not response.succeeded:
                refused = describe_error(response)
                if taken:
                    self.remark = f"{taken:,} members were written before a part was refused"
                return response, refused
            taken, waiting = taken + count_members(first), others
            if not others:
                return response, ""

    def _learned_limit(self, request: Request, response: Response) -> bool:
        """Makes later requests smaller if this one was refused as too large; decides whether to send again."""
        smaller = find_smaller(response, count_members(request))
        self.forms.most_members = self.forms.most_members if smaller is None else smaller
        return smaller is not None

    async def _formed(self, request: Request) -> Response:
        """Sends one request; while a refusal asks for another form, sends it in that form."""
        quirks = self.dialect.quirks | self.forms.learned
        response = first = await self.send(rewrite(request, quirks, self.forms.base_url))
        tried: set[Form] = set()
        while not response.succeeded and (form := find_form(request, response, quirks | tried)):
            tried.add(form)
            response = await self.send(rewrite(request, quirks | tried, self.forms.base_url))
        if response.succeeded:
            self.forms.learned |= tried
            return response
        self.remark = self.remark or hint_at_dialect(request, first, self.dialect)
        return first if find_smaller(response, count_members(request)) is None else response
