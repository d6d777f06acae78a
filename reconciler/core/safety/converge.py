"""Whether a plan converges: it is applied to the simulator, and the changes of a second plan are reported.

Only resources that the plan changes, and those they refer to, enter the simulator: the rest can't change. With
`roles_via: permissions` the linked people enter too, and 4me's rules of linking apply. A user whom these rules link
because of the plan gets roles with the next plan, which the plan itself notes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from reconciler.core.changes.plan import AttributeChange, Change
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.messages import JsonObject, Response
from reconciler.core.model.name_forms import lower_name
from reconciler.core.model.resources import Attributes, LiveGroup, LiveUser, parse_key
from reconciler.core.model.states import Certificate, DesiredState, LiveState
from reconciler.core.planner.planner import Decisions, decide_judged
from reconciler.core.planner.schedule import Unit, make_schedule
from reconciler.core.planner.steps import Step, make_request, make_roles_request, needs_of, with_ids
from reconciler.core.safety.not_converging import (
    Unsettled,
    find_again,
    find_later,
    find_repeated,
    find_returned,
    warn_of_not_converging,
)
from reconciler.core.scim.people import SCIM_SOURCE, People, Person, address_of, read_person, to_records, with_people
from reconciler.core.scim.wire import DIALECTS, nest, read_group, read_id, read_user, unlike
from reconciler.core.simulator.directory import Directory
from reconciler.core.simulator.machine import Simulator
from reconciler.core.simulator.permissions import PeopleQuirks, roles_in
from reconciler.core.simulator.quirks import Quirks
from reconciler.core.simulator.rest import read_call
from reconciler.core.simulator.schema import Endpoint, naming_attribute
from reconciler.errors import Problem

ANY_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)


def check_convergence(
    desired: DesiredState, live: LiveState, tenant: Tenant, earlier: Earlier, decided: Decisions
) -> list[Problem]:
    """Returns warnings that name the changes that a second plan would contain; none if the plan converges."""
    units = make_schedule(decided.changes, tenant.roles_via)
    steps = [step for unit in units for step in unit.steps]
    if not steps:
        return []
    rivals = _rivals(steps, live) | decided.names.keepers
    keys = (
        _concerned(desired, steps)
        | decided.unclear
        | {str(struck.move.key) for struck in decided.names.struck}
        | {key for key, live_id in decided.ids.items() if live_id in rivals}
    )
    ids = (
        {decided.ids[key] for key in keys & decided.ids.keys()}
        | _targets(steps)
        | decided.contested
        | decided.contested_groups
        | rivals
    )
    simulator = _make_simulator(live, ids, tenant)

    trial = _apply(units, simulator, dict(decided.ids), tenant)
    second = decide_judged(
        _restrict(desired, keys), _read(simulator, live.me, tenant), tenant, earlier, decided.ownership
    )
    deferred = _list_deferred(decided, live, tenant)
    unexpected = [
        change
        for change in second.changes
        if (change.key, change.action) not in deferred and trial.refused.isdisjoint([change.key, *needs_of(change)])
    ]
    again = [find_repeated(change) for change in decided.changes if change.key in second.names.held - trial.refused]
    returning = [*again, *(finding for change in unexpected for finding in _find_left(change, decided))]
    seen = {(finding.key, finding.about) for finding in returning}
    return warn_of_not_converging(
        [*returning, *(finding for finding in trial.findings if (finding.key, finding.about) not in seen)], desired
    )


def _find_left(change: Change, decided: Decisions) -> list[Unsettled]:
    """Returns the findings of a change in the second plan: the first change of an unclear key, else a repeated one."""
    return [find_later(change)] if change.key in decided.unclear else find_again(change)


def _list_deferred(decided: Decisions, live: LiveState, tenant: Tenant) -> set[tuple[str, str]]:
    """Returns the keys and actions that the plan leaves to the next: role grants to users without a person."""
    if tenant.roles_via == "scim":
        return set()
    linked = {user.id for user in live.users if user.person is not None}
    without = {key for key, live_id in decided.ids.items() if live_id not in linked}
    created = {change.key for change in decided.changes if change.action == "create_user"}
    return {(key, "grant_roles") for key in without | created}


def _rivals(steps: Iterable[Step], live: LiveState) -> set[str]:
    """Returns the ids of live resources with a name that a step writes: in 4me a name is unique, without case."""
    written = {(step.kind, name) for step in steps if (name := _name_of(step.kind, step.attributes()))}
    users = {user.id for user in live.users if ("Users", _name_of("Users", user.attributes)) in written}
    return users | {group.id for group in live.groups if ("Groups", _name_of("Groups", group.attributes)) in written}


def _name_of(endpoint: Endpoint, attributes: Attributes) -> str:
    return lower_name(str(attributes.get(naming_attribute(endpoint).name) or ""))


def _targets(steps: Iterable[Step]) -> set[str]:
    return {change.target_id for step in steps if step.via == "scim" for change in step.changes if change.target_id}


def _concerned(desired: DesiredState, steps: Iterable[Step]) -> set[str]:
    """Returns the keys that steps write, and the keys that those resources refer to."""
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


def _make_simulator(live: LiveState, ids: set[str], tenant: Tenant) -> Simulator:
    users = [user for user in live.users if user.id in ids]
    groups = [_as_group(group) for group in live.groups if group.id in ids]
    people = tuple(_as_person(user, user.person) for user in users if user.person is not None)
    directory = Directory(to_records(People(people, live.me), tenant.account))
    quirks = PeopleQuirks(links="at once" if tenant.roles_via == "permissions" else "never")
    return Simulator(Quirks(error_shape="rest", people=quirks), map(_as_user, users), groups, directory)


def _as_person(user: LiveUser, person: str) -> Person:
    return Person(person, user.name, SCIM_SOURCE, user.id, address_of(user), user.roles)


def _as_user(user: LiveUser) -> JsonObject:
    roles = [{"value": role} for role in sorted(user.roles)]
    return {**nest(user.attributes, "Users"), "id": user.id, "active": user.active, "roles": roles}


def _as_group(group: LiveGroup) -> JsonObject:
    members = [{"value": member} for member in sorted(group.members)]
    return {**nest(group.attributes, "Groups"), "id": group.id, "members": members}


@dataclass(frozen=True, slots=True)
class _Trial:
    """What the simulator did not do as requested, and the keys with a refused request."""

    findings: list[Unsettled]
    refused: set[str]


def _apply(units: Iterable[Unit], simulator: Simulator, ids: dict[str, str], tenant: Tenant) -> _Trial:
    """Sends every unit's requests to the simulator; like an apply, skips those that need a refused step."""
    trial = _Trial([], set())
    done: set[str] = set()
    for unit in units:
        if any(wait.lacks and wait.step not in done for wait in unit.waits):
            trial.refused.update(step.key for step in unit.steps)
            continue
        for whole in unit.in_turn():
            step = whole.without(trial.refused)
            if step is None:
                continue
            if not _try(step, simulator, ids, tenant, trial):
                break
            done.add(whole.id)
    return trial


def _try(step: Step, simulator: Simulator, ids: dict[str, str], tenant: Tenant, trial: _Trial) -> bool:
    """Sends the request of a step, notes what came of it, and returns whether it was taken."""
    response = _send(step, simulator, ids, tenant)
    if not response.succeeded:
        trial.findings.append(_refusal(step, response))
        trial.refused.add(step.key)
    elif step.via == "scim" and isinstance(response.body, dict):
        ids[step.key] = read_id(response.body)
        trial.findings.extend(_not_taken(step, ids, response.body))
    return response.succeeded


def _send(step: Step, simulator: Simulator, ids: Mapping[str, str], tenant: Tenant) -> Response:
    if step.via == "permissions":
        request = make_roles_request(step, tenant.account)
        return simulator.answer_rest(read_call(request.method, request.path, None, tenant.account, ANY_MOMENT)).response
    request = make_request(step, ids, DIALECTS[tenant.dialect])
    return simulator.answer(request.method, request.path, request.body, ANY_MOMENT).response


def _refusal(step: Step, response: Response) -> Unsettled:
    """Returns the simulator's refusal, with the attribute that the error names as 4me's REST API does."""
    body: JsonObject = response.body if isinstance(response.body, dict) else {}
    errors = body.get("errors")
    blamed = str(errors[0][0]) if isinstance(errors, list) else ""
    return Unsettled("refused", blamed, step.key, str(body.get("message")))


def _not_taken(step: Step, ids: Mapping[str, str], resource: JsonObject) -> list[Unsettled]:
    """Returns the attributes that differ in the answer: a second plan does not compare those written on create only."""
    answered = (read_user if step.kind == "Users" else read_group)(resource).attributes
    written = with_ids(step.attributes(), ids)
    return [
        find_returned(step.key, AttributeChange(path=path, before=answered.get(path), after=written[path]))
        for path in unlike(written, answered)
    ]


def _read(simulator: Simulator, me: str | None, tenant: Tenant) -> LiveState:
    users = tuple(map(read_user, simulator.users.values()))
    if tenant.roles_via == "permissions":
        users = with_people(users, _people(simulator, tenant.account))
    groups = tuple(map(read_group, simulator.groups.values()))
    return LiveState(users, groups, Certificate("full", len(users), len(groups), 0), me)


def _people(simulator: Simulator, account: str) -> People:
    people = simulator.kept("People").values()
    return People(tuple(replace(read_person(person), roles=roles_in(person, account)) for person in people))
