"""Whether a plan converges: it is applied to the simulator, and the changes of a second plan are reported.

Only resources that the plan changes, and those they refer to, enter the simulator: the rest can't change. With
`roles_via: permissions` the linked people enter too, and 4me's rules of linking apply: who is linked by them gets the
roles, as in an apply. A user that they never link keeps the grant in every plan, which the plan itself notes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus

from reconciler.core.changes.plan import AttributeChange, Change
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.messages import JsonObject, Response
from reconciler.core.model.name_forms import lower_name
from reconciler.core.model.resources import Attributes, LiveGroup, LiveUser, parse_key
from reconciler.core.model.states import Certificate, DesiredState, LiveState
from reconciler.core.planner.late_grant import with_held
from reconciler.core.planner.name_moves import find_name_change
from reconciler.core.planner.parts import leave_out, list_parts, pick_parts
from reconciler.core.planner.planner import Decisions, decide_judged
from reconciler.core.planner.schedule import Unit, make_schedule
from reconciler.core.planner.steps import (
    MATCHING,
    Step,
    make_request,
    make_roles_request,
    needs_of,
    resolve,
    target_of,
    with_ids,
)
from reconciler.core.safety.not_converging import (
    Unsettled,
    find_again,
    find_later,
    find_repeated,
    find_returned,
    find_waiting,
    warn_of_not_converging,
)
from reconciler.core.scim.dialect import dialect_of
from reconciler.core.scim.people import SCIM_SOURCE, People, Person, address_of, read_person, to_records, with_people
from reconciler.core.scim.wire import nest, read_group, read_id, read_user, unlike
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
    unexpected = [
        change
        for change in second.changes
        if not change.awaits_person and trial.refused.isdisjoint([change.key, *needs_of(change)])
    ]
    again = [find_repeated(change) for change in decided.changes if change.key in second.names.held - trial.refused]
    left = [finding for change in unexpected for finding in _find_left(change, decided)]
    returning = [*again, *(finding for finding in left if (finding.key, finding.about) not in trial.left_out)]
    seen = {(finding.key, finding.about) for finding in returning}
    return warn_of_not_converging(
        [*returning, *(finding for finding in trial.findings if (finding.key, finding.about) not in seen)], desired
    )


def _find_left(change: Change, decided: Decisions) -> list[Unsettled]:
    """Returns the findings of a change in the second plan: the first change of an unclear key, else a repeated one."""
    return [find_later(change)] if change.key in decided.unclear else find_again(change)


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
    """What the simulator did not do as requested, the keys with a refused request, and the refused attributes."""

    findings: list[Unsettled]
    refused: set[str]
    left_out: set[tuple[str, str]] = field(default_factory=set)


def _apply(units: Sequence[Unit], simulator: Simulator, ids: dict[str, str], tenant: Tenant) -> _Trial:
    """Sends every unit's requests to the simulator; like an apply, leaves out users that were not created.

    Grants to people who are linked later come last, because the rules link people to users that are written.
    """
    trial = _Trial([], set())
    done: set[str] = set()
    written = {step.key for unit in units for step in unit.steps if step.via == "scim"}
    for unit in sorted(units, key=lambda unit: unit.awaits_person):
        if any(wait.lacks and wait.step not in done for wait in unit.waits):
            trial.refused.update(step.key for step in unit.steps)
            continue
        for whole in unit.in_turn():
            doable = whole.without({need for need in whole.needs() if resolve(need, ids) is None})
            step = doable and _linked(doable, simulator, ids, tenant)
            if step is None:
                trial.findings.extend(_find_waiting(doable, written))
                continue
            if not _try(step, simulator, ids, tenant, trial):
                break
            done.add(whole.id)
    return trial


def _try(whole: Step, simulator: Simulator, ids: dict[str, str], tenant: Tenant, trial: _Trial) -> bool:
    """Sends the request of a step, notes its result, and returns whether the step was taken, with its name."""
    step, response = _send_parts(whole, simulator, ids, tenant, trial)
    if not response.succeeded:
        trial.findings.append(_refusal(step, response))
        trial.refused.add(step.key)
    elif step.via == "scim" and isinstance(response.body, dict):
        ids[step.key] = read_id(response.body)
        trial.findings.extend(_not_taken(step, ids, response.body))
    return response.succeeded and (find_name_change(whole) is None or find_name_change(step) is not None)


def _send_parts(
    whole: Step, simulator: Simulator, ids: Mapping[str, str], tenant: Tenant, trial: _Trial
) -> tuple[Step, Response]:
    """Sends a step, and while an attribute of it is refused, the rest, as an apply does; returns the last one sent."""
    step, response = whole, _send(whole, simulator, ids, tenant)
    while not response.succeeded and (rest := _without_refused(step, response, ids)) is not None:
        refusal = _refusal(step, response)
        trial.findings.append(refusal)
        trial.left_out.add((refusal.key, refusal.about))
        step, response = rest, _send(rest, simulator, ids, tenant)
    return step, response


def _without_refused(step: Step, refusal: Response, ids: Mapping[str, str]) -> Step | None:
    """Returns the step without the attribute whose value was refused; None if nothing can be done without it."""
    blamed = _refusal(step, refusal).about
    rest = [part for part in list_parts(step) if part.path != blamed]
    required = step.creates and blamed in MATCHING[step.kind]
    if required or len(rest) in {0, len(list_parts(step))} or refusal.status != HTTPStatus.UNPROCESSABLE_ENTITY:
        return None
    if step.creates:
        return leave_out(step, [part for part in list_parts(step) if part.path == blamed])
    return pick_parts(step, rest, target_of(step, ids))


def _find_waiting(step: Step | None, written: set[str]) -> list[Unsettled]:
    """Returns a finding if the rules, which run when a user is written, link no person to the user of a grant."""
    if step is None or not step.awaits_person or step.key not in written:
        return []
    return [find_waiting(step.key, [role for change in step.changes for role in change.roles])]


def _linked(step: Step, simulator: Simulator, ids: Mapping[str, str], tenant: Tenant) -> Step | None:
    """Returns the step with the person that it awaits, None without one, or the step itself if it awaits none."""
    if not step.awaits_person:
        return step
    person = simulator.directory.behind(step.changes[0].target_id or ids[step.key])
    if person is None:
        return None
    return with_held(replace(step, person=str(person["id"])), roles_in(person, tenant.account))


def _send(step: Step, simulator: Simulator, ids: Mapping[str, str], tenant: Tenant) -> Response:
    if step.via == "permissions":
        request = make_roles_request(step, tenant.account)
        return simulator.answer_rest(read_call(request.method, request.path, None, tenant.account, ANY_MOMENT)).response
    request = make_request(step, ids, dialect_of(tenant))
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
