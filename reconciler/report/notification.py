"""Renders a notification: the verdict on a run, what to do, and the link to the run. Sends nothing.

It has counts and no names, because recipients may not be allowed to see the plan, and mailboxes outlive runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from reconciler.core.changes.drift import split_drift
from reconciler.core.changes.notification import Message, RunResult
from reconciler.core.changes.outcome import count_statuses
from reconciler.core.changes.plan import Plan, digest_of, summarise
from reconciler.core.declarations.notifier import Event
from reconciler.report.format.quote import for_chat
from reconciler.report.format.words import describe_named, make_drift_verdict

LONGEST_ERROR = 300


def render_notification(ending: RunResult, events: Sequence[Event], run_url: str | None) -> Message:
    """Renders the events of a run as one message. `run_url` is the page of the run, or None."""
    described = [_describe(ending, event) for event in events]
    verdicts = [verdict for verdict, _to_do in described]
    text = "\n\n".join(f"{verdict}.\n  What to do: {to_do}." for verdict, to_do in described)
    where = "\n".join(_where(ending, run_url))
    return Message(
        subject=f"[reconciler] {ending.tenant}: {'; '.join(_subject(ending, event) for event in events)}",
        text=f"{ending.tenant}: {text}\n\n{where}\n",
        facts={
            "tenant": ending.tenant,
            "command": ending.command,
            "events": list(events),
            "verdicts": verdicts,
            "counts": _counts(ending),
            "digest": _digest(ending),
            "commit": ending.commit,
            "run": run_url,
        },
        thread=_thread(ending) if "drift" in events else None,
    )


def _subject(ending: RunResult, event: Event) -> str:
    only_named = event == "drift" and ending.drifted is not None and not split_drift(ending.drifted)[0]
    return describe_named(ending.drifted.named) if only_named and ending.drifted is not None else _SUBJECTS[event]


def _thread(ending: RunResult) -> str:
    """Returns an id that is equal for equal drift and equal unresolved users, whatever is pending."""
    assert ending.drifted is not None  # noqa: S101  # each event has its facts
    drift, _pending = split_drift(ending.drifted)
    content = "\n".join((digest_of(drift), *(one.id for one in ending.drifted.named)))
    return f"{ending.tenant}.{hashlib.sha256(content.encode()).hexdigest()[:16]}"


_SUBJECTS: dict[Event, str] = {
    "failure": "not done",
    "guardrail": "a guardrail refuses",
    "drift": "drift",
    "token_expiry": "the token expires",
}


def _describe(ending: RunResult, event: Event) -> tuple[str, str]:
    """Returns the verdict on an event, and what to do."""
    match event:
        case "failure":
            return _describe_failure(ending), _describe_repair(ending)
        case "guardrail":
            return _describe_guardrail(
                ending
            ), "read in the run who is affected; if the change is right, raise the limit in git, with a review"
        case "drift":
            assert ending.drifted is not None  # noqa: S101  # each event has its facts
            return make_drift_verdict(ending.drifted), _describe_resolution(ending.drifted)
        case "token_expiry":
            assert ending.token is not None  # noqa: S101  # each event has its facts
            return ending.token.message, ending.token.hint or "renew the token"


def _describe_failure(ending: RunResult) -> str:
    if ending.incomplete:
        return "the account was not read completely; nothing was done"
    if ending.refused:
        return "the plan is refused; nothing was done"  # its error names people
    if ending.run is None:
        failed = "the apply stopped" if ending.command == "apply" else "the check for drift failed"
        return f"{failed}: {for_chat(ending.error or '', LONGEST_ERROR).rstrip('.')}"
    counted = [f"{number:,} {status}" for status, number in count_statuses(ending.run.outcomes).items()]
    counted += [f"{ending.not_approved:,} not approved, so not done"] if ending.not_approved else []
    why = [for_chat(one, LONGEST_ERROR).rstrip(".") for one in (ending.run.stopped, ending.error) if one]
    return "the apply did not do everything: " + "; ".join([", ".join(counted) or "nothing was done", *why])


def _describe_repair(ending: RunResult) -> str:
    if ending.command == "apply":
        return "read the cause in the run, fix it, and apply again; nothing is done twice"
    return "read the cause in the run and fix it; until then, changes in the account are not detected"


def _describe_guardrail(ending: RunResult) -> str:
    names = ", ".join(dict.fromkeys(problem.message.partition(":")[0] for problem in ending.guarding))
    if ending.drifted is not None:
        return f"the drift can't simply be reverted, because a guardrail would refuse that: {names}"
    return f"the plan is refused by a guardrail; nothing was done: {names}"


def _describe_resolution(drifted: Plan) -> str:
    """Returns what to do about drift and about unresolved users."""
    revert = "apply to revert it, or adopt it into git: reconciler import --adopt"
    resolve = "add the lines of YAML that the run shows for users and groups that are unaccounted for"
    drift, _pending = split_drift(drifted)
    return "; ".join([revert] * bool(drift) + [resolve] * bool(drifted.named))


def _where(ending: RunResult, run_url: str | None) -> Iterator[str]:
    if run_url:
        yield f"Run: {run_url}"
    if ending.commit:
        yield f"Commit: {ending.commit}"


def _counts(ending: RunResult) -> dict[str, int]:
    """Counts changes by status after an apply, else drift by action, and pending changes and named users."""
    if ending.run is not None:
        return count_statuses(ending.run.outcomes)
    if ending.drifted is None:
        return {}
    drift, pending = split_drift(ending.drifted)
    others = {"pending": len(pending), "named": len(ending.drifted.named)}
    return {**summarise(drift), **{name: number for name, number in others.items() if number}}


def _digest(ending: RunResult) -> str:
    return ending.run.digest if ending.run else ending.drifted.digest if ending.drifted else ""
