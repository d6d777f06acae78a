"""People, groups and accounts to put to the core: a test spells out only what it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.clause import Clause, ClauseDeclaration
from reconciler.core.declarations.declared import (
    Declarations,
    DeclaredAssignment,
    DeclaredGroup,
    DeclaredTenant,
    DeclaredUser,
    RoleAssignment,
    UserDeclaration,
)
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key, LiveGroup, LiveUser, Value
from reconciler.core.model.states import Certificate, DesiredState, LiveState
from reconciler.core.ownership.evidence import Evidence, Place, StateAt
from reconciler.core.record.record import ApplyRecord, Covers
from reconciler.errors import Source

HERE = Source("desired-state/people.yaml", 3)
THERE = Source("desired-state/groups.yaml", 9)
SALT = "test"
SANDBOX = Tenant(url="sandbox")


def user_key(name: str) -> Key:
    """The key of a user."""
    return Key("user", name)


def group_key(name: str) -> Key:
    """The key of a group."""
    return Key("group", name)


def desired_user(  # noqa: PLR0913  # a test names those that it is about
    name: str,
    attributes: Mapping[str, Value] | None = None,
    *,
    in_scope: bool = True,
    roles: Iterable[str] | None = None,
    source: Source = HERE,
    declared_inactive: bool | None = None,
) -> DesiredUser:
    """A declared user whose externalId and userName follow from the name, and whatever else is managed.

    Who is out of scope is declared inactive, unless that is told apart.
    """
    return DesiredUser(
        key=user_key(name),
        source=source,
        attributes={"externalId": name, "userName": f"{name}@example.com", **(attributes or {})},
        in_scope=in_scope,
        reason="holds user" if in_scope else "holds no role",
        roles=None if roles is None else frozenset(roles),
        declared_inactive=not in_scope if declared_inactive is None else declared_inactive,
    )


def desired_group(
    name: str,
    members: Iterable[str] | None = None,
    attributes: Mapping[str, Value] | None = None,
    *,
    authoritative: bool = True,
    in_scope: bool = True,
) -> DesiredGroup:
    """A declared group called as its key, with members by name, or None where membership is not managed."""
    return DesiredGroup(
        key=group_key(name),
        source=THERE,
        attributes={"externalId": name, "displayName": name.title(), **(attributes or {})},
        members=None if members is None else frozenset(map(user_key, members)),
        authoritative=authoritative,
        in_scope=in_scope,
        reason="declared in git" if in_scope else "passes no scoping filter",
    )


def applied_at(
    commit: str, desired: DesiredState, *, serial: int = 1, place: Place = "here", earlier: Iterable[str] = ()
) -> StateAt:
    """What git said at a commit that a whole apply covers."""
    return StateAt(commit, desired, place, (apply_record(serial, commit),), frozenset(earlier))


def apply_record(serial: int, commit: str, covers: Covers | None = None) -> ApplyRecord:
    """A full apply on record, that covers all whom its commit declares unless told otherwise."""
    return ApplyRecord(
        serial=serial,
        state="ended",
        commit=commit,
        tree=None,
        folder="desired-state",
        run="test",
        at="2026-11-22T12:00:00Z",
        as_of="2026-11-22",
        mode="full",
        whole=covers is None,
        salt=SALT,
        covers=covers or Covers(kind="all"),
    )


def evidence_of(earlier: Earlier) -> Evidence:
    """What is known where the applied state was applied, or the base where there is no other; the base came after."""
    states = [state for state in (earlier.applied, earlier.base) if state]
    if not states:
        return Evidence()
    applied = applied_at("a" * 40, states[0])
    return Evidence((*(StateAt("b" * 40, state, earlier=frozenset({"a" * 40})) for state in states[1:]), applied))


def desired_state(*resources: DesiredUser | DesiredGroup) -> DesiredState:
    """What git says."""
    return DesiredState(
        "production",
        {one.key: one for one in resources if isinstance(one, DesiredUser)},
        {one.key: one for one in resources if isinstance(one, DesiredGroup)},
    )


def live_user(
    name: str,
    attributes: Mapping[str, Value] | None = None,
    *,
    active: bool = True,
    roles: Iterable[str] = (),
) -> LiveUser:
    """The user of that name as the account has it, under the id `id-<name>`."""
    matching: dict[str, Value] = {"externalId": name, "userName": f"{name}@example.com"}
    return LiveUser(f"id-{name}", {**matching, **(attributes or {})}, active, frozenset(roles))


def live_group(name: str, members: Iterable[str] = (), attributes: Mapping[str, Value] | None = None) -> LiveGroup:
    """The group of that name as the account has it; members are names, and so `id-<name>`."""
    matching: dict[str, Value] = {"externalId": name, "displayName": name.title()}
    return LiveGroup(f"id-{name}", {**matching, **(attributes or {})}, frozenset(f"id-{one}" for one in members))


def live_state(*resources: LiveUser | LiveGroup, certificate: Certificate | None = None) -> LiveState:
    """The whole account, completely read."""
    users = tuple(one for one in resources if isinstance(one, LiveUser))
    groups = tuple(one for one in resources if isinstance(one, LiveGroup))
    read = certificate or Certificate("full", len(users), len(groups), requests=2)
    return LiveState(users, groups, read)


def declared_user(name: str, /, **attributes: object) -> DeclaredUser:
    """A user as written in YAML."""
    written: UserDeclaration = {"userName": f"{name}@example.com", **attributes}  # type: ignore[typeddict-item]
    return DeclaredUser(written, HERE)


def declared_group(
    name: str,
    members: Iterable[str] | None = None,
    where: Iterable[Clause] | None = None,
    *,
    additive: bool = False,
) -> DeclaredGroup:
    """A group as written in YAML."""
    return DeclaredGroup(
        attributes={"displayName": name.title()},
        membership="additive" if additive else "authoritative",
        members=None if members is None else tuple(members),
        members_where=None if where is None else tuple(where),
        source=THERE,
    )


def clause(attribute: str, operator: str, value: object = None, **options: object) -> Clause:
    """A clause as written in YAML."""
    written = {"attribute": attribute, "operator": operator, "value": value, **options}
    declared = ClauseDeclaration.model_validate(written)
    return Clause(
        attribute=declared.attribute,
        operator=declared.operator,
        value=declared.value,
        case_sensitive=declared.case_sensitive,
        quantifier=declared.quantifier,
        source=THERE,
    )


def assignment(role: str, *users: str, groups: Iterable[str] = (), **rest: object) -> DeclaredAssignment:
    """A role assignment as written in YAML."""
    written = {"role": role, "users": list(users), "groups": list(groups), **rest}
    return DeclaredAssignment(RoleAssignment.model_validate(written), Source("desired-state/roles.yaml", 5))


def declarations(
    users: Iterable[DeclaredUser] = (),
    groups: Iterable[DeclaredGroup] = (),
    assignments: Iterable[DeclaredAssignment] = (),
    tenant: Tenant = SANDBOX,
) -> Declarations:
    """All that a desired-state folder declares; users and groups are keyed by what they are called."""
    return Declarations(
        tenants={"production": DeclaredTenant(tenant, HERE)},
        users={one.attributes["userName"].split("@")[0]: one for one in users},
        groups={str(one.attributes["displayName"]).lower(): one for one in groups},
        assignments=tuple(assignments),
    )
