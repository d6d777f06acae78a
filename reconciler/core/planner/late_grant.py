"""Decides on a grant to a person that 4me linked after the plan was made: the roles to write, and the outcome's words.

The request overwrites all roles of the person. The plan could not know what the person holds, so nothing is revoked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.core.declarations.role_catalogue import CATALOGUE
from reconciler.core.model.amounts import count_people, spell_seconds
from reconciler.core.planner.steps import Step

SECONDS_TO_WAIT = 60
HOW_TO_LINK = "4me links a person by primary e-mail, or creates one from e-mail and name, by the rules of the account"
OWN_ROLES = (
    "4me linked the person whose credentials this program uses, and a person can't change their own roles: grant {} "
    "by hand, or use another person's credentials"
)


def with_held(step: Step, held: Iterable[str]) -> Step:
    """Returns the step of a linked person with the roles that the person holds, all of which stay."""
    held = tuple(sorted(held))
    return replace(step, changes=tuple(change.model_copy(update={"held": held}) for change in step.changes))


def is_held(step: Step) -> bool:
    """Returns whether the person holds all roles of the step already."""
    return all(set(change.roles) <= set(change.held) for change in step.changes)


def describe_kept(step: Step) -> str:
    """Returns a sentence on the person's other roles, which no plan has shown; empty if there are none."""
    granted = {role for change in step.changes for role in change.roles}
    others = sorted({role for change in step.changes for role in change.held} & CATALOGUE - granted)
    if not others:
        return ""
    return f"other roles of the person stay: {', '.join(others)}; the next plan revokes those that git does not assign"


def describe_pending(seconds: float, fault: str | None) -> str:
    """Returns why roles are not granted yet: no person was linked in time, or the last look for one failed."""
    if fault is not None:
        return f"pending: people could not be read ({fault}); the next apply grants the roles"
    waited = f"within {spell_seconds(seconds)}" if seconds else "at once (--wait-for-people is 0)"
    return (
        f"pending: 4me has not linked a person to this user {waited}; the next apply grants the roles ({HOW_TO_LINK})"
    )


def describe_own(step: Step) -> str:
    """Returns why the roles of the person of the credentials are not granted."""
    return OWN_ROLES.format(", ".join(sorted(role for change in step.changes for role in change.roles)))


def describe_wait(waiting: int, seconds: float, most: float) -> str:
    """Returns `waiting for 4me to link 3 people, 12 s of 60 s`."""
    return f"waiting for 4me to link {count_people(waiting)}, {seconds:.0f} s of {most:.0f} s"
