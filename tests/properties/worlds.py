"""Small random desired states and accounts, for the properties of plans.

They include users with two candidates, circles of managers, unmanaged members and account owners.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from random import Random
from typing import TypeVar

from hypothesis import strategies as st

from reconciler.core.changes.plan import Change
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.tenant import Guardrails, Tenant
from reconciler.core.model.diff import canonical
from reconciler.core.model.messages import JsonObject, Request
from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key, Value
from reconciler.core.model.states import Certificate, DesiredState, LiveState
from reconciler.core.planner.schedule import make_schedule
from reconciler.core.planner.steps import Step, lookups, make_request
from reconciler.core.safety.make_plan import MadePlan, PlanInput, make_plan
from reconciler.core.scim.wire import CUSTOM_FIELDS, DIALECTS, ENTERPRISE, find_request, read_group, read_id, read_user
from reconciler.core.simulator.machine import Simulator
from reconciler.errors import Source
from tests.core.examples import evidence_of

T = TypeVar("T")

NAMES = ("ann", "bob", "cid", "dee", "eve", "fay")
STRANGERS = ("yan", "zoe")
GROUPS = ("dev", "hr", "ops")
ROLES = ("auditor", "key_contact", "specialist")
OWNER = "account_owner"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

words = st.sampled_from(["Analyst", "analyst", "Ünïcode ﬁ", 'quo"ted \\ [x]', "@team <b>", " x ", "0", "false"])
fields = words | st.integers(2, 4) | st.booleans()
lines = st.sampled_from([1, 7, 400])
mostly = st.sampled_from([True, True, True, False])


def addresses(name: str) -> st.SearchStrategy[Value]:
    """Draws e-mail addresses in any order and case, each once."""
    value = st.sampled_from([f"{name}@example.com", f"{name.upper()}@Example.com", f"{name}@home.example"])
    one = st.fixed_dictionaries(
        {"value": value}, optional={"type": st.sampled_from(["work", "home"]), "primary": st.booleans()}
    )
    several = st.lists(one, max_size=2, unique_by=lambda item: str(item["value"]).casefold())
    return several.map(canonical)


@st.composite
def desired_users(draw: st.DrawFn, name: str, *, roles_managed: bool) -> DesiredUser:
    """Draws a declared user of that name, in scope or not, with any managed attributes, also null."""
    optional: dict[str, st.SearchStrategy[Value]] = {
        "displayName": st.none() | words,
        "title": st.none() | words,
        "name.familyName": st.none() | words,
        "department": st.none() | words,
        "customFields.badge": st.none() | fields,
        "emails": addresses(name),
        "manager": st.none() | st.sampled_from(NAMES).map(lambda manager: f"user/{manager}"),
    }
    user_name = draw(st.sampled_from([f"{name}@example.com", f"{name.title()}@Example.com"]))
    managed = draw(st.fixed_dictionaries({}, optional=optional))
    in_scope = draw(mostly)
    return DesiredUser(
        key=Key("user", name),
        source=Source("people.yaml", draw(lines)),
        attributes={"externalId": name, "userName": user_name, **managed},
        in_scope=in_scope,
        reason="git says so",
        roles=draw(st.frozensets(st.sampled_from(ROLES))) if roles_managed and in_scope else None,
        on_create=draw(st.sampled_from([{}, {}, {"nickName": "first"}, {"title": "first"}])),
    )


@st.composite
def desired_groups(draw: st.DrawFn, name: str, members: list[Key]) -> DesiredGroup:
    """Draws a declared group of that name, authoritative or additive, with members in scope or unmanaged."""
    chosen = st.frozensets(st.sampled_from(members)) if members else st.just(frozenset[Key]())
    return DesiredGroup(
        key=Key("group", name),
        source=Source("groups.yaml", draw(lines)),
        attributes={
            "externalId": name,
            "displayName": f"The {name}",
            **draw(st.fixed_dictionaries({}, optional={"groupType": st.none() | words})),
        },
        members=draw(chosen) if draw(mostly) else None,
        authoritative=draw(mostly),
        in_scope=draw(mostly),
        reason="git says so",
    )


@st.composite
def desired_states(draw: st.DrawFn) -> DesiredState:
    """Draws a desired state of at most six users and three groups."""
    roles_managed = draw(mostly)
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=2))
    users = {Key("user", name): draw(desired_users(name, roles_managed=roles_managed)) for name in names}
    in_scope = [key for key, user in users.items() if user.in_scope]
    group_names = draw(st.lists(st.sampled_from(GROUPS), unique=True, min_size=1))
    groups = {Key("group", name): draw(desired_groups(name, in_scope)) for name in group_names}
    return DesiredState("production", users, groups)


@st.composite
def scim_users(draw: st.DrawFn, name: str, others: list[str]) -> JsonObject:
    """Draws a live user: matching by one attribute, by two, or by none; active or not; with any manager."""
    managers = st.sampled_from([*others, "nobody-known"]).map(lambda one: {"value": one})
    core = draw(st.fixed_dictionaries({}, optional={"displayName": words, "title": words, "emails": addresses(name)}))
    user: JsonObject = {
        **core,
        "externalId": draw(st.sampled_from([name, name, name, None, *NAMES])),
        "userName": draw(st.sampled_from([f"{name}@example.com", f"{name.upper()}@EXAMPLE.com"])),
        "roles": [{"value": role} for role in sorted(draw(st.sets(st.sampled_from([*ROLES, OWNER]))))],
        "name": draw(st.fixed_dictionaries({}, optional={"familyName": words})),
        ENTERPRISE: draw(st.fixed_dictionaries({}, optional={"department": words, "manager": managers})),
        CUSTOM_FIELDS: draw(st.fixed_dictionaries({}, optional={"badge": fields})),
    }
    return {"id": f"id-{name}", "active": draw(mostly), **{path: value for path, value in user.items() if value}}


@st.composite
def scim_groups(draw: st.DrawFn, name: str, users: list[str]) -> JsonObject:
    """Draws a live group, linked by its key, by its name or not at all, with any members."""
    members = draw(st.sets(st.sampled_from(users))) if users else set()
    group: JsonObject = {
        "externalId": draw(st.sampled_from([name, name, name, None, *GROUPS])),
        "displayName": draw(st.sampled_from([f"The {name}", f"THE {name}", f"Once {name}"])),
        "groupType": draw(st.none() | words),
        "members": [{"value": member} for member in sorted(members)],
    }
    return {"id": f"id-{name}", **{path: value for path, value in group.items() if value}}


@dataclass(frozen=True)
class Account:
    """The content of an account, as SCIM resources."""

    users: list[JsonObject]
    groups: list[JsonObject]

    def simulator(self) -> Simulator:
        """Returns the account as a simulator."""
        return Simulator(users=self.users, groups=self.groups)


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    """Draws an account of at most six users, some undeclared, and three groups."""
    names = draw(st.lists(st.sampled_from([*NAMES, *STRANGERS]), unique=True, min_size=2, max_size=6))
    ids = [f"id-{name}" for name in names]
    users = [draw(scim_users(name, ids)) for name in names]
    group_names = draw(st.lists(st.sampled_from([*GROUPS, "odd"]), unique=True, min_size=1, max_size=3))
    return Account(users, [draw(scim_groups(name, ids)) for name in group_names])


tenants = st.builds(
    Tenant,
    url=st.just("sandbox"),
    dialect=st.sampled_from(["4me", "rfc7644"]),
    on_out_of_scope=st.sampled_from(["deactivate", "ignore"]),
    on_removed=st.sampled_from(["deactivate", "ignore"]),
)


@dataclass(frozen=True)
class World:
    """A desired state, the earlier states, and an account."""

    desired: DesiredState
    account: Account
    tenant: Tenant
    earlier: Earlier = Earlier()  # noqa: RUF009  # frozen, and empty

    def plan(self, simulator: Simulator | None = None, commit: str = "c0ffee") -> MadePlan:
        """Returns the changes for the account, or for the simulator in its current state."""
        live = read_account(simulator or self.account.simulator())
        gathered = PlanInput(
            self.desired, live, self.tenant, Guardrails(), date(2026, 3, 1), self.earlier, commit, "decade"
        )
        gathered = replace(gathered, evidence=evidence_of(self.earlier))
        return make_plan(gathered)

    def shuffled(self, random: Random) -> World:
        """Returns the values in another order."""

        def shuffle(items: Iterable[T]) -> list[T]:
            listed = list(items)
            return random.sample(listed, len(listed))

        def shuffle_state(state: DesiredState) -> DesiredState:
            users, groups = dict(shuffle(state.users.items())), dict(shuffle(state.groups.items()))
            return replace(state, users=users, groups=groups)

        base, applied = (state and shuffle_state(state) for state in (self.earlier.base, self.earlier.applied))
        account = Account(shuffle(self.account.users), shuffle(self.account.groups))
        return World(shuffle_state(self.desired), account, self.tenant, Earlier(base, applied))


first_worlds = st.builds(World, desired_states(), accounts(), tenants)
worlds = first_worlds | st.builds(
    World,
    desired_states(),
    accounts(),
    tenants,
    st.builds(Earlier, base=st.none() | desired_states(), applied=st.none() | desired_states()),
)


def read_account(simulator: Simulator) -> LiveState:
    """Returns the live state."""
    users, groups = tuple(map(read_user, simulator.users.values())), tuple(map(read_group, simulator.groups.values()))
    return LiveState(users, groups, Certificate("full", len(users), len(groups), requests=1))


def look_up(step: Step, simulator: Simulator) -> list[Request]:
    """Answers the lookup before a create of a missing resource; no user has that externalId."""
    asked = [find_request(step.kind, *one) for one in lookups(step)] if step.reappears else []
    for request in asked:
        response = simulator.answer(request.method, request.path, None, NOON).response
        assert response.succeeded, response
    return asked


def execute(changes: Iterable[Change], ids: Mapping[str, str], simulator: Simulator, tenant: Tenant) -> list[Request]:
    """Sends the requests of all steps to the simulator, which must accept them. Returns the requests.

    A resource that git had before and the account lost is looked up first, and is not found.
    """
    known = dict(ids)
    sent: list[Request] = []
    for step in (step for unit in make_schedule(changes) for step in unit.in_turn()):
        sent += look_up(step, simulator)
        request = make_request(step, known, DIALECTS[tenant.dialect])
        response = simulator.answer(request.method, request.path, request.body, NOON).response
        assert response.succeeded, response
        assert isinstance(response.body, dict)
        known[step.key] = read_id(response.body)
        sent.append(request)
    return sent
