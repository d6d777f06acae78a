"""The moves of a plan: each user or group whose name is to change, with the name that it has and the one it wants.

Knows git and the links to the account; not yet whether a wanted name is free.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reconciler.core.comparison.link import Links
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.logins import fold_name, is_third_name, name_of
from reconciler.core.model.matching import Matches
from reconciler.core.model.resources import Attributes, DesiredGroup, DesiredUser, Key, Kind, LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState
from reconciler.core.ownership.verdicts import Ownership


@dataclass(frozen=True, slots=True)
class Move:
    """One declared user or group, the live one if there is one, and the name that it wants.

    `strong`: it is found by more than its name. `settled`: it keeps its other changes if the name is held.
    `on_demand`: it moves only if another one wants its name, because it has no access any more.
    """

    resource: DesiredUser | DesiredGroup
    live: LiveUser | LiveGroup | None
    wants: str
    strong: bool = True
    settled: bool = True
    on_demand: bool = False

    @property
    def key(self) -> Key:
        """Returns the key of the user or group."""
        return self.resource.key

    @property
    def wanted(self) -> str:
        """Returns the wanted name in the form in which the service compares it."""
        return fold_name(self.key.kind, self.wants)

    @property
    def name(self) -> str | None:
        """Returns the name that the live resource has now, or None."""
        return name_of(self.key.kind, self.live.attributes) if self.live else None

    @property
    def left(self) -> str | None:
        """Returns the name that the move frees, in the form in which the service compares it, or None."""
        return None if self.name is None else fold_name(self.key.kind, self.name)

    @property
    def is_left_over(self) -> bool:
        """Whether the live resource is on a third name, because an exchange was not ended."""
        return self.live is not None and is_third_name(self.key.kind, self.live.id, self.name)

    @property
    def active(self) -> bool:
        """Whether the live resource is in use: any group, and an active user."""
        return not isinstance(self.live, LiveUser) or self.live.active


def list_user_moves(desired: DesiredState, links: Links, ownership: Ownership, tenant: Tenant) -> Iterator[Move]:
    """Yields the moves of the selected users: those in scope, those out of scope, and leavers on a third name."""
    for key, user in desired.users.items():
        live = links.users.live_of.get(key)
        if not desired.is_selected(key) or key in links.users.unclear:
            continue
        if user.in_scope:
            yield from _move(user, live, links.users, desired.matching)
        elif live is not None and (is_on_third_name(live) or _gives_up(user, live, ownership, tenant)):
            yield from _move(user, live, links.users, desired.matching, on_demand=not is_on_third_name(live))
    for leaver in ownership.leavers:
        if is_on_third_name(leaver.live):
            yield from _move(leaver.user, leaver.live, links.former_users, desired.matching)


def list_group_moves(desired: DesiredState, links: Links) -> Iterator[Move]:
    """Yields the moves of the selected groups in scope."""
    for key, group in desired.groups.items():
        if desired.is_selected(key) and group.in_scope and key not in links.groups.unclear:
            yield from _move(group, links.groups.live_of.get(key), links.groups, desired.group_matching)


def is_on_third_name(live: LiveUser | LiveGroup) -> bool:
    """Whether a live user or group is on a third name of its own."""
    kind: Kind = "user" if isinstance(live, LiveUser) else "group"
    return is_third_name(kind, live.id, name_of(kind, live.attributes))


def _gives_up(user: DesiredUser, live: LiveUser, ownership: Ownership, tenant: Tenant) -> bool:
    """Whether a user out of scope may give the name up: the plan deactivates the user, or the user is inactive."""
    provisioned = user.declared_inactive or user.key in ownership.provisioned
    return tenant.on_out_of_scope != "ignore" and (not live.active or provisioned)


def _move(
    resource: DesiredUser | DesiredGroup,
    live: LiveUser | LiveGroup | None,
    matches: Matches[LiveUser] | Matches[LiveGroup],
    matching: Sequence[str],
    *,
    on_demand: bool = False,
) -> Iterable[Move]:
    kind = resource.key.kind
    declared: Attributes = resource.attributes if live else {**resource.on_create, **resource.attributes}
    wants = name_of(kind, declared)
    now = name_of(kind, live.attributes) if live else None
    if wants is None or wants == now or (now is not None and fold_name(kind, wants) == fold_name(kind, now)):
        return ()
    strong = live is not None and _is_strong(resource, live, matching)
    settled = live is not None and resource.key not in matches.adopted
    return (Move(resource, live, wants, strong, settled, on_demand),)


def _is_strong(resource: DesiredUser | DesiredGroup, live: LiveUser | LiveGroup, matching: Sequence[str]) -> bool:
    """Whether an attribute that is no name links the two: it does now, or the request with the third name writes it."""
    return any(
        path == "externalId" or live.attributes.get(path) == value
        for path in matching
        if path not in ("userName", "displayName", "emails") and (value := resource.attributes.get(path))
    )
