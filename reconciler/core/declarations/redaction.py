"""Replaces redacted values in reports by fingerprints.

A fingerprint is keyed (HMAC-SHA-256), because a plain hash could be reversed by trying likely values. The attribute is
part of it, so a phone number and a badge with the same digits have different fingerprints.
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
    """The redacted attributes (`name` covers `name.givenName`), and the key; without a key, values are left out."""

    names: tuple[str, ...] = ()
    key: bytes = b""

    def covers(self, path: str) -> bool:
        """Decides whether an attribute is redacted; the prefix `attributes.` is optional in both names."""
        path = path.removeprefix(OWN)
        names = (name.removeprefix(OWN) for name in self.names)
        return any(path == name or path.startswith(f"{name}.") for name in names)

    @property
    def covers_what_people_are_called(self) -> bool:
        """Whether the names of users in reports (the display name, else the userName) are redacted."""
        return self.covers("displayName") or self.covers("userName")

    def redact(self, path: str, value: Value) -> Value:
        """Returns the value as reports may show it: None stays None, and each value of a list has a fingerprint."""
        if value is None or not self.covers(path):
            return value
        if isinstance(value, list):
            return [self.fingerprint(path, item) for item in value]
        return self.fingerprint(path, value)

    def fingerprint(self, path: str, value: object) -> str:
        """Returns the fingerprint of a value, equal for equal values of one attribute; without a key, `(redacted)`."""
        if not self.key:
            return REDACTED
        hashed = f"{path}\0{json.dumps(value, sort_keys=True)}".encode()
        return f"fingerprint:{hmac.digest(self.key, hashed, 'sha256').hex()[:DIGITS]}"


def redact_filters(filters: Filters, redaction: Redaction) -> Filters:
    """Returns the filters with `redacted` set in each clause that reads a redacted attribute."""
    if not redaction.names:
        return filters
    return Filters(
        *(
            tuple(_filter(scoping_filter, redaction) for scoping_filter in listed)
            for listed in (filters.users, filters.groups)
        ),
    )


def _filter(scoping_filter: Filter, redaction: Redaction) -> Filter:
    clauses = (replace(clause, redacted=redaction.covers(clause.attribute)) for clause in scoping_filter.clauses)
    return replace(scoping_filter, clauses=tuple(clauses))
