"""The properties of every import: nothing is left to plan afterwards, for any account."""

from __future__ import annotations

import json
from datetime import date
from io import StringIO
from random import Random
from typing import Any, Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from reconciler.core.access.compile import compile_state, guardrails_of
from reconciler.core.adoption.importing import import_account
from reconciler.core.declarations.role_catalogue import CATALOGUE
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.messages import JsonObject
from reconciler.core.model.states import Certificate, LiveState
from reconciler.core.safety.make_plan import PlanInput, make_plan
from reconciler.core.scim.wire import CUSTOM_FIELDS, ENTERPRISE
from reconciler.core.simulator.machine import Simulator
from reconciler.desired.writing.imported import ImportOrigin, write_import
from reconciler.desired.yaml.load import Loaded, load_declarations
from tests.properties.worlds import read_account

STEADY = settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TODAY = date(2026, 3, 1)
ODD = (
    *(
        "no",
        "Null",
        "true",
        "0042",
        "42",
        "4.2e1",
        "2026-03-01",
        "1_000",
        ".inf",
        "~",
        "12:30",
        "=",
        "<<",
        "---",
        "- x",
    ),
    *("a: b", "a #b", "#a", "a:", ":a", "[a]", "{a}", "a, b", "*a", "&a", "!a", "%a", "@a", "`a`", "| x", "> x", "? x"),
    *("it's", 'say "hi"', "back\\slash", " x ", "two\nlines\n", "tab\there", "cr\rlf\r\n", "nb\xa0sp", "\u200bzero"),
    *(
        "\u202egnp.exe",
        "\x85next\u2028line",
        "bell\x07",
        "\x7f",
        "\ud800half",
        "Zoë 日本 😀",
        "e\u0301",
        "null",
        "y",
        "",
    ),
)
texts = st.sampled_from(ODD) | st.text(max_size=8) | st.sampled_from(["Finance", "IT", "R&D", "r & d"])
numbers = st.integers(-3, 10**19) | st.floats(allow_nan=True) | st.booleans()
scalars = texts | numbers
IDS = ("u-1", "u-2", "u-3", "u-4", "u-5")
TENANT = Tenant(url="sandbox", scope="all")
GUID = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"
external_ids = (
    st.sampled_from(["ann", "Ann", "bob.lee", "0042", GUID, "a b", "a/b", "group/x", "user/ann", "no"]) | texts
)
user_names = (
    st.sampled_from(
        ["ann@example.com", "ANN@example.com", "ann@example.org", "Ånn@example.com", "0042@x.com", "@", "no@x"]
    )
    | texts
)
ROLES = [*sorted(CATALOGUE), "account_owner", "user", "default_access", "User"]
roles = (
    st.sampled_from([[], ["specialist"], ["specialist", "problem_manager"], ["account_owner"], ["auditor"]])
    | st.lists(st.sampled_from(ROLES), max_size=3, unique=True)
)  # fmt: skip


def of_many(value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draws lists of values as servers answer them, odd ones too."""
    parts = {"type": st.sampled_from(["work", "home"]) | scalars, "primary": st.booleans() | texts, "display": texts}
    item = st.fixed_dictionaries({"value": value}, optional={**parts, "$ref": texts})
    return st.lists(item | st.fixed_dictionaries({}, optional={"display": texts}), max_size=2) | texts


def sometimes(choices: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[JsonObject]:
    """Draws any subset of the attributes."""
    return st.fixed_dictionaries({}, optional=choices)


@st.composite
def scim_users(draw: st.DrawFn, live_id: str) -> JsonObject:
    """Draws a user of the account, damaged or normal."""
    core = draw(
        sometimes(
            {
                "userName": user_names,
                "externalId": external_ids,
                "displayName": texts,
                "title": scalars,
                "active": st.booleans(),
                "emails": of_many(texts),
                "entitlements": of_many(texts),
                "addresses": st.lists(
                    sometimes({"formatted": texts, "country": scalars, "primary": st.booleans()}), max_size=2
                ),
                "name": sometimes({"givenName": texts, "familyName": scalars, "nick": texts}),
                "x509Certificates": of_many(texts),
                "attributes": texts,
                "manager": texts,
            }
        )
    )
    managers = st.sampled_from([*IDS, "nobody"]).map(lambda one: {"value": one})
    held = draw(roles)
    return {
        "id": live_id,
        "userName": f"{live_id}@example.com",
        **core,
        "roles": [{"value": role} for role in held],
        ENTERPRISE: draw(sometimes({"department": scalars, "costCenter": texts, "manager": managers, "odd": texts})),
        CUSTOM_FIELDS: draw(
            sometimes({"badge": scalars, "a.b": scalars, "": texts, "no: way": texts, "l": st.lists(texts)})
        ),
    }


@st.composite
def scim_groups(draw: st.DrawFn, live_id: str) -> JsonObject:
    """Draws a group with any members, unknown ones too."""
    members = draw(st.lists(st.sampled_from([*IDS, "g-1", "stranger"]), unique=True, max_size=4))
    own = draw(sometimes({"externalId": external_ids, "displayName": texts, "groupType": scalars, "owner": texts}))
    return {"id": live_id, "displayName": f"Team {live_id}", **own, "members": [{"value": one} for one in members]}


@st.composite
def accounts(draw: st.DrawFn) -> LiveState:
    """Draws at most five users and three groups."""
    users = [draw(scim_users(one)) for one in draw(st.lists(st.sampled_from(IDS), unique=True, min_size=1))]
    groups = [draw(scim_groups(one)) for one in draw(st.lists(st.sampled_from(["g-1", "g-2", "g-3"]), unique=True))]
    return read_account(Simulator(users=users, groups=groups))


def write(live: LiveState, by: Literal["department", "hundred"] = "department") -> dict[str, str]:
    origin = ImportOrigin("production", Tenant(url="sandbox", scope="all"), TODAY, declared=False)
    return dict(write_import(import_account(live, TENANT), origin, by))


def load(files: dict[str, str]) -> Loaded:
    return load_declarations({name: text.encode() for name, text in files.items()})


@STEADY
@given(accounts(), st.sampled_from(["department", "hundred"]))
def test_after_an_import_nothing_is_left_to_plan(live: LiveState, by: Literal["department", "hundred"]) -> None:
    """The files are sound, and say what the account has, of whoever is in them."""
    loaded = load(write(live, by))
    desired = compile_state(loaded.declarations, "production", TODAY)

    assert [] == [one for one in (*loaded.problems, *desired.problems) if one.severity == "error"]
    made = make_plan(
        PlanInput(
            desired,
            live,
            loaded.declarations.tenants["production"].tenant,
            guardrails_of(loaded.declarations, "production"),
            TODAY,
        )
    )
    assert () == made.plan.changes
    assert [] == [one for one in made.plan.problems if one.severity == "error"]


@STEADY
@given(accounts())
def test_whoever_is_left_out_is_told(live: LiveState) -> None:
    """Each on a line of their own, by their id."""
    imported = import_account(live, TENANT)
    told = {one.message.split(" is left out")[0] for one in imported.left_out}
    described = [f"the user {user.name} ({user.id})" for user in live.users]
    described += [f"the group {group.name} ({group.id})" for group in live.groups]

    left_out = len(described) - len(imported.users) - len(imported.groups)
    assert left_out == sum(one in told for one in described)
    assert all(one.hint for one in imported.left_out)


@STEADY
@given(accounts(), st.randoms(use_true_random=False))
def test_the_order_of_reading_does_not_show(live: LiveState, random: Random) -> None:
    """The same account is the same bytes."""
    users, groups = list(live.users), list(live.groups)
    random.shuffle(users)
    random.shuffle(groups)
    shuffled = LiveState(tuple(users), tuple(groups), Certificate("full", len(users), len(groups), requests=1))

    assert write(live) == write(shuffled)


@STEADY
@given(accounts())
def test_another_reader_of_yaml_reads_the_same(live: LiveState) -> None:
    """ruamel, as YAML 1.2: users and groups are what was to be written."""
    imported = import_account(live, TENANT)
    files = write(live)
    read = {name: YAML(typ="safe", pure=True).load(StringIO(text)) for name, text in files.items()}
    users = {key: user for name, one in read.items() if name.startswith("users/") for key, user in one["users"].items()}

    assert json.dumps(imported.users, sort_keys=True) == json.dumps(users, sort_keys=True)
    assert imported.groups == read.get("groups.yaml", {"groups": {}})["groups"]
