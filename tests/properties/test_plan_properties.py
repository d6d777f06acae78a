"""What holds of every plan, whatever git says and whatever the account has.

Desired and live states are built small and dense, so that people with two candidates, circles of managers, strangers in
groups and account owners all come up. The account is the twin: what is planned is executed there, and planned again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from random import Random
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from reconciler.core.diff import canonical
from reconciler.core.earlier import Earlier
from reconciler.core.make_plan import Gathered, make_plan
from reconciler.core.model import (
    Certificate,
    DesiredGroup,
    DesiredState,
    DesiredUser,
    JsonObject,
    Key,
    LiveState,
    Request,
    Value,
)
from reconciler.core.plan import ACTIONS, AttributeChange, Change, Plan, plan_to_json
from reconciler.core.planner import decide_changes
from reconciler.core.steps import make_request, make_steps
from reconciler.core.tenant import Guardrails, Tenant
from reconciler.core.twin.machine import Twin
from reconciler.core.wire import DIALECTS, read_group, read_id, read_user
from reconciler.errors import Source

T = TypeVar("T")

NAMES = ("ann", "bob", "cid", "dee", "eve", "fay")
STRANGERS = ("yan", "zoe")
GROUPS = ("dev", "hr", "ops")
ROLES = ("auditor", "key_contact", "specialist")
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CUSTOM_FIELDS = "urn:ietf:params:scim:schemas:extension:4me:1.0:custom_fields"
NEVER_WRITTEN = {"id", "meta", "groups", "password"}
SHRINKING = {"deactivate_user", "remove_members", "revoke_roles"}
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

FEW = settings(max_examples=150, derandomize=True, deadline=None, database=None)
MANY = settings(FEW, max_examples=400, suppress_health_check=[HealthCheck.too_slow])

words = st.sampled_from(["Analyst", "analyst", "Ünïcode ﬁ", 'quo"ted \\ [x]', "@team <b>", " x ", "0", "false"])
fields = words | st.integers(-3, 3) | st.booleans()
lines = st.sampled_from([1, 7, 400])


def addresses(name: str) -> st.SearchStrategy[Value]:
    """E-mail addresses in any order and case, each once."""
    value = st.sampled_from([f"{name}@example.com", f"{name.upper()}@Example.com", f"{name}@home.example"])
    one = st.fixed_dictionaries(
        {"value": value}, optional={"type": st.sampled_from(["work", "home"]), "primary": st.booleans()}
    )
    several = st.lists(one, max_size=2, unique_by=lambda item: item["value"].casefold())
    return several.map(canonical)


@st.composite
def desired_users(draw: st.DrawFn, name: str, *, roles_managed: bool) -> DesiredUser:
    """A declared user of that name, in scope or not, with any managed attributes, null among them."""
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
    in_scope = draw(st.integers(0, 3)) > 0
    held = draw(st.frozensets(st.sampled_from(ROLES))) if roles_managed and in_scope else None
    return DesiredUser(
        key=Key("user", name),
        source=Source("people.yaml", draw(lines)),
        attributes={"externalId": name, "userName": user_name, **managed},
        in_scope=in_scope,
        reason="git says so",
        roles=held,
    )


@st.composite
def desired_groups(draw: st.DrawFn, name: str, members: list[Key]) -> DesiredGroup:
    """A declared group of that name, authoritative or additive, whose members are in scope or unmanaged."""
    kind = draw(st.fixed_dictionaries({}, optional={"groupType": st.none() | words}))
    chosen = st.frozensets(st.sampled_from(members)) if members else st.just(frozenset[Key]())
    return DesiredGroup(
        key=Key("group", name),
        source=Source("groups.yaml", draw(lines)),
        attributes={"externalId": name, "displayName": f"The {name}", **kind},
        members=draw(st.none() | chosen),
        authoritative=draw(st.booleans()),
        in_scope=draw(st.integers(0, 3)) > 0,
        reason="git says so",
    )


@st.composite
def desired_states(draw: st.DrawFn) -> DesiredState:
    """At most six users and three groups."""
    roles_managed = draw(st.booleans())
    names = draw(st.lists(st.sampled_from(NAMES), unique=True))
    users = {Key("user", name): draw(desired_users(name, roles_managed=roles_managed)) for name in names}
    in_scope = [key for key, user in users.items() if user.in_scope]
    group_names = draw(st.lists(st.sampled_from(GROUPS), unique=True))
    groups = {Key("group", name): draw(desired_groups(name, in_scope)) for name in group_names}
    return DesiredState("production", users, groups)


@st.composite
def scim_users(draw: st.DrawFn, name: str, others: list[str]) -> JsonObject:
    """A user of the account: matching by one attribute or two, or a stranger; active or not; with any manager."""
    external = draw(st.sampled_from([name, name, name, None, *NAMES]))
    core = {"displayName": words, "title": words, "externalId": st.just(external) if external else st.just("")}
    user: JsonObject = draw(st.fixed_dictionaries({"externalId": core.pop("externalId")}, optional=core))
    enterprise = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "department": words,
                "manager": st.sampled_from([*others, "nobody-known"]).map(lambda one: {"value": one}),
            },
        )
    )
    return {
        **user,
        "id": f"id-{name}",
        "userName": draw(st.sampled_from([f"{name}@example.com", f"{name.upper()}@EXAMPLE.com"])),
        "active": draw(st.booleans()),
        "roles": [{"value": role} for role in sorted(draw(st.sets(st.sampled_from([*ROLES, "account_owner"]))))],
        "emails": draw(addresses(name)),
        "name": draw(st.fixed_dictionaries({}, optional={"familyName": words})),
        ENTERPRISE: enterprise,
        CUSTOM_FIELDS: draw(st.fixed_dictionaries({}, optional={"badge": fields})),
    }


@st.composite
def scim_groups(draw: st.DrawFn, name: str, users: list[str]) -> JsonObject:
    """A group of the account, linked by its key or by its name or not at all, with any members."""
    members = draw(st.sets(st.sampled_from(users))) if users else set()
    return {
        "id": f"id-{name}",
        "externalId": draw(st.sampled_from([name, name, "", *GROUPS])),
        "displayName": draw(st.sampled_from([f"The {name}", f"THE {name}", f"Once {name}"])),
        "groupType": draw(st.just("") | words),
        "members": [{"value": member} for member in sorted(members)],
    }


@st.composite
def accounts(draw: st.DrawFn) -> list[list[JsonObject]]:
    """The users and the groups of an account."""
    names = draw(st.lists(st.sampled_from([*NAMES, *STRANGERS]), unique=True, max_size=6))
    ids = [f"id-{name}" for name in names]
    users = [draw(scim_users(name, ids)) for name in names]
    group_names = draw(st.lists(st.sampled_from([*GROUPS, "odd"]), unique=True, max_size=3))
    return [users, [draw(scim_groups(name, ids)) for name in group_names]]


tenants = st.builds(
    Tenant,
    url=st.just("sandbox"),
    dialect=st.sampled_from(["4me", "rfc7644"]),
    on_out_of_scope=st.sampled_from(["deactivate", "ignore"]),
    on_removed=st.sampled_from(["deactivate", "ignore"]),
)
earlier_states = st.builds(Earlier, base=st.none() | desired_states(), applied=st.none() | desired_states())


@dataclass(frozen=True)
class World:
    """Git, an account, and how the one is brought to the other."""

    desired: DesiredState
    account: list[list[JsonObject]]
    tenant: Tenant
    earlier: Earlier

    def twin(self) -> Twin:
        users, groups = self.account
        return Twin(users=users, groups=groups)

    def gathered(self) -> Gathered:
        live = read_account(self.twin())
        return Gathered(self.desired, live, self.tenant, Guardrails(), date(2026, 3, 1), self.earlier, "c0ffee")


worlds = st.builds(World, desired=desired_states(), account=accounts(), tenant=tenants, earlier=earlier_states)
first_worlds = st.builds(World, desired=desired_states(), account=accounts(), tenant=tenants, earlier=st.just(Earlier()))


def read_account(twin: Twin) -> LiveState:
    """What the account says now."""
    users, groups = tuple(map(read_user, twin.users.values())), tuple(map(read_group, twin.groups.values()))
    return LiveState(users, groups, Certificate("full", len(users), len(groups), requests=1))


def execute(changes: Iterable[Change], ids: Mapping[str, str], twin: Twin, tenant: Tenant) -> list[Request]:
    """Every step's request is sent to the twin, which must take it; the requests come back."""
    known = dict(ids)
    sent: list[Request] = []
    for step in make_steps(changes):
        request = make_request(step, known, DIALECTS[tenant.dialect])
        response = twin.answer(request.method, request.path, request.body, NOON).response
        assert response.status in {200, 201}, response
        assert isinstance(response.body, dict)
        known[step.key] = read_id(response.body)
        sent.append(request)
    return sent


def left_after(world: World) -> tuple[Change, ...]:
    """What is still to be done after the plan was executed."""
    twin = world.twin()
    decided = decide_changes(world.desired, read_account(twin), world.tenant, world.earlier)
    execute(decided.changes, decided.ids, twin, world.tenant)
    return decide_changes(world.desired, read_account(twin), world.tenant, world.earlier).changes
