"""Companies in which names change hands: who is called what before and after, as stories for tests of the order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.core.model.logins import THIRD_NAME
from reconciler.core.model.messages import Request, Response
from reconciler.core.model.states import DesiredState
from reconciler.core.safety.make_plan import MadePlan
from tests.apply.world import World, git_says

TAKEN = 409


def declare(users: Mapping[str, str], groups: Mapping[str, str] | None = None) -> DesiredState:
    """A desired state: by key, the login with further attributes (`a title=Chief`), and for groups name and members.

    Users and groups are found by their externalId.
    """
    lines = ["users:", *(_user(key, *said.split()) for key, said in users.items())]
    if groups:
        lines += ["groups:", *(_group(key, *said.split()) for key, said in groups.items())]
    return replace(git_says("\n".join(lines) + "\n"), matching=("externalId",), group_matching=("externalId",))


def _user(key: str, login: str, *more: str) -> str:
    address = f"{login}@example.com"
    pairs = [f"userName: {address}", f"emails: [{{value: {address}, type: work, primary: true}}]"]
    pairs += [one.replace("=", ": ", 1) for one in more]
    return f"  {key}: {{{', '.join(pairs)}}}"


def _group(key: str, name: str, *members: str) -> str:
    return f"  {key}: {{displayName: {name}, members: [{', '.join(members)}]}}"


@dataclass(frozen=True)
class Story:
    """What git said when the account was settled, and what it says now."""

    before: DesiredState
    after: DesiredState

    def settled(self, dialect: str = "4me") -> World:
        """An account as git said before; its requests are forgotten."""
        world = World(dialect=dialect)
        world.settle(self.before)
        world.asked.clear()
        return world

    def plan(self, world: World) -> MadePlan:
        """What is to do now."""
        return world.plan(self.after, self.before)


def story(
    before: Mapping[str, str],
    after: Mapping[str, str],
    groups_before: Mapping[str, str] | None = None,
    groups_after: Mapping[str, str] | None = None,
) -> Story:
    """Makes a story."""
    return Story(declare(before, groups_before), declare(after, groups_after))


def rotate(number: int) -> Story:
    """A ring: each of so many people gets the login of the next."""
    keys = [f"p{index}" for index in range(number)]
    before = {key: f"name{index}" for index, key in enumerate(keys)}
    after = {key: f"name{(index + 1) % number} title=Moved" for index, key in enumerate(keys)}
    return story(before, after)


class Watched:
    """An account that minds whether a request meets a taken name, or moves only a half of a login."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.taken: list[Request] = []

    async def send(self, request: Request) -> Response:
        """Carries the request out."""
        response = await self.world.send(request)
        if response.status == TAKEN:
            self.taken.append(request)
        return response


def logins(world: World) -> dict[str, str]:
    """The first part of every login, by key; it is that of the primary e-mail too."""
    found: dict[str, str] = {}
    for user in world.simulator.users.values():
        emails = user["emails"]
        assert isinstance(emails, list)
        assert [user["userName"]] == [one["value"] for one in emails]
        found[str(user["externalId"])] = str(user["userName"]).partition("@")[0]
    return found


def names(world: World) -> dict[str, str]:
    """The display names of all groups, by key."""
    return {str(group["externalId"]): str(group["displayName"]) for group in world.simulator.groups.values()}


def on_third_names(world: World) -> list[str]:
    """The names in the account that have the form of a third name."""
    every = [*(user["userName"] for user in world.simulator.users.values()), *names(world).values()]
    return [str(name) for name in every if THIRD_NAME.fullmatch(str(name))]
