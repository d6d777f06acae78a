"""Second tries: other requests for the same step, if the service refuses the first form of its request.

A second try is a function of a module of its own: from the step, its request and the refusal, it returns the next
request, or None if it has none. Each is asked once for a step, in order; an answer that succeeds ends the search.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from reconciler.apply.channel import Send
from reconciler.core.model.messages import Request, Response
from reconciler.core.planner.steps import Step

SecondTry: TypeAlias = Callable[[Step, Request, Response], Request | None]

SECOND_TRIES: Sequence[SecondTry] = ()


async def send_in_turn(
    step: Step, request: Request, send: Send, second_tries: Sequence[SecondTry] = SECOND_TRIES
) -> Response:
    """Sends the request of a step, and while it is refused, each second try; returns the last answer."""
    response = await send(request)
    for second_try in second_tries:
        if response.succeeded:
            break
        again = second_try(step, request, response)
        if again is not None:
            request, response = again, await send(again)
    return response
