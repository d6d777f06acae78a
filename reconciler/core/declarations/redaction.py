"""Which attributes reports may not show, and the fingerprint that stands in for a value. Pure; the key is an argument.

A fingerprint is keyed (HMAC-SHA-256): without a key, every likely value could be tried. Each attribute has fingerprints
of its own, so a phone number and a badge with the same digits do not look alike.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass, replace

from reconciler.core.declarations.clause import Filter, Filters
from reconciler.core.model.resources import Value

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

    def redact(self, path: str, value: Value) -> Value:
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


def redact_filters(filters: Filters, redaction: Redaction) -> Filters:
    """The filters whose clauses know that what they look at must not be read."""
    if not redaction.names:
        return filters
    return Filters(
        *(tuple(_filter(one, redaction) for one in listed) for listed in (filters.users, filters.groups)),
    )


def _filter(one: Filter, redaction: Redaction) -> Filter:
    clauses = (replace(clause, redacted=redaction.covers(clause.attribute)) for clause in one.clauses)
    return replace(one, clauses=tuple(clauses))
