"""The sentences for verdicts: the evidence of commits and applies, and the line of YAML that resolves a doubt."""

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
    """Returns the line of YAML that confirms, by key, that a user or group left."""
    spelled = str(key)
    return f"left: [{{key: {spelled if PLAIN.fullmatch(spelled) else json.dumps(spelled)}, {WHY}}}]"


def settle_by_id(live_id: str) -> str:
    """Returns the line of YAML that confirms, by id, that a live user or group left."""
    return f"left: [{{id: {json.dumps(live_id)}, {WHY}}}]"


def describe_released(line: Settlement, commit: str | None = None) -> str:
    """Describes a release by the file, line and commit of its `released:` entry."""
    where = f" in commit {commit[:12]}" if commit else ""
    return f"released at {line.source}{where}"


def describe_left(line: Settlement) -> str:
    """Describes a leaver that a `left:` entry of HEAD confirms, with its reason."""
    reason = f": {line.reason}" if line.reason else ""
    return f"left git, confirmed at {line.source}{reason}"


def describe_covered(sighting: Sighting, serial: int) -> str:
    """Describes a leaver by the covering apply; all leavers since that apply get the same sentence."""
    return f"left git, covered by apply #{serial} at commit {sighting.commit}"


def describe_gone_on(sighting: Sighting, key: Key, live_id: str | None) -> str:
    """Describes a declaration that HEAD continues under a key that links to another live resource, or to none."""
    link = f"is linked to {live_id}" if live_id else f"is not linked to a {key.kind} in the account yet"
    return f"{_declared(sighting)}; HEAD continues it as {key}, which {link}"


def describe_place(sighting: Sighting, serial: int) -> str:
    """Describes a covered commit that HEAD's history lacks."""
    branch = "only another branch" if sighting.state.place == "elsewhere" else "no branch of this clone"
    return f"{_covered(sighting, serial)}, which {branch} contains"


def describe_unclear(sighting: Sighting) -> str:
    """Describes an ambiguous match: the declaration matches other resources too, or another declaration matches."""
    if sighting.rivals:
        return f"{_declared(sighting)}; the declaration matches {', '.join(sighting.rivals)} too"
    return f"{_declared(sighting)}; another declaration matches this {sighting.key.kind} too"


def describe_uncovered(sighting: Sighting) -> str:
    """Describes a declaration that no apply covers, or that is out of scope at its commit."""
    if not sighting.resource.in_scope:
        return f"{_declared(sighting)}; it is out of scope there"
    return f"{_declared(sighting)}; no apply on record covers it"


def describe_perhaps_released(sighting: Sighting, serial: int) -> str:
    """Describes a covered declaration whose user or group may have been released since, under another key."""
    return f"{_covered(sighting, serial)}; a key that may belong to the same {sighting.key.kind} was released since"


def describe_unreadable(sighting: Sighting, serial: int) -> str:
    """Describes a covered declaration whose user or group an unreadable commit may have released."""
    return f"{_covered(sighting, serial)}; a commit that may have released this {sighting.key.kind} can't be read"


def describe_not_read(sighting: Sighting) -> str:
    """Describes a declaration without a verdict, because the record of applies could not be read."""
    return f"{_declared(sighting)}; {NOT_READ}"


def _declared(sighting: Sighting) -> str:
    return f"commit {sighting.commit} declares {sighting.key}, a match by {' and '.join(sighting.attributes)}"


def _covered(sighting: Sighting, serial: int) -> str:
    return f"apply #{serial} covers {sighting.key} at commit {sighting.commit}"
