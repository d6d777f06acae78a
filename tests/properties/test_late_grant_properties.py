"""Whatever 4me links, and when, and whatever fails: the roles of an apply are there, or named as pending, none is lost.

The oracle knows who holds what before, and what git assigns; it knows nothing of links, looks or requests.
"""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.model.messages import JsonObject, Request, Response
from reconciler.core.simulator.permissions import PeopleQuirks
from reconciler.errors import LostAnswer
from tests.apply.hires import Clock, Hires, company, statuses

NAMES = ("ann", "bob", "cid", "dee")
ASSIGNED = ("", "specialist", "auditor", "auditor specialist", "problem_manager specialist")
HELD = ("account_owner", "auditor", "specialist", "workflow_manager", "of_a_later_version")
LINKS = st.one_of(
    st.just(PeopleQuirks()),
    st.just(PeopleQuirks(links="never")),
    st.builds(
        lambda seconds, requests: PeopleQuirks(links="later", links_after=seconds, links_after_requests=requests),
        st.sampled_from([0.0, 3.0, 30.0, 300.0]),
        st.integers(1, 12),
    ),
)


def person(name: str, held: frozenset[str]) -> JsonObject:
    roles = held | ({"specialist"} if "workflow_manager" in held else set())
    return {"name": name, "primary_email": f"{name}@example.com", "permissions": {"sandbox": sorted(roles)}}


def check(hires: Hires, wanted: Mapping[str, frozenset[str]], before: Mapping[str, frozenset[str]]) -> None:
    """Nobody lost a role, and nobody holds one that neither git gives nor the account gave."""
    for address, roles in hires.roles().items():
        name = address.partition("@")[0]
        held = frozenset(roles)
        assert before.get(name, frozenset()) <= held
        assert held <= before.get(name, frozenset()) | wanted[name]


@settings(deadline=None)
@given(
    assigned=st.fixed_dictionaries(dict.fromkeys(NAMES, st.sampled_from(ASSIGNED))),
    known=st.dictionaries(st.sampled_from(NAMES), st.frozensets(st.sampled_from(HELD))),
    links=LINKS,
    seconds=st.sampled_from([0, 1, 10, 60]),
    pace=st.sampled_from([0.0, 0.5, 7.0]),
    broken=st.frozensets(st.integers(0, 30), max_size=6),
)
def test_after_an_apply_each_role_is_there_or_pending_and_none_is_lost(  # noqa: PLR0913  # a world and its faults
    *,
    assigned: dict[str, str],
    known: dict[str, frozenset[str]],
    links: PeopleQuirks,
    seconds: int,
    pace: float,
    broken: frozenset[int],
) -> None:
    hires = Hires(links, [person(name, held) for name, held in sorted(known.items())], clock=Clock(a_request=pace))
    before = {address.partition("@")[0]: frozenset(roles) for address, roles in hires.roles().items()}
    wanted = {name: frozenset(roles.split()) for name, roles in assigned.items()}
    sent = iter(range(1_000_000))

    async def send(request: Request) -> Response:
        if next(sent) in broken:
            raise LostAnswer("broken")
        return await hires.send_rest(request)

    outcomes = statuses(hires.apply(company(**assigned), seconds, send_rest=send))

    held = {address.partition("@")[0]: frozenset(roles) for address, roles in hires.roles().items()}
    assert outcomes.keys() == {name for name in NAMES if wanted[name]}
    for name, status in outcomes.items():
        assert status in {"applied", "already", "skipped", "failed"}
        if status in {"applied", "already"}:
            assert wanted[name] <= held[name]
    check(hires, wanted, before)


@settings(deadline=None)
@given(
    assigned=st.fixed_dictionaries(dict.fromkeys(NAMES, st.sampled_from(ASSIGNED))),
    known=st.dictionaries(st.sampled_from(NAMES), st.frozensets(st.sampled_from(HELD))),
    links=LINKS,
    first=st.frozensets(st.sampled_from(NAMES)),
)
def test_applies_come_to_what_git_says_or_wait_for_4me(
    assigned: dict[str, str], known: dict[str, frozenset[str]], links: PeopleQuirks, first: frozenset[str]
) -> None:
    """One apply grants, one revokes what a person held before; what is left then waits for a link."""
    hires = Hires(links, [person(name, held) for name, held in sorted(known.items())])
    yaml = company(**assigned, eve="specialist")  # else git may assign no role, and manage none
    made = hires.plan(yaml)
    creates = [change for change in made.plan.changes if change.action == "create_user"]
    hires.apply(yaml, changes=[change for change in creates if change.key.removeprefix("user/") in first])
    for _ in range(3):
        hires.apply(yaml, 400)

    left = hires.plan(yaml).plan.changes

    assert all(change.awaits_person for change in left)
    assert not left or links.links == "never"
    for address, roles in hires.roles().items():
        name = address.partition("@")[0]
        kept = {"account_owner", "of_a_later_version"} & known.get(name, frozenset())
        wanted = {**assigned, "eve": "specialist"}[name]
        waits = any(change.key == f"user/{name}" for change in left)
        assert waits or set(roles) == set(wanted.split()) | kept
