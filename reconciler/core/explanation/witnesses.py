"""All that is known of one live user or group, witness by witness, and the verdict (`ownership show`). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler.core.model.resources import LiveGroup, LiveUser
from reconciler.core.model.states import LiveState
from reconciler.core.ownership.evidence import Evidence
from reconciler.core.ownership.sightings import Sighting, find_sightings
from reconciler.core.planner.planner import Decisions

MOST_SHOWN = 10
UNCLEAR = "unclear: several users or groups match one declaration, or one matches several (see the plan)"
INACTIVE = "inactive: there is nothing to do; if they are switched on again, the next plan decides about them"
UNMANAGED = "unmanaged: no commit that leads here, or is on record, declares a match"


@dataclass(frozen=True, slots=True)
class KnownResource:
    """A live user or group, what each commit that declares them witnesses, and the verdict with what settles it."""

    kind: str
    id: str
    name: str
    active: bool
    witnesses: tuple[str, ...]
    verdict: str
    settle: str = ""


def find_known(live: LiveState, evidence: Evidence, decided: Decisions, named: str) -> tuple[KnownResource, ...]:
    """Returns what is known of the users and groups that a key or an id names, now or at an earlier commit.

    `named` is a key (`user/kai`, `kai`, `group/staff`) or the live id. Empty where it names nothing.
    """
    users = find_sightings(evidence, live.users, live.users)
    groups = find_sightings(evidence, live.groups, live.groups)
    linked = {live_id: key for key, live_id in decided.ids.items()}
    everyone: list[tuple[LiveUser | LiveGroup, Sequence[Sighting]]] = [
        *((one, users.get(one.id, ())) for one in live.users),
        *((one, groups.get(one.id, ())) for one in live.groups),
    ]
    return tuple(
        _describe(one, seen, decided, linked.get(one.id))
        for one, seen in everyone
        if _is_meant(one, seen, linked.get(one.id), named)
    )


def as_if_active(live: LiveState) -> LiveState:
    """Returns the live state with every user active: those who were deactivated have witnesses too."""
    return replace(live, users=tuple(replace(user, active=True) for user in live.users))


def _is_meant(one: LiveUser | LiveGroup, seen: Sequence[Sighting], key: str | None, named: str) -> bool:
    keys = {*(sighting.key for sighting in seen)}
    kind = "user" if isinstance(one, LiveUser) else "group"
    spelled = {key, *map(str, keys), *(known.name for known in keys), one.id, f"id/{one.id}"}
    return named in spelled or (key is not None and named == key.removeprefix(f"{kind}/"))


def _describe(
    one: LiveUser | LiveGroup, seen: Sequence[Sighting], decided: Decisions, key: str | None
) -> KnownResource:
    verdict, settle = _verdict(one, decided, key)
    shown = [_describe_sighting(sighting) for sighting in seen[:MOST_SHOWN]]
    more = [f"and {len(seen) - MOST_SHOWN} older commits"] if len(seen) > MOST_SHOWN else []
    return KnownResource(
        kind="user" if isinstance(one, LiveUser) else "group",
        id=one.id,
        name=one.name,
        active=one.active if isinstance(one, LiveUser) else True,
        witnesses=(*shown, *more),
        verdict=verdict,
        settle=settle,
    )


def _describe_sighting(sighting: Sighting) -> str:
    """Returns where one commit declares it, which apply covers that, and what matched."""
    scope = "in scope" if sighting.resource.in_scope else "out of scope"
    places = {"here": "leads here", "elsewhere": "is on another branch", "gone": "is on no branch of this clone"}
    record = sighting.record
    covered = f"covered by apply #{record.serial}" if record else "covered by no apply on record"
    unsure = "" if sighting.sure else ", and another one matches too"
    by = " and ".join(sighting.attributes)
    return (
        f"{sighting.key} at commit {sighting.commit}, {scope}; the commit {places[sighting.state.place]}; "
        f"{covered}; found by {by}{unsure}"
    )


def _verdict(one: LiveUser | LiveGroup, decided: Decisions, key: str | None) -> tuple[str, str]:
    """The verdict in words, and the line of YAML that settles it."""
    ownership = decided.ownership
    verdicts = {
        **dict.fromkeys(decided.contested, (UNCLEAR, "")),
        **{group.live.id: ("left git: the members that it had from git leave it", "") for group in ownership.groups},
        **{live_id: (f"unmanaged: {words}", "") for live_id, words in ownership.released},
        **{leaver.live.id: (f"leaver: {leaver.reason}", "") for leaver in ownership.leavers},
        **{doubt.id: (f"{doubt.verdict}: {doubt.witnesses}", doubt.settle) for doubt in ownership.doubts},
    }
    return verdicts.get(one.id, (_describe_others(one, key), ""))


def _describe_others(one: LiveUser | LiveGroup, key: str | None) -> str:
    """The verdict on one who neither left nor is in doubt."""
    if key is not None:
        return f"declared as {key}"
    return INACTIVE if isinstance(one, LiveUser) and not one.active else UNMANAGED


def list_verdicts(decided: Decisions) -> Iterator[str]:
    """Yields in one line each who is in doubt, who left and who was released."""
    for doubt in decided.ownership.doubts:
        yield f"{doubt.verdict}: {doubt.name} ({doubt.kind} {doubt.id}): {doubt.witnesses}"
    for leaver in decided.ownership.leavers:
        yield f"leaver: {leaver.live.name} (user {leaver.live.id}): {leaver.reason}"
