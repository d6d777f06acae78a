"""The warnings on ownership: keys that are declared again, and lines of `left:` and `released:` without effect.

Knows links and the evidence; decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.core.comparison.link import Links
from reconciler.core.model.resources import DesiredUser, Key, LiveUser
from reconciler.core.model.states import DesiredState
from reconciler.core.ownership.evidence import Evidence, StateAt
from reconciler.errors import Problem


def warn_of_ownership(desired: DesiredState, links: Links, evidence: Evidence) -> tuple[Problem, ...]:
    """Returns warnings about keys that come back, released users that are declared again, and lines without effect."""
    incomplete = evidence.incomplete if evidence.known else ()  # else it is an error, reported elsewhere
    return (
        *(Problem("ownership_unknown", why, severity="warning") for why in incomplete),
        *_warn_of_linked(desired, links),
        *(problem for key, live in links.users.live_of.items() for problem in _warn(desired, key, live, evidence)),
    )


def _warn(desired: DesiredState, key: Key, live: LiveUser, evidence: Evidence) -> Iterator[Problem]:
    user = desired.users[key]
    if not user.in_scope or not desired.is_selected(key):
        return
    if not live.active and (back := _warn_of_return(user, evidence)):
        yield back
    if released := _warn_of_release(user, live, evidence):
        yield released


def _warn_of_return(user: DesiredUser, evidence: Evidence) -> Problem | None:
    """Warns about a key that a covered commit declares and a later commit lacks."""
    covered = [state for state in evidence if state.covering(user.key)]
    left = next((state for state in evidence if _lacks(state, user.key, covered)), None)
    if left is None:
        return None
    former = next(
        declared
        for state in covered
        if state.commit in left.earlier and (declared := state.desired.users.get(user.key))
    )
    former_name = "" if former.name == user.name else f"; its user in the account was {former.name}"
    message = f"{user.key} is declared again, after the key left git by commit {left.commit[:12]}{former_name}"
    hint = "if this is another person, declare them under a new key"
    return Problem("comes_back", message, user.source, hint, severity="warning")


def _lacks(state: StateAt, key: Key, covered: Iterable[StateAt]) -> bool:
    return state.desired.resource(key) is None and any(earlier.commit in state.earlier for earlier in covered)


def _warn_of_release(user: DesiredUser, live: LiveUser, evidence: Evidence) -> Problem | None:
    """Warns about a released user that no later apply covers."""
    for state in evidence:
        line = next((line for line in state.desired.released if line.key == user.key or line.id == live.id), None)
        if line is None:
            continue
        if any(state.commit in later.earlier and later.covering(user.key) for later in evidence):
            return None
        message = f"{user.key} was released at {line.source} in commit {state.commit[:12]}, and is declared again"
        hint = "from this apply on the user is owned again, and loses access if the declaration is removed"
        return Problem("adopts_released", message, user.source, hint, severity="warning")
    return None


def _warn_of_linked(desired: DesiredState, links: Links) -> Iterator[Problem]:
    """Warns about lines without effect, because their id is that of a declared resource."""
    keys = {live.id: key for matches in (links.users, links.groups) for key, live in matches.live_of.items()}
    for word, lines in (("left", desired.left), ("released", desired.released)):
        for line in lines:
            if line.id is not None and line.id in keys and desired.is_selected(key := keys[line.id]):
                message = f"{word}: {line.id} has no effect, because it is the id of {key}, which git declares"
                hint = "remove the line or the declaration"
                yield Problem("settles_nothing", message, line.source, hint, severity="warning")
