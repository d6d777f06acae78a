"""Second tries: the other forms of a refused request, each sent once, until one is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from reconciler.apply.second_try import SecondTry, send_in_turn
from reconciler.core.changes.plan import UpdateUser
from reconciler.core.model.messages import Request, Response
from reconciler.core.planner.steps import Step

STEP = Step("user/ann", (UpdateUser(key="user/ann", target_id="u1"),))


def form(name: str, *statuses: int) -> SecondTry:
    """A second try for answers with those statuses."""

    def second_try(_step: Step, _request: Request, response: Response) -> Request | None:
        return Request("PATCH", f"/Users/{name}") if response.status in statuses else None

    return second_try


FORMS = (form("one", 400), form("two", 501), form("three", 400))


@pytest.mark.parametrize(
    ("answers", "sent", "status"),
    [
        ([200], ["first"], 200),
        ([403], ["first"], 403),
        ([400, 200], ["first", "one"], 200),
        ([400, 400, 204], ["first", "one", "three"], 204),
        ([400, 501, 400, 400], ["first", "one", "two", "three"], 400),
        ([501, 403], ["first", "two"], 403),
    ],
)
def test_each_form_is_sent_once_until_one_is_taken(answers: Sequence[int], sent: Sequence[str], status: int) -> None:
    """The next try sees the refusal of the one before; the last answer counts."""
    asked: list[str] = []

    async def send(request: Request) -> Response:
        asked.append(request.path.removeprefix("/Users/"))
        return Response(answers[len(asked) - 1], {})

    response = asyncio.run(send_in_turn(STEP, Request("PATCH", "/Users/first"), send, FORMS))

    assert (sent, status) == (asked, response.status)
