"""What a plan warns of beside its verdicts: keys that come back, and lines of `left:` and `released:` without effect.

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
    """Returns warnings of keys that come back, of released users who are declared again, and of idle settlements."""
    incomplete = evidence.incomplete if evidence.known else ()  # else it is an error, reported elsewhere
    return (
        *(Problem("ownership_unknown", why, severity="warning") for why in incomplete),
        *_warn_of_linked(desired, links),
        *(problem for key, live in links.users.live_of.items() for problem in _warn(desired, key, live, evidence)),
    )


def _warn(desired: DesiredState, key: Key, live: LiveUser, evidence: Evidence) -> Iterator[Problem]:
    user = desired.users[key]
    if not user.in_scope or not desired.is_asked(key):
        return
    if not live.active and (back := _warn_of_return(user, evidence)):
        yield back
    if released := _warn_of_release(user, live, evidence):
        yield released


def _warn_of_return(user: DesiredUser, evidence: Evidence) -> Problem | None:
    """Warns of a key that a covered commit had and a later commit lacked."""
    had = [state for state in evidence if state.covering(user.key)]
    left = next((state for state in evidence if _left_by(state, user.key, had)), None)
    if left is None:
        return None
    then = next(one for state in had if state.commit in left.earlier and (one := state.desired.users.get(user.key)))
    whose = "" if then.name == user.name else f", and its record is that of {then.name}"
    message = f"{user.key} comes back: the key had left git by commit {left.commit[:12]}{whose}"
    hint = "where it is another person, give them a key of their own"
    return Problem("comes_back", message, user.source, hint, severity="warning")


def _left_by(state: StateAt, key: Key, had: Iterable[StateAt]) -> bool:
    return state.desired.resource(key) is None and any(one.commit in state.earlier for one in had)


def _warn_of_release(user: DesiredUser, live: LiveUser, evidence: Evidence) -> Problem | None:
    """Warns of a released user whom no later apply covers."""
    for state in evidence:
        line = next((one for one in state.desired.released if one.key == user.key or one.id == live.id), None)
        if line is None:
            continue
        if any(state.commit in one.earlier and one.covering(user.key) for one in evidence):
            return None
        message = f"{user.key} was released at {line.source} of commit {state.commit[:12]}, and is declared again"
        hint = "from this apply on they are ours again, and leave with git"
        return Problem("adopts_released", message, user.source, hint, severity="warning")
    return None


def _warn_of_linked(desired: DesiredState, links: Links) -> Iterator[Problem]:
    """Warns of lines that name a declared resource by its id: they have no effect."""
    keys = {live.id: key for matches in (links.users, links.groups) for key, live in matches.live_of.items()}
    for word, lines in (("left", desired.left), ("released", desired.released)):
        for line in lines:
            if line.id is not None and line.id in keys and desired.is_asked(key := keys[line.id]):
                message = f"{word}: {line.id} is {key} in the account, which git declares: the line does nothing"
                yield Problem("settles_nothing", message, line.source, "take out one of the two", severity="warning")
