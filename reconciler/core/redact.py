"""What must not be read is told by a fingerprint: which attributes, and how. Pure; the key is an argument.

A fingerprint is keyed (HMAC-SHA-256): without a key, whoever knows what values look like could try them all. One
attribute's are not another's: that a phone and a badge have the same number does not show.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.core.clause import Filter, Filters
from reconciler.core.model import Attributes, Value
from reconciler.core.outcome import Outcome, Run
from reconciler.core.plan import AttributeChange, Change, Named, Plan, Unmanaged, digest_of, effect_id, order_changes

SHORTEST_IN_TEXT = 4  # what is shorter is part of other words
DIGITS = 16
REDACTED = "(redacted)"
OWN = "attributes."


@dataclass(frozen=True, slots=True)
class Redaction:
    """Attributes by name (`name` covers `name.givenName`), and the key; without a key values are only left out."""

    names: tuple[str, ...] = ()
    key: bytes = b""

    def covers(self, path: str) -> bool:
        """Whether values of that attribute are redacted; a source attribute of one's own may be written short."""
        path = path.removeprefix(OWN)
        names = (name.removeprefix(OWN) for name in self.names)
        return any(path == name or path.startswith(f"{name}.") for name in names)

    @property
    def covers_what_people_are_called(self) -> bool:
        """Whether the names in reports, which are display names or else userNames, must not be read."""
        return self.covers("displayName") or self.covers("userName")

    def tell(self, path: str, value: Value) -> Value:
        """The value as it may be read: nothing stays nothing, and of many each has a fingerprint of its own."""
        if value is None or not self.covers(path):
            return value
        if isinstance(value, list):
            return [self.fingerprint(path, item) for item in value]
        return self.fingerprint(path, value)

    def fingerprint(self, path: str, value: object) -> str:
        """Equal for equal values of one attribute, and not to be turned back."""
        if not self.key:
            return REDACTED
        said = f"{path}\0{json.dumps(value, sort_keys=True)}".encode()
        return f"fingerprint:{hmac.digest(self.key, said, 'sha256').hex()[:DIGITS]}"


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


def _redact_named(one: Named, redaction: Redaction, marks: Mapping[str, str]) -> Named:
    told = {"witnesses": _scrub(one.witnesses, marks)}
    if redaction.covers_what_people_are_called:
        told["name"] = one.id
    return one.model_copy(update=told)


def redact_filters(filters: Filters, redaction: Redaction) -> Filters:
    """The filters whose clauses know that what they look at must not be read."""
    if not redaction.names:
        return filters
    return Filters(
        *(tuple(_filter(one, redaction) for one in listed) for listed in (filters.users, filters.groups)),
    )


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
    told = (redaction.tell(one.path, one.before), redaction.tell(one.path, one.after))
    return AttributeChange(path=one.path, before=one.before, after=one.after, told=told, redacted=True)


def _readable(one: AttributeChange) -> AttributeChange:
    if one.told is None:
        return one
    before, after = one.told
    return AttributeChange(path=one.path, before=before, after=after, redacted=True)


def _filter(one: Filter, redaction: Redaction) -> Filter:
    clauses = (replace(clause, redacted=redaction.covers(clause.attribute)) for clause in one.clauses)
    return replace(one, clauses=tuple(clauses))


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
        for word, mark in _words_told(value, redaction.tell(path, value))
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
