"""What must not be read is told by a fingerprint: which attributes, and how. Pure; the key is an argument.

A fingerprint is keyed (HMAC-SHA-256): without a key, whoever knows what values look like could try them all. One
attribute's are not another's: that a phone and a badge have the same number does not show.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.core.changes.outcome import Outcome, Run
from reconciler.core.changes.plan import AttributeChange, Change, Plan, Unmanaged, digest_of, effect_id, order_changes
from reconciler.core.changes.plan_notes import NamedResource
from reconciler.core.declarations.redaction import REDACTED, Redaction
from reconciler.core.model.resources import Attributes, Value

SHORTEST_IN_TEXT = 4  # what is shorter is part of other words


def redact_change(change: Change, redaction: Redaction) -> Change:
    """The change with what may be read of it beside each value that must not be; its effect is of what may be read.

    An id is a hash that anybody can make: of values of which there are few, it would tell which.
    """
    if not redaction.names:
        return change
    attributes = tuple(_attribute(one, redaction) for one in change.attributes)
    redacted = change.model_copy(update={"attributes": attributes})
    told: dict[str, object] = {"reason": redact_sentence(change.reason, redacted), "id": effect_id(redacted)}
    if redaction.covers_what_people_are_called:
        told["name"] = change.key.partition("/")[2]
    return redacted.model_copy(update=told)


def redact_plan(plan: Plan, redaction: Redaction, known: Iterable[Attributes]) -> Plan:
    """The plan with its changes redacted; its problems repeat no redacted value of theirs, nor of what is known."""
    if not redaction.names:
        return plan
    changes = order_changes(redact_change(change, redaction) for change in plan.changes)
    marks = {**_marks_of(known, redaction), **_marks(changes)}
    told: dict[str, object] = {
        "changes": changes,
        "digest": digest_of(changes),
        "problems": tuple(replace(problem, message=_scrub(problem.message, marks)) for problem in plan.problems),
        "named": tuple(_redact_named(one, redaction, marks) for one in plan.named),
    }
    if redaction.covers_what_people_are_called:
        told["unmanaged"] = tuple(Unmanaged(kind=one.kind, id=one.id, name=one.id) for one in plan.unmanaged)
    return plan.model_copy(update=told)


def _redact_named(one: NamedResource, redaction: Redaction, marks: Mapping[str, str]) -> NamedResource:
    told = {"witnesses": _scrub(one.witnesses, marks)}
    if redaction.covers_what_people_are_called:
        told["name"] = one.id
    return one.model_copy(update=told)


def readable(change: Change) -> Change:
    """The change to be read, and not to be applied: in place of redacted values, what may be read of them."""
    if all(one.told is None for one in change.attributes):
        return change
    return change.model_copy(update={"attributes": tuple(map(_readable, change.attributes))})


def readable_plan(plan: Plan) -> Plan:
    """The plan as it leaves this process; `id`s and digest are those of what can be read in it."""
    return plan.model_copy(update={"changes": tuple(map(readable, plan.changes))})


def readable_run(run: Run) -> Run:
    """The outcomes of an apply as they leave this process."""
    return run.model_copy(update={"outcomes": tuple(map(_readable_outcome, run.outcomes))})


def _readable_outcome(outcome: Outcome) -> Outcome:
    return outcome.model_copy(update={"change": readable(outcome.change)})


def redact_sentence(sentence: str, change: Change) -> str:
    """A sentence about a change, such as a service's refusal, that does not repeat its redacted values."""
    return _scrub(sentence, _marks([change])) if sentence else sentence


def _attribute(one: AttributeChange, redaction: Redaction) -> AttributeChange:
    if not redaction.covers(one.path):
        return one
    told = (redaction.redact(one.path, one.before), redaction.redact(one.path, one.after))
    return AttributeChange(path=one.path, before=one.before, after=one.after, told=told, redacted=True)


def _readable(one: AttributeChange) -> AttributeChange:
    if one.told is None:
        return one
    before, after = one.told
    return AttributeChange(path=one.path, before=before, after=after, redacted=True)


def _scrub(text: str, marks: Mapping[str, str]) -> str:
    """The text with every one of some words, in whatever case, replaced by its mark."""
    folded = text.casefold()
    found = sorted((word for word in marks if word in folded), key=lambda word: (-len(word), word))
    if not found:
        return text
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, found))})(?!\w)", re.IGNORECASE)
    return pattern.sub(lambda match: marks.get(match[0].casefold(), REDACTED), text)


def _marks(changes: Iterable[Change]) -> dict[str, str]:
    """Every redacted word in some changes, folded, and what stands for it."""
    return {
        word: mark
        for change in changes
        for one in change.attributes
        if one.told is not None
        for value, told in zip((one.before, one.after), one.told, strict=True)
        for word, mark in _words_told(value, told)
    }


def _marks_of(known: Iterable[Attributes], redaction: Redaction) -> dict[str, str]:
    return {
        word: mark
        for attributes in known
        for path, value in attributes.items()
        if redaction.covers(path)
        for word, mark in _words_told(value, redaction.redact(path, value))
    }


def _words_told(value: Value, told: Value) -> Iterator[tuple[str, str]]:
    """Each word of a value, folded, and what is told in its place: of many values, what is told of its own."""
    pairs = zip(value, told, strict=True) if isinstance(value, list) and isinstance(told, list) else [(value, told)]
    yield from ((word.casefold(), str(mark)) for one, mark in pairs for word in _words(one))


def _words(value: object) -> Iterator[str]:
    match value:
        case dict():
            for item in value.values():
                yield from _words(item)
        case bool() | None:
            return
        case _:
            if len(str(value)) >= SHORTEST_IN_TEXT:
                yield str(value)
