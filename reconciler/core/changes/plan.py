"""The closed set of changes, and Plan: ordered, printable, hashable, complete. No change deletes.

A plan sorts its changes when it is made, so that text, JSON and digest agree. Ids and the digest cover effects only:
never lines, times, commits or reasons (docs/decisions/0004-effects-only-digest.md).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, Self, TypeAlias, get_args

from pydantic import Field, model_validator

from reconciler.core.changes.plan_notes import NamedResource, RecordNote
from reconciler.core.model.frozen import Frozen
from reconciler.core.model.resources import Value
from reconciler.errors import Problem, Source

Cause: TypeAlias = Literal["this_change", "merged", "drift", "conflict"]
Effect: TypeAlias = Literal["grow", "change", "shrink"]
Action: TypeAlias = Literal[
    "create_user",
    "reactivate_user",
    "update_user",
    "create_group",
    "update_group",
    "add_members",
    "grant_roles",
    "revoke_roles",
    "remove_members",
    "deactivate_user",
]


class AttributeChange(Frozen):
    """One managed attribute, before and after; None is unassigned, references are keys.

    If it is redacted, `redacted_pair` holds the fingerprints of both values, and only these enter the change's id: no
    value leaves this process, not even in a hash. In a plan file, `before` and `after` are the fingerprints.
    """

    path: str
    before: Value
    after: Value
    redacted: bool = Field(default=False, exclude_if=lambda redacted: not redacted)
    redacted_pair: tuple[Value, Value] | None = Field(default=None, exclude=True)


class ChangeFields(Frozen):
    """The fields of all changes; `id` is a hash of the effect."""

    id: str = ""
    action: Action
    key: str
    name: str = Field(default="", description="the display name of the resource; not part of the effect")
    target_id: str | None = None
    effect: Effect
    cause: Cause = "this_change"
    reason: str = ""
    attributes: tuple[AttributeChange, ...] = ()
    members: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    held: tuple[str, ...] = Field(default=(), description="the roles held before, because a write sets all roles")
    awaits_person: bool = Field(
        default=False,
        exclude_if=lambda awaits: not awaits,
        description="the roles go to the person that 4me links to the user later; `target_id` is then the SCIM user",
    )
    adopted: str = Field(
        default="", exclude_if=lambda adopted: not adopted, description="the attribute that found an adopted resource"
    )
    over: str = Field(
        default="", exclude_if=lambda over: not over, description="the third name over which a name is exchanged"
    )
    source: Source | None = None

    @model_validator(mode="after")
    def _is_known_by_its_effect(self) -> Self:
        expected = effect_id(self)
        if self.id not in {"", expected}:
            raise ValueError(f"the id {self.id} is not that of this effect ({expected}): the plan was edited")
        object.__setattr__(self, "id", expected)  # frozen, and this is its constructor
        return self


class CreateUser(ChangeFields):
    """A user gets access: one POST with all attributes, the manager and the roles."""

    action: Literal["create_user"] = "create_user"
    effect: Literal["grow"] = "grow"


class UpdateUser(ChangeFields):
    """Managed attributes of a user get the declared values; clearing one is an update too."""

    action: Literal["update_user"] = "update_user"
    effect: Literal["change"] = "change"


class ReactivateUser(ChangeFields):
    """An inactive user in scope becomes active; attributes that differ are written too."""

    action: Literal["reactivate_user"] = "reactivate_user"
    effect: Literal["grow"] = "grow"


class DeactivateUser(ChangeFields):
    """A user loses access; the user and the attributes stay in the account."""

    action: Literal["deactivate_user"] = "deactivate_user"
    effect: Literal["shrink"] = "shrink"


class CreateGroup(ChangeFields):
    """A group is created with its members: one POST."""

    action: Literal["create_group"] = "create_group"
    effect: Literal["grow"] = "grow"


class UpdateGroup(ChangeFields):
    """Managed attributes of a group get the declared values."""

    action: Literal["update_group"] = "update_group"
    effect: Literal["change"] = "change"


class AddMembers(ChangeFields):
    """Users enter a group."""

    action: Literal["add_members"] = "add_members"
    effect: Literal["grow"] = "grow"


class RemoveMembers(ChangeFields):
    """Members leave a group with authoritative membership, or a group that left git or its scope."""

    action: Literal["remove_members"] = "remove_members"
    effect: Literal["shrink"] = "shrink"


class GrantRoles(ChangeFields):
    """A user gets roles; over REST, if `awaits_person`, once 4me has linked a person to the user."""

    action: Literal["grant_roles"] = "grant_roles"
    effect: Literal["grow"] = "grow"


class RevokeRoles(ChangeFields):
    """A user loses roles."""

    action: Literal["revoke_roles"] = "revoke_roles"
    effect: Literal["shrink"] = "shrink"


Change: TypeAlias = (
    CreateUser
    | UpdateUser
    | ReactivateUser
    | DeactivateUser
    | CreateGroup
    | UpdateGroup
    | AddMembers
    | RemoveMembers
    | GrantRoles
    | RevokeRoles
)
ACTIONS: tuple[Action, ...] = get_args(Action)


def effect_id(change: ChangeFields) -> str:
    """Returns 128 bits of SHA-256 of a change's effect: the action, the resource and the values."""
    effect = {
        "action": change.action,
        "key": change.key,
        "target_id": change.target_id,
        "attributes": [_effect_of(attribute) for attribute in change.attributes],
        "members": change.members,
        "roles": change.roles,
        **({"adopted": change.adopted} if change.adopted else {}),
        **({"awaits_person": True} if change.awaits_person else {}),
        **({"over": change.over} if change.over else {}),
    }
    canonical = json.dumps(effect, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def _effect_of(attribute: AttributeChange) -> list[Value | str]:
    before, after = attribute.redacted_pair or (attribute.before, attribute.after)
    return [attribute.path, before, after, *(["redacted"] if attribute.redacted else [])]


def order_changes(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Sorts changes by action (creates first, managers before their reports), then key; a manager is updated last."""
    changes = tuple(changes)
    created = {change.key: find_manager(change) for change in changes if change.action == "create_user"}
    depths = _depths(created)
    return tuple(
        sorted(
            changes,
            key=lambda change: (
                *(_RANK[change.action], depths.get(change.key, 0), change.key),
                *("manager" in (attribute.path for attribute in change.attributes), change.id),
            ),
        )
    )


_RANK = {action: rank for rank, action in enumerate(ACTIONS)} | {"reactivate_user": 1, "update_user": 1}
_RANK |= {"create_group": 3, "update_group": 3}


def find_manager(change: Change) -> str | None:
    """Returns the manager that a change writes, or None."""
    managers = (written.after for written in change.attributes if written.path == "manager")
    return next((str(manager) for manager in managers if manager), None)


def _depths(manager_of: Mapping[str, str | None]) -> dict[str, int]:
    """Returns how many created managers are above each created user; the planner leaves no cycle among them."""
    depths: dict[str, int] = {}
    for start in manager_of:
        chain = [start]
        while (manager := manager_of[chain[-1]]) in manager_of and manager not in depths and manager not in chain:
            chain.append(str(manager))
        above = depths.get(str(manager_of[chain[-1]]), -1)
        for height, key in enumerate(reversed(chain)):
            depths.setdefault(key, above + 1 + height)
    return depths


class ReadSummary(Frozen):
    """How the live state was read, and whether the read is complete."""

    mode: Literal["full", "incremental", "targeted", "snapshot"]
    complete: bool
    users: int
    groups: int
    requests: int


class Cost(Frozen):
    """The requests of an apply, and its least seconds at the tenant's pace."""

    requests: int
    seconds: float


class Unmanaged(Frozen):
    """A live resource that git does not declare: listed, never changed."""

    kind: Literal["user", "group"]
    id: str
    name: str


class Skipped(Frozen):
    """A declared resource that is not changed, and the reason."""

    key: str
    reason: str


class Plan(Frozen):
    """All changes that an apply would make in one account. An empty plan is a Plan."""

    format: Literal[1] = 1
    tenant: str
    url: str
    commit: str | None
    base: str | None
    as_of: str
    digest: str = ""
    applyable: bool
    converges: bool
    read: ReadSummary
    cost: Cost
    summary: dict[str, int] = Field(default_factory=dict)
    changes: tuple[Annotated[Change, Field(discriminator="action")], ...]
    unmanaged: tuple[Unmanaged, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    named: tuple[NamedResource, ...] = Field(default=(), exclude_if=lambda named: not named)
    record: RecordNote | None = Field(default=None, exclude_if=lambda record: record is None)
    problems: tuple[Problem, ...] = ()

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        changes = order_changes(self.changes)
        expected = digest_of(changes)
        if self.digest not in {"", expected}:
            raise ValueError("the digest is not that of the changes: the plan was edited")
        object.__setattr__(self, "changes", changes)
        object.__setattr__(self, "digest", expected)
        object.__setattr__(self, "summary", summarise(changes))
        return self


def has_errors(plan: Plan) -> bool:
    """Whether the plan can't do all that git declares, for example because a match is ambiguous."""
    return any(problem.severity == "error" for problem in plan.problems)


def digest_of(changes: Iterable[Change]) -> str:
    """Returns `sha256:` and the hash of the ordered effects: same effects, same digest."""
    return "sha256:" + hashlib.sha256("\n".join(change.id for change in changes).encode()).hexdigest()


def summarise(changes: Iterable[Change]) -> dict[str, int]:
    """Counts the changes by action, in the plan's order, without zeros."""
    counts = Counter(change.action for change in changes)
    return {action: counts[action] for action in ACTIONS if counts[action]}


def plan_to_json(plan: Plan) -> str:
    """Returns the text of a plan file: equal plans give the same bytes."""
    return plan.model_dump_json(indent=2) + "\n"
