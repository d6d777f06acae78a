"""What a plan would leave to do, as people are told of it: by attribute, with the line of git that asks for it.

Knows what came back when a plan was tried; not how it was tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from reconciler.core.changes.plan import AttributeChange, Change
from reconciler.core.declarations.redaction import Redaction
from reconciler.core.model.amounts import and_more
from reconciler.core.model.diff import begin_before_difference, show_change
from reconciler.core.model.resources import Kind, parse_key
from reconciler.core.model.states import DesiredState
from reconciler.errors import Problem, Source

MOST_NAMED = 10
LONGEST = 80
TRIED = "tried on a 4me that does what it documents"
UNTIL_THEN = "until then every plan asks for it again"
VERBS: Mapping[str, str] = {  # by action
    "create_user": "create",
    "create_group": "create",
    "reactivate_user": "reactivate",
    "update_user": "update",
    "update_group": "update",
    "deactivate_user": "deactivate",
    "add_members": "add members to",
    "remove_members": "remove members from",
    "grant_roles": "grant roles to",
    "revoke_roles": "revoke roles of",
}


class Unsettled(NamedTuple):
    """Something of a key that a tried plan leaves to do.

    It `returns`: an attribute would be written again. It `repeats`: an action would be planned again. It `follows`: an
    action can be planned once this plan is applied, and not before. It is `refused`: the account takes no request with
    that attribute, or none at all where it blames none. The detail is for people.
    """

    way: Literal["returns", "repeats", "follows", "refused"]
    about: str
    key: str
    detail: str = ""


def find_again(change: Change) -> list[Unsettled]:
    """What of a change returns or repeats that is planned for the second time."""
    creates = change.action in ("create_user", "create_group")
    attributes = [] if creates else [find_returned(change.key, one) for one in change.attributes]
    if attributes and change.action != "reactivate_user":
        return attributes
    named = ", ".join(change.members or (() if creates else change.roles))
    return [*attributes, Unsettled("repeats", change.action, change.key, named)]


def find_later(change: Change) -> Unsettled:
    """What is left alone now, and is planned next."""
    return Unsettled("follows", change.action, change.key)


def find_returned(key: str, attribute: AttributeChange) -> Unsettled:
    """An attribute that the account has otherwise than it was written."""
    shown = begin_before_difference(*show_change(attribute.before, attribute.after), LONGEST)
    return Unsettled("returns", attribute.path, key, " → ".join(map(_shorten, shown)))


def warn_of_not_converging(found: Iterable[Unsettled], desired: DesiredState) -> list[Problem]:
    """A warning for each attribute, and each action, with those whom it concerns."""
    redaction = Redaction(desired.redact)
    alike: dict[tuple[str, str, Kind], list[Unsettled]] = {}
    for one in sorted({_redacted(one, redaction) for one in found}):
        alike.setdefault((one.way, one.about, _kind(one)), []).append(one)
    return [_tell(some, desired) for some in alike.values()]


def _redacted(one: Unsettled, redaction: Redaction) -> Unsettled:
    """The same without values that must not be read: what is cut, or short, would not be found in a sentence later."""
    hides = one.way in ("returns", "refused") and redaction.covers(one.about)
    return one._replace(detail="its values are redacted") if hides else one


def _tell(some: Sequence[Unsettled], desired: DesiredState) -> Problem:
    first, named = some[0], _name(some)
    rule = desired.rules.get((_kind(first), first.about))
    subject = f"the {'mapping to' if rule else 'attribute'} {first.about}" if first.about else "a request"
    edit = "let the mapping make" if rule else "declare"
    match first.way:
        case "returns":
            message = f"{subject} does not converge: {TRIED}, the next plan would change it again for {named}"
            hint = f"{edit} what the account keeps, which is before the arrow, or leave it out; {UNTIL_THEN}"
        case "repeats":
            message = f"this plan does not converge: {TRIED}, the next would {VERBS[first.about]} {named} again"
            hint = _how_to_link(first, desired) or UNTIL_THEN
        case "follows":
            message = f"this plan is not all: {TRIED}, it leaves {named} for the next to {VERBS[first.about]}"
            hint = "apply this one, then plan and apply again"
        case _:
            message = f"{subject} is refused, {TRIED}: {named}"
            hint = f"{edit} what the account takes; until then it fails with every apply"
    return Problem("does_not_converge", message, rule or _source(first.key, desired), hint, severity="warning")


def _name(some: Sequence[Unsettled]) -> str:
    named = [f"{one.key} ({one.detail})" if one.detail else one.key for one in some[:MOST_NAMED]]
    return f"{', '.join(named)}{and_more(len(some) - MOST_NAMED)}"


def _kind(one: Unsettled) -> Kind:
    return "group" if one.key.startswith("group/") else "user"


def _how_to_link(one: Unsettled, desired: DesiredState) -> str | None:
    """What is created again though it is there is found by nothing."""
    if not one.about.startswith("create_"):
        return None
    matching = desired.matching if _kind(one) == "user" else desired.group_matching
    return f"nothing links it to git once it is there: give it a value of {' or '.join(matching)}, by which is matched"


def _source(key: str, desired: DesiredState) -> Source | None:
    """Where a key is declared; None for what left git."""
    parsed = parse_key(key)
    resource = desired.resource(parsed) if parsed else None
    return resource.source if resource else None


def _shorten(shown: str) -> str:
    return f"{shown[:LONGEST]}…" if len(shown) > LONGEST else shown
