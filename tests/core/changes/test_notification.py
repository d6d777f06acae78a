"""The events of a run's result, and the notifiers that get them: each at most once."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from reconciler.core.changes.notification import RunResult, choose_notifiers, find_events, notifiers_of
from reconciler.core.changes.plan import Cost, Plan, ReadSummary, UpdateUser
from reconciler.core.declarations.declared import Declarations, DeclaredTenant
from reconciler.core.declarations.notifier import Notifier
from reconciler.core.declarations.tenant import Tenant
from reconciler.errors import Problem
from tests.core.examples import HERE

GUARDRAIL = Problem("guardrail", "max_deactivations: 9 is above 5")
UNREAD = Problem("incomplete_read", "the read does not add up")
TOKEN = Problem("token_expiry", "the token of qa expires", severity="warning")


def notifier(*on: str, **way: Any) -> Notifier:
    """A webhook notifier, unless given another address."""
    return Notifier.model_validate({"on": list(on), **(way or {"webhook": {"url": {"env": "HOOK"}}})})


def drifted(*problems: Problem, changes: int = 1, complete: bool = True) -> Plan:
    """A plan that would put so many people back."""
    return Plan(
        tenant="qa",
        url="sandbox",
        commit=None,
        base=None,
        as_of="2026-11-25",
        applyable=complete,
        converges=True,
        read=ReadSummary(mode="full", complete=complete, users=3, groups=0, requests=1),
        cost=Cost(requests=1, seconds=0),
        changes=tuple(
            UpdateUser(
                action="update_user",
                key=f"user/{number}",
                name="A",
                target_id="1",
                cause="drift",
                reason="",
                source=HERE,
            )
            for number in range(changes)
        ),
        problems=problems,
    )


def pending() -> Plan:
    """A plan with a change that git asks for and that no apply has carried out."""
    plan = drifted()
    return plan.model_copy(
        update={"changes": tuple(one.model_copy(update={"cause": "merged"}) for one in plan.changes)}
    )


@pytest.mark.parametrize(
    ("ending", "events"),
    [
        (RunResult("apply", "qa"), ()),
        (RunResult("apply", "qa", error="unreachable"), ("failure",)),
        (RunResult("apply", "qa", settled=False), ("failure",)),
        (RunResult("apply", "qa", error="refused", refused=(GUARDRAIL,)), ("failure", "guardrail")),
        (RunResult("apply", "qa", error="refused", refused=(UNREAD,)), ("failure",)),
        (RunResult("apply", "qa", token=TOKEN), ("token_expiry",)),
        (RunResult("drift", "qa", drifted=drifted(changes=0)), ()),
        (RunResult("drift", "qa", drifted=drifted()), ("drift",)),
        (RunResult("drift", "qa", drifted=pending()), ()),
        (RunResult("drift", "qa", drifted=drifted(GUARDRAIL), token=TOKEN), ("guardrail", "drift", "token_expiry")),
        (RunResult("drift", "qa", drifted=drifted(complete=False)), ("failure",)),
    ],
)
def test_what_happened_is_an_event(ending: RunResult, events: tuple[str, ...]) -> None:
    """Gravest first; nothing where all went well; no drift where the account was not read whole."""
    assert events == find_events(ending)


def test_everybody_is_told_once_of_all_that_they_asked_for() -> None:
    """And who asked for nothing of it is not."""
    one, other, third = notifier("token_expiry", "failure"), notifier("drift"), notifier("guardrail", "drift")

    assert [(one, ("failure",)), (third, ("guardrail",))] == choose_notifiers(
        [one, other, third], ["failure", "guardrail"]
    )


@pytest.mark.parametrize("own", [None, [], [notifier("drift")]])
def test_the_tenants_own_notifiers_stand_for_those_of_all(own: list[Notifier] | None) -> None:
    """An empty list of its own means no notifiers."""
    tenant = Tenant(url="sandbox", notifications=own)
    declared = Declarations(tenants={"qa": DeclaredTenant(tenant, HERE)}, notifications=(notifier("failure"),))

    assert (notifier("failure"),) if own is None else tuple(own) == notifiers_of(declared, "qa")


@pytest.mark.parametrize(
    "written",
    [
        {"on": [], "webhook": {"url": {"env": "HOOK"}}},
        {"on": ["failure"]},
        {"on": ["failure"], "webhook": {"url": {"env": "A"}}, "email": {"to": ["a@b.example"], "smtp": {"env": "B"}}},
        {"on": ["failure"], "email": {"to": [], "smtp": {"env": "B"}}},
        {"on": ["failure"], "email": {"to": ["a@b.example, c@d.example"], "smtp": {"env": "B"}}},
        {"on": ["failure"], "email": {"to": ["a@b.example\nBcc: c@d.example"], "smtp": {"env": "B"}}},
        {"on": ["failure"], "webhook": {"url": "https://hooks.example/SECRET"}},
        {"on": ["success"], "webhook": {"url": {"env": "HOOK"}}},
    ],
)
def test_a_notifier_that_makes_no_sense_is_refused(written: dict[str, Any]) -> None:
    """One way, known events, addresses that are one address."""
    with pytest.raises(ValidationError):
        Notifier.model_validate(written)


def test_a_notifier_knows_its_way() -> None:
    """E-mail or webhook."""
    mail = {"to": ["iam@example.com"], "smtp": {"env": "SMTP_URL"}}

    assert ["iam@example.com"] == notifier("failure", email=mail).way.model_dump()["to"]
    assert "chat" == notifier("failure").way.model_dump()["format"]
