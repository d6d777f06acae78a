"""Plans with users in doubt, partial plans, and drift beside what is pending: the stories of who left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from reconciler.core.changes.plan import (
    AddMembers,
    CreateUser,
    DeactivateUser,
    Plan,
    RevokeRoles,
    Unmanaged,
    UpdateUser,
)
from reconciler.core.changes.plan_notes import NamedResource, RecordNote
from tests.report.plans import DESK, HOSTILE, READ, at, attribute, somebody, story

RECORD = RecordNote(serial=43, full_since=41, made_on="2026-11-29")
TARGETED = READ.model_copy(update={"mode": "targeted", "users": 6, "groups": 0, "requests": 1})
WITNESSES = {
    "unaccounted": "commit 9f8e7d6 declares user/{}, a match by userName; no apply on record covers it",
    "elsewhere": "apply #38 covers user/{} at commit 4d3c2b1, which only another branch contains",
    "unsettled": "apply #29 covers user/{} at commit 0a1b2c3, which no branch of this clone contains",
}
Verdict = Literal["unaccounted", "elsewhere", "unsettled"]


def doubt(number: int, verdict: Verdict = "unaccounted") -> NamedResource:
    """One of many users of whom it can't be told whether they left."""
    told = somebody(number)
    bare = told["key"].removeprefix("user/")
    return NamedResource(
        kind="user",
        id=f"47{number:03}",
        name=told["name"],
        verdict=verdict,
        key=told["key"],
        witnesses=WITNESSES[verdict].format(bare),
        settle=f'left: [{{id: "47{number:03}", reason: WHY}}]',
    )


def doubt_about(word: str, verdict: Verdict = "unaccounted") -> NamedResource:
    """A user in doubt of whom everything that comes from outside is that word."""
    return NamedResource(kind="user", id=word, name=word, verdict=verdict, key=word, witnesses=word, settle=word)


GROUP = NamedResource(
    kind="group",
    id="g-7",
    name="Night Shift",
    verdict="unsettled",
    key="group/night-shift",
    witnesses="apply #29 covers group/night-shift at commit 0a1b2c3, which no branch of this clone contains",
    settle='left: [{id: "g-7", reason: WHY}]',
)


def title(number: int, before: str, after: str, **fields: Any) -> UpdateUser:
    """A person gets another title."""
    told: dict[str, Any] = {**somebody(number), "reason": "holds user", **fields}
    return UpdateUser(**told, attributes=(attribute("title", before, after),))


def drift_and_pending() -> Plan:
    """A leaver switched on again, a title changed by hand, both sides at once, and three changes that wait."""
    return story(
        DeactivateUser(**somebody(6), reason="left git, covered by apply #40 at commit 9f8e7d6", cause="drift"),
        RevokeRoles(**somebody(6), roles=("auditor",), cause="drift"),
        title(0, "King", "Clerk", cause="drift"),
        title(1, "Analyst", "Team Lead", cause="conflict"),
        CreateUser(
            key="user/erin.walsh",
            name="Erin Walsh",
            reason="holds specialist",
            source=at(12),
            roles=("specialist",),
            attributes=(attribute("userName", None, "erin.walsh@example.com"),),
            cause="merged",
        ),
        title(2, "Clerk", "Controller", cause="merged"),
        AddMembers(**DESK, members=("user/erin.walsh",), reason="they should be members, and are not", cause="merged"),
        record=RECORD,
        named=(doubt(3),),
    )


DOUBTS: Mapping[str, Plan] = {
    "one-unaccounted": story(title(0, "Analyst", "Team Lead"), named=(doubt(3),), record=RECORD),
    "only-named": story(named=(GROUP, doubt(5, "unsettled"), doubt(4, "elsewhere"), doubt(3)), record=RECORD),
    "very-many-named": story(
        title(0, "Analyst", "Team Lead"), named=tuple(doubt(number) for number in range(300)), record=RECORD
    ),
    "partial": story(
        title(0, "Analyst", "Team Lead"),
        read=TARGETED,
        record=RECORD.model_copy(update={"unsettled": 3, "ignored": 2}),
        unmanaged=(Unmanaged(kind="user", id="u-1", name="Setup Account"),),
    ),
    "partial-and-nothing": story(read=TARGETED, record=RECORD),
    "ownership-not-known": story(
        title(0, "Analyst", "Team Lead"),
        applyable=False,
        record=RECORD.model_copy(update={"known": False, "serial": None, "full_since": None}),
    ),
    "hostile-doubts": story(
        title(0, "Analyst", "Team Lead"),
        named=(doubt_about(HOSTILE), doubt_about("```\n</details><b>", "elsewhere")),
    ),
}
DRIFTS: Mapping[str, Plan] = {
    "drift-and-pending": drift_and_pending(),
    "only-pending": story(title(2, "Clerk", "Controller", cause="merged")),
    "drift-only-named": DOUBTS["only-named"],
}
