"""A person who reads every plan comment before the merge, and the account after every run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.github.player import PlayedJob
from tests.github.seen import Effect, Values, between, leading, read_comment
from tests.github.world import Company

PLAN = "### Plan for `qa`"


def read_company(acme: Company) -> Values:
    """Returns the account, value by value."""
    users = acme.users()
    names = {user["id"]: key for key, user in users.items()}
    groups: list[Any] = list(acme.stores["qa"].simulator().groups.values())
    members = {names[one["value"]] for group in groups for one in group.get("members", [])}
    values: Values = {}
    for name, user in users.items():
        values |= {(name, "active"): user.get("active", True), (name, "title"): user.get("title")}
        values |= {(name, "member"): name in members, (name, "role"): bool(user.get("roles"))}
    return values


@dataclass
class Witness:
    """The effects that comments showed at the merge, and the account as it was last; an effect may run once."""

    acme: Company
    seen: set[Effect] = field(default_factory=set)
    before: Values = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.before = read_company(self.acme)

    def read(self, *numbers: int) -> None:
        """Reads the plans that stand on pull requests which are about to be merged."""
        for number in numbers:
            for text in self.acme.standin.shown(number):
                self.seen |= read_comment(text) if text.startswith(PLAN) else set()

    def judge(self) -> set[Effect]:
        """Fails if an effect is in the account that no reviewer saw. Returns the effects that are there now."""
        after = read_company(self.acme)
        got = leading(between(self.before, after))
        assert got <= self.seen, got - self.seen
        self.seen -= got
        self.before = after
        return got


def outcomes(acme: Company, number: int) -> list[str]:
    """Returns the first lines of the outcomes that stand on a pull request."""
    shown = acme.standin.shown(number)
    return [text.partition("\n")[0] for text in shown if "<!-- reconciler:outcome:qa -->" in text]


def plans(acme: Company, number: int) -> list[str]:
    """Returns the plan comments that stand on a pull request."""
    return [text for text in acme.standin.shown(number) if "<!-- reconciler:plan:qa -->" in text]


def codes(jobs: dict[str, PlayedJob], *steps: str) -> list[int | None]:
    """Returns the exit codes of steps, by their names; None of one that did not run."""
    found = {step: code for job in jobs.values() for step, code in job.codes.items()}
    return [found.get(step) for step in steps]


def results(jobs: dict[str, PlayedJob]) -> dict[str, str]:
    """Returns the result of each job."""
    return {name: job.result for name, job in jobs.items()}
