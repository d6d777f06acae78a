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

from reconciler.core.model import Value
from reconciler.core.outcome import Outcome
from reconciler.core.plan import AttributeChange, Change, Plan, Unmanaged

SHORTEST_IN_TEXT = 4  # what is shorter is part of other words
DIGITS = 12
REDACTED = "(redacted)"


@dataclass(frozen=True, slots=True)
class Redaction:
    """Attributes by name (`name` covers `name.givenName`), and the key; without a key values are only left out."""

    names: tuple[str, ...] = ()
    key: bytes = b""

    def covers(self, path: str) -> bool:
        """Whether values of that attribute are redacted; a source attribute of one's own may be written short."""
        path = path.removeprefix("attributes.")
        return any(path == name or path.startswith(f"{name}.") for name in self.names)

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
    """The change to be read, and not to be applied: its id is still that of the real values."""
    if not redaction.names:
        return change
    told: dict[str, object] = {
        "attributes": tuple(_attribute(one, redaction) for one in change.attributes),
        "reason": _scrub(change.reason, _marks((change,), redaction)),
    }
    if redaction.covers_what_people_are_called:
        told["name"] = change.key.partition("/")[2]
    return change.model_copy(update=told)


def redact_plan(plan: Plan, redaction: Redaction) -> Plan:
    """The plan to be read, and not to be applied: its digest is still that of the real values."""
    if not redaction.names:
        return plan
    marks = _marks(plan.changes, redaction)
    told: dict[str, object] = {
        "changes": tuple(redact_change(change, redaction) for change in plan.changes),
        "problems": tuple(replace(problem, message=_scrub(problem.message, marks)) for problem in plan.problems),
    }
    if redaction.covers_what_people_are_called:
        told["unmanaged"] = tuple(Unmanaged(kind=one.kind, id=one.id, name=one.id) for one in plan.unmanaged)
    return plan.model_copy(update=told)


def redact_outcome(outcome: Outcome, redaction: Redaction) -> Outcome:
    """The outcome with a detail, such as a service's refusal, that does not repeat the change's redacted values."""
    if not redaction.names or not outcome.detail:
        return outcome
    return outcome.model_copy(update={"detail": _scrub(outcome.detail, _marks((outcome.change,), redaction))})


def _scrub(text: str, marks: Mapping[str, str]) -> str:
    """The text with every one of some values, in whatever case, replaced by its mark."""
    folded = text.casefold()
    found = sorted((leaf for leaf in marks if leaf in folded), key=lambda leaf: (-len(leaf), leaf))
    if not found:
        return text
    pattern = re.compile("|".join(map(re.escape, found)), re.IGNORECASE)
    return pattern.sub(lambda match: marks.get(match[0].casefold(), REDACTED), text)


def _marks(changes: Iterable[Change], redaction: Redaction) -> dict[str, str]:
    """Every redacted text in some changes, folded, and what stands for it."""
    return {
        leaf.casefold(): redaction.fingerprint(one.path, value)
        for change in changes
        for one in change.attributes
        if redaction.covers(one.path)
        for value in (one.before, one.after)
        for leaf in _texts(value)
    }


def _attribute(one: AttributeChange, redaction: Redaction) -> AttributeChange:
    before, after = redaction.tell(one.path, one.before), redaction.tell(one.path, one.after)
    return AttributeChange(path=one.path, before=before, after=after)


def _texts(value: object) -> Iterator[str]:
    match value:
        case list():
            for item in value:
                yield from _texts(item)
        case dict():
            for item in value.values():
                yield from _texts(item)
        case bool() | None:
            return
        case _:
            if len(str(value)) >= SHORTEST_IN_TEXT:
                yield str(value)
