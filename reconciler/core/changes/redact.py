"""Replaces values of redacted attributes by fingerprints in changes, plans and outcomes. The key is an argument.

A fingerprint is keyed (HMAC-SHA-256), because without a key a reader could try all likely values. Each attribute has
fingerprints of its own, so an equal phone and badge number don't show.
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

SHORTEST_IN_TEXT = 4  # a shorter value would be found inside other words


def redact_change(change: Change, redaction: Redaction) -> Change:
    """Returns the change with fingerprints beside its redacted values; its id covers the fingerprints.

    An id is a hash without a key: if an attribute has few possible values, an id of a value would reveal it.
    """
    if not redaction.names:
        return change
    attributes = tuple(_attribute(attribute, redaction) for attribute in change.attributes)
    redacted = change.model_copy(update={"attributes": attributes})
    update: dict[str, object] = {"reason": redact_sentence(change.reason, redacted), "id": effect_id(redacted)}
    if redaction.covers_what_people_are_called:
        update["name"] = change.key.partition("/")[2]
    return redacted.model_copy(update=update)


def redact_plan(plan: Plan, redaction: Redaction, known: Iterable[Attributes]) -> Plan:
    """Returns the plan with redacted changes; its problems contain no redacted value of the changes or of `known`."""
    if not redaction.names:
        return plan
    changes = order_changes(redact_change(change, redaction) for change in plan.changes)
    marks = {**_marks_of(known, redaction), **_marks(changes)}
    update: dict[str, object] = {
        "changes": changes,
        "digest": digest_of(changes),
        "problems": tuple(replace(problem, message=_scrub(problem.message, marks)) for problem in plan.problems),
        "named": tuple(_redact_named(resource, redaction, marks) for resource in plan.named),
    }
    if redaction.covers_what_people_are_called:
        update["unmanaged"] = tuple(
            Unmanaged(kind=resource.kind, id=resource.id, name=resource.id) for resource in plan.unmanaged
        )
    return plan.model_copy(update=update)


def _redact_named(resource: NamedResource, redaction: Redaction, marks: Mapping[str, str]) -> NamedResource:
    update = {"witnesses": _scrub(resource.witnesses, marks)}
    if redaction.covers_what_people_are_called:
        update["name"] = resource.id
    return resource.model_copy(update=update)


def readable(change: Change) -> Change:
    """Returns the change for reports, with fingerprints instead of redacted values; it can't be applied."""
    if all(attribute.redacted_pair is None for attribute in change.attributes):
        return change
    return change.model_copy(update={"attributes": tuple(map(_readable, change.attributes))})


def readable_plan(plan: Plan) -> Plan:
    """Returns the plan for files and reports; its ids and digest are those of the fingerprints."""
    return plan.model_copy(update={"changes": tuple(map(readable, plan.changes))})


def readable_run(run: Run) -> Run:
    """Returns the outcomes of an apply for files and reports."""
    outcomes = tuple(outcome.model_copy(update={"change": readable(outcome.change)}) for outcome in run.outcomes)
    return run.model_copy(update={"outcomes": outcomes})


def redact_sentence(sentence: str, change: Change) -> str:
    """Returns a sentence about a change, such as a service's refusal, without the redacted values of the change."""
    return _scrub(sentence, _marks([change])) if sentence else sentence


def redact_outcome(outcome: Outcome) -> Outcome:
    """Returns an outcome whose texts, many of them a service's, are without the redacted values of the change."""
    marks = _marks([outcome.change])
    if not marks:
        return outcome
    undone = tuple(
        part.model_copy(update={"got": _scrub_value(part.got, marks), "error": _scrub(part.error, marks)})
        for part in outcome.undone
    )
    return outcome.model_copy(update={"detail": _scrub(outcome.detail, marks), "undone": undone})


def _scrub_value(value: Value, marks: Mapping[str, str]) -> Value:
    match value:
        case str():
            return _scrub(value, marks)
        case list():
            return [
                {name: _scrub(part, marks) if isinstance(part, str) else part for name, part in item.items()}
                if isinstance(item, dict)
                else _scrub(item, marks)
                for item in value
            ]  # type: ignore[return-value]  # a list of texts, or of values
        case _:
            return value


def _attribute(attribute: AttributeChange, redaction: Redaction) -> AttributeChange:
    if not redaction.covers(attribute.path):
        return attribute
    fingerprints = (
        redaction.redact(attribute.path, attribute.before),
        redaction.redact(attribute.path, attribute.after),
    )
    return AttributeChange(
        path=attribute.path, before=attribute.before, after=attribute.after, redacted_pair=fingerprints, redacted=True
    )


def _readable(attribute: AttributeChange) -> AttributeChange:
    if attribute.redacted_pair is None:
        return attribute
    before, after = attribute.redacted_pair
    return AttributeChange(path=attribute.path, before=before, after=after, redacted=True)


def _scrub(text: str, marks: Mapping[str, str]) -> str:
    """Returns the text with each word of `marks`, in any case, replaced by its mark."""
    folded = text.casefold()
    found = sorted((word for word in marks if word in folded), key=lambda word: (-len(word), word))
    if not found:
        return text
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, found))})(?!\w)", re.IGNORECASE)
    return pattern.sub(lambda match: marks.get(match[0].casefold(), REDACTED), text)


def _marks(changes: Iterable[Change]) -> dict[str, str]:
    """Returns each redacted word of the changes, folded, with its replacement."""
    return {
        word: mark
        for change in changes
        for attribute in change.attributes
        if attribute.redacted_pair is not None
        for value, redacted in zip((attribute.before, attribute.after), attribute.redacted_pair, strict=True)
        for word, mark in _pair_words(value, redacted)
    }


def _marks_of(known: Iterable[Attributes], redaction: Redaction) -> dict[str, str]:
    return {
        word: mark
        for attributes in known
        for path, value in attributes.items()
        if redaction.covers(path)
        for word, mark in _pair_words(value, redaction.redact(path, value))
    }


def _pair_words(value: Value, redacted: Value) -> Iterator[tuple[str, str]]:
    """Yields each word of a value, folded, with its replacement; each value of a list has its own."""
    pairs: Iterable[tuple[object, object]] = [(value, redacted)]
    if isinstance(value, list) and isinstance(redacted, list):
        pairs = zip(value, redacted, strict=True)
    yield from ((word.casefold(), str(mark)) for item, mark in pairs for word in _words(item))


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
