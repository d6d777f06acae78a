"""The names that a plan of selected keys wants: which to ask for, and which keys must give one up first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reconciler.core.comparison.link import Links
from reconciler.core.model.logins import NAMING, fold_name, name_of
from reconciler.core.model.resources import Key, Kind, LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState


def index_names(links: Links) -> dict[tuple[Kind, str], Key]:
    """Returns the declared keys by the name that their live user or group has, as the service compares it."""
    pairs: Iterable[tuple[Key, LiveUser | LiveGroup]] = (
        *links.users.live_of.items(),
        *links.groups.live_of.items(),
    )
    named = ((key, name_of(key.kind, live.attributes)) for key, live in pairs)
    return {(key.kind, fold_name(key.kind, name)): key for key, name in named if name}


def find_givers(desired: DesiredState, holders: Mapping[tuple[Kind, str], Key]) -> Iterator[Key]:
    """Yields the keys beside the selection that have a name which a selected key wants, and want another one."""
    for key in desired.selection.keys if desired.selection else ():
        resource = desired.resource(key)
        name = name_of(key.kind, resource.attributes) if resource and resource.in_scope else None
        holder = None if name is None else holders.get((key.kind, fold_name(key.kind, name)))
        if name is None or holder is None or desired.is_selected(holder):
            continue
        declared = desired.resource(holder)
        keeps = name_of(holder.kind, declared.attributes) if declared else None
        if keeps and fold_name(holder.kind, keeps) != fold_name(key.kind, name):
            yield holder


def list_new_names(desired: DesiredState, before: DesiredState, key: Key) -> Iterator[tuple[str, str]]:
    """Yields the name of a selected key that changed, unless keys are matched by it: another one may have it."""
    resource, then = desired.resource(key), before.resource(key)
    matching = desired.matching if key.kind == "user" else desired.group_matching
    if resource is None or NAMING[key.kind] in matching or not desired.is_selected(key):
        return
    name = name_of(key.kind, resource.attributes)
    if name and not (then and name == name_of(key.kind, then.attributes)):
        yield NAMING[key.kind], name
