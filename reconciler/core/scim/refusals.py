"""What an error instead of a list means: no such page, a refused `count`, a wrong address, or a failing service.

Knows answers; sends nothing.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from reconciler.core.model.messages import Response
from reconciler.core.scim.wire import describe_error

NO_SUCH_PAGE: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND})
REFUSES_COUNT: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.NOT_IMPLEMENTED})
NOTHING_THERE: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.GONE})
FAILING: Final = "the address is right and the service fails: try again later, or ask its operator"


def is_no_page(response: Response) -> bool:
    """Decides whether an answer to a request after the last row means that no page follows.

    Only 400 and 404 do. Any other error leaves open whether more rows exist (RFC 7644 section 3.4.2.4 has none).
    """
    return response.status in NO_SUCH_PAGE


def describe_refused_read(response: Response) -> str:
    """Returns the error of a read; if the service failed at several tries, with their number."""
    fails = response.status == HTTPStatus.TOO_MANY_REQUESTS or response.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    tries = f" in {response.requests} tries" if fails and response.requests > 1 else ""
    return f"answered {describe_error(response)}{tries}"


def explain_refusal(response: Response, setting: str) -> str:
    """Returns the error of a refused list and what to do; `setting` names the address in the YAML."""
    answered = describe_refused_read(response)
    if response.status in NOTHING_THERE:
        return f"{answered}, so no list is there: check {setting}"
    if response.status == HTTPStatus.FORBIDDEN:
        return f"{answered}: the token may not read it"
    if response.status == HTTPStatus.TOO_MANY_REQUESTS or response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"{answered}: {FAILING}"
    return f"{answered}: the service refuses the list, also without `count`"
