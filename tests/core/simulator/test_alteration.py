"""An account that refuses single attributes, or stores other texts than it is sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.core.simulator.alteration import Alteration
from reconciler.core.simulator.machine import Simulator
from reconciler.core.simulator.quirks import Quirks

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ANN: dict[str, Any] = {"userName": "ann@example.com", "title": "Chief", "name": {"familyName": "Lee"}}
NFC, NFD = "Zo\u00eb", "Zoe\u0308"


def account(**quirks: Any) -> Simulator:
    return Simulator(Quirks(**quirks), users=[{"id": "u1", "userName": "bob@example.com", "title": "Clerk"}])


@pytest.mark.parametrize(
    ("refuses", "status"),
    [
        ("title", 400),
        ("title=Chief", 400),
        ("title=Clerk", 201),
        ("name.familyName", 400),
        ("department", 201),
        ("nonsense", 201),
    ],
)
def test_an_attribute_is_refused_or_one_value_of_it(refuses: str, status: int) -> None:
    """The whole request is refused, and nothing is stored."""
    simulator = account(refuses=frozenset({refuses}))

    answered = simulator.answer("POST", "/Users", ANN, NOON).response

    assert (status, 1 if status == 400 else 2) == (answered.status, len(simulator.users))


@pytest.mark.parametrize(
    ("title", "status"), [("Clerk", 200), ("Chief", 501), (None, 501)], ids=["as it was", "changed", "cleared"]
)
def test_only_a_change_is_refused(title: str | None, status: int) -> None:
    """With the status and the detail of the quirks."""
    simulator = account(refuses=frozenset({"title"}), refused_with=501, names_refused=False)

    answered: Any = simulator.answer("PATCH", "/Users/u1", {"title": title}, NOON).response

    assert (status, "Clerk") == (answered.status, simulator.users["u1"]["title"])
    assert status == 200 or "invalid" == answered.body["detail"]


@pytest.mark.parametrize(
    ("name", "how", "sent", "stored"),
    [
        ("title", "trim", " Lead ", "Lead"),
        ("title", "compose", NFD, NFC),
        ("title", "lower", "Lead", "lead"),
        ("title", "cut", "Lead Engineer", "Lead Eng"),
        ("title", "cut", None, None),
        ("active", "trim", True, True),
        ("emails", "lower", [{"value": "A@X", "type": "Work"}], [{"value": "a@x", "type": "Work"}]),
    ],
)
def test_texts_are_stored_otherwise(name: str, how: Alteration, sent: object, stored: object) -> None:
    """As the answer shows."""
    simulator = account(alters=((name, how),))

    answered: Any = simulator.answer("PATCH", "/Users/u1", {name: sent}, NOON).response

    assert stored == answered.body.get(name) == simulator.users["u1"].get(name)
