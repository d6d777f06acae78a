"""Reads only what a plan about some keys needs. An answer that can't be trusted is a fault in the certificate.

`core/targeting/lookup_planner.py` decides what each round asks for; `core/targeting/lookup.py` makes the requests and
checks the answers. Nothing here decides who has left (docs/decisions/0013-targeted-reads.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TypeVar

from reconciler.core.model.messages import JsonObject, Response
from reconciler.core.model.resources import Key, Kind, LiveGroup, LiveUser
from reconciler.core.model.states import Certificate, DesiredState, LiveState
from reconciler.core.scim.same_ids import is_same_id
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
from reconciler.core.targeting.known_account import (
    FEWEST_OF_SAMPLE,
    FoundGroup,
    FoundUser,
    KnownAccount,
    LookupRound,
    fewest_of,
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
from reconciler.core.targeting.lookup_planner import LookupPlanner
from reconciler.live.client import Client
from reconciler.live.lookup_line import LookupLine

NO_OR = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.REQUEST_URI_TOO_LONG})

Found = TypeVar("Found", FoundUser, FoundGroup)


@dataclass(frozen=True, slots=True)
class Targeted:
    """The live state as read, and the desired state, whose selection grew during the rounds.

    `unconcluded` are keys that may be there, found by an attribute for which the service can't be asked.
    """

    live: LiveState
    desired: DesiredState
    unconcluded: frozenset[Key] = frozenset()


async def read_targeted(client: Client, dialect: Dialect, lookup_planner: LookupPlanner) -> Targeted:
    """Reads until the lookup planner has no questions. Raises Unreachable if no request was answered."""
    before = client.requests
    line = LookupLine(client, dialect)
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
    return Targeted(known.live_state(certificate), lookup_planner.desired, lookup_planner.unconcluded(known))


async def _answer(
    line: LookupLine, lookup_planner: LookupPlanner, questions: LookupRound, known: KnownAccount
) -> KnownAccount:
    """Answers the questions of one round: lookups of users, then of groups, then all gets at once.

    The lookups of users show whether the service supports `or`.
    """
    looked_up = known.keys | questions.keys | questions.sample
    dialect = lookup_planner.dialect
    witnesses = choose_witnesses("Users", lookup_planner.desired, lookup_planner.before, looked_up, dialect)
    sample = _terms(lookup_planner, questions.sample, "user")
    users = await _look_up(line, "Users", _terms(lookup_planner, questions.keys, "user"), witnesses, sample)
    questions = questions.with_few_samples() if line.knows_or is False else questions
    witnesses = choose_witnesses("Groups", lookup_planner.desired, lookup_planner.before, looked_up, dialect)
    groups = await _look_up(line, "Groups", _terms(lookup_planner, questions.keys, "group"), witnesses)
    if "lists_hide_attributes" in line.dialect.quirks:
        users, questions = [], replace(questions, users=questions.users | {read_id(row) for row in users})
    more_users, with_members = await asyncio.gather(
        _get_all(line, "Users", questions.users), _get_all(line, "Groups", questions.groups)
    )
    found_users = _read_each(line, [*users, *more_users], _found_user)
    found_groups = [*_read_each(line, groups, _found_group), *_read_each(line, with_members, _found_with_members)]
    return known.learn(questions, found_users, found_groups)


def _terms(lookup_planner: LookupPlanner, keys: Iterable[Key], kind: Kind) -> list[list[Term]]:
    terms_of_keys = ([Term(*term) for term in lookup_planner.terms(key)] for key in sorted(keys) if key.kind == kind)
    return [terms for terms in terms_of_keys if terms]


async def _look_up(
    line: LookupLine,
    endpoint: Endpoint,
    terms: Sequence[Sequence[Term]],
    witnesses: Witnesses,
    sample: Sequence[Sequence[Term]] = (),
) -> list[JsonObject]:
    """Returns the resources that the terms find. The first request shows whether `or` works; the rest are parallel.

    The terms of the sample are added; only a few of them if each term needs a request of its own.
    """
    if not terms and not sample:
        return []
    first, *rest = make_look_ups(endpoint, [*terms, *sample], witnesses)
    found = await _ask_together(line, first)
    if found is None:
        return await _look_up_singly(line, endpoint, [*terms, *sample[:FEWEST_OF_SAMPLE]], witnesses)
    more = await asyncio.gather(*(_ask_together(line, look_up) for look_up in rest))
    return [*found, *(row for rows in more if rows for row in rows)]


async def _ask_together(line: LookupLine, look_up: LookUp) -> list[JsonObject] | None:
    """Returns the resources of one lookup of many terms, or None if the service does not support `or`."""
    if line.knows_or is False:
        return None
    response = await line.send(look_up.request(1, line.count))
    if response is not None and response.status in NO_OR and line.knows_or is None:
        line.knows_or = False
        return None
    line.knows_or = line.knows_or or look_up.joins
    return await _judged(line, look_up, response)


async def _look_up_singly(
    line: LookupLine, endpoint: Endpoint, terms: Sequence[Sequence[Term]], witnesses: Witnesses
) -> list[JsonObject]:
    """Proves each attribute once per run by a witness that the service finds, and then sends one request per term."""
    for attribute, proofs in witnesses.items():
        if proofs and (endpoint, attribute) not in line.proven:
            await _prove(line, endpoint, attribute, proofs)
    answers = await asyncio.gather(*(_ask(line, look_up) for look_up in make_single_look_ups(endpoint, terms)))
    rows = [row for answer in answers for row in answer]
    without: Witnesses = {attribute: () for attribute, proofs in witnesses.items() if not proofs}
    _found, fault = LookUp(endpoint, tuple(map(tuple, terms)), without).check_answer(list(map(_READ[endpoint], rows)))
    if fault:
        line.faults.append(f"{endpoint}: a lookup {fault}")
    return rows


async def _prove(line: LookupLine, endpoint: Endpoint, attribute: str, proofs: Sequence[Term]) -> None:
    for proof in proofs:
        if await _ask(line, LookUp(endpoint, ((proof,),))):
            line.proven.add((endpoint, attribute))
            return
    line.faults.append(f"{endpoint}: a lookup {UNPROVEN.format(attribute)}")


async def _ask(line: LookupLine, look_up: LookUp) -> list[JsonObject]:
    return await _judged(line, look_up, await line.look_up(look_up))


async def _judged(line: LookupLine, look_up: LookUp, response: Response | None) -> list[JsonObject]:
    """Returns the resources that match of all pages; an answer that can't be trusted is a fault."""
    if response is None:
        return []
    try:
        rows = await _read_pages(line, look_up, response)
        kept, fault = look_up.check_answer([_READ[look_up.endpoint](row) for row in rows])
    except NotScim as error:
        kept, fault = [], str(error)
    if fault:
        line.faults.append(f"{look_up.endpoint}: a lookup {fault}")
    ids = {resource.id for resource in kept}
    return [row for row in rows if row["id"] in ids] if ids else []


async def _read_pages(line: LookupLine, look_up: LookUp, response: Response) -> list[JsonObject]:
    """Reads all pages; raises NotScim if their rows contradict the total, or contain resources not asked for."""
    rows: list[JsonObject] = []
    while True:
        if not response.succeeded:
            raise NotScim(f"was answered {describe_error(response)}")
        page = read_page(response.body)
        if fault := look_up.find_unrelated(map(_READ[look_up.endpoint], page.resources)):
            raise NotScim(fault)
        rows.extend(page.resources)
        if len(rows) >= page.total or not page.resources:
            break
        following = await line.send(look_up.request(len(rows) + 1, line.count))
        if following is None:
            return rows
        response = following
    ids = [read_id(row) for row in rows]
    if len(ids) != page.total or len(set(ids)) != len(ids):
        raise NotScim(f"announced {page.total} resources and {len(set(ids))} came")
    return rows


async def _get_all(line: LookupLine, endpoint: Endpoint, ids: Iterable[str]) -> list[JsonObject]:
    """Reads resources by id. A missing user is tolerated; a missing group is a fault, because it was just listed."""
    responses = await asyncio.gather(*(line.send(get_request(endpoint, live_id)) for live_id in sorted(ids)))
    rows: list[JsonObject] = []
    for live_id, response in zip(sorted(ids), responses, strict=True):
        if response is None or (endpoint == "Users" and response.status == HTTPStatus.NOT_FOUND):
            continue
        if response.succeeded and isinstance(response.body, dict) and _is_about(response.body, live_id):
            rows.append(response.body)
        else:
            line.faults.append(f"{endpoint}: the request for {live_id} was answered {describe_error(response)}")
    return rows


def _is_about(resource: JsonObject, live_id: str) -> bool:
    answered = resource.get("id")
    return isinstance(answered, str) and is_same_id(answered, live_id)


def _found_user(row: JsonObject) -> FoundUser:
    return FoundUser(read_user(row), read_groups_of(row))


def _found_group(row: JsonObject) -> FoundGroup:
    return FoundGroup(read_group(row), "members" in row)


def _found_with_members(row: JsonObject) -> FoundGroup:
    return FoundGroup(read_group(row), has_members=True)  # an empty group may leave members out


def _read_each(line: LookupLine, rows: Iterable[JsonObject], read: Callable[[JsonObject], Found]) -> list[Found]:
    found: list[Found] = []
    for row in rows:
        try:
            found.append(read(row))
        except NotScim as error:
            line.faults.append(str(error))
    return found


_READ: Mapping[Endpoint, Callable[[JsonObject], LiveUser | LiveGroup]] = {"Users": read_user, "Groups": read_group}
