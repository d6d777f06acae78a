"""Connects to REST, and reads the roles that take effect there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from reconciler.core.changes.plan import Change
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.model.states import Certificate, DesiredState, LiveState
from reconciler.core.ownership.evidence import NO_EVIDENCE, Evidence
from reconciler.core.planner.planner import list_role_lookups
from reconciler.core.scim.people import People, RoleLookup, address_in
from reconciler.live.snapshot import Snapshot, join_people
from reconciler.pipeline.desired.current_state import CurrentState

if TYPE_CHECKING:
    from reconciler.live.client import Client
    from reconciler.live.rest import RestLine


async def connect_rest(stack: AsyncExitStack, current: CurrentState, scim: Client) -> RestLine | None:
    """Connects to the tenant's REST API, which the stack closes; returns None if roles are written over SCIM.

    The REST API of the embedded 4me uses the transport of its SCIM.
    """
    if current.tenant.roles_via == "scim":
        return None
    from reconciler.live.oauth import Credentials
    from reconciler.live.rest import RestAddress, open_rest_line

    declared = current.tenant.permissions
    if declared is None:
        from reconciler.pipeline.account.embedded import EMBEDDED_REST_URL, EMBEDDED_TOKEN_URL

        address = RestAddress(EMBEDDED_REST_URL, current.tenant.account, EMBEDDED_TOKEN_URL, current.tenant.windows)
        return await open_rest_line(stack, address, Credentials("sandbox", "sandbox"), scim.transport)
    settings = current.workspace.settings
    client_id = settings.secret(declared.oauth.client_id, "OAuth client id")
    credentials = Credentials(client_id, settings.secret(declared.oauth.client_secret, "OAuth client secret"))
    address = RestAddress(declared.url, declared.account, declared.oauth.token_url, current.tenant.windows)
    return await open_rest_line(stack, address, credentials)


async def read_roles(
    rest: RestLine | None,
    current: CurrentState,
    earlier: Earlier | None,
    read: tuple[LiveState, Snapshot],
    evidence: Evidence = NO_EVIDENCE,
) -> tuple[LiveState, Snapshot]:
    """Adds roles over REST to a read over SCIM, for the users that a plan needs; without `earlier`, for all users."""
    if rest is None:
        return read
    state, snapshot = read
    lookups = _make_lookups(current, earlier, state, evidence)
    people, certificate = await _read_people(rest, current, lookups, len(state.users))
    return join_people(state, people, certificate), Snapshot(snapshot.users, snapshot.groups, people)


async def read_roles_of_selection(
    rest: RestLine | None, current: CurrentState, earlier: Earlier, state: LiveState, evidence: Evidence
) -> LiveState:
    """Adds roles over REST to a partial read, for the users that the plan is about."""
    if rest is None:
        return state
    lookups = _make_lookups(current, earlier, state, evidence)
    people, certificate = await _read_people(rest, current, lookups, None)
    return join_people(state, people, certificate)


async def _read_people(
    rest: RestLine, current: CurrentState, lookups: Sequence[RoleLookup], users: int | None
) -> tuple[People, Certificate]:
    """Reads the people behind the users; asks at least who owns the credentials if only new users get roles.

    Credentials that are refused must be known before an apply creates users whose roles it can't grant.
    """
    from reconciler.live.people import ask_me, read_behind

    desired = current.desired
    selected = (user for user in desired.users.values() if desired.is_selected(user.key))
    if lookups or not any(user.in_scope and user.roles for user in selected):
        return await read_behind(rest, lookups, users)
    before = rest.requests
    me = await ask_me(rest)
    return People(me=me.id, looked_up=frozenset()), Certificate("full", 0, 0, rest.requests - before)


def find_addresses(changes: Iterable[Change], desired: DesiredState, live: LiveState) -> dict[str, str]:
    """Returns the primary e-mail, by key, of each user whose roles await a link: as git writes it, else as it is."""
    by_id = {user.id: user.attributes for user in live.users}
    awaiting = [change for change in changes if change.awaits_person]
    declared = {str(key): user for key, user in desired.users.items()} if awaiting else {}
    return {
        change.key: address_in({**user.on_create, **by_id.get(change.target_id or "", {}), **user.attributes}) or ""
        for change in awaiting
        if (user := declared.get(change.key))
    }


def _make_lookups(
    current: CurrentState, earlier: Earlier | None, state: LiveState, evidence: Evidence
) -> Sequence[RoleLookup]:
    if earlier is None:
        return [RoleLookup(user) for user in state.users]
    return list_role_lookups(current.desired, state, current.tenant, earlier, evidence)
