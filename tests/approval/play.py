"""Plays random histories of pull requests, changes by hand and applies, and counts the results of approvals.

`python -m tests.approval.play 2000` plays 2,000 lines of 60 steps, about 36,000 applies. The oracle knows the
effects that reviewers saw, path by path, and the last writer of each path. It knows no atoms, covers or records.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from reconciler.core.approval.carried import open_after
from reconciler.core.approval.sources import InForce
from reconciler.core.changes.plan import Change, Plan
from reconciler.core.changes.plan_notes import RecordNote
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.model.states import DesiredState
from reconciler.core.record.record import OpenAtom
from tests.approval.company import START, Account, Applied, Effect, Git, apply_plans, plan_of, state_of, wanted

AGE = 14
DAY = date(2026, 1, 1)
NEVER_SEEN, AGAIN, STALE, OVER_A_HAND = "RAN, never seen", "RAN again", "RAN, stale", "RAN over a hand's change"
REFUSED_THOUGH_SEEN = "refused though seen"
WRONG = (NEVER_SEEN, AGAIN, STALE, OVER_A_HAND, REFUSED_THOUGH_SEEN)


@dataclass
class Pull:
    """A pull request: one edit, with the plan and the effects that its reviewers saw."""

    path: str
    base: int
    value: int
    plan: Plan
    effects: set[Effect]
    day: int


@dataclass
class Seen:
    """An effect that reviewers saw on a day; `used` after it ran or was not needed."""

    effect: Effect
    day: int
    used: bool = False


@dataclass
class Line:
    """One main branch, its pull requests, its account and its record."""

    random: Random
    today: int = 0
    git: dict[str, int] = field(default_factory=lambda: dict(START))
    account: Account = field(default_factory=lambda: Account(wanted(START)))
    pulls: list[Pull] = field(default_factory=list)
    in_force: list[Plan] = field(default_factory=list)
    open: list[tuple[str, OpenAtom]] = field(default_factory=list)
    applied: list[tuple[int, DesiredState]] = field(default_factory=lambda: [(0, state_of(START))])
    whole: Git = field(default_factory=lambda: dict(START))
    writer: dict[str, tuple[str, int]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    edited: dict[str, int] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def serial(self) -> int:
        return len(self.applied) - 1

    def note(self) -> RecordNote:
        return RecordNote(serial=self.serial, made_on=(DAY + timedelta(self.today)).isoformat())

    def review(self, path: str, value: int) -> Pull:
        git = {**self.git, path: value}
        planned = plan_of(git, self.account, self.whole, self.note())
        return Pull(path, self.git[path], value, planned.plan, self.account.effects(git), self.today)

    def edit(self) -> None:
        path = self.random.choice(sorted(self.git))
        if path.startswith("exists"):
            value = 1
        else:
            value = self.random.randrange(4) if path.startswith("title") else 1 - self.git[path]
        if self.git[path] != value or self.random.random() < 0.2:
            self.pulls.append(self.review(path, value))

    def merge(self) -> None:
        if not self.pulls:
            return
        pull = self.pulls.pop(self.random.randrange(len(self.pulls)))
        if self.git[pull.path] != pull.base:  # a conflict in git: it is planned again
            pull = self.review(pull.path, pull.value)
        self.git[pull.path] = pull.value
        self.edited[pull.path] = pull.day
        self.in_force.append(pull.plan)
        self.seen += [Seen(effect, pull.day) for effect in pull.effects]

    def queue(self) -> None:
        self.merge()
        self.merge()

    def hand(self) -> None:
        path = self.random.choice([one for one in sorted(self.account.has) if not one.startswith("exists")])
        value = self.random.randrange(4) if path.startswith("title") else 1 - self.account.has[path]
        self.account.has[path] = value
        self.writer[path] = ("hand", self.today)

    def apply(self) -> None:
        fate = self.random.random()
        needed = self.account.effects(self.git)
        planned = plan_of(self.git, self.account, self.whole, self.note())
        day = DAY + timedelta(self.today)
        earlier = Earlier(base=state_of(self.whole))
        force = InForce(day, timedelta(AGE), open=self.open, applied=self.applied, earlier=earlier)

        def fails(_change: Change) -> bool:
            return fate < 0.25 and self.random.random() < 0.5

        applied = apply_plans(planned, self.in_force, force, self.account, fails)
        self.counts["applies"] += 1
        self.judge(needed, applied)
        self.applied.append((self.serial + 1, state_of(self.git)))
        if fate < 0.06:
            self.counts["killed"] += 1
            return
        self.end(needed, applied)

    def end(self, needed: Iterable[Effect], applied: Applied) -> None:
        """Ends an apply: effects that were seen and are not needed are used; open effects are on record."""
        outcomes = {(path, after) for path, _before, after in needed}
        for one in self.seen:
            one.used |= (one.effect[0], one.effect[2]) not in outcomes
        salt = f"salt {self.serial}"
        left = open_after(applied.approval, applied.outcomes, salt, self.serial)
        assert left != "all"
        self.open = [(salt, one) for one in left]
        self.in_force = []
        if not self.account.effects(self.git):
            self.whole = dict(self.git)

    def judge(self, needed: Iterable[Effect], applied: Applied) -> None:
        """Counts each needed effect by its outcome."""
        tried = {(path, one.key) for one in applied.approval.to_run for path in _paths(one)}
        for effect in sorted(needed, key=str):
            path, _before, value = effect
            mine = [one for one in self.seen if (one.effect[0], one.effect[2]) == (path, value)]
            if self.account.has.get(path) == value:
                self.counts[self._ran(effect, mine)] += 1
                for one in mine:
                    one.used = True
                self.writer[path] = ("us", self.today)
            elif not any(name == path for name, _key in tried):
                self.counts[self._stayed(effect, mine)] += 1

    def _is_good(self, one: Seen, effect: Effect) -> bool:
        who, when = self.writer.get(effect[0], ("", -1))
        lasts = self.today - one.day <= AGE
        return not one.used and lasts and (one.effect[1] == effect[1] or (who == "us" and when > one.day))

    def _ran(self, effect: Effect, mine: list[Seen]) -> str:
        unused = [one for one in mine if not one.used]
        if not mine:
            return NEVER_SEEN
        if not unused:
            return AGAIN
        if all(self.today - one.day > AGE for one in unused):
            return STALE
        return "ran as seen" if any(self._is_good(one, effect) for one in mine) else OVER_A_HAND

    def _stayed(self, effect: Effect, mine: list[Seen]) -> str:
        path = effect[0]
        if any(self._is_good(one, effect) for one in mine):
            waits = "exists" + path[-1] in wanted(self.git) and not self.account.has.get("exists" + path[-1])
            return "waits for a creation that nobody saw whole" if waits else REFUSED_THOUGH_SEEN
        lately = self.today - self.edited.get(path, -AGE - 1) <= AGE or path.startswith("role")
        return "refused: nobody saw it" if lately else "left: drift that nobody saw"

    def play(self, steps: int) -> None:
        choices = [self.edit] * 3 + [self.merge] * 2 + [self.queue, self.hand] + [self.apply] * 3
        for _step in range(steps):
            self.today += 1
            self.random.choice(choices)()


def _paths(change: Change) -> Iterable[str]:
    """Returns the paths of a change, by the oracle's names."""
    who = change.key.removeprefix("user/")
    if change.action == "create_user":
        yield "exists" + who
    yield from ("title" + who for one in change.attributes if one.path == "title")
    yield from ("role" + who for _role in change.roles)
    yield from ("member" + member.removeprefix("user/") for member in change.members)


def play(lines: int, steps: int = 60, seed: str = "a") -> Counter[str]:
    """Plays that many lines. Returns the sums of their counts."""
    counts: Counter[str] = Counter()
    for number in range(lines):
        line = Line(Random(f"{seed}/{number}"))  # noqa: S311  # histories, no secrets
        line.play(steps)
        counts.update(line.counts)
    return counts


if __name__ == "__main__":
    for what, count in sorted(play(int(sys.argv[1]) if len(sys.argv) > 1 else 200).items()):
        print(f"{count:8,}  {what}")  # noqa: T201  # its result
