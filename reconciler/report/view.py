"""A plan as people read it: the verdict in a sentence, then what shrinks, what grows, what changes.

Text and Markdown are two ways to write this down; neither decides anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.plan import AttributeChange, Change, Effect, Plan
from reconciler.core.references import ID_PREFIX
from reconciler.errors import Problem
from reconciler.report.quote import show_value

GETS = frozenset({"create_user", "reactivate_user"})
VERBS = {
    "create_user": "gets access",
    "reactivate_user": "gets access back",
    "update_user": "changes",
    "deactivate_user": "loses access",
    "create_group": "is created",
    "update_group": "changes",
    "add_members": "gains members",
    "remove_members": "loses members",
    "grant_roles": "gains roles",
    "revoke_roles": "loses roles",
}
SECTIONS: tuple[tuple[Effect, str, str], ...] = (
    ("shrink", "-", "What is taken away"),
    ("grow", "+", "What is given"),
    ("change", "~", "What changes"),
)


@dataclass(frozen=True, slots=True)
class Detail:
    """One line under a change; `before` is None where only what comes is told."""

    label: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class Row:
    """One change."""

    key: str
    name: str
    verb: str
    cause: str
    reason: str
    source: str
    details: tuple[Detail, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """All changes of one effect."""

    sign: str
    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class View:
    """A plan ready to be written down."""

    plan: Plan
    title: str
    verdict: str
    blocks: tuple[str, ...]
    sections: tuple[Section, ...]
    problems: tuple[Problem, ...]
    unmanaged: str
    cost: str


@dataclass(frozen=True, slots=True)
class Heading:
    """The first line: what this is, what it says where there is nothing, and what leads into the verdict."""

    title: str
    nothing: str
    lead: str = ""


def make_view(plan: Plan, heading: Heading) -> View:
    """The plan in the words of people."""
    names = {f"{ID_PREFIX}{one.id}": f"{one.name} ({one.id}, not in git)" for one in plan.unmanaged}
    leaving = _leaving(plan.changes)
    sections = (
        Section(sign, heading, tuple(_rows(plan.changes, effect, names, leaving))) for effect, sign, heading in SECTIONS
    )
    return View(
        plan=plan,
        title=heading.title,
        verdict=heading.lead + make_verdict(plan) if plan.changes else heading.nothing,
        blocks=tuple(_blocks(plan)),
        sections=tuple(section for section in sections if section.rows),
        problems=plan.problems,
        unmanaged=_unmanaged(plan),
        cost=_cost(plan),
    )


def make_verdict(plan: Plan) -> str:
    """How many people get, change and lose access, and how many groups change, in one line."""
    gets = {change.key for change in plan.changes if change.action in GETS}
    loses = {change.key for change in plan.changes if change.action == "deactivate_user"}
    users = {change.key for change in plan.changes if change.key.startswith("user/")}
    groups = {change.key for change in plan.changes if change.key.startswith("group/")}
    parts = [
        (len(gets), "gets access", "get access"),
        (len(users - gets - loses), "changes", "change"),
        (len(loses), "loses access", "lose access"),
    ]
    people = [f"{_people(number)} {one if number == 1 else many}" for number, one, many in parts if number]
    if groups:
        people.append(f"{len(groups)} {'group changes' if len(groups) == 1 else 'groups change'}")
    return ", ".join(people)


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number:,} people"


def count(number: int, noun: str) -> str:
    """`1 request`, `2 requests`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _blocks(plan: Plan) -> Iterable[str]:
    """What stands between this plan and its apply."""
    if not plan.read.complete:
        yield "the account was not read completely: this plan can't be applied"
    if plan.read.mode == "snapshot":
        yield "made from a saved live state: apply plans again from the account"
    guarded = sum(problem.code == "guardrail" for problem in plan.problems)
    if guarded:
        yield f"{guarded} {'guardrail refuses' if guarded == 1 else 'guardrails refuse'} this plan"
    if not plan.converges:
        yield "does not converge: planning again after it would leave something to do"


def _leaving(changes: Iterable[Change]) -> dict[str, list[str]]:
    """The groups that each deactivated user leaves: told with the deactivation, and not as removals of their own."""
    leaving: dict[str, list[str]] = {change.key: [] for change in changes if change.action == "deactivate_user"}
    for change in changes:
        if change.action == "remove_members":
            for member in leaving.keys() & set(change.members):
                leaving[member].append(f"{change.name} ({change.key})")
    return leaving


def _rows(
    changes: Iterable[Change], effect: Effect, names: Mapping[str, str], leaving: Mapping[str, list[str]]
) -> Iterable[Row]:
    """Those of one effect: conflicts first, then who loses access."""
    chosen = [change for change in changes if change.effect == effect]
    for change in sorted(chosen, key=lambda one: (one.cause != "conflict", one.action != "deactivate_user")):
        remaining = [member for member in change.members if member not in leaving]
        if change.action != "remove_members" or remaining:
            yield _row(change, [*_details(change, remaining, names), *_left_groups(leaving.get(change.key, ()))])


def _left_groups(groups: Sequence[str]) -> list[Detail]:
    return [Detail("leaves", None, ", ".join(groups))] if groups else []


def _row(change: Change, details: Iterable[Detail]) -> Row:
    return Row(
        key=change.key,
        name=change.name,
        verb=VERBS[change.action],
        cause=change.cause.replace("_", " "),
        reason=change.reason,
        source=str(change.source) if change.source else "",
        details=tuple(details),
    )


def _details(change: Change, members: Sequence[str], names: Mapping[str, str]) -> Iterable[Detail]:
    if change.action in {"create_user", "create_group"}:
        yield from (Detail(one.path, None, show_value(one.after)) for one in change.attributes)
    else:
        for one in change.attributes:
            yield from _attribute(one, names)
    if change.roles:
        yield Detail("roles", None, ", ".join(change.roles))
    if members:
        yield Detail("members", None, ", ".join(names.get(member, member) for member in members))


def _attribute(one: AttributeChange, names: Mapping[str, str]) -> Iterable[Detail]:
    """`title: Analyst → Senior Analyst`; a value of many shows what comes and what goes."""
    if isinstance(one.before, list) and isinstance(one.after, list):
        from reconciler.core.diff import describe  # noqa: PLC0415  # brings deepdiff, which most plans don't need

        yield Detail(one.path, None, "; ".join(describe(one.before, one.after)))
    else:
        before = names.get(str(one.before), show_value(one.before))
        yield Detail(one.path, before, "cleared" if one.after is None else show_value(one.after))


def _unmanaged(plan: Plan) -> str:
    users = sum(one.kind == "user" for one in plan.unmanaged)
    groups = len(plan.unmanaged) - users
    if not plan.unmanaged:
        return ""
    counted = f"{count(users, 'user')} and {count(groups, 'group')}"
    return f"Not in git, and never touched: {counted} of the account, listed in the plan file"


def _cost(plan: Plan) -> str:
    read, cost = plan.read, plan.cost
    requests = count(cost.requests, "request")
    wait = f", at least {cost.seconds:.0f} s at the tenant's pace" if cost.seconds else ""
    held = f"{count(read.users, 'user')} and {count(read.groups, 'group')}"
    return f"{requests} to apply{wait}; {read.requests} made to read {held}"
