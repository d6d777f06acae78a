"""Answers that leave out what was written: taken as written where the tenant declares it, else with what to declare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from reconciler.apply.answers import Answered
from reconciler.core.model.messages import Response
from reconciler.core.planner.steps import Step, ids_of
from reconciler.core.scim.hints import ABSENT_IS_INACTIVE, HIDES_MEMBERS
from reconciler.core.scim.wire import Dialect

UNVERIFIED: Final = "the service does not list members, so they are not verified"
ABOUT_MEMBERS: Final = frozenset({UNVERIFIED, HIDES_MEMBERS})


def settle_unlisted(step: Step, response: Response, ids: Mapping[str, str], dialect: Dialect) -> tuple[Response, str]:
    """Returns the answer to a write and a remark on what it leaves out.

    With the quirk `hides_members`, the answer gets the members as they were written. Without, the remark has the quirk
    to declare.
    """
    body = response.body
    if not response.succeeded or not isinstance(body, dict):
        return response, ""
    if body.get("members") is None and any(change.members for change in step.changes):
        added = step.members("create_group", "add_members")
        if "hides_members" in dialect.quirks:
            members = [{"value": live_id} for live_id in ids_of(added, ids)]
            return replace(response, body={**body, "members": members}), UNVERIFIED
        return response, HIDES_MEMBERS if added else ""
    declared = "active_absent_is_true" in dialect.quirks
    unclear = step.active() is False and body.get("active") is None and not declared
    return response, ABSENT_IS_INACTIVE if unclear else ""


def add_detail(answered: Answered, detail: str) -> Answered:
    """Returns the answer with one more detail, if there is one; what is about members only is of no other change."""
    if detail in ABOUT_MEMBERS:
        return replace(answered, of_members=detail)
    return replace(answered, detail="; ".join(filter(None, (answered.detail, detail))))
