"""No unapproved effect runs, whatever changes between plan and merge, and whatever fails.

A state machine: people edit the account, open pull requests and merge them. The account before and after an apply
shows its effects, which are compared with the approved plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from reconciler.core.approval.coverage import compare_with_approved
from reconciler.core.approval.sources import InForce
from reconciler.core.approval.unplanned import AccountNow
from reconciler.core.changes.plan import Change, Plan
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.model.states import DesiredState, LiveState
from reconciler.errors import LostAnswer
from tests.apply.world import NOON, TODAY, World, fail, git_says, groups, make, people, refuse, roles, trouble_at

Effect: TypeAlias = tuple[str, ...]

NAMES = ("ann", "bob", "cid")
TITLES = ("Analyst", "Chief", "Queen")
somebody = st.sampled_from(NAMES)
titles = st.sampled_from(TITLES)
some = st.sets(somebody)
TROUBLES = {
    "refused": refuse(422),
    "lost, not done": fail(LostAnswer("gone"), done=False),
    "lost, done": fail(LostAnswer("gone"), done=True),
}


@st.composite
def teams(draw: st.DrawFn) -> DesiredState:
    """Draws a desired state: users, their names, the members of the group, and the specialists."""
    there = sorted(draw(st.sets(somebody, min_size=1)))
    lines = [f"{name} title={draw(titles)}" for name in there]
    members, specialists = (" ".join(sorted(draw(some) & set(there))) for _ in range(2))
    return git_says(people(*lines) + groups(staff=members) + (roles(specialist=specialists) if specialists else ""))


@dataclass(frozen=True)
class Proposed:
    """A pull request: its desired state, and the plan that its reviewers saw."""

    state: DesiredState
    plan: Plan


class Approval(RuleBasedStateMachine):
    """An account that was applied once, and arbitrary changes by people."""

    def __init__(self) -> None:
        super().__init__()
        self.world: World = make()
        self.git: DesiredState | None = None
        self.proposed: Proposed | None = None

    @initialize(team=teams())
    def begin(self, team: DesiredState) -> None:
        """Applies by hand."""
        self.world.settle(team)
        self.git = team

    @rule(team=teams())
    def propose(self, team: DesiredState) -> None:
        """Opens a pull request, or pushes to it again; its plan is made from the current account."""
        self.proposed = Proposed(team, self.world.plan(team, self.git).plan)

    @rule(
        edits=st.lists(st.tuples(st.sampled_from(["rename", "turn", "role", "member"]), somebody, titles), min_size=1)
    )
    def happen(self, edits: list[tuple[str, str, str]]) -> None:
        """Changes the account in 4me by hand."""
        for kind, name, title in edits:
            for user in self.with_name(name):
                match kind:
                    case "rename":
                        self.edit(f"/Users/{user['id']}", title=title)
                    case "turn":
                        self.edit(f"/Users/{user['id']}", active=not user.get("active", True))
                    case "role":
                        self.edit(f"/Users/{user['id']}", roles=[] if user.get("roles") else [{"value": "auditor"}])
                    case _:
                        self.enter_or_leave(user)

    def enter_or_leave(self, user: dict[str, Any]) -> None:
        for group in list(self.world.simulator.groups.values()):
            members: Any = group.get("members", [])
            is_in = user["id"] in {one["value"] for one in members}
            leaving = {"operation": "delete"} if is_in else {}
            self.edit(f"/Groups/{group['id']}", members=[{"value": user["id"], **leaving}])

    def edit(self, path: str, **attributes: object) -> None:
        """Changes a user as 4me's pages do."""
        answer = self.world.simulator.answer("PATCH", path, attributes, NOON)
        assert answer.response.status == 200, answer.response.body

    def with_name(self, name: str) -> list[dict[str, Any]]:
        return [dict(user) for user in self.world.simulator.users.values() if user.get("externalId") == name]

    @precondition(lambda self: self.proposed is not None)
    @rule(trouble=st.sampled_from(sorted(TROUBLES)) | st.none(), at=st.integers(0, 5))
    def merge_and_apply(self, trouble: str | None, at: int) -> None:
        """Merges and applies; the account changes by approved effects alone."""
        assert self.proposed is not None
        approved = Plan.model_validate_json(self.proposed.plan.model_dump_json())
        made = self.world.plan(self.proposed.state, self.git)
        before = self.world.read()
        force = InForce(TODAY, earlier=Earlier(base=self.git))
        account = AccountNow(made.plan, self.proposed.state, before, made.decided)
        approval = compare_with_approved(made.plan, [approved], force, account)
        line = trouble_at(self.world.send, at, TROUBLES[trouble]) if trouble else None

        ran = self.world.carry_out(approval.to_run, made.decided.ids, line)

        names = {number: str(user.get("externalId")) for number, user in self.world.simulator.users.items()}
        done = set(differences(before, self.world.read()))
        assert {one for one in done if not follows(one, done)} <= set(effects(approved.changes, names))
        assert len(ran.outcomes) == len(approval.to_run)
        assert not {one.change.id for one in approval.not_run} & {change.id for change in approval.to_run}
        for one in approval.not_run:
            if one.status in {"refused", "left"}:
                assert not {change.id for change in approved.changes} & {one.change.id}
        if not (approval.not_run or trouble):
            assert () == self.world.plan(self.proposed.state, self.git).plan.changes
        self.git, self.proposed = self.proposed.state, None


def follows(effect: Effect, done: set[Effect]) -> bool:
    """Returns whether it is a membership or a role of a deactivated user, which ends with the deactivation."""
    match effect:
        case (_, "member", who, "out") | (who, "role", _, "taken"):
            return (who, "active", "True", "False") in done
        case _:
            return False


def effects(changes: tuple[Change, ...], names: Mapping[str, str]) -> Iterator[Effect]:
    """Yields the single effects of a plan; `names` are the users outside git, by id."""
    for change in changes:
        name = change.key.partition("/")[2]
        for one in change.attributes:
            yield (name, one.path, str(one.before), str(one.after))
        for role in change.roles:
            yield (name, "role", role, "given" if change.action in {"create_user", "grant_roles"} else "taken")
        for member in change.members:
            who = member.partition("/")[2]
            yield (name, "member", names.get(who, who), "out" if change.action == "remove_members" else "in")
        match change.action:
            case "create_user" | "create_group":
                yield (name, "created")
            case "deactivate_user":
                yield (name, "active", "True", "False")
            case "reactivate_user":
                yield (name, "active", "False", "True")


def differences(before: LiveState, after: LiveState) -> Iterator[Effect]:
    """Yields the effects between two states of an account."""
    keys = {user.id: str(user.attributes.get("externalId")) for user in after.users}
    earlier = {user.id: user for user in before.users}
    for user in after.users:
        name, was = keys[user.id], earlier.get(user.id)
        if was is None:
            yield (name, "created")
            yield from ((name, "role", role, "given") for role in user.roles)
            continue
        if was.active != user.active:
            yield (name, "active", str(was.active), str(user.active))
        for path in was.attributes.keys() | user.attributes.keys():
            old, new = was.attributes.get(path), user.attributes.get(path)
            if old != new:
                yield (name, path, str(old), str(new))
        yield from ((name, "role", role, "given") for role in user.roles - was.roles)
        yield from ((name, "role", role, "taken") for role in was.roles - user.roles)
    for group in after.groups:
        members = next((one.members for one in before.groups if one.id == group.id), None)
        name = str(group.attributes.get("externalId"))
        if members is None:
            yield (name, "created")
        yield from ((name, "member", keys[one], "in") for one in group.members - (members or frozenset()))
        yield from ((name, "member", keys[one], "out") for one in (members or frozenset()) - group.members)


TestApproval = Approval.TestCase
TestApproval.settings = settings(
    max_examples=70, stateful_step_count=15, derandomize=True, deadline=None, database=None
)
