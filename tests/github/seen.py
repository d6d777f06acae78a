"""The oracle of the state machine: the effects that a comment showed, and the effects that an account got.

It reads comments and accounts, and knows no plan, record or approval of the program. An effect is (user, path, before,
after); a path is `active`, `title`, `member` or `role`, of which the last two are about the one group and the one role.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Effect: TypeAlias = tuple[str, str, object, object]
Values: TypeAlias = dict[tuple[str, str], object]

ABSENT: Mapping[str, object] = {"active": None, "title": None, "member": False, "role": False}
LINE = re.compile(r"- \*\*[^*]\*\* `[^`]+` \(`(user|group)/(\w+)`\) (.*)")
VALUE = re.compile(r"`title`: `([\w ]+)`(?: → `([\w ]+)`)?")
MANY = re.compile(r"- \*\*[^*]\*\* \*\*\d+ people\*\* ([^<]*)<br>(.*)")
SINGULAR = {"lose ": "loses ", "get ": "gets ", "gain ": "gains ", "change": "changes", "left ": "left "}
LEFT = re.compile(r"left git, (and )?(was|were) reactivated by hand")  # and loses access
REMARKS = ("- Note: ", "- **Warning**: ")
MEMBER = re.compile(r"\buser/(\w+)")


def wanted(declared: Mapping[str, Any], account: Values) -> Values:
    """Returns the values that git asks for.

    Users who left git are inactive, without membership. Over SCIM they keep the role, until they come back without it.
    """
    staff, roles = declared["groups"]["staff"]["members"], declared["role_assignments"]
    held = {name for one in roles for name in one["users"]}
    values: Values = {(name, path): False for name, path in account if path in {"member", "active"}}
    values |= {key: has for key, has in account.items() if key[1] == "role"}
    for name, user in declared["users"].items():
        values |= {(name, "active"): True, (name, "title"): user["title"]}
        values |= {(name, "member"): name in staff, (name, "role"): name in held}
    return values


def between(before: Values, after: Values) -> set[Effect]:
    """Returns the effects that lead from one account to another."""
    paths = ((key, before.get(key, ABSENT[key[1]]), value) for key, value in after.items())
    return {(*key, old, new) for key, old, new in paths if old != new}


def follows(effect: Effect, all_effects: Iterable[Effect]) -> bool:
    """Whether it is a membership or role of a user who loses access, which ends with the access."""
    who, path, before, _after = effect
    return path in {"member", "role"} and before is True and (who, "active", True, False) in all_effects


def leading(effects: set[Effect]) -> set[Effect]:
    """Returns the effects that follow from no other one."""
    return {one for one in effects if not follows(one, effects)}


def read_comment(text: str) -> set[Effect]:
    """Returns the effects that a plan's comment shows. A line that is not understood fails the test."""
    shown: set[Effect] = set()
    who = ""
    for line in text.splitlines():
        if found := LINE.match(line):
            who = found[2]
            shown.update(_read_line(*found.groups()))
        elif found := MANY.match(line):
            shown.update(_read_many(*found.groups()))
        elif line.startswith("  - `"):
            shown.update(_read_values(who, line, created=True))
        else:
            assert not line.startswith("- ") or line.startswith(REMARKS), line
    return shown


def _read_line(_kind: str, who: str, said: str) -> Iterator[Effect]:
    words = said.partition("<br>")[0]
    if words.startswith("loses access") or LEFT.match(words):
        yield who, "active", True, False
    elif words.startswith("gets access back"):
        yield who, "active", False, True
        yield from _read_values(who, words)
    elif words.startswith("gets access"):
        yield who, "active", None, True
        yield from _read_values(who, words, created=True)
    elif words.startswith("changes"):
        yield from _read_values(who, words)
    elif words.startswith(("gains roles", "loses roles")):
        yield who, "role", words.startswith("loses"), words.startswith("gains")
    elif words.startswith(("gains members", "loses members")):
        for member in MEMBER.findall(words):
            yield member, "member", words.startswith("loses"), words.startswith("gains")
    else:
        raise AssertionError(words)


def _read_many(words: str, people: str) -> Iterator[Effect]:
    """Yields the effects of a line about several users, whose verb is in the plural."""
    [said] = [one + words.removeprefix(many) for many, one in SINGULAR.items() if words.startswith(many)]
    for who in MEMBER.findall(people.partition("<sub>")[0]):
        yield from _read_line("user", who, said)


def _read_values(who: str, words: str, *, created: bool = False) -> Iterator[Effect]:
    for old, new in VALUE.findall(words):
        assert new or created, words
        yield who, "title", old if new else None, new or old
    if created and "`roles`" in words:
        yield who, "role", False, True


@dataclass
class Approved:
    """An effect that a merged pull request showed: when it was planned and merged, both as counts of applies begun."""

    effect: Effect
    pull: int
    merge: str
    planned: int
    used: bool = False


@dataclass
class Memory:
    """What reviewers saw, and what applies did since; `applied` are the states that applies declared, in order."""

    approved: list[Approved] = field(default_factory=list)
    applied: list[Values] = field(default_factory=list)

    def covers(self, effect: Effect, merges: Iterable[str]) -> list[Approved]:
        """Returns the approvals, not used yet and merged by these commits, that cover an effect.

        Before the effect, the account has the value that reviewers saw, or one that an apply declared since.
        """
        who, path, before, after = effect
        same = (one for one in self.approved if not one.used and one.merge in merges and one.effect[:2] == (who, path))
        return [
            one
            for one in same
            if one.effect[3] == after
            and (one.effect[2] == before or before in self.declared_since(one.planned, who, path))
        ]

    def declared_since(self, planned: int, who: str, path: str) -> list[object]:
        return [values.get((who, path), ABSENT[path]) for values in self.applied[planned:]]

    def end(self, merges: Iterable[str], needed: set[Effect], account: Values) -> None:
        """Uses up the approvals of an apply that ended, but for those that covered what is needed and not done."""
        for one in self.approved:
            who, path, _before, after = one.effect
            is_left = any(one in self.covers(need, merges) for need in needed if need[:2] == (who, path))
            if one.merge in merges and not (is_left and account.get((who, path), ABSENT[path]) != after):
                one.used = True


@dataclass
class Needed:
    """What an apply is for: its place on the line, the values that git asks for, the effects, and those approved."""

    place: int
    target: Values
    effects: set[Effect]
    covered: set[Effect]

    def judge(self, statuses: frozenset[str], code: int, after: Values, *, is_sent_whole: bool) -> None:
        """Judges the end of an apply: its code is as its outcomes, and these are as what reviewers saw."""
        expected = 4 if "refused" in statuses else 0 if statuses <= {"applied", "already", "left"} else 1
        assert expected == code or "withdrawn" in statuses, (statuses, code)
        if is_sent_whole and self.effects == self.covered:
            assert not statuses & {"refused", "left", "failed"}, (statuses, self)
            differs = {key for key in self.target if after.get(key, ABSENT[key[1]]) != self.target[key]}
            assert not differs, (differs, statuses)

    def judge_others(self, got: set[Effect]) -> None:
        """An effect that was not approved stops those of its own user alone."""
        stopped = {who for who, *_rest in self.effects - self.covered}
        late = {one for one in self.covered - got if one[0] not in stopped}
        assert not late, (late, self)
