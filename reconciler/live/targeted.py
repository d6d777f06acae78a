"""Reads what a plan about some keys needs, and nothing else. An answer that can't be believed is in the certificate.

`core/targeting/lookup_planner.py` says what to ask, round after round; `core/targeting/lookup.py` says how, and whether
an answer is believed. Nothing here decides who has left (docs/decisions/0013-targeted-reads.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TypeVar

from reconciler.core.model.messages import JsonObject, Request, Response
from reconciler.core.model.resources import Key, Kind, LiveGroup, LiveUser
from reconciler.core.model.states import Certificate, DesiredState, LiveState
from reconciler.core.scim.wire import (
    Dialect,
    NotScim,
    describe_error,
    get_request,
    read_group,
    read_groups_of,
    read_id,
    read_page,
    read_user,
)
from reconciler.core.targeting.lookup import (
    UNPROVEN,
    Endpoint,
    LookUp,
    Term,
    Witnesses,
    choose_witnesses,
    make_look_ups,
    make_single_look_ups,
)
from reconciler.core.targeting.lookup_planner import (
    FEWEST_OF_SAMPLE,
    FoundGroup,
    FoundUser,
    KnownAccount,
    LookupPlanner,
    LookupRound,
    fewest_of,
)
from reconciler.errors import Unreachable
from reconciler.live.client import Client

NO_OR = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.REQUEST_URI_TOO_LONG})

Found = TypeVar("Found", FoundUser, FoundGroup)


@dataclass(frozen=True, slots=True)
class Targeted:
    """What was read, and the desired state with its selection as it grew on the way."""

    live: LiveState
    desired: DesiredState


async def read_targeted(client: Client, dialect: Dialect, lookup_planner: LookupPlanner) -> Targeted:
    """Asks until the lookup planner has no questions. Raises Unreachable where nothing was answered at all."""
    before = client.requests
    line = _Line(client, dialect.page_size)
    known = KnownAccount()
    while not line.faults:
        lookup_planner, questions = lookup_planner.next_round(known)
        if not questions:
            break
        known = await _answer(line, lookup_planner, questions, known)
        if line.knows_or is False:
            lookup_planner = replace(lookup_planner, sample=fewest_of(lookup_planner.sample))
    certificate = Certificate(
        mode="targeted",
        users=len(known.users),
        groups=len(known.groups),
        requests=client.requests - before,
        faults=tuple(line.faults),
    )
    return Targeted(known.live_state(certificate), lookup_planner.desired)


@dataclass(slots=True)
class _Line:
    """The client, and what was learnt of the service in this run: whether it knows `or`, and what was not right."""

    client: Client
    page_size: int
    answers: int = 0
    knows_or: bool | None = None  # None until a look-up with one was answered
    proven: set[tuple[Endpoint, str]] = field(default_factory=set)  # attributes, where terms are asked one by one
    faults: list[str] = field(default_factory=list)

    async def send(self, request: Request) -> Response | None:
        """The answer, or None and a fault; raises Unreachable where nothing was answered yet."""
        try:
            response = await self.client.send(request)
        except Unreachable as error:
            if not self.answers:
                raise
            self.faults.append(str(error))
            return None
        self.answers += 1
        return response


async def _answer(
    line: _Line, lookup_planner: LookupPlanner, questions: LookupRound, known: KnownAccount
) -> KnownAccount:
    """One round: look-ups and gets, together once it is known how the service wants to be asked."""
    asked = known.keys | questions.keys | questions.sample
    witnesses = choose_witnesses("Users", lookup_planner.desired, lookup_planner.before, asked)
    beside = _terms(lookup_planner, questions.sample, "user")
    users = await _look_up(line, "Users", _terms(lookup_planner, questions.keys, "user"), witnesses, beside)
    questions = questions.asked_singly() if line.knows_or is False else questions
    witnesses = choose_witnesses("Groups", lookup_planner.desired, lookup_planner.before, asked)
    groups = await _look_up(line, "Groups", _terms(lookup_planner, questions.keys, "group"), witnesses)
    more_users, with_members = await asyncio.gather(
        _get_all(line, "Users", questions.users), _get_all(line, "Groups", questions.groups)
    )
    return known.learn(
        questions,
        _read_each(line, [*users, *more_users], _found_user),
        _read_each(
            line,
            [*groups, *({"members": [], **group} for group in with_members)],  # a group of nobody may leave them out
            _found_group,
        ),
    )


def _terms(lookup_planner: LookupPlanner, keys: Iterable[Key], kind: Kind) -> list[list[Term]]:
    every = ([Term(*term) for term in lookup_planner.terms(key)] for key in sorted(keys) if key.kind == kind)
    return [terms for terms in every if terms]


async def _look_up(
    line: _Line,
    endpoint: Endpoint,
    asked: Sequence[Sequence[Term]],
    witnesses: Witnesses,
    beside: Sequence[Sequence[Term]] = (),
) -> list[JsonObject]:
    """The resources that the terms find. The first request says whether the service knows `or`; the rest go at once.

    What is asked `beside` goes with the others; of it only a little is asked where each term is a request.
    """
    if not asked and not beside:
        return []
    first, *rest = make_look_ups(endpoint, [*asked, *beside], witnesses)
    found = await _ask_together(line, first)
    if found is None:
        return await _look_up_singly(line, endpoint, [*asked, *beside[:FEWEST_OF_SAMPLE]], witnesses)
    more = await asyncio.gather(*(_ask_together(line, look_up) for look_up in rest))
    return [*found, *(one for rows in more if rows for one in rows)]


async def _ask_together(line: _Line, look_up: LookUp) -> list[JsonObject] | None:
    """The resources of one look-up of many terms, or None where the service does not know `or`."""
    if line.knows_or is False:
        return None
    response = await line.send(look_up.request(1, line.page_size))
    if response is not None and response.status in NO_OR and line.knows_or is None:
        line.knows_or = False
        return None
    line.knows_or = line.knows_or or look_up.joins
    return await _judged(line, look_up, response)


async def _look_up_singly(
    line: _Line, endpoint: Endpoint, asked: Sequence[Sequence[Term]], witnesses: Witnesses
) -> list[JsonObject]:
    """The witnesses once in a run, of each attribute until one comes; then one request for each term."""
    for attribute, proofs in witnesses.items():
        if proofs and (endpoint, attribute) not in line.proven:
            await _prove(line, endpoint, attribute, proofs)
    every = await asyncio.gather(*(_ask(line, one) for one in make_single_look_ups(endpoint, asked)))
    rows = [row for answered in every for row in answered]
    without: Witnesses = {attribute: () for attribute, proofs in witnesses.items() if not proofs}
    _found, fault = LookUp(endpoint, tuple(map(tuple, asked)), without).judge(list(map(_READ[endpoint], rows)))
    if fault:
        line.faults.append(f"{endpoint}: a look-up {fault}")
    return rows


async def _prove(line: _Line, endpoint: Endpoint, attribute: str, proofs: Sequence[Term]) -> None:
    for proof in proofs:
        if await _ask(line, LookUp(endpoint, ((proof,),))):
            line.proven.add((endpoint, attribute))
            return
    line.faults.append(f"{endpoint}: a look-up {UNPROVEN.format(attribute)}")


async def _ask(line: _Line, look_up: LookUp) -> list[JsonObject]:
    return await _judged(line, look_up, await line.send(look_up.request(1, line.page_size)))


async def _judged(line: _Line, look_up: LookUp, response: Response | None) -> list[JsonObject]:
    """The resources that were asked for, all pages of them; an answer that can't be believed is a fault."""
    if response is None:
        return []
    try:
        rows = await _read_pages(line, look_up, response)
        kept, fault = look_up.judge([_READ[look_up.endpoint](row) for row in rows])
    except NotScim as error:
        kept, fault = [], str(error)
    if fault:
        line.faults.append(f"{look_up.endpoint}: a look-up {fault}")
    ids = {one.id for one in kept}
    return [row for row in rows if row["id"] in ids] if ids else []


async def _read_pages(line: _Line, look_up: LookUp, response: Response) -> list[JsonObject]:
    """Rows are counted as they came; raises NotScim where they don't add up, or are far more than were asked for."""
    rows: list[JsonObject] = []
    while True:
        if not response.succeeded:
            raise NotScim(f"was answered {describe_error(response)}")
        page = read_page(response.body)
        if strange := look_up.find_stranger(map(_READ[look_up.endpoint], page.resources)):
            raise NotScim(strange)
        rows.extend(page.resources)
        if len(rows) >= page.total or not page.resources:
            break
        following = await line.send(look_up.request(len(rows) + 1, line.page_size))
        if following is None:
            return rows
        response = following
    ids = [read_id(row) for row in rows]
    if len(ids) != page.total or len(set(ids)) != len(ids):
        raise NotScim(f"announced {page.total} resources and {len(set(ids))} came")
    return rows


async def _get_all(line: _Line, endpoint: Endpoint, ids: Iterable[str]) -> list[JsonObject]:
    """The resources of those ids; a user who is not there is nobody's fault, a group was there a moment ago."""
    got = await asyncio.gather(*(line.send(get_request(endpoint, live_id)) for live_id in sorted(ids)))
    rows: list[JsonObject] = []
    for live_id, response in zip(sorted(ids), got, strict=True):
        if response is None or (endpoint == "Users" and response.status == HTTPStatus.NOT_FOUND):
            continue
        if response.succeeded and isinstance(response.body, dict) and response.body.get("id") == live_id:
            rows.append(response.body)
        else:
            line.faults.append(f"{endpoint}: asked for {live_id}, it answered {describe_error(response)}")
    return rows


def _found_user(row: JsonObject) -> FoundUser:
    return FoundUser(read_user(row), read_groups_of(row))


def _found_group(row: JsonObject) -> FoundGroup:
    return FoundGroup(read_group(row), "members" in row)


def _read_each(line: _Line, rows: Iterable[JsonObject], read: Callable[[JsonObject], Found]) -> list[Found]:
    found: list[Found] = []
    for row in rows:
        try:
            found.append(read(row))
        except NotScim as error:
            line.faults.append(str(error))
    return found


_READ: Mapping[Endpoint, Callable[[JsonObject], LiveUser | LiveGroup]] = {"Users": read_user, "Groups": read_group}
