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


def render_notification(result: RunResult, events: Sequence[Event], run_url: str | None) -> Message:
    """Renders the events of a run as one message. `run_url` is the page of the run, or None."""
    described = [_describe(result, event) for event in events]
    verdicts = [verdict for verdict, _to_do in described]
    text = "\n\n".join(f"{verdict}.\n  What to do: {to_do}." for verdict, to_do in described)
    where = "\n".join(_where(result, run_url))
    return Message(
        subject=f"[reconciler] {result.tenant}: {'; '.join(_subject(result, event) for event in events)}",
        text=f"{result.tenant}: {text}\n\n{where}\n",
        facts={
            "tenant": result.tenant,
            "command": result.command,
            "events": list(events),
            "verdicts": verdicts,
            "counts": _counts(result),
            "digest": _digest(result),
            "commit": result.commit,
            "run": run_url,
        },
        thread=_thread(result) if "drift" in events else None,
    )


def _subject(result: RunResult, event: Event) -> str:
    only_named = event == "drift" and result.drifted is not None and not split_drift(result.drifted)[0]
    return describe_named(result.drifted.named) if only_named and result.drifted is not None else _SUBJECTS[event]


def _thread(result: RunResult) -> str:
    """Returns an id that is equal for equal drift and equal unresolved users, whatever is pending."""
    assert result.drifted is not None  # noqa: S101  # each event has its facts
    drift, _pending = split_drift(result.drifted)
    content = "\n".join((digest_of(drift), *(one.id for one in result.drifted.named)))
    return f"{result.tenant}.{hashlib.sha256(content.encode()).hexdigest()[:16]}"


_SUBJECTS: dict[Event, str] = {
    "failure": "not done",
    "guardrail": "a guardrail refuses",
    "drift": "drift",
    "token_expiry": "the token expires",
}


def _describe(result: RunResult, event: Event) -> tuple[str, str]:
    """Returns the verdict on an event, and what to do."""
    match event:
        case "failure":
            return _describe_failure(result), _describe_repair(result)
        case "guardrail":
            return _describe_guardrail(
                result
            ), "read in the run who is affected; if the change is right, raise the limit in git, with a review"
        case "drift":
            assert result.drifted is not None  # noqa: S101  # each event has its facts
            return make_drift_verdict(result.drifted), _describe_resolution(result.drifted)
        case "token_expiry":
            assert result.token is not None  # noqa: S101  # each event has its facts
            return result.token.message, result.token.hint or "renew the token"


def _describe_failure(result: RunResult) -> str:
    if result.incomplete:
        return "the account was not read completely; nothing was done"
    if result.refused:
        return "the plan is refused; nothing was done"  # its error names people
    if result.run is None:
        failed = "the apply stopped" if result.command == "apply" else "the check for drift failed"
        return f"{failed}: {for_chat(result.error or '', LONGEST_ERROR).rstrip('.')}"
    counted = [f"{number:,} {status}" for status, number in count_statuses(result.run.outcomes).items()]
    counted += [f"{result.not_approved:,} not approved, so not done"] if result.not_approved else []
    why = [for_chat(one, LONGEST_ERROR).rstrip(".") for one in (result.run.stopped, result.error) if one]
    return "the apply did not do everything: " + "; ".join([", ".join(counted) or "nothing was done", *why])


def _describe_repair(result: RunResult) -> str:
    if result.command == "apply":
        return "read the cause in the run, fix it, and apply again; nothing is done twice"
    return "read the cause in the run and fix it; until then, changes in the account are not detected"


def _describe_guardrail(result: RunResult) -> str:
    names = ", ".join(dict.fromkeys(problem.message.partition(":")[0] for problem in result.guarding))
    if result.drifted is not None:
        return f"the drift can't simply be reverted, because a guardrail would refuse that: {names}"
    return f"the plan is refused by a guardrail; nothing was done: {names}"


def _describe_resolution(drifted: Plan) -> str:
    """Returns what to do about drift and about unresolved users."""
    revert = "apply to revert it, or adopt it into git: reconciler import --adopt"
    resolve = "add the lines of YAML that the run shows for users and groups that are unaccounted for"
    drift, _pending = split_drift(drifted)
    return "; ".join([revert] * bool(drift) + [resolve] * bool(drifted.named))


def _where(result: RunResult, run_url: str | None) -> Iterator[str]:
    if run_url:
        yield f"Run: {run_url}"
    if result.commit:
        yield f"Commit: {result.commit}"


def _counts(result: RunResult) -> dict[str, int]:
    """Counts changes by status after an apply, else drift by action, and pending changes and named users."""
    if result.run is not None:
        return count_statuses(result.run.outcomes)
    if result.drifted is None:
        return {}
    drift, pending = split_drift(result.drifted)
    others = {"pending": len(pending), "named": len(result.drifted.named)}
    return {**summarise(drift), **{name: number for name, number in others.items() if number}}


def _digest(result: RunResult) -> str:
    return result.run.digest if result.run else result.drifted.digest if result.drifted else ""
