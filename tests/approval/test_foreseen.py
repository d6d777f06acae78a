"""A merge group is approved exactly if the apply right after its merge refuses nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

import pytest

from reconciler.core.approval.atoms import Atom, atoms_of
from reconciler.core.approval.coverage import Approval, compare_with_approved
from reconciler.core.approval.foreseen import foresee
from reconciler.core.approval.sources import InForce
from reconciler.core.changes.plan import Change, Plan, plan_to_json
from reconciler.core.changes.plan_notes import RecordNote
from reconciler.core.comparison.earlier import Earlier
from tests.approval.company import START, Account, plan_of, state_of, wanted

DAY = date(2026, 1, 1)


@dataclass
class Queue:
    """A branch with reviewed pull requests, an account that people edit, and what was applied last, if anything."""

    random: Random
    git: dict[str, int] = field(default_factory=lambda: dict(START))
    base: dict[str, int] = field(default_factory=lambda: dict(START))
    account: Account = field(default_factory=lambda: Account(wanted(START)))
    applied_once: bool = True
    plans: list[Plan] = field(default_factory=list)

    def note(self) -> RecordNote:
        return RecordNote(serial=1 if self.applied_once else None, made_on=DAY.isoformat())

    def choose(self, paths: Iterable[str]) -> tuple[str, int]:
        path = self.random.choice(sorted(paths))
        if path.startswith("exists"):
            return path, 1
        return path, self.random.randrange(3 if path.startswith("title") else 2)

    def pull(self) -> None:
        """Adds a pull request: its plan was reviewed on some earlier base, or it has none that counts."""
        path, value = self.choose(self.git)
        base = self.random.choice([START, self.git])
        applied = START if self.applied_once else None
        reviewed = plan_of({**base, path: value}, self.account, base, self.note(), applied).plan
        self.base = dict(self.git)
        self.git[path] = value
        if self.random.random() < 0.8:
            self.plans.append(reviewed)

    def hand(self) -> None:
        path, value = self.choose(path for path in self.account.has if not path.startswith("exists"))
        self.account.has[path] = value

    def force(self) -> InForce:
        last = state_of(START)
        if not self.applied_once:
            return InForce(DAY, timedelta(14))
        return InForce(DAY, timedelta(14), applied=[(1, last)], earlier=Earlier(base=last))

    def foreseen(self) -> Approval:
        """The check of the group: its plan has the commit before it as its base, and comes from a file."""
        applied = START if self.applied_once else None
        planned = plan_of(self.git, self.account, self.base, self.note(), applied).plan
        stored = Plan.model_validate_json(plan_to_json(planned))
        return foresee(stored, state_of(self.git), self.plans, self.force())

    def applied(self) -> Approval:
        """The apply right after the merge: it plans from what was applied last."""
        planned = plan_of(self.git, self.account, START if self.applied_once else None, self.note())
        return compare_with_approved(planned.plan, self.plans, self.force(), planned.now())


def play(seed: int) -> Queue:
    random = Random(seed)  # noqa: S311  # histories, no secrets
    queue = Queue(random, applied_once=seed % 4 > 0)
    for _step in range(random.randrange(1, 6)):
        random.choice([queue.pull, queue.pull, queue.hand])()
    return queue


def effects(changes: Iterable[Change]) -> set[Atom]:
    return {atom for change in changes for atom in atoms_of(change)}


def effects_with(approval: Approval, status: str) -> set[Atom]:
    return effects(one.change for one in approval.not_run if one.status == status)


@pytest.mark.parametrize("first", range(0, 1_600, 100))
def test_the_check_and_the_apply_refuse_leave_and_run_the_same(first: int) -> None:
    """Whatever was merged, edited by hand or not reviewed, and also before the first apply."""
    seen: Counter[str] = Counter()
    for seed in range(first, first + 100):
        queue = play(seed)
        foreseen, applied = queue.foreseen(), queue.applied()

        assert effects_with(applied, "refused") == effects_with(foreseen, "refused"), seed
        assert effects_with(applied, "left") == effects_with(foreseen, "left"), seed
        assert effects(applied.to_run) == effects(foreseen.to_run), seed
        seen.update({"red" if foreseen.refused else "green", "drift" if effects_with(foreseen, "left") else "none"})

    assert min(seen[one] for one in ("red", "green", "drift")) > 5
