"""Describes the evidence on one live user or group, commit by commit, and the verdict (`ownership show`). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler.core.model.resources import Kind, LiveGroup, LiveUser
from reconciler.core.model.states import LiveState
from reconciler.core.ownership.evidence import Evidence
from reconciler.core.ownership.sightings import Sighting, find_sightings
from reconciler.core.planner.planner import Decisions

MOST_SHOWN = 10
UNCLEAR = "unclear: several users or groups match one declaration, or one matches several (see the plan)"
INACTIVE = "inactive: nothing to do; if the user is reactivated, the next plan decides"
UNMANAGED = "unmanaged: no commit of HEAD's history or on record declares a match"


@dataclass(frozen=True, slots=True)
class KnownResource:
    """A live user or group, the evidence of each commit that declares it, the verdict, and how to resolve it."""

    kind: str
    id: str
    name: str
    active: bool
    witnesses: tuple[str, ...]
    verdict: str
    settle: str = ""


def find_known(live: LiveState, evidence: Evidence, decided: Decisions, named: str) -> tuple[KnownResource, ...]:
    """Returns the users and groups that a key or an id names, at HEAD or at an earlier commit, with their evidence.

    `named` is a key (`user/kai`, `kai`, `group/staff`) or the live id. Empty if it names none.
    """
    users = find_sightings(evidence, live.users, live.users)
    groups = find_sightings(evidence, live.groups, live.groups)
    linked = {(key.partition("/")[0], live_id): key for key, live_id in decided.ids.items()}
    resources: list[tuple[LiveUser | LiveGroup, Sequence[Sighting]]] = [
        *((user, users.get(user.id, ())) for user in live.users),
        *((group, groups.get(group.id, ())) for group in live.groups),
    ]
    return tuple(
        _describe(resource, seen, decided, linked.get((kind_of(resource), resource.id)))
        for resource, seen in resources
        if _is_named(resource, seen, linked.get((kind_of(resource), resource.id)), named)
    )


def kind_of(resource: LiveUser | LiveGroup) -> Kind:
    """Returns the kind of a live resource."""
    return "user" if isinstance(resource, LiveUser) else "group"


def as_if_active(live: LiveState) -> LiveState:
    """Returns the live state with every user active, because only active users need evidence."""
    return replace(live, users=tuple(replace(user, active=True) for user in live.users))


def _is_named(resource: LiveUser | LiveGroup, seen: Sequence[Sighting], key: str | None, named: str) -> bool:
    keys = {*(sighting.key for sighting in seen)}
    kind = kind_of(resource)
    names = {key, *map(str, keys), *(known.name for known in keys), resource.id, f"id/{resource.id}"}
    return named in names or (key is not None and named == key.removeprefix(f"{kind}/"))


def _describe(
    resource: LiveUser | LiveGroup, seen: Sequence[Sighting], decided: Decisions, key: str | None
) -> KnownResource:
    verdict, settle = _verdict(resource, decided, key)
    shown = [_describe_sighting(sighting) for sighting in seen[:MOST_SHOWN]]
    more = [f"and {len(seen) - MOST_SHOWN} older commits"] if len(seen) > MOST_SHOWN else []
    return KnownResource(
        kind=kind_of(resource),
        id=resource.id,
        name=resource.name,
        active=resource.active if isinstance(resource, LiveUser) else True,
        witnesses=(*shown, *more),
        verdict=verdict,
        settle=settle,
    )


def _describe_sighting(sighting: Sighting) -> str:
    """Describes the declaration in one commit, the apply that covers it, and the attributes that match."""
    scope = "in scope" if sighting.resource.in_scope else "out of scope"
    branches = {
        "here": "is in HEAD's history",
        "elsewhere": "is on another branch",
        "gone": "is on no branch of this clone",
    }
    record = sighting.record
    covered = f"covered by apply #{record.serial}" if record else "covered by no apply on record"
    unsure = "" if sighting.sure else "; the match is ambiguous"
    return (
        f"{sighting.key} at commit {sighting.commit}, {scope}; the commit {branches[sighting.state.place]}; "
        f"{covered}; found by {' and '.join(sighting.attributes)}{unsure}"
    )


def _verdict(resource: LiveUser | LiveGroup, decided: Decisions, key: str | None) -> tuple[str, str]:
    """Returns the verdict in words, and the line of YAML that resolves it."""
    ownership = decided.ownership
    kind = kind_of(resource)
    contested = decided.contested if kind == "user" else decided.contested_groups
    groups = ownership.groups if kind == "group" else ()
    leavers = ownership.leavers if kind == "user" else ()
    verdicts = {
        **dict.fromkeys(contested, (UNCLEAR, "")),
        **{group.live.id: ("left git: the members that git added are removed", "") for group in groups},
        **{live_id: (f"unmanaged: {words}", "") for of, live_id, words in ownership.released if of == kind},
        **{leaver.live.id: (f"leaver: {leaver.reason}", "") for leaver in leavers},
        **{
            doubt.id: (f"{doubt.verdict}: {doubt.witnesses}", doubt.settle)
            for doubt in ownership.doubts
            if doubt.kind == kind
        },
    }
    return verdicts.get(resource.id, (_describe_others(resource, key), ""))


def _describe_others(resource: LiveUser | LiveGroup, key: str | None) -> str:
    """Describes a user or group that is declared, inactive or unmanaged."""
    if key is not None:
        return f"declared as {key}"
    return INACTIVE if isinstance(resource, LiveUser) and not resource.active else UNMANAGED


def list_verdicts(decided: Decisions) -> Iterator[str]:
    """Yields one line for each unresolved user or group, and for each leaver."""
    for doubt in decided.ownership.doubts:
        yield f"{doubt.verdict}: {doubt.name} ({doubt.kind} {doubt.id}): {doubt.witnesses}"
    for leaver in decided.ownership.leavers:
        yield f"leaver: {leaver.live.name} (user {leaver.live.id}): {leaver.reason}"
