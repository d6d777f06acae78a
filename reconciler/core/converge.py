"""Whether a plan converges: it is applied to the twin, and what is still to be planned afterwards is named.

Only the resources that the plan touches, and those they refer to, are put into the twin: the rest can't change. Where
roles take effect over REST, the people behind are put there too, and 4me's rules are played: whom they link because of
the plan is given roles by the next one, as the plan says of them itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from reconciler.core.earlier import Earlier
from reconciler.core.model import Certificate, DesiredState, JsonObject, LiveGroup, LiveState, LiveUser, parse_key
from reconciler.core.people import (
    SCIM_SOURCE,
    People,
    Person,
    address_of,
    read_person,
    read_roles,
    to_records,
    with_people,
)
from reconciler.core.planner import Decided, decide_changes
from reconciler.core.steps import Step, make_request, make_roles_request, make_steps
from reconciler.core.tenant import Tenant
from reconciler.core.twin.directory import Directory
from reconciler.core.twin.machine import Quirks, Twin
from reconciler.core.twin.permissions import PeopleQuirks, roles_in
from reconciler.core.twin.rest import read_call
from reconciler.core.verify import list_not_taken, list_roles_not_taken
from reconciler.core.wire import DIALECTS, nest, read_group, read_id, read_user
from reconciler.errors import Problem

ANY_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)
MOST_NAMED = 10


def check_convergence(
    desired: DesiredState, live: LiveState, tenant: Tenant, earlier: Earlier, decided: Decided
) -> list[Problem]:
    """What would come back after the plan was applied: nothing, or a warning that names it."""
    steps = make_steps(decided.changes, tenant.roles_via)
    if not steps:
        return []
    keys = _concerned(desired, steps) | decided.unclear
    ids = {decided.ids[key] for key in keys if key in decided.ids} | _targets(steps) | decided.contested
    twin = _twin_of(live, ids, tenant)

    trouble = _apply(steps, twin, dict(decided.ids), tenant)
    again = decide_changes(_restrict(desired, keys), _read(twin, live.me, tenant), tenant, earlier)
    told = _told_of(decided, live, tenant)
    unsettled = {
        f"{change.key} ({change.action})" for change in again.changes if (change.key, change.action) not in told
    }
    left = sorted(unsettled | set(trouble))
    if not left:
        return []
    named = ", ".join(left[:MOST_NAMED]) + (f" and {len(left) - MOST_NAMED} more" if len(left) > MOST_NAMED else "")
    message = f"applied to a 4me that does what it documents, this plan leaves something to do: {named}"
    return [Problem("does_not_converge", message, hint="the next plan will show it again", severity="warning")]


def _told_of(decided: Decided, live: LiveState, tenant: Tenant) -> set[tuple[str, str]]:
    """What the plan itself leaves to the next: roles of those who have no person yet, created or not."""
    if tenant.roles_via == "scim":
        return set()
    linked = {user.id for user in live.users if user.person is not None}
    without = {key for key, live_id in decided.ids.items() if live_id not in linked}
    created = {change.key for change in decided.changes if change.action == "create_user"}
    return {(key, "grant_roles") for key in without | created}


def _targets(steps: Iterable[Step]) -> set[str]:
    return {change.target_id for step in steps if step.via == "scim" for change in step.changes if change.target_id}


def _concerned(desired: DesiredState, steps: Iterable[Step]) -> set[str]:
    """The keys that steps write to, and those that their resources refer to."""
    keys = {step.key for step in steps}
    concerned = set(keys)
    for key in keys:
        resource = desired.resource(parsed) if (parsed := parse_key(key)) else None
        if resource is None:
            continue
        members = getattr(resource, "members", None) or ()
        manager = resource.attributes.get("manager")
        concerned.update(map(str, members), [str(manager)] if manager else [])
    return concerned


def _restrict(desired: DesiredState, keys: set[str]) -> DesiredState:
    return replace(
        desired,
        users={key: user for key, user in desired.users.items() if str(key) in keys},
        groups={key: group for key, group in desired.groups.items() if str(key) in keys},
    )


def _twin_of(live: LiveState, ids: set[str], tenant: Tenant) -> Twin:
    users = [user for user in live.users if user.id in ids]
    groups = [_as_group(group) for group in live.groups if group.id in ids]
    people = tuple(_as_person(user, user.person) for user in users if user.person is not None)
    directory = Directory(to_records(People(people, live.me), tenant.account))
    played = PeopleQuirks(links="at once" if tenant.roles_via == "permissions" else "never")
    return Twin(Quirks(people=played), map(_as_user, users), groups, directory)


def _as_person(user: LiveUser, person: str) -> Person:
    return Person(person, user.name, SCIM_SOURCE, user.id, address_of(user), user.roles)


def _as_user(user: LiveUser) -> JsonObject:
    roles = [{"value": role} for role in sorted(user.roles)]
    return {**nest(user.attributes, "Users"), "id": user.id, "active": user.active, "roles": roles}


def _as_group(group: LiveGroup) -> JsonObject:
    members = [{"value": member} for member in sorted(group.members)]
    return {**nest(group.attributes, "Groups"), "id": group.id, "members": members}


def _apply(steps: Iterable[Step], twin: Twin, ids: dict[str, str], tenant: Tenant) -> list[str]:
    """Sends every step's request to the twin; what it refuses or answers otherwise than asked comes back as text."""
    trouble: list[str] = []
    for step in steps:
        if step.via == "permissions":
            trouble += _overwrite(step, twin, tenant.account)
            continue
        request = make_request(step, ids, DIALECTS[tenant.dialect])
        response = twin.answer(request.method, request.path, request.body, ANY_MOMENT).response
        if not (response.succeeded and isinstance(response.body, dict)):
            trouble.append(f"{step.key} (refused with {response.status})")
            continue
        ids[step.key] = read_id(response.body)
        for change in step.changes:
            trouble += [f"{step.key} ({path})" for path in list_not_taken(change, ids, response.body)]
    return trouble


def _overwrite(step: Step, twin: Twin, account: str) -> list[str]:
    request = make_roles_request(step, account)
    response = twin.answer_rest(read_call(request.method, request.path, None, account, ANY_MOMENT)).response
    if not response.succeeded:
        return [f"{step.key} (roles refused with {response.status})"]
    held = read_roles(response)
    return [f"{step.key} ({role})" for change in step.changes for role in list_roles_not_taken(change, held)]


def _read(twin: Twin, me: str | None, tenant: Tenant) -> LiveState:
    users = tuple(map(read_user, twin.users.values()))
    if tenant.roles_via == "permissions":
        users = with_people(users, _people(twin, tenant.account))
    groups = tuple(map(read_group, twin.groups.values()))
    return LiveState(users, groups, Certificate("full", len(users), len(groups), 0), me)


def _people(twin: Twin, account: str) -> People:
    people = twin.kept("People").values()
    return People(tuple(replace(read_person(person), roles=roles_in(person, account)) for person in people))
