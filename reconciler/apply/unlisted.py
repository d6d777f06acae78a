"""Outcomes of changes whose result the service leaves out of its answers: unverified, or with what to declare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.apply.answers import Answered
from reconciler.core.changes.undone import MEMBERS
from reconciler.core.model.messages import Response
from reconciler.core.scim.hints import hint_at_quirk
from reconciler.core.scim.wire import Dialect

UNVERIFIED = "the service does not list members, so they are not verified"


def settle_unlisted(answered: Answered, response: Response, dialect: Dialect) -> Answered:
    """Drops members from what was not done if the tenant declares that they are hidden; else names the quirk."""
    body: Mapping[str, object] = response.body if isinstance(response.body, dict) else {}
    not_taken = {part.path for parts in answered.undone.values() for part in parts if part.why == "changed"}
    if "hides_members" in dialect.quirks and MEMBERS in not_taken and body.get("members") is None:
        undone = {
            change: tuple(part for part in parts if (part.path, part.why) != (MEMBERS, "changed"))
            for change, parts in answered.undone.items()
        }
        return add_detail(replace(answered, undone=undone), UNVERIFIED)
    return add_detail(answered, hint_at_quirk(body, not_taken, dialect.quirks) if response.succeeded else "")


def add_detail(answered: Answered, detail: str) -> Answered:
    """Returns the answer with one more detail, if there is one."""
    return replace(answered, detail="; ".join(filter(None, (answered.detail, detail))))
