"""Waits, after all other changes, until 4me has linked people to the users who get roles over REST.

The wait is bounded, and a stop ends it at once. Roles of people who are not linked then are pending: the next apply
grants them. See docs/decisions/0030-roles-with-the-same-apply.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from reconciler.apply.answers import Answered
from reconciler.apply.channel import RolesChannel, Stop
from reconciler.apply.link_wait import LinkWait
from reconciler.apply.people_look import PeopleLook
from reconciler.core.changes.plan import Change
from reconciler.core.planner.late_grant import describe_own, describe_pending
from reconciler.core.planner.steps import Step
from reconciler.core.scim.pace import pause_between_looks
from reconciler.core.scim.people import NotPeople, find_by_address, find_linked
from reconciler.errors import LostAnswer, NotAnAnswer, NotSent, Unreachable

MOST_BY_ADDRESS = 25  # of more users, the next plan reads the people as lists


@dataclass(slots=True)
class PeopleWait:
    """One wait: `carry_out` runs steps, and `record` records the outcome of a step that is not run."""

    roles: RolesChannel
    stop: Stop
    carry_out: Callable[[Iterable[Step]], Awaitable[None]]
    record: Callable[[Iterable[Change], Answered], None]
    fault: str | None = None

    @property
    def wait(self) -> LinkWait:
        """The settings of the wait, and its progress."""
        return self.roles.wait

    async def run(self, steps: Iterable[Step], ids: Mapping[str, str]) -> None:
        """Carries out each step once 4me has linked a person; records all others. `ids` are the live ids of keys."""
        left: dict[str, Step] = {}
        not_created: list[Step] = []
        for step in steps:
            scim_id = step.changes[0].target_id or ids.get(step.key)
            if scim_id is None:
                not_created.append(step)
            else:
                left[scim_id] = step
        await self.carry_out(not_created)
        await self._wait_for(left)

    async def _wait_for(self, left: dict[str, Step]) -> None:
        looks, last = 0, not self.wait.seconds
        self.wait.begun = self.wait.now()
        while left and not self.stop.reason:
            self.wait.waiting = len(left)
            # The first look is complete, however long it takes; later ones end with the time.
            look = PeopleLook(self.roles.send, lambda: looks > 0 and not last and self.wait.is_over)  # noqa: B023  # awaited
            linked = await self._find(left, look, by_address=last)
            await self._carry_out_linked([(left.pop(scim_id), person) for scim_id, person in linked.items()])
            if last:
                break
            looks += 1
            await self._pause(looks, look.requests, left)
            last = self.wait.is_over
        self.wait.waiting = 0
        await self._give_up(left.values())

    async def _find(self, left: Mapping[str, Step], look: PeopleLook, *, by_address: bool) -> dict[str, str]:
        """Returns the ids of the people that are linked now; the next look, or the outcome, follows a fault."""
        self.fault = None
        found: dict[str, str] = {}
        try:
            await look.read_linked(left)
            if by_address:
                found = await self._find_by_address(left, look)
        except (NotPeople, NotAnAnswer, LostAnswer) as error:
            self.fault = str(error)
        except NotSent:
            pass  # the run stops
        except Unreachable as error:
            self.stop.set(str(error))
        return found | {scim_id: person.id for scim_id, person in find_linked(left, look.people).items()}

    async def _find_by_address(self, left: Mapping[str, Step], look: PeopleLook) -> dict[str, str]:
        """Looks for people by e-mail, for accounts whose own rules don't write the SCIM id to the person."""
        missing = left.keys() - find_linked(left, look.people).keys()
        addresses = {scim_id: self.wait.addresses.get(left[scim_id].key, "") for scim_id in missing}
        sought = {scim_id: address for scim_id, address in sorted(addresses.items()) if address}
        if len(sought) > MOST_BY_ADDRESS:
            return {}
        others = PeopleLook(look.send, look.is_over)
        await others.read_with_addresses(sought.values())
        return {scim_id: person.id for scim_id, person in find_by_address(sought, others.people).items()}

    async def _carry_out_linked(self, linked: Iterable[tuple[Step, str]]) -> None:
        steps = [replace(step, person=person) for step, person in linked]
        for step in steps:
            if step.person == self.wait.me:
                self.record(step.changes, Answered.all("skipped", describe_own(step)))
        await self.carry_out(step for step in steps if step.person != self.wait.me)

    async def _give_up(self, left: Iterable[Step]) -> None:
        if self.stop.reason:
            await self.carry_out(left)  # each gets the outcome of a stopped run
            return
        for step in left:
            self.record(step.changes, Answered.all("skipped", describe_pending(self.wait.seconds, self.fault)))

    async def _pause(self, looks: int, requests: int, left: Mapping[str, Step]) -> None:
        """Pauses until the next look, at most until the time is over or the run stops."""
        if not left:
            return
        seconds = min(pause_between_looks(looks, requests), max(self.wait.seconds - self.wait.passed, 0))
        awaited = [asyncio.ensure_future(self.wait.sleep(seconds)), asyncio.ensure_future(self.stop.event.wait())]
        try:
            await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in awaited:
                task.cancel()
