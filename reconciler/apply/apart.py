"""Asks for the parts of a step apart, after a service refused them together: one refused attribute holds up no other.

What a refusal names is left out first; else the parts are halved, until each refused part is known. A create is sent
without the refused part, and the parts left out are asked for afterwards.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal, TypeAlias

from reconciler.apply.answers import Answered, judge_answer
from reconciler.apply.channel import Stop
from reconciler.core.changes.undone import Undone, Why
from reconciler.core.model.messages import Response
from reconciler.core.planner.parts import (
    StepPart,
    find_named,
    find_owner,
    leave_out,
    list_parts,
    list_undone,
    pick_parts,
    split_parts,
)
from reconciler.core.planner.steps import Step, target_of
from reconciler.core.scim.wire import NotScim, describe_error, read_id
from reconciler.errors import LostAnswer, NotAnAnswer, NotSent, Unreachable

REFUSED = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_IMPLEMENTED)
MOST_REQUESTS = 16
Result: TypeAlias = Response | Literal["done", "failed"]


def is_refused(response: Response) -> bool:
    """Decides whether an answer may be about one part of the request: not about credentials, limits or conflicts."""
    return response.status in REFUSED


@dataclass(slots=True)
class Apart:
    """The parts of one step, asked for with at most MOST_REQUESTS requests; `write` sends a step.

    `suspects` are parts that the service refused before: they are not sent with the others.
    """

    step: Step
    ids: dict[str, str]
    write: Callable[[Step], Awaitable[Response]]
    stop: Stop
    required: frozenset[str] = frozenset()
    suspects: tuple[StepPart, ...] = ()
    live_id: str | None = None
    requests_left: int = MOST_REQUESTS
    undone: dict[str, list[Undone]] = field(default_factory=dict)

    @property
    def optional(self) -> tuple[StepPart, ...]:
        """The parts that a request can do without: in a create all but the required attributes."""
        parts = list_parts(self.step)
        return tuple(part for part in parts if part.path not in self.required) if self.step.creates else parts

    def first(self) -> Step:
        """Returns the step without the suspects."""
        if not self.suspects:
            return self.step
        if self.step.creates:
            return leave_out(self.step, self.suspects)
        rest = [part for part in list_parts(self.step) if part not in self.suspects]
        return pick_parts(self.step, rest, target_of(self.step, self.ids))

    async def finish(self, first: Step, response: Response) -> Answered:
        """Returns the outcome of the whole step, after the answer to its first request."""
        sent = [part for part in self.optional if part not in self.suspects]
        if response.succeeded:
            self._judge(first, response)
        elif not is_refused(response):
            return judge_answer(first, self.ids, response)
        elif not self.step.creates:
            self.live_id = target_of(first, self.ids)
            await self._halve(sent, response)
        elif not await self._create(sent, response):
            return judge_answer(self.step, self.ids, response)
        await self._ask_and_halve(self.suspects)
        undone = {change: tuple(parts) for change, parts in self.undone.items()}
        return Answered("applied", live_id=self.live_id, undone=undone)

    async def _create(self, sent: Sequence[StepPart], refusal: Response) -> bool:
        """Creates the user or group without a part of what was sent; asks for that part afterwards."""
        named = find_named(sent, refusal, self.ids)
        beside_identity = [part for part in sent if not part.is_identity]
        for rest in dict.fromkeys(map(tuple, (named, beside_identity, sent))):
            if not rest or self._barred():
                continue
            self.requests_left -= 1
            step = leave_out(self.step, [*rest, *self.suspects])
            response = await self.write(step)
            if response.succeeded:
                self._judge(step, response)
                if len(rest) == 1 and list(rest) == named:
                    self._note(rest, "refused", describe_error(refusal))
                else:
                    await self._ask_and_halve(rest)
                return True
            if not is_refused(response):
                return False
        return False

    async def _ask_and_halve(self, parts: Sequence[StepPart]) -> None:
        refusal = await self._ask(parts) if parts else "done"
        if isinstance(refusal, Response):
            await self._halve(parts, refusal)

    async def _halve(self, parts: Sequence[StepPart], refusal: Response) -> None:
        """Asks for parts that were refused together in two halves, and so on, until each refused part is known."""
        if len(parts) == 1 or not self.requests_left:
            together = "" if len(parts) == 1 else f" (together; after {MOST_REQUESTS} requests not asked for apart)"
            self._note(parts, "refused", f"{describe_error(refusal)}{together}")
            return
        first, second = split_parts(parts, refusal, self.ids)
        result = await self._ask(first)
        if isinstance(result, Response):
            await self._halve(first, result)
        if result != "done":
            await self._ask_and_halve(second)
        elif list(second) == find_named(parts, refusal, self.ids) or len(second) > 1:
            await self._halve(second, refusal)  # one of these is refused
        else:
            await self._ask_and_halve(second)

    async def _ask(self, parts: Sequence[StepPart]) -> Result:
        """Asks for these parts alone; returns the refusal, if they are refused."""
        if barred := self._barred():
            self._note(parts, "failed", barred)
            return "failed"
        self.requests_left -= 1
        step = pick_parts(self.step, parts, str(self.live_id))
        try:
            response = await self.write(step)
            if response.succeeded:
                self._judge(step, response)
                return "done"
        except (NotScim, LostAnswer, NotAnAnswer) as error:
            self._note(parts, "failed", f"{error}; the next plan shows whether it was done")
        except NotSent as error:
            self._note(parts, "failed", str(error))
        except Unreachable as error:
            self.stop.set(str(error))
            self._note(parts, "failed", str(error))
        else:
            if is_refused(response):
                return response
            self._note(parts, "failed", describe_error(response))
        return "failed"

    def _barred(self) -> str:
        """Returns why no more request is sent, if so."""
        if self.stop.reason:
            return f"the run stopped: {self.stop.reason}"
        return "" if self.requests_left else f"not sent, after {MOST_REQUESTS} requests for this change"

    def _judge(self, step: Step, response: Response) -> None:
        """Reads the answer to a request that succeeded: the id, and the parts that differ from the request."""
        body = response.body
        if self.live_id is None and isinstance(body, dict):
            self.live_id = read_id(body)
        if self.step.creates and self.live_id is not None:
            self.ids[self.step.key] = self.live_id
        answered = judge_answer(step, self.ids, response)
        for parts in answered.undone.values():
            self._add(parts)

    def _note(self, parts: Sequence[StepPart], why: Why, error: str) -> None:
        self._add(tuple(list_undone(self.step, parts, why, error)))

    def _add(self, parts: Sequence[Undone]) -> None:
        for part in parts:
            self.undone.setdefault(find_owner(self.step, part), []).append(part)
