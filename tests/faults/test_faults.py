"""After any fault at any request the account becomes the desired state: nothing is lost, nothing exists twice.

Here each kind of fault meets two flows, one request later each time; `scripts/faults` tries all combinations.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.faults.flows import FLOWS
from tests.faults.kinds import FAULTS, FOR_GOOD
from tests.faults.places import EMBEDDED, PLACES, PLAYED, Bench, serve_place
from tests.faults.run import NAMED, Broken, Verdict

KINDS = list(enumerate((*FAULTS, *FOR_GOOD)))
REAL = [name for name in PLACES if name != EMBEDDED]


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Serves the embedded 4me on a port."""
    with serve_place(EMBEDDED, tmp_path_factory.mktemp("place")) as bench:
        yield bench


@pytest.fixture(scope="module", params=REAL)
def real(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Serves each real server in turn."""
    with serve_place(request.param, tmp_path_factory.mktemp("place")) as bench:
        yield bench


def try_one(bench: Bench, flow: str, number: int, broken: str) -> Verdict:
    """Returns the fault of that name, at a request that depends on its number."""
    goal = asyncio.run(bench.goal(flow))
    fault = FAULTS.get(broken) or FOR_GOOD[broken]
    return asyncio.run(bench.try_fault(flow, Broken(fault, number % goal.requests, broken in FOR_GOOD)))


@pytest.mark.sweep(one_in=3)
@pytest.mark.parametrize("later", [0, len(FLOWS) // 2])
@pytest.mark.parametrize(("number", "kind"), KINDS, ids=(*FAULTS, *FOR_GOOD))
def test_the_account_becomes_what_git_says(embedded: Bench, number: int, kind: str, later: int) -> None:
    """The flow has one fault, and then one or two applies without faults."""
    flow = list(FLOWS)[(number + later) % len(FLOWS)]

    assert "" == try_one(embedded, flow, number, kind).wrong


@pytest.mark.sweep(one_in=3)
@pytest.mark.parametrize(("number", "kind"), KINDS, ids=(*FAULTS, *FOR_GOOD))
def test_a_real_server_becomes_what_git_says(real: Bench, number: int, kind: str) -> None:
    """A resource that exists twice, because the request was sent twice, is named."""
    flow = PLAYED["scimmy"][number % len(PLAYED["scimmy"])]

    assert try_one(real, flow, number, kind).wrong in {"", NAMED}
