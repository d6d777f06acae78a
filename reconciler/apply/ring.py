"""Carries out a ring: users or groups that exchange their names over a third name, whole or not at all.

Each answer must show the new name; if it does not, the resource is read. A refusal in the middle rolls the ring back,
and a stop waits for its end or its rollback. If the process is killed, the next plan knows the third name again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.apply.answers import Answered, judge_answer
from reconciler.apply.exchange import Exchange
from reconciler.core.changes.outcome import Status
from reconciler.core.model.logins import NAMING, fold_name
from reconciler.core.model.messages import Response
from reconciler.core.planner.name_moves import CALLED, find_name_change, kind_of
from reconciler.core.planner.schedule import Unit
from reconciler.core.planner.steps import Step, target_of
from reconciler.core.scim.wire import NotScim, get_request
from reconciler.errors import ReconcilerError


def shows_name(step: Step, answered: Answered) -> bool:
    """Whether the answer to a step shows the name that it writes."""
    naming = NAMING[kind_of(step)]
    undone = (part for change in step.changes for part in answered.undone.get(change.id, ()))
    ignored = any(part.path == naming for part in undone)
    return answered.status == "applied" and not ignored


@dataclass(slots=True)
class RingRun:
    """One run of a ring. `answers` has the answer of each step by its id, `requests` counts those sent.

    `names` has the name of each resource as far as answers showed it, by key.
    """

    unit: Unit
    exchange: Exchange
    answers: dict[str, Answered] = field(default_factory=dict)
    names: dict[str, str | None] = field(default_factory=dict)
    requests: int = 0

    async def run(self) -> Mapping[str, Answered]:
        """Returns the answer of each step of the ring, whatever happens; the first one counts all requests."""
        with self.exchange.stop.held():
            done: list[Step] = []
            for step, back in zip(self.unit.in_turn(), self.unit.back(), strict=True):
                answered, name = await self._rename(step)
                if name != _wanted(step):
                    doubtful = [back] if name is None else []
                    self._explain(step, answered, await self._undo([*done, *doubtful]))
                    break
                done.append(back)
                self.answers[step.id] = answered
        first = self.unit.id
        return {**self.answers, first: replace(self.answers[first], requests=self.requests)}

    async def _rename(self, step: Step) -> tuple[Answered, str | None]:
        """Sends the request of a step; returns its answer, and the name of the resource after it, if that is known."""
        answered = await self.exchange.run(step)
        self.requests += answered.requests
        name = _wanted(step)
        if not shows_name(step, answered):
            found = await self._read(step)
            name = _name_in(step, found) if found else None
            if found and name == _wanted(step):
                answered = judge_answer(step, self.exchange.ids, found)
        self.names[step.key] = name or self.names.get(step.key)
        return answered, name

    async def _read(self, step: Step) -> Response | None:
        """Returns the resource of a step as it is now, or None if it can't be read."""
        self.requests += 1
        try:
            response = await self.exchange.channel.send(get_request(step.kind, target_of(step, self.exchange.ids)))
        except (ReconcilerError, NotScim):
            return None
        return response if response.succeeded else None

    async def _undo(self, done: Sequence[Step]) -> dict[str, str | None]:
        """Rolls the ring back, the last name first; returns the keys without their former name, with the present one.

        It ends at the first of these: the names of the members before it are not free then.
        """
        left: dict[str, str | None] = {}
        for back in reversed(done):
            _answered, name = (None, None) if left else await self._rename(back)
            if left or name != _wanted(back):
                left.setdefault(back.key, name or self.names.get(back.key))
        return left

    def _explain(self, refused: Step, answered: Answered, left: Mapping[str, str | None]) -> None:
        """Gives every step of the ring its answer, after a request that was not taken."""
        called = CALLED[kind_of(refused)]
        keys = ", ".join(step.key for step in self.unit.steps)
        for step in self.unit.steps:
            mine = step.key == refused.key
            if step.key in left:
                name = left[step.key]
                why = f"left on the {called} {name}" if name else f"its {called} is not known"
                detail = (
                    f"the exchange of the {called}s of {keys} could not be undone: {why}; the next plan puts it right"
                )
            else:
                detail = f"the exchange of the {called}s of {keys} was undone: it has the {called} that it had before"
            own = f"{answered.of(refused.changes[0]).detail}; " if mine else f"{refused.key} was refused; "
            status: Status = "failed" if step.key in left or mine else "skipped"
            self.answers[step.id] = Answered.all(status, own + detail)


def _wanted(step: Step) -> str | None:
    change = find_name_change(step)
    return fold_name(kind_of(step), str(change.after)) if change else None


def _name_in(step: Step, response: Response) -> str | None:
    body = response.body if isinstance(response.body, dict) else {}
    name = body.get(NAMING[kind_of(step)])
    return fold_name(kind_of(step), name) if isinstance(name, str) else None
