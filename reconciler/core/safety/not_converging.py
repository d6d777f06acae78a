"""The warnings of a plan that does not converge: by attribute, with the line of git that asks for it.

Knows the findings of a simulation; not how the simulation runs.
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
UNTIL_THEN = "until then, every plan contains this change again"
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
    """One finding about a key after the simulation of a plan.

    `returns`: an attribute would be written again. `repeats`: an action would be planned again. `follows`: an action
    can be planned only after this plan is applied. `refused`: the account refuses a request because of the attribute
    `about`, or, if `about` is empty, without naming one. `waits`: roles over REST await a person that 4me's default
    rules don't link. The detail is for human readers.
    """

    problem: Literal["returns", "repeats", "follows", "refused", "waits"]
    about: str
    key: str
    detail: str = ""


def find_again(change: Change) -> list[Unsettled]:
    """Returns the findings of a change that is planned a second time."""
    creates = change.action in ("create_user", "create_group")
    attributes = [] if creates else [find_returned(change.key, attribute) for attribute in change.attributes]
    if attributes and change.action != "reactivate_user":
        return attributes
    named = ", ".join(change.members or (() if creates else change.roles))
    return [*attributes, Unsettled("repeats", change.action, change.key, named)]


def find_repeated(change: Change) -> Unsettled:
    """Returns the finding of a change that the next plan could only repeat, because nothing links its result to git."""
    return Unsettled("repeats", change.action, change.key)


def find_later(change: Change) -> Unsettled:
    """Returns the finding of a change that only the next plan can contain."""
    return Unsettled("follows", change.action, change.key)


def find_waiting(key: str, roles: Iterable[str]) -> Unsettled:
    """Returns the finding of a written user that 4me's default rules link to no person, so that the roles wait."""
    return Unsettled("waits", "grant_roles", key, ", ".join(roles))


def find_returned(key: str, attribute: AttributeChange) -> Unsettled:
    """Returns the finding of an attribute that differs in the account after the write."""
    shown = begin_before_difference(*show_change(attribute.before, attribute.after, attribute.path), LONGEST)
    return Unsettled("returns", attribute.path, key, " → ".join(map(_shorten, shown)))


def warn_of_not_converging(found: Iterable[Unsettled], desired: DesiredState) -> list[Problem]:
    """Returns one warning for each attribute or action, with the users or groups that it concerns."""
    redaction = Redaction(desired.redact)
    alike: dict[tuple[str, str, Kind], list[Unsettled]] = {}
    for finding in sorted({_redacted(finding, redaction) for finding in found}):
        alike.setdefault((finding.problem, finding.about, _kind(finding)), []).append(finding)
    return [_describe(some, desired) for some in alike.values()]


def _redacted(finding: Unsettled, redaction: Redaction) -> Unsettled:
    """Hides redacted values in the detail now: in a sentence, a short or cut value would not be found later."""
    hides = finding.problem in ("returns", "refused") and redaction.covers(finding.about)
    return finding._replace(detail="its values are redacted") if hides else finding


def _describe(some: Sequence[Unsettled], desired: DesiredState) -> Problem:
    first, named = some[0], _list_keys(some)
    rule = desired.rules.get((_kind(first), first.about))
    subject = f"the {'mapping to' if rule else 'attribute'} {first.about}" if first.about else "a request"
    edit = "let the mapping make" if rule else "declare"
    match first.problem:
        case "returns":
            message = f"{subject} does not converge: in simulation, the next plan would change it again for {named}"
            hint = f"{edit} the value that the account keeps, before the arrow, or leave it out; {UNTIL_THEN}"
        case "repeats":
            message = (
                f"this plan does not converge: in simulation, the next plan would {VERBS[first.about]} {named} again"
            )
            hint = _how_to_link(first, desired) or UNTIL_THEN
        case "follows":
            message = (
                f"a second apply will be needed: in simulation, only the next plan can {VERBS[first.about]} {named}"
            )
            hint = "apply this plan, then plan and apply again"
        case "waits":
            message = f"roles will stay pending: 4me's default rules link no person to {named}"
            hint = (
                "declare a primary e-mail (`emails`, or a userName that is one) and a displayName, or take the roles "
                "away; if the rules of the account were edited to link these users, this needs no change"
            )
        case _:
            message = f"{subject} is refused in simulation: {named}"
            hint = f"{edit} a value that the account accepts; until then, it fails in every apply"
    return Problem("does_not_converge", message, rule or _source(first.key, desired), hint, severity="warning")


def _list_keys(some: Sequence[Unsettled]) -> str:
    named = [f"{finding.key} ({finding.detail})" if finding.detail else finding.key for finding in some[:MOST_NAMED]]
    return f"{', '.join(named)}{and_more(len(some) - MOST_NAMED)}"


def _kind(finding: Unsettled) -> Kind:
    return "group" if finding.key.startswith("group/") else "user"


def _how_to_link(finding: Unsettled, desired: DesiredState) -> str | None:
    """Returns what to do about a resource that is created again, because no matching attribute finds it."""
    if not finding.about.startswith("create_"):
        return None
    matching = desired.matching if _kind(finding) == "user" else desired.group_matching
    return f"no matching attribute links it to git after the create: give it a value of {' or '.join(matching)}"


def _source(key: str, desired: DesiredState) -> Source | None:
    """Returns where a key is declared; None if it left git."""
    parsed = parse_key(key)
    resource = desired.resource(parsed) if parsed else None
    return resource.source if resource else None


def _shorten(shown: str) -> str:
    return f"{shown[:LONGEST]}…" if len(shown) > LONGEST else shown
