"""Words the problems of names that do not move: each names the holder, and the line of git or the value to change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.core.model.logins import NAMING, name_of
from reconciler.core.model.resources import Key, LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState
from reconciler.core.ordering.names import NameRing, Struck
from reconciler.errors import Problem

CALLED = {"user": "login", "group": "name"}


@dataclass(frozen=True, slots=True)
class NameHolders:
    """The live users and groups by id, and the key of each that git declares or declared."""

    live: Mapping[str, LiveUser | LiveGroup]
    key_of: Mapping[str, Key]


def describe_struck(
    struck: Iterable[Struck], desired: DesiredState, find_holders: Callable[[], NameHolders]
) -> Iterator[Problem]:
    """Yields a problem for each struck move; the holders are looked up only if there is one."""
    struck = sorted(struck, key=lambda one: one.move.key)
    if not struck:
        return
    holders, stuck = find_holders(), {one.move.key for one in struck}
    yield from (_describe(one, desired, holders, stuck) for one in struck)


def _describe(struck: Struck, desired: DesiredState, holders: NameHolders, stuck: set[Key]) -> Problem:
    move, kind = struck.move, struck.move.key.kind
    begin = f'{move.key} {_spell_consequence(struck)}: the {CALLED[kind]} "{move.wants}"'
    source, another = move.resource.source, f"declare another {NAMING[kind]} for {move.key}"
    match struck.why:
        case "reserved":
            message = f"{begin} has the form of a third name, over which this program exchanges names"
            return Problem("name_held", message, source, another)
        case "claimed":
            return Problem("name_held", f"{begin} goes to {struck.other} in this plan", source, another)
        case "nameless":
            message = (
                f"{begin} belongs to {struck.other}, and an exchange needs one that is found by more than its name"
            )
            hint = "give them an externalId first, in a change of its own; until then, none of their names is written"
            return Problem("claimed_twice", message, source, hint)
        case _:
            who, hint = _describe_holder(struck, desired, holders, stuck)
            return Problem("name_held", f"{begin} belongs to {who}", source, hint)


def _spell_consequence(struck: Struck) -> str:
    move = struck.move
    if move.live is None:
        return "is not created"
    return f"keeps its {CALLED[move.key.kind]}" if move.settled else f"is not adopted ({move.live.id})"


def _describe_holder(struck: Struck, desired: DesiredState, holders: NameHolders, stuck: set[Key]) -> tuple[str, str]:
    """Returns the holder of a name with the reason why it keeps the name, and what to do."""
    move, live = struck.move, holders.live[struck.holder]
    kind, naming = move.key.kind, NAMING[move.key.kind]
    key = holders.key_of.get(live.id)
    in_account = f"declare another {naming} for {move.key}, or change the {naming} of {live.id} in the account"
    if key is None:
        return f"{live.name} ({_spell_id(live)}), and git does not declare that {kind}", in_account
    who = f"{key} ({_spell_id(live)})"
    resource = desired.resource(key)
    if resource is None:
        return f"{who}, which left git and keeps its {CALLED[kind]}", in_account
    if not desired.is_selected(key):
        return f"{who}, which this plan leaves out", f"--with-dependencies includes {key}"
    if key in stuck:
        return f"{who}, which does not get another one", f"solve the problem of {key}"
    if name_of(kind, resource.attributes) is None:
        return f"{who}, for which git declares no {naming}", f"declare another {naming} for one of the two"
    return f"{who}, which keeps it", f"declare another {naming} for one of the two"


def _spell_id(live: LiveUser | LiveGroup) -> str:
    """Returns the id, and whether a user is inactive."""
    return f"{live.id}, inactive" if isinstance(live, LiveUser) and not live.active else live.id


def describe_ring(ring: NameRing) -> Problem:
    """Returns the note of an exchange: its members, the third name and the number of requests."""
    keys = [str(move.key) for move in ring.members]
    requests = len(keys) + 1
    called = CALLED[ring.members[0].key.kind]
    message = (
        f"{', '.join(keys[:-1])} and {keys[-1]} exchange their {called}s in {requests} requests; in between, {keys[0]} "
        f"has the third name {ring.third}"
    )
    hint = "approve them together: all of these requests run, or none"
    return Problem("name_exchange", message, ring.members[0].resource.source, hint, severity="info")
