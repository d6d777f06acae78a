"""Reads who is behind SCIM users and which roles they hold, with as few requests as `fewest` finds; complete or faulty.

Every list must be as long as it says, every person come once, every hit be what was asked for. What does not add up is
in the certificate: somebody whose roles were not read must not look as if they held none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from reconciler.core.declarations.role_catalogue import HELD
from reconciler.core.model.messages import Request
from reconciler.core.model.states import Certificate
from reconciler.core.scim.people import (
    SCIM_SOURCE,
    NotPeople,
    People,
    PeoplePage,
    Person,
    RoleLookup,
    address_of,
    list_to_be_sure,
    me_request,
    people_request,
    read_me,
    read_people,
    read_roles,
    roles_request,
)
from reconciler.core.scim.request_cost import PAGE, ask_each, count_left, finish_each, seek_each, seek_each_missing
from reconciler.core.scim.wire import describe_error
from reconciler.errors import LostAnswer, NotAnAnswer, Unreachable
from reconciler.live.rest import RestLine

MOST_PAGES = 10_000


async def ask_me(line: RestLine) -> Person:
    """Whose credentials these are; raises Unreachable where the account or the API is not there for them."""
    response = await line.client.send(me_request())
    if response.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
        raise Unreachable(
            f"{line.client.url} does not let these credentials into the account {line.account} "
            f"({describe_error(response)}): check the tenant's permissions.account, and what the application may do"
        )
    try:
        return read_me(response)
    except NotPeople as error:
        raise NotAnAnswer(f"{line.client.url}/me: {error}: check the tenant's permissions.url") from error


async def count_people(line: RestLine) -> int:
    """How many people come from SCIM, by the first page; raises Unreachable where these may not be read."""
    page = await _first_page(line, "people from SCIM", people_request(source=SCIM_SOURCE))
    return len(page.people) if page.total is None else page.total


async def read_behind(line: RestLine, sought: Sequence[RoleLookup], users: int | None) -> tuple[People, Certificate]:
    """The people behind those who are sought, with their roles; `users` is how many SCIM users there are, if known.

    Nothing is asked where nobody is sought. Raises Unreachable where the credentials are refused, or not let in.
    """
    before = line.requests
    if not sought:
        return People(sought=frozenset()), Certificate("full", 0, 0, 0)
    reading = _Reading(line)
    me = await ask_me(line)
    found = await reading.find(sought, users)
    roles = await reading.roles_of(found, sought)
    people = People(
        people=tuple(replace(person, roles=roles.get(person.id, frozenset())) for person in found),
        me=me.id,
        sought=frozenset(one.user.id for one in sought),
    )
    return people, Certificate("full", 0, 0, line.requests - before, tuple(reading.faults))


@dataclass(slots=True)
class _List:
    """A list as far as it was read."""

    name: str
    people: dict[str, Person] = field(default_factory=dict)
    total: int | None = None
    following: Request | None = None

    @property
    def left(self) -> int:
        """The requests that the rest takes; one at least where more comes and nobody says how much."""
        if self.following is None:
            return 0
        return max(1, count_left(self.total or 0))


@dataclass(slots=True)
class _Reading:
    line: RestLine
    faults: list[str] = field(default_factory=list)

    async def find(self, sought: Sequence[RoleLookup], users: int | None) -> list[Person]:
        """Those who could be behind the users who are sought: by SCIM id, and by e-mail those who were not found."""
        wanted = {one.user.id for one in sought}
        if seek_each(len(sought), users):
            lists = await asyncio.gather(
                *(self._whole_list(source=SCIM_SOURCE, sourceID=one) for one in sorted(wanted))
            )
            linked = [person for people in lists for person in people]
        else:
            linked = await self._whole_list(source=SCIM_SOURCE)
        known = {person.source_id for person in linked}
        missing = [one.user for one in sought if one.user.id not in known]
        others = await self._find_by_email(sorted({one for one in map(address_of, missing) if one}), len(linked))
        theirs = [person for person in linked if person.source_id in wanted]
        return list(_by_id([*theirs, *others]).values())

    async def _find_by_email(self, addresses: Sequence[str], listed: int) -> list[Person]:
        if seek_each_missing(len(addresses), listed):
            return await self._seek_each(addresses)
        everyone = await self._first_page("everyone", people_request())
        if finish_each(len(addresses), everyone.left):
            return await self._seek_each(addresses)
        await self._finish(everyone)
        return [person for person in everyone.people.values() if person.email]

    async def _seek_each(self, addresses: Sequence[str]) -> list[Person]:
        lists = await asyncio.gather(*(self._whole_list(primary_email=address) for address in addresses))
        return [person for people in lists for person in people]

    async def roles_of(self, found: Sequence[Person], sought: Sequence[RoleLookup]) -> Mapping[str, frozenset[str]]:
        """What each of them holds: everyone asked, or each role's holders, and those then whom a change may touch."""
        if ask_each(len(found), len(HELD)):
            return await self._ask_each(found)
        lists = dict(zip(sorted(HELD), await asyncio.gather(*map(self._first_holders, sorted(HELD))), strict=True))
        if finish_each(len(found), sum(one.left for one in lists.values())):
            return await self._ask_each(found)
        await asyncio.gather(*map(self._finish, lists.values()))
        held = {person.id: frozenset(role for role in lists if person.id in lists[role].people) for person in found}
        return {**held, **await self._ask_each(list_to_be_sure(sought, found, held))}

    async def _first_holders(self, role: str) -> _List:
        return await self._first_page(f"holders of {role}", people_request(roles=role))

    async def _ask_each(self, people: Iterable[Person]) -> dict[str, frozenset[str]]:
        people = list(people)
        roles = await asyncio.gather(*(self._ask(person) for person in people))
        return {person.id: held for person, held in zip(people, roles, strict=True)}

    async def _ask(self, person: Person) -> frozenset[str]:
        try:
            return read_roles(await self.line.client.send(roles_request(person.id, self.line.account)))
        except (NotPeople, NotAnAnswer, LostAnswer) as error:
            self.faults.append(f"roles of person {person.id}: {error}")
            return frozenset()

    async def _whole_list(self, **filters: str) -> list[Person]:
        """Those who pass the filters, checked: some services ignore a filter, and answer everybody."""
        one = await self._first_page(" ".join(filters.values()), people_request(**filters))
        await self._finish(one)
        return [person for person in one.people.values() if _passes(person, filters)]

    async def _first_page(self, name: str, request: Request) -> _List:
        page = await _first_page(self.line, name, request)
        one = _List(name, total=page.total)
        self._take(one, page)
        return one

    async def _finish(self, one: _List) -> None:
        """The pages that are left, one after the other: each tells where the next begins."""
        pages = 0
        while one.following is not None and pages < MOST_PAGES:
            pages += 1
            try:
                self._take(one, read_people(await self.line.client.send(one.following)))
            except (NotPeople, NotAnAnswer, LostAnswer) as error:
                self.faults.append(f"{one.name}, page {pages + 1}: {error}")
                return
        came = len(one.people)
        if one.following is not None:
            self.faults.append(f"{one.name}: a list without end")
        elif one.total is not None and one.total != came:
            self.faults.append(f"{one.name}: {one.total} were announced and {came} came")
        elif one.total is None and came and came % PAGE == 0:
            self.faults.append(f"{one.name}: {came} came, and nothing says whether there are more")

    def _take(self, one: _List, page: PeoplePage) -> None:
        if page.total not in (one.total, None):
            self.faults.append(f"{one.name}: the total changed from {one.total} to {page.total} during the read")
        again = [person.id for person in page.people if person.id in one.people]
        if again:
            self.faults.append(f"{one.name}: person {again[0]} came twice")
        one.people |= _by_id(page.people)
        one.following = page.following if page.people and not again else None


async def _first_page(line: RestLine, name: str, request: Request) -> PeoplePage:
    response = await line.client.send(request)
    if response.status == HTTPStatus.FORBIDDEN:
        raise Unreachable(
            f"{line.client.url}/people: these credentials may not read people and their roles "
            f"({describe_error(response)}): give the application that scope, and its person the role for it"
        )
    try:
        return read_people(response)
    except NotPeople as error:
        raise NotAnAnswer(f"{line.client.url}/people ({name}): {error}: check the tenant's permissions.url") from error


def _by_id(people: Iterable[Person]) -> dict[str, Person]:
    return {person.id: person for person in people}


def _passes(person: Person, filters: Mapping[str, str]) -> bool:
    has = {"source": person.source, "sourceID": person.source_id, "primary_email": person.email}
    return all(str(has[name]).casefold() == value.casefold() for name, value in filters.items())
