"""Reads the people behind SCIM users, and their roles, with as few requests as `request_cost` finds.

Every list must have its announced length, every person appear once, and every hit match the request. Anything else is
a fault in the certificate, so that unread roles never look like no roles.
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
    """Returns the person of the credentials; raises Unreachable if they may not use the account or the API."""
    response = await line.client.send(me_request())
    if response.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
        raise Unreachable(
            f"{line.client.url} refuses these credentials for the account {line.account} "
            f"({describe_error(response)}): check the tenant's permissions.account, and the scopes of the application"
        )
    try:
        return read_me(response)
    except NotPeople as error:
        raise NotAnAnswer(f"{line.client.url}/me: {error}: check the tenant's permissions.url") from error


async def count_people(line: RestLine) -> int:
    """Returns the number of people from SCIM by the first page; raises Unreachable if the read is refused."""
    page = await _first_page(line, "people from SCIM", people_request(source=SCIM_SOURCE))
    return len(page.people) if page.total is None else page.total


async def read_behind(line: RestLine, lookups: Sequence[RoleLookup], users: int | None) -> tuple[People, Certificate]:
    """Reads the people behind these users, with their roles; `users` is the number of SCIM users, if known.

    Sends nothing if `lookups` is empty. Raises Unreachable if the credentials are refused, or have no access.
    """
    before = line.requests
    if not lookups:
        return People(looked_up=frozenset()), Certificate("full", 0, 0, 0)
    reading = _Reading(line)
    me = await ask_me(line)
    found = await reading.find(lookups, users)
    roles = await reading.roles_of(found, lookups)
    people = People(
        people=tuple(replace(person, roles=roles.get(person.id, frozenset())) for person in found),
        me=me.id,
        looked_up=frozenset(lookup.user.id for lookup in lookups),
    )
    return people, Certificate("full", 0, 0, line.requests - before, tuple(reading.faults))


@dataclass(slots=True)
class _List:
    """A list of people, as far as it was read; `following` requests the next page."""

    name: str
    people: dict[str, Person] = field(default_factory=dict)
    total: int | None = None
    following: Request | None = None

    @property
    def left(self) -> int:
        """The number of requests for the rest: at least one if a page follows, even without a total."""
        if self.following is None:
            return 0
        return max(1, count_left(self.total or 0))


@dataclass(slots=True)
class _Reading:
    line: RestLine
    faults: list[str] = field(default_factory=list)

    async def find(self, lookups: Sequence[RoleLookup], users: int | None) -> list[Person]:
        """Finds the people that may be behind these users: by SCIM id, and the others by e-mail."""
        wanted = {lookup.user.id for lookup in lookups}
        if seek_each(len(lookups), users):
            lists = await asyncio.gather(
                *(self._whole_list(source=SCIM_SOURCE, sourceID=user_id) for user_id in sorted(wanted))
            )
            linked = [person for people in lists for person in people]
        else:
            linked = await self._whole_list(source=SCIM_SOURCE)
        known = {person.source_id for person in linked}
        missing = [lookup.user for lookup in lookups if lookup.user.id not in known]
        addresses = {address for address in map(address_of, missing) if address}
        others = await self._find_by_email(sorted(addresses), len(linked))
        by_scim_id = [person for person in linked if person.source_id in wanted]
        return list(_by_id([*by_scim_id, *others]).values())

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

    async def roles_of(self, found: Sequence[Person], lookups: Sequence[RoleLookup]) -> Mapping[str, frozenset[str]]:
        """Reads the roles of each person: person by person, or from the list of holders of each role.

        After lists, the people that a change may concern are read one by one, to be sure.
        """
        if ask_each(len(found), len(HELD)):
            return await self._read_roles_of_each(found)
        lists = dict(zip(sorted(HELD), await asyncio.gather(*map(self._first_holders, sorted(HELD))), strict=True))
        if finish_each(len(found), sum(holders.left for holders in lists.values())):
            return await self._read_roles_of_each(found)
        await asyncio.gather(*map(self._finish, lists.values()))
        roles_of = {person.id: frozenset(role for role in lists if person.id in lists[role].people) for person in found}
        return {**roles_of, **await self._read_roles_of_each(list_to_be_sure(lookups, found, roles_of))}

    async def _first_holders(self, role: str) -> _List:
        return await self._first_page(f"holders of {role}", people_request(roles=role))

    async def _read_roles_of_each(self, people: Iterable[Person]) -> dict[str, frozenset[str]]:
        people = list(people)
        roles = await asyncio.gather(*(self._read_roles(person) for person in people))
        return {person.id: of_person for person, of_person in zip(people, roles, strict=True)}

    async def _read_roles(self, person: Person) -> frozenset[str]:
        try:
            return read_roles(await self.line.client.send(roles_request(person.id, self.line.account)))
        except (NotPeople, NotAnAnswer, LostAnswer) as error:
            self.faults.append(f"roles of person {person.id}: {error}")
            return frozenset()

    async def _whole_list(self, **filters: str) -> list[Person]:
        """Reads the people that pass the filters; each is checked, because some services ignore filters."""
        listed = await self._first_page(" ".join(filters.values()), people_request(**filters))
        await self._finish(listed)
        return [person for person in listed.people.values() if _passes(person, filters)]

    async def _first_page(self, name: str, request: Request) -> _List:
        page = await _first_page(self.line, name, request)
        listed = _List(name, total=page.total)
        self._add(listed, page)
        return listed

    async def _finish(self, listed: _List) -> None:
        """Reads the other pages one after another, because each page contains the request for the next."""
        pages = 0
        while listed.following is not None and pages < MOST_PAGES:
            pages += 1
            try:
                self._add(listed, read_people(await self.line.client.send(listed.following)))
            except (NotPeople, NotAnAnswer, LostAnswer) as error:
                self.faults.append(f"{listed.name}, page {pages + 1}: {error}")
                return
        received = len(listed.people)
        if listed.following is not None:
            self.faults.append(f"{listed.name}: the list does not end")
        elif listed.total is not None and listed.total != received:
            self.faults.append(f"{listed.name}: {listed.total} were announced and {received} came")
        elif listed.total is None and received and received % PAGE == 0:
            self.faults.append(f"{listed.name}: {received} came, without a total, so more may exist")

    def _add(self, listed: _List, page: PeoplePage) -> None:
        if page.total not in (listed.total, None):
            self.faults.append(f"{listed.name}: the total changed from {listed.total} to {page.total} during the read")
        again = [person.id for person in page.people if person.id in listed.people]
        if again:
            self.faults.append(f"{listed.name}: person {again[0]} came twice")
        listed.people |= _by_id(page.people)
        listed.following = page.following if page.people and not again else None


async def _first_page(line: RestLine, name: str, request: Request) -> PeoplePage:
    response = await line.client.send(request)
    if response.status == HTTPStatus.FORBIDDEN:
        raise Unreachable(
            f"{line.client.url}/people: these credentials may not read people and their roles "
            f"({describe_error(response)}): give the application this scope, and its person a role that allows it"
        )
    try:
        return read_people(response)
    except NotPeople as error:
        raise NotAnAnswer(f"{line.client.url}/people ({name}): {error}: check the tenant's permissions.url") from error


def _by_id(people: Iterable[Person]) -> dict[str, Person]:
    return {person.id: person for person in people}


def _passes(person: Person, filters: Mapping[str, str]) -> bool:
    values = {"source": person.source, "sourceID": person.source_id, "primary_email": person.email}
    return all(str(values[name]).casefold() == value.casefold() for name, value in filters.items())
