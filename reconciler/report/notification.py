"""A notification: the verdict on a run, what to do, where to read on. Counts and no people; sends nothing.

Whoever is told may not be who may see the plan, and a mailbox is kept longer than a run: names stay in the run.
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
    """What some events of a run come to; `run_url` is the page of the run, where there is one."""
    told = [_tell(ending, event) for event in events]
    verdicts = [verdict for verdict, _to_do in told]
    text = "\n\n".join(f"{verdict}.\n  What to do: {to_do}." for verdict, to_do in told)
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
    """The same for the same drift and the same users in doubt, whatever else is pending."""
    assert ending.drifted is not None  # noqa: S101  # else there is no such event
    drift, _pending = split_drift(ending.drifted)
    said = "\n".join((digest_of(drift), *(one.id for one in ending.drifted.named)))
    return f"{ending.tenant}.{hashlib.sha256(said.encode()).hexdigest()[:16]}"


_SUBJECTS: dict[Event, str] = {
    "failure": "not done",
    "guardrail": "a guardrail refuses",
    "drift": "drift",
    "token_expiry": "the token expires",
}


def _tell(ending: RunResult, event: Event) -> tuple[str, str]:
    """The verdict, and what to do about it."""
    match event:
        case "failure":
            return _tell_failure(ending), _mend(ending)
        case "guardrail":
            return _tell_guardrail(
                ending
            ), "read who is meant in the run; if it is right, raise the limit in git by review"
        case "drift":
            assert ending.drifted is not None  # noqa: S101  # else there is no such event
            return make_drift_verdict(ending.drifted), _settle(ending.drifted)
        case "token_expiry":
            assert ending.token is not None  # noqa: S101  # else there is no such event
            return ending.token.message, ending.token.hint or "renew it"


def _tell_failure(ending: RunResult) -> str:
    if ending.incomplete:
        return "the account could not be read as a whole, so nothing is known for certain and nothing was done"
    if ending.refused:
        return "the plan is refused and nothing was done"  # its error names people
    if ending.run is None:
        failed = "the apply stopped" if ending.command == "apply" else "it can't be told what drifted"
        return f"{failed}: {for_chat(ending.error or '', LONGEST_ERROR).rstrip('.')}"
    counted = [f"{number:,} {status}" for status, number in count_statuses(ending.run.outcomes).items()]
    counted += [f"{ending.not_approved:,} not approved and not done"] if ending.not_approved else []
    why = [for_chat(one, LONGEST_ERROR).rstrip(".") for one in (ending.run.stopped, ending.error) if one]
    return "the apply did not do everything: " + "; ".join([", ".join(counted) or "nothing was done", *why])


def _mend(ending: RunResult) -> str:
    if ending.command == "apply":
        return "read why in the run, mend it, and apply again; nothing is done twice"
    return "read why in the run and mend it; until then nobody knows what changes in the account"


def _tell_guardrail(ending: RunResult) -> str:
    names = ", ".join(dict.fromkeys(problem.message.partition(":")[0] for problem in ending.guarding))
    if ending.drifted is not None:
        return f"what changed in the account can't simply be put back: {names} would refuse that"
    return f"the plan is refused and nothing was done: {names}"


def _settle(drifted: Plan) -> str:
    """What to do about drift, and about users in doubt."""
    put_back = "apply to put it back, or take it over into git: reconciler import --adopt"
    settle = "add the lines of YAML that the run shows for those who are unaccounted for"
    drift, _pending = split_drift(drifted)
    return "; ".join([put_back] * bool(drift) + [settle] * bool(drifted.named))


def _where(ending: RunResult, run_url: str | None) -> Iterator[str]:
    if run_url:
        yield f"Run: {run_url}"
    if ending.commit:
        yield f"Commit: {ending.commit}"


def _counts(ending: RunResult) -> dict[str, int]:
    """How many changes of each status after an apply, of each action in drift; what is pending or named, by number."""
    if ending.run is not None:
        return count_statuses(ending.run.outcomes)
    if ending.drifted is None:
        return {}
    drift, pending = split_drift(ending.drifted)
    others = {"pending": len(pending), "named": len(ending.drifted.named)}
    return {**summarise(drift), **{name: number for name, number in others.items() if number}}


def _digest(ending: RunResult) -> str:
    return ending.run.digest if ending.run else ending.drifted.digest if ending.drifted else ""
