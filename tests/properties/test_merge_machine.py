"""Pull requests merged in any order: what runs was seen by some reviewer, and HEAD asks for it.

A state machine: pull requests of small edits are opened, planned on the account as it then was, merged in any order,
with plans that count and plans that do not; people push and edit the account by hand; applies end, fail in part or are
killed. The oracle knows the effects that each plan showed and the values that applies wrote. It knows no atoms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from reconciler.apply.channel import Send
from reconciler.core.approval.atoms import Atom
from reconciler.core.approval.carried import open_after
from reconciler.core.approval.counted import PlanToCount, count_plans
from reconciler.core.approval.coverage import Approval, compare_with_approved
from reconciler.core.approval.sources import InForce
from reconciler.core.approval.unplanned import AccountNow, is_asked_at
from reconciler.core.changes.outcome import Outcome, Run
from reconciler.core.changes.plan import Plan, has_errors
from reconciler.core.changes.plan_notes import RecordNote
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.messages import Request, Response
from reconciler.core.model.states import DesiredState, LiveState
from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import OpenAtom
from reconciler.core.safety.make_plan import MadePlan, PlanInput, make_plan
from tests.apply.world import NOON, OPEN, TODAY, World, git_says, make, refuse, trouble_at
from tests.core.examples import evidence_of
from tests.properties.test_approval_machine import differences, effects, follows

Git: TypeAlias = dict[tuple[str, str], object]
Effect: TypeAlias = tuple[str, ...]

NAMES = ("ann", "bob", "cid", "dee")
TENANT = Tenant(url="sandbox", scope="all")
somebody = st.sampled_from(NAMES)
edits = st.lists(
    st.one_of(
        st.tuples(st.just("title"), somebody, st.sampled_from(["Analyst", "Chief", "Queen"])),
        st.tuples(st.sampled_from(["there", "member", "role"]), somebody, st.booleans()),
        st.tuples(st.just("exchange"), somebody, somebody),
    ),
    min_size=1,
    max_size=2,
)


class Killed(BaseException):
    """The process ends in the middle of an apply."""


@dataclass
class Pull:
    """A pull request: the values that it writes, the values that it saw, its plan and what the plan shows."""

    writes: Git
    base: Git
    plan: Plan
    shown: frozenset[Effect]
    counts: bool = True
    merged: DesiredState | None = None


@dataclass
class Seen:
    """The effects that may run, as the oracle knows them."""

    effects: set[Effect] = field(default_factory=set)
    wrote: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def allows(self, effect: Effect) -> bool:
        """Whether a reviewer saw the effect; the value before may be one that an apply wrote since."""
        if effect in self.effects:
            return True
        name, path, *_ = effect
        outcomes = {one[-1] for one in self.effects if len(one) == len(effect) == 4 and one[:2] == (name, path)}
        return len(effect) == 4 and effect[-1] in outcomes and effect[2] in self.wrote.get((name, path), set())


def yaml_of(git: Git) -> str:
    there = [name for name in NAMES if git["there", name]]
    users = "".join(
        f"  {name}: {{userName: {git['login', name]}@example.com, displayName: {name}, title: {git['title', name]}}}\n"
        for name in there
    )
    members = ", ".join(name for name in there if git["member", name])
    holders = ", ".join(name for name in there if git["role", name])
    group = f"groups:\n  staff: {{displayName: Staff, membership: authoritative, members: [{members}]}}\n"
    roles = f"role_assignments:\n  - {{role: specialist, users: [{holders}]}}\n" if holders else ""
    return (f"users:\n{users}" if users else "users: {}\n") + group + roles


def values_of(user: dict[str, object]) -> Iterator[tuple[str, str]]:
    yield "title", str(user.get("title"))
    yield "userName", str(user.get("userName"))


class Merges(RuleBasedStateMachine):
    """One protected branch, its pull requests, its account and its record."""

    def __init__(self) -> None:
        super().__init__()
        self.world: World = make()
        self.git: Git = {}
        self.whole: DesiredState | None = None
        self.applied: list[tuple[int, DesiredState]] = []
        self.pulls: list[Pull] = []
        self.window: list[Pull] = []
        self.open: list[tuple[str, OpenAtom]] = []
        self.seen = Seen()

    @initialize()
    def begin(self) -> None:
        """Applies by hand: two users, one of them in the group."""
        for name in NAMES:
            self.git |= {("title", name): "Analyst", ("login", name): name, ("there", name): name in {"ann", "bob"}}
            self.git |= {("member", name): name == "ann", ("role", name): name == "bob"}
        self.whole = self.state(self.git)
        self.world.settle(self.whole)
        self.applied = [(1, self.whole)]

    def state(self, git: Git) -> DesiredState:
        return git_says(yaml_of(git))

    def plan(self, git: Git) -> MadePlan:
        earlier = Earlier(base=self.whole, front=tuple(state for _serial, state in self.applied))
        state = self.state(git)
        made = make_plan(
            PlanInput(state, self.world.read(), TENANT, OPEN, TODAY, earlier, evidence=evidence_of(earlier))
        )
        note = RecordNote(serial=self.applied[-1][0], made_on=TODAY.isoformat())
        return MadePlan(made.plan.model_copy(update={"record": note}), made.decided)

    def written(self, drawn: Iterable[tuple[str, str, object]]) -> Git:
        """The values that an edit writes, from the branch as it is now."""
        writes: Git = {}
        for kind, name, value in drawn:
            if kind == "exchange":
                one, other = (writes.get(("login", who), self.git["login", who]) for who in (name, str(value)))
                writes |= {("login", name): other, ("login", str(value)): one}
            else:
                writes[kind, name] = value
        return writes

    def names(self) -> dict[str, str]:
        return {number: str(user.get("externalId")) for number, user in self.world.simulator.users.items()}

    def review(self, writes: Git) -> Pull:
        base = {path: self.git[path] for path in writes}
        plan = Plan.model_validate_json(self.plan({**self.git, **writes}).plan.model_dump_json())
        return Pull(writes, base, plan, frozenset(effects(plan.changes, self.names())))

    @rule(drawn=edits)
    def propose(self, drawn: list[tuple[str, str, object]]) -> None:
        """Opens a pull request."""
        self.pulls.append(self.review(self.written(drawn)))

    @precondition(lambda self: self.pulls)
    @rule(which=st.integers(0, 9), counts=st.sampled_from([True, True, True, False]))
    def merge_one(self, which: int, counts: bool) -> None:  # noqa: FBT001  # drawn
        """Merges any."""
        self.merge(which, counts=counts)

    def merge(self, which: int, *, counts: bool) -> None:
        """Merges one; it is planned again first if it conflicts in git. The plan of a fork does not count."""
        pull = self.pulls.pop(which % len(self.pulls))
        if any(self.git[path] != value for path, value in pull.base.items()) or not self.is_valid(pull.writes):
            writes = {path: value for path, value in pull.writes.items() if path[0] != "login"}
            pull = self.review(writes)
        self.git |= pull.writes
        pull.counts, pull.merged = counts, self.state(self.git)
        self.window.append(pull)

    def is_valid(self, writes: Git) -> bool:
        git = {**self.git, **writes}
        return len({git["login", name] for name in NAMES}) == len(NAMES)

    @rule(
        drawn=st.lists(edits, min_size=2, max_size=4), order=st.randoms(use_true_random=False), forks=st.integers(0, 9)
    )
    def queue(self, drawn: list[list[tuple[str, str, object]]], order: Random, forks: int) -> None:
        """Opens several on one base, and merges them in any order; the plan of at most one does not count."""
        opened = [self.review(self.written(one)) for one in drawn]
        waiting, self.pulls = self.pulls, order.sample(opened, len(opened))
        for number in range(len(opened)):
            self.merge(0, counts=number != forks)
        self.pulls = waiting

    @rule(drawn=edits, rarely=st.integers(0, 5))
    def push(self, drawn: list[tuple[str, str, object]], rarely: int) -> None:
        """Pushes without a pull request."""
        if rarely == 0:
            self.git |= self.written(drawn)

    @rule(kind=st.sampled_from(["title", "turn", "member"]), name=somebody)
    def happen(self, kind: str, name: str) -> None:
        """Changes the account in 4me by hand."""
        for user in [dict(one) for one in self.world.simulator.users.values() if one.get("externalId") == name]:
            if kind == "member":
                self.enter_or_leave(str(user["id"]))
            else:
                change = {"title": "Queen"} if kind == "title" else {"active": not user.get("active", True)}
                self.world.simulator.answer("PATCH", f"/Users/{user['id']}", change, NOON)
            if kind == "title":
                self.seen.wrote.pop((name, "title"), None)

    def enter_or_leave(self, number: str) -> None:
        for group in list(self.world.simulator.groups.values()):
            members = group.get("members", [])
            assert isinstance(members, list)
            leaves = any(isinstance(one, dict) and one["value"] == number for one in members)
            body = {"members": [{"value": number, **({"operation": "delete"} if leaves else {})}]}
            self.world.simulator.answer("PATCH", f"/Groups/{group['id']}", body, NOON)

    @rule(fate=st.sampled_from(["whole", "whole", "whole", "refused", "killed"]), at=st.integers(0, 4))
    def apply(self, fate: str, at: int) -> None:
        """Applies HEAD with the approvals of the window."""
        made, before = self.plan(self.git), self.world.read()
        force = InForce(TODAY, open=self.open, applied=self.applied, earlier=Earlier(base=self.whole))
        account = AccountNow(made.plan, self.state(self.git), before, made.decided)
        gathered = [
            PlanToCount(f"#{number}", number, one.plan if one.counts else None, "it comes from a fork")
            for number, one in enumerate(self.window)
        ]
        counted = count_plans(gathered, made.plan.tenant, made.plan.url, ApplyHistory(), force)
        merged = {id(one.plan): one.merged for one in self.window}

        def asked(plan: Plan, atom: Atom) -> bool:
            state = merged[id(plan)]
            return state is not None and is_asked_at(atom, state, account)

        approval = compare_with_approved(made.plan, counted.plans, force, account, asked)
        for one in self.window:
            self.seen.effects |= one.shown if one.counts else set()
        needed = frozenset(effects(made.plan.changes, self.names()))

        try:
            ran = self.world.carry_out(approval.to_run, made.decided.ids, self.line(fate, at)).outcomes
        except (Killed, BaseExceptionGroup):
            ran = None

        self.judge(before, needed)
        if ran is None:
            self.applied.append((self.applied[-1][0] + 1, self.state(self.git)))
            return
        outcomes = (*ran, *approval.not_run)
        self.check_outcomes(fate, needed, outcomes)
        self.end(approval, outcomes, needed)

    def line(self, fate: str, at: int) -> Send | None:
        if fate == "whole":
            return None
        if fate == "refused":
            return trouble_at(self.world.send, at, refuse(422))

        async def kill(_send: Send, _request: Request) -> Response:
            raise Killed

        return trouble_at(self.world.send, at, kill)

    def judge(self, before: LiveState, needed: frozenset[Effect]) -> None:
        """Every effect in the account was seen by a reviewer, and HEAD asks for it."""
        done = set(differences(before, self.world.read()))
        for effect in done:
            if not follows(effect, done) and not is_third(effect):
                assert self.seen.allows(effect), (effect, self.seen.effects)
                assert effect in needed, (effect, needed)
        for effect in done:
            if len(effect) == 4:
                self.seen.wrote.setdefault((effect[0], effect[1]), set()).add(effect[-1])
        for user in self.world.simulator.users.values():
            if (str(user["externalId"]), "created") in done:
                for path, value in values_of(dict(user)):
                    self.seen.wrote.setdefault((str(user["externalId"]), path), set()).add(value)

    def check_outcomes(self, fate: str, needed: frozenset[Effect], outcomes: tuple[Outcome, ...]) -> None:
        """One outcome for each effect; where all that HEAD needs was seen, nothing is refused, and HEAD is reached."""
        told = Counter(effect for one in outcomes for effect in set(effects((one.change,), self.names())))
        assert not [effect for effect, count in told.items() if count > 1], told
        stopped = [one for one in outcomes if one.status in {"refused", "left"}]
        if needed <= {effect for one in self.window if one.counts for effect in one.shown}:
            assert not stopped, stopped
        if fate == "whole" and not stopped:
            after = self.plan(self.git).plan
            assert () == after.changes
            if not (after.skipped or after.named or has_errors(after)):  # a name that somebody else bears is in doubt
                self.check_account()

    def check_account(self) -> None:
        """The account is as HEAD declares it, value by value."""
        found = {str(one["externalId"]): dict(one) for one in self.world.simulator.users.values()}
        for name in NAMES:
            if self.git["there", name]:
                assert found[name].get("active", True) is True
                assert self.git["title", name] == found[name]["title"]
                assert f"{self.git['login', name]}@example.com" == found[name]["userName"]
        [staff] = self.world.read().groups
        members = {name for name in NAMES if name in found and found[name]["id"] in staff.members}
        assert {name for name in NAMES if self.git["there", name] and self.git["member", name]} == members

    def end(self, approval: Approval, outcomes: tuple[Outcome, ...], needed: frozenset[Effect]) -> None:
        """Ends the apply on record: the window is empty, and what was approved, needed and not done stays open."""
        serial = self.applied[-1][0] + 1
        salt = f"salt {serial}"
        left = open_after(approval, outcomes, salt, serial - 1)
        assert left != "all"
        self.open = [(salt, one) for one in left]
        self.applied.append((serial, self.state(self.git)))
        run = Run(tenant="sandbox", commit=None, digest="", outcomes=outcomes, requests=0)
        if run.whole:
            self.whole = self.applied[-1][1]
        self.window = []
        still = frozenset(effects(self.plan(self.git).plan.changes, self.names()))
        kept = {(one[0], one[1], one[-1]) for one in needed & still} | {(one[0], one[1], one[-1]) for one in still}
        self.seen.effects = {one for one in self.seen.effects if (one[0], one[1], one[-1]) in kept}


def is_third(effect: Effect) -> bool:
    """Whether the effect writes the third name of an exchange that did not end."""
    return effect[1] == "userName" and effect[-1] not in {f"{name}@example.com" for name in NAMES}


TestMerges = Merges.TestCase
TestMerges.settings = settings(max_examples=80, stateful_step_count=20, derandomize=True, deadline=None, database=None)
