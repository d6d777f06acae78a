"""The meaning of an error that a service answers instead of a list."""

from __future__ import annotations

import pytest

from reconciler.core.model.messages import Response
from reconciler.core.scim.refusals import describe_refused_read, explain_refusal, is_no_page


@pytest.mark.parametrize("status", range(400, 600))
def test_only_400_and_404_mean_that_no_page_follows(status: int) -> None:
    """Every other error leaves open whether more rows exist."""
    assert (status in (400, 404)) is is_no_page(Response(status))


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (404, "so no list is there: check the url"),
        (405, "so no list is there: check the url"),
        (410, "so no list is there: check the url"),
        (403, "the token may not read it"),
        (429, "the address is right and the service fails"),
        (500, "the address is right and the service fails"),
        (599, "the address is right and the service fails"),
        (400, "the service refuses the list, also without `count`"),
        (422, "the service refuses the list, also without `count`"),
    ],
)
def test_a_refusal_names_what_to_check(status: int, advice: str) -> None:
    """The address, the token, the service or the request."""
    explained = explain_refusal(Response(status, {"detail": "because"}), "the url")

    assert explained.startswith(f"answered {status} because")
    assert advice in explained


@pytest.mark.parametrize(
    ("status", "requests", "described"),
    [
        (503, 5, "answered 503 in 5 tries"),
        (429, 2, "answered 429 in 2 tries"),
        (500, 1, "answered 500"),
        (403, 2, "answered 403"),
    ],
)
def test_a_service_that_fails_for_good_is_described_with_its_tries(status: int, requests: int, described: str) -> None:
    """A refusal is no failure, and is not tried again."""
    assert described == describe_refused_read(Response(status, requests=requests))
