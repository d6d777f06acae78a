"""The words for a verdict: what each commit and record witnesses, and the line of YAML that settles a doubt."""

from __future__ import annotations

import json
import re

from reconciler.core.model.resources import Key
from reconciler.core.model.states import Settlement
from reconciler.core.ownership.sightings import Sighting

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
WHY = "reason: WHY"
NOT_READ = "the record of applies could not be read"


def settle_by_key(key: Key) -> str:
    """Returns the line that says that a user or group of a key left."""
    spelled = str(key)
    return f"left: [{{key: {spelled if PLAIN.fullmatch(spelled) else json.dumps(spelled)}, {WHY}}}]"


def settle_by_id(live_id: str) -> str:
    """Returns the line that says that a live user or group left."""
    return f"left: [{{id: {json.dumps(live_id)}, {WHY}}}]"


def describe_released(line: Settlement, commit: str | None = None) -> str:
    """Returns the place of the line that released a user or group."""
    at = f" of commit {commit[:12]}" if commit else ""
    return f"released at {line.source}{at}"


def describe_left(line: Settlement) -> str:
    """Returns the place and reason of the line of HEAD that says a user or group left."""
    why = f": {line.reason}" if line.reason else ""
    return f"left, says {line.source}{why}"


def describe_covered(sighting: Sighting, serial: int) -> str:
    """Returns which apply covers a declaration that left git; the same for all that left since that apply."""
    return f"left git, covered by apply #{serial} at commit {sighting.commit}"


def describe_gone_on(sighting: Sighting, key: Key, live_id: str | None) -> str:
    """Returns that HEAD goes on with a declaration, and links it to another live resource or to none."""
    known = _declared(sighting)
    who = f"linked to {live_id}" if live_id else "linked to nothing in the account yet"
    return f"{known}, and goes on in HEAD as {key}, which is {who}"


def describe_place(sighting: Sighting, serial: int) -> str:
    """Returns where the covered commit is, which does not lead to HEAD."""
    where = (
        "only another branch leads to" if sighting.state.place == "elsewhere" else "no branch of this clone leads to"
    )
    return f"{sighting.key} was covered by apply #{serial} at commit {sighting.commit}, which {where}"


def describe_unclear(sighting: Sighting) -> str:
    """Returns that a declaration matches several live resources."""
    rivals = f", and matches {', '.join(sighting.rivals)} too" if sighting.rivals else ", and so is another declaration"
    return f"{_declared(sighting)}{rivals}"


def describe_uncovered(sighting: Sighting) -> str:
    """Returns that a commit declares a live resource, and no apply covers it."""
    if not sighting.resource.in_scope:
        return f"{_declared(sighting)}, out of scope there"
    return f"{_declared(sighting)}, and no apply on record covers that"


def describe_perhaps_released(sighting: Sighting, serial: int) -> str:
    """Returns that a key which may have been theirs was released since."""
    covered = f"{sighting.key} was covered by apply #{serial} at commit {sighting.commit}"
    return f"{covered}, and a key that may have been theirs was released since"


def describe_unreadable(sighting: Sighting, serial: int) -> str:
    """Returns that a later commit, which may have released them, can't be read."""
    covered = f"{sighting.key} was covered by apply #{serial} at commit {sighting.commit}"
    return f"{covered}, and a commit about them, which may have released them, can't be read"


def describe_not_read(sighting: Sighting) -> str:
    """Returns that a commit declares a live resource, and the record of applies could not be read."""
    return f"{_declared(sighting)}, and {NOT_READ}"


def _declared(sighting: Sighting) -> str:
    return f"{sighting.key} was declared at commit {sighting.commit}, found by {' and '.join(sighting.attributes)}"
