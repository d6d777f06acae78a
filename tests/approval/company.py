"""A company of two users, a group and a role: desired states, an account, plans, and applies that may fail.

Two disjoint pull requests can meet in one effect: with a flag, each member of the group holds the role.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from reconciler.core.approval.coverage import Approval, compare_with_approved
from reconciler.core.approval.sources import InForce
from reconciler.core.approval.unplanned import AccountNow
from reconciler.core.changes.outcome import Outcome
from reconciler.core.changes.plan import Change, Cost, Plan, ReadSummary
from reconciler.core.changes.plan_notes import RecordNote
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key, LiveGroup, LiveUser
from reconciler.core.model.states import Certificate, DesiredState, LiveState
from reconciler.core.planner.planner import Decisions, decide_changes
from reconciler.errors import Source

Git: TypeAlias = Mapping[str, int]
Effect: TypeAlias = tuple[str, int | None, int | None]

START: Git = {"exists1": 1, "exists2": 0, "title1": 0, "title2": 0, "member1": 0, "member2": 0, "flag": 0}
TENANT = Tenant(url="sandbox", scope="all")
HERE = Source("people.yaml", 1)


def state_of(git: Git) -> DesiredState:
    """Returns the compiled desired state."""
    users = {}
    for who in "12":
        if git["exists" + who]:
            key = Key("user", who)
            roles = frozenset({"auditor"} if git["member" + who] and git["flag"] else ())
            attributes = {"externalId": who, "userName": f"u{who}@example.com", "title": f"t{git['title' + who]}"}
            users[key] = DesiredUser(key, HERE, attributes, in_scope=True, reason="git says so", roles=roles)
    group = Key("group", "g")
    members = frozenset(key for key in users if git["member" + key.name])
    named = {"externalId": "g", "displayName": "G"}
    made = DesiredGroup(group, HERE, named, members, authoritative=True, in_scope=True, reason="git says so")
    return DesiredState("sandbox", users, {group: made})


def wanted(git: Git) -> dict[str, int]:
    """Returns the desired value of each path of the account, computed without the program."""
    found: dict[str, int] = {}
    for who in "12":
        if git["exists" + who]:
            found |= {"exists" + who: 1, "title" + who: git["title" + who], "member" + who: git["member" + who]}
            found["role" + who] = git["member" + who] & git["flag"]
    return found


@dataclass
class Account:
    """The account: the value of each path."""

    has: dict[str, int]

    def live(self) -> LiveState:
        """Returns the live state."""
        users = [
            LiveUser(
                "i" + who,
                {"externalId": who, "userName": f"u{who}@example.com", "title": f"t{self.has['title' + who]}"},
                active=True,
                roles=frozenset({"auditor"} if self.has["role" + who] else ()),
            )
            for who in "12"
            if self.has.get("exists" + who)
        ]
        members = frozenset(user.id for user in users if self.has["member" + user.id[1:]])
        group = LiveGroup("ig", {"externalId": "g", "displayName": "G"}, members)
        return LiveState(tuple(users), (group,), Certificate("full", len(users), 1, 1))

    def effects(self, git: Git) -> set[Effect]:
        """Returns the effects, path by path, that make the account equal to git.

        A user that does not exist is in no group and holds no role.
        """
        found: set[Effect] = set()
        for path, value in wanted(git).items():
            before = self.has.get(path, 0 if path.startswith(("member", "role")) else None)
            if before != value:
                found.add((path, before, value))
        return found

    def carry_out(self, change: Change) -> bool:
        """Carries a change out. Returns False if a user that it names does not exist."""
        who = change.key.removeprefix("user/")
        if change.action == "create_user":
            self.has |= {"exists" + who: 1, "member" + who: 0, "role" + who: 0}
        done = True
        for one in change.attributes:
            if one.path == "title":
                self.has["title" + who] = int(str(one.after)[1:])
        for _role in change.roles:
            self.has["role" + who] = int(change.action != "revoke_roles")
        for member in change.members:
            name = member.removeprefix("user/")
            if self.has.get("exists" + name):
                self.has["member" + name] = int(change.action == "add_members")
            else:
                done = False
        return done


@dataclass(frozen=True)
class Planned:
    """A plan and its input."""

    plan: Plan
    desired: DesiredState
    live: LiveState
    decided: Decisions

    def now(self) -> AccountNow:
        """Returns the state that approvals are compared with."""
        return AccountNow(self.plan, self.desired, self.live, self.decided)


def plan_of(
    git: Git, account: Account, earlier: Git | None, note: RecordNote | None, applied: Git | None = None
) -> Planned:
    """Returns the plan that makes the account equal to git; `applied` is known where `earlier` is a base."""
    desired, live = state_of(git), account.live()
    base, known = (state_of(one) if one else None for one in (earlier, applied))
    decided = decide_changes(desired, live, TENANT, Earlier(base=base, applied=known))
    plan = Plan(
        tenant="sandbox",
        url="sandbox",
        commit=None,
        base=None,
        as_of="2026-01-01",
        applyable=True,
        converges=True,
        read=ReadSummary(mode="full", complete=True, users=len(live.users), groups=1, requests=1),
        cost=Cost(requests=0, seconds=0),
        changes=decided.changes,
        record=note,
    )
    return Planned(plan, desired, live, decided)


@dataclass
class Applied:
    """One apply: the approval and every outcome."""

    approval: Approval
    outcomes: list[Outcome] = field(default_factory=list)


def apply_plans(
    planned: Planned,
    approved: Iterable[Plan],
    force: InForce,
    account: Account,
    fails: Callable[[Change], bool] = lambda _change: False,
) -> Applied:
    """Compares a plan with the approved ones, and carries out approved changes; a change in `fails` does nothing."""
    approval = compare_with_approved(planned.plan, tuple(approved), force, planned.now())
    applied = Applied(approval)
    for change in approval.to_run:
        failed = fails(change) or not account.carry_out(change)
        applied.outcomes.append(Outcome(change=change, status="failed" if failed else "applied"))
    applied.outcomes += approval.not_run
    return applied
