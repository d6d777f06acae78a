"""Roles over REST: a request of their own beside the user's, its answer held against what was asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from reconciler.apply.channel import Channel, RolesChannel, Stop
from reconciler.apply.execute import execute
from reconciler.core.changes.plan import (
    AttributeChange,
    Change,
    DeactivateUser,
    GrantRoles,
    ReactivateUser,
    RevokeRoles,
    UpdateUser,
)
from reconciler.core.model.messages import JsonObject, Request, Response
from reconciler.core.scim.wire import DIALECTS
from reconciler.core.simulator.directory import Directory
from reconciler.core.simulator.machine import Simulator
from reconciler.core.simulator.permissions import PeopleQuirks, roles_in
from reconciler.core.simulator.quirks import Quirks
from reconciler.core.simulator.rest import read_call
from reconciler.errors import LostAnswer, Unreachable
from tests.apply.world import NOON

ACCOUNT = "acme"
HELD = ("account_owner", "auditor", "specialist")
GRANT = GrantRoles(key="user/ann", target_id="31", roles=("problem_manager",), held=HELD)
REVOKE = RevokeRoles(key="user/ann", target_id="31", roles=("auditor",), held=HELD)
BACK = ReactivateUser(key="user/ann", target_id="u1")
OUT = DeactivateUser(key="user/ann", target_id="u1")
RETITLED = UpdateUser(
    key="user/ann", target_id="u1", attributes=(AttributeChange(path="title", before=None, after="Chief"),)
)


@dataclass
class Office:
    """An account with Ann in it, active or not, and the person behind her."""

    quirks: PeopleQuirks = field(default_factory=PeopleQuirks)
    instead: dict[str, Response | Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        user: JsonObject = {"id": "u1", "userName": "ann@example.com", "displayName": "Ann", "active": False}
        person: JsonObject = {
            "id": 31,
            "source": "SCIM",
            "sourceID": "u1",
            "primary_email": "ann@example.com",
            "permissions": {ACCOUNT: list(HELD)},
        }
        self.simulator = Simulator(
            Quirks(people=self.quirks), [user], directory=Directory([person, {"id": 1, "me": True}])
        )

    async def _told(self, request: Request) -> Response | None:
        self.asked.append(f"{request.method} {request.path}")
        await asyncio.sleep(0)
        told = self.instead.get(request.method)
        if isinstance(told, Exception):
            raise told
        return told

    async def send(self, request: Request) -> Response:
        """Over SCIM."""
        self.asked.append(f"{request.method} {request.path}")
        return self.simulator.answer(request.method, request.path, request.body, NOON).response

    async def send_rest(self, request: Request) -> Response:
        """Over REST."""
        call = read_call(request.method, request.path, None, ACCOUNT, NOON)
        return await self._told(request) or self.simulator.answer_rest(call).response

    def run(self, *changes: Change, stop: Stop | None = None) -> dict[str, tuple[str, str]]:
        """The status and the detail of each change, by its action."""
        channel = Channel(self.send, DIALECTS["4me"], roles=RolesChannel(self.send_rest, ACCOUNT))
        outcomes = asyncio.run(execute(changes, {"user/ann": "u1"}, channel, stop or Stop()))
        assert [one.change for one in outcomes] == list(changes)
        return {one.change.action: (one.status, one.detail) for one in outcomes}

    @property
    def held(self) -> frozenset[str]:
        """What Ann holds."""
        return roles_in(self.simulator.kept("People")["31"], ACCOUNT)


def statuses(ran: dict[str, tuple[str, str]]) -> dict[str, str]:
    return {action: status for action, (status, _detail) in ran.items()}


def office(**quirks: Any) -> Office:
    return Office(PeopleQuirks(**quirks))


def test_a_user_and_the_roles_of_the_person_are_two_requests() -> None:
    """Each change has its outcome; the whole set is written once, the owner in it."""
    one = office()
    ran = one.run(RETITLED, GRANT, REVOKE)

    assert {"update_user": "applied", "grant_roles": "applied", "revoke_roles": "applied"} == statuses(ran)
    assert [
        "PATCH /Users/u1",
        "PATCH /people/31/permissions/acme?roles=account_owner,problem_manager,specialist",
    ] == sorted(one.asked)
    assert {"account_owner", "problem_manager", "specialist"} == one.held


def test_only_what_was_approved_is_written() -> None:
    """A grant alone keeps what its revocation would have taken."""
    one = office()
    one.run(GRANT)

    assert {*HELD, "problem_manager"} == one.held


def test_whoever_comes_back_is_made_active_before_anything_is_given() -> None:
    """Who is disabled may not be given anything."""
    one = office()
    one.run(GRANT, BACK)

    assert ["PATCH /Users/u1", "PATCH /people/31"] == [target[:16] for target in one.asked]


def test_roles_go_though_the_deactivation_fails() -> None:
    """Two hosts: one being down is no reason to leave access on the other."""
    one = office()
    one.simulator.users.clear()
    ran = one.run(REVOKE, OUT)

    assert {"revoke_roles": "applied", "deactivate_user": "stale"} == statuses(ran)


def test_the_roles_of_who_could_not_be_made_active_are_tried_all_the_same() -> None:
    """The account decides; nobody waits for ever."""
    one = office()
    one.simulator.users.clear()

    assert {"reactivate_user": "stale", "grant_roles": "applied"} == statuses(one.run(BACK, GRANT))


def test_an_answer_without_the_roles_is_read_back() -> None:
    """204, say."""
    one = office(writes_answer="nothing")

    assert {"grant_roles": ("applied", "")} == one.run(GRANT)
    assert ["PATCH", "GET"] == [target.split()[0] for target in one.asked]


def test_what_was_not_taken_fails_each_change_by_its_own_roles() -> None:
    """A success proves nothing."""
    one = office(ignores=frozenset({"auditor"}))
    ran = one.run(GRANT, REVOKE)

    assert "applied" == ran["grant_roles"][0]
    assert ("failed", "the service answered with success, but not as asked: auditor was not revoked") == ran[
        "revoke_roles"
    ]


def test_what_changed_besides_is_told() -> None:
    """And shows in the next plan."""
    one = office(missing_specialist="add")
    revoke = RevokeRoles(key="user/ann", target_id="31", roles=("specialist",), held=("problem_manager", "specialist"))
    grant = GrantRoles(key="user/ann", target_id="31", roles=("problem_manager",))

    assert "specialist was not revoked" in one.run(revoke)["revoke_roles"][1]
    assert "the account also changed other roles: + specialist" in one.run(grant)["grant_roles"][1]


@pytest.mark.parametrize(
    ("answer", "status", "detail"),
    [
        (Response(404, {"message": "gone"}), "stale", "the person is no longer in the account: plan again"),
        (
            Response(422, {"message": "no", "errors": [["roles", "needs specialist"]]}),
            "failed",
            "refused: 422 no; roles needs specialist",
        ),
        (Response(403, {"message": "not your own"}), "failed", "refused: 403 not your own"),
        (Response(200, {}), "failed", "roles were expected, and the answer has no list of roles; the next plan shows"),
        (LostAnswer("broken"), "failed", "broken; the next plan shows whether it was done"),
    ],
)
def test_what_the_account_answers_is_what_became_of_it(answer: Response | Exception, status: str, detail: str) -> None:
    """Both changes of the one request."""
    one = office()
    one.instead["PATCH"] = answer
    ran = one.run(GRANT, REVOKE)

    assert {"grant_roles": status, "revoke_roles": status} == statuses(ran)
    assert all(told.startswith(detail) for _status, told in ran.values())


def test_refused_credentials_stop_the_run() -> None:
    """Nothing else is begun."""
    one = office()
    one.instead["PATCH"] = Unreachable("refuses the token (401)")
    stop = Stop()
    ran = one.run(GRANT, stop=stop)

    assert ({"grant_roles": ("failed", "refuses the token (401)")}, "refuses the token (401)") == (ran, stop.reason)
    assert {"grant_roles": "skipped"} == statuses(one.run(GRANT, stop=stop))


def test_taking_everything_away_is_a_set_of_none() -> None:
    """And no DELETE."""
    one = office()
    one.run(RevokeRoles(key="user/ann", target_id="31", roles=HELD, held=HELD))

    assert ["PATCH /people/31/permissions/acme?roles="] == one.asked
    assert frozenset() == one.held
