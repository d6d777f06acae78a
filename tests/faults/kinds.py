"""Every kind of fault, by name: what happens to the request, at the service, and to the answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.faults.proxy import Answer, Asked, Fault, PassOn

HTML = b"<!doctype html><title>Maintenance</title><p>We'll be right back"
JSON = {"content-type": "application/scim+json"}
LATE = 0.02
REST_TOTAL = "x-pagination-total-entries"


def refused(status: int, **headers: str) -> Fault:
    """Answers with that status, without carrying the request out."""

    async def fault(_asked: Asked, _pass_on: PassOn) -> Answer:
        return Answer(status, {**JSON, **headers}, _error(status))

    return fault


def done_but(status: int, **headers: str) -> Fault:
    """Carries the request out, and answers with that status."""

    async def fault(asked: Asked, pass_on: PassOn) -> Answer:
        await pass_on(asked)
        return Answer(status, {**JSON, **headers}, _error(status))

    return fault


def answered(spoil: Callable[[Answer], Answer | bytes]) -> Fault:
    """Carries the request out, and spoils the answer."""

    async def fault(asked: Asked, pass_on: PassOn) -> Answer | bytes:
        return spoil(await pass_on(asked))

    return fault


def listed(spoil: Callable[[dict[str, Any]], dict[str, Any]]) -> Fault:
    """Changes the answer if it is a list, over SCIM or REST."""

    def of_a_list(answer: Answer) -> Answer:
        body = json.loads(answer.body) if answer.body else None
        if isinstance(body, list) and body:  # over REST, where the total is in a header
            spoilt = spoil({"Resources": body, "totalResults": int(answer.headers[REST_TOTAL])})
            headers = {**answer.headers, REST_TOTAL: str(spoilt["totalResults"])}
            return replace(answer, headers=headers, body=json.dumps(spoilt["Resources"]).encode())
        if not isinstance(body, dict) or not isinstance(body.get("Resources"), list):
            return answer
        return replace(answer, body=json.dumps(spoil(body)).encode())

    return answered(of_a_list)


def one_resource(spoil: Callable[[dict[str, Any]], dict[str, Any]]) -> Fault:
    """Changes the answer if it is a single resource."""

    def of_a_resource(answer: Answer) -> Answer:
        body = json.loads(answer.body) if answer.body else None
        if not isinstance(body, dict) or "id" not in body:
            return answer
        return replace(answer, body=json.dumps(spoil(body)).encode())

    return answered(of_a_resource)


async def never_arrives(_asked: Asked, _pass_on: PassOn) -> bytes:
    """Breaks the connection before the request arrives."""
    return b""


async def html_instead(_asked: Asked, _pass_on: PassOn) -> Answer:
    """Answers with the page of a gateway, with a status of success."""
    return Answer(200, {"content-type": "text/html"}, HTML)


async def comes_late(asked: Asked, pass_on: PassOn) -> Answer:
    """Delays the request, so that others overtake it, and the answer too."""
    await asyncio.sleep(LATE)  # real time of a network, not of the program
    answer = await pass_on(asked)
    await asyncio.sleep(LATE)
    return answer


async def sent_twice(asked: Asked, pass_on: PassOn) -> Answer:
    """Carries the request out twice, and returns the first answer."""
    answer = await pass_on(asked)
    await pass_on(asked)
    return answer


async def sent_twice_second_answer(asked: Asked, pass_on: PassOn) -> Answer:
    """Carries the request out twice, and returns the second answer: for a create, a conflict."""
    await pass_on(asked)
    return await pass_on(asked)


def _error(status: int) -> bytes:
    schema = "urn:ietf:params:scim:api:messages:2.0:Error"
    return json.dumps({"schemas": [schema], "status": str(status), "detail": "not now"}).encode()


def _half(answer: Answer) -> bytes:
    head = f"HTTP/1.1 {answer.status} X\r\ncontent-length: {len(answer.body) + 1}\r\n\r\n".encode()
    return head + answer.body[: len(answer.body) // 2]


def _without_last(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "Resources": body["Resources"][:-1]}


def _first_twice(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "Resources": [*body["Resources"][:1], *body["Resources"]]}


def _first_for_all(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "Resources": [body["Resources"][0] for _ in body["Resources"]]}


def _total(change: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda body: {**body, "totalResults": max(0, body["totalResults"] + change)}


def _short_and_says_so(body: dict[str, Any]) -> dict[str, Any]:
    return {**_without_last(body), "totalResults": max(0, body["totalResults"] - 1)}


def _nobody_and_says_so(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "Resources": [], "totalResults": 0}


def _nobody(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "Resources": []}


def _backwards(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "Resources": body["Resources"][::-1]}


def _without_ids(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "Resources": [{**one, "id": None} for one in body["Resources"]]}


def _somebody_else(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "id": "somebody-else"}


FAULTS: Mapping[str, Fault] = {
    "never arrives": never_arrives,
    "refused with 400": refused(400),
    "refused with 403": refused(403),
    "refused with 404": refused(404),
    "refused with 409": refused(409),
    "refused with 422": refused(422),
    "refused with 429": refused(429, **{"retry-after": "7"}),
    "refused with 500": refused(500),
    "refused with 502": refused(502),
    "refused with 503": refused(503, **{"retry-after": "7"}),
    "refused with 504": refused(504),
    "HTML instead": html_instead,
    "comes late": comes_late,
    "sent twice": sent_twice,
    "sent twice, second answer": sent_twice_second_answer,
    "done, answer lost": answered(lambda _answer: b""),
    "done, answer cut": answered(_half),
    "done, answered with HTML": answered(lambda answer: replace(answer, body=HTML)),
    "done, answered with nothing": answered(lambda answer: replace(answer, body=b"")),
    "done, answered with 204": answered(lambda _answer: Answer(204)),
    "done, answered with 429": done_but(429, **{"retry-after": "7"}),
    "done, answered with 500": done_but(500),
    "done, answered with 503": done_but(503),
    "done, answered with another's": one_resource(_somebody_else),
    "a page that is short": listed(_without_last),
    "a page with somebody twice": listed(_first_twice),
    "a page of one person": listed(_first_for_all),
    "a page of nobody": listed(_nobody),
    "a page backwards": listed(_backwards),
    "a page without ids": listed(_without_ids),
    "a total too high": listed(_total(1)),
    "a total too low": listed(_total(-1)),
    "a total of nobody": listed(_total(-1_000)),
    "a page that is short, and the total too": listed(_short_and_says_so),
    "nobody, and the total too": listed(_nobody_and_says_so),
}

FOR_GOOD: Mapping[str, Fault] = {
    "dead from there on": never_arrives,
    "503 from there on": refused(503),
    "429 from there on": refused(429),
    "HTML from there on": html_instead,
    "answers lost from there on": answered(lambda _answer: b""),
}
