"""What a message says: the verdict, what to do, where to read on; no names, and nothing that calls a team."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.changes.notification import RunResult
from reconciler.core.changes.outcome import Outcome, Run
from reconciler.errors import Problem
from reconciler.report.notification import render_notification
from tests.core.changes.test_notification import GUARDRAIL, TOKEN, UNREAD, drifted

RUN_URL = "https://github.example/acme/state/actions/runs/7"
HOSTILE = "<!channel> @here [x](https://evil.example) *b* `c`\n\u202eback"


def run_of(*statuses: str, stopped: str | None = None) -> Run:
    """An apply with an outcome of each status."""
    changes = drifted(changes=len(statuses)).changes
    outcomes = [
        Outcome.model_validate({"change": one, "status": to}) for one, to in zip(changes, statuses, strict=True)
    ]
    return Run(
        tenant="qa", commit="c0ffee", digest="sha256:0123", outcomes=tuple(outcomes), requests=1, stopped=stopped
    )


@pytest.mark.parametrize(
    ("result", "event", "sentence"),
    [
        (
            RunResult("apply", "qa", run=run_of("applied", "failed", "failed"), settled=False, not_approved=1),
            "failure",
            "the apply did not do everything: 1 applied, 2 failed, 1 not approved, so not done.",
        ),
        (
            RunResult("apply", "qa", run=run_of(stopped="interrupted by SIGTERM"), settled=False),
            "failure",
            "the apply did not do everything: nothing was done; interrupted by SIGTERM.",
        ),
        (RunResult("apply", "qa", error="qa is down."), "failure", "the apply stopped: qa is down."),
        (RunResult("drift", "qa", error="qa is down"), "failure", "the check for drift failed: qa is down."),
        (RunResult("apply", "qa", refused=(UNREAD,)), "failure", "the account was not read completely"),
        (
            RunResult("apply", "qa", refused=(GUARDRAIL,)),
            "guardrail",
            "refused by a guardrail; nothing was done: max_deactivations.",
        ),
        (
            RunResult("drift", "qa", drifted=drifted(GUARDRAIL)),
            "guardrail",
            "can't simply be reverted, because a guardrail would refuse that: max_deactivations",
        ),
        (RunResult("drift", "qa", drifted=drifted()), "drift", "1 person changed by hand."),
        (
            RunResult("apply", "qa", token=TOKEN),
            "token_expiry",
            "the token of qa expires.\n  What to do: renew the token.",
        ),
    ],
)
def test_each_event_has_its_sentence(result: RunResult, event: str, sentence: str) -> None:
    """And what to do."""
    message = render_notification(result, [event], None)  # type: ignore[list-item]  # parametrized as text

    assert sentence in message.text
    assert "What to do: " in message.text


def test_a_message_says_where_to_read_on() -> None:
    """The run's page and the commit; for machines, all of it as facts."""
    result = RunResult("drift", "qa", commit="c0ffee", drifted=drifted(changes=2))

    message = render_notification(result, ["drift"], RUN_URL)

    assert message.text.endswith(f"\n\nRun: {RUN_URL}\nCommit: c0ffee\n")
    assert {"tenant": "qa", "events": ["drift"], "counts": {"update_user": 2}, "run": RUN_URL}.items() <= (
        message.facts.items()
    )
    assert message.thread == render_notification(result, ["drift"], None).thread != None  # noqa: E711  # a chain
    assert message.thread != render_notification(replace(result, drifted=drifted()), ["drift"], None).thread


def test_what_others_wrote_calls_nobody_and_links_nowhere() -> None:
    """A service's answer may be part of why."""
    result = RunResult("apply", "qa", error=HOSTILE, refused=(Problem("guardrail", HOSTILE),))

    message = render_notification(result, ["failure"], None)

    assert [] == [sign for sign in "<>[]*`@\u202e" if sign in message.text]
    assert 1 == len(message.subject.splitlines())


def test_a_refusal_names_nobody() -> None:
    """Its error does, for whoever sees the run."""
    error = f"{GUARDRAIL.message}: user/ada.lee"
    message = render_notification(RunResult("apply", "qa", error=error, refused=(GUARDRAIL,)), ["failure"], None)

    assert "the plan is refused; nothing was done.\n  What to do: " in message.text
    assert "ada" not in str(message)
