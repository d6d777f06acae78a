"""Renders the check of a merge group as Markdown: what no approved plan shows, and whose pull request brought it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from reconciler.core.changes.plan import Change
from reconciler.core.model.amounts import count, few
from reconciler.errors import Problem
from reconciler.report.format.cut import LIMIT, within
from reconciler.report.format.quote import code, prose
from reconciler.report.format.words import SIGNS as EFFECT_SIGNS
from reconciler.report.format.words import describe_change, describe_source
from reconciler.report.markdown import MESSAGE, SIGNS, format_resource, in_alert, in_details, problem_item
from reconciler.report.refusal import MOST_LINES, find_error_lines
from reconciler.report.view.rows import Names, ResourceName, describe_content

MOST_PULLS = 50


@dataclass(frozen=True, slots=True)
class GroupEffect:
    """A change that would not run; `who` is a clause on the pull requests that brought it, `reason` a further one."""

    change: Change
    who: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class GroupPull:
    """A pull request of the queue, or one merged and not applied yet; `reason` is why its plan does not count.

    `counts` are the effects that it brought, as `3 deactivations`, if a guardrail is exceeded.
    """

    name: str
    queued: bool
    reason: str = ""
    counts: str = ""


@dataclass(frozen=True, slots=True)
class GroupWithoutEffect:
    """A merge group that applies nothing to a tenant, with the reason as a sentence without its full stop."""

    tenant: str
    reason: str
    approved: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class GroupWithoutPlan:
    """A merge group without a plan that can be compared; `failure` is why, perhaps the stderr of a command."""

    tenant: str
    failure: str
    approved: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class ComparedGroup:
    """A merge group whose plan for a tenant was compared with the approved plans.

    `changes` is how many changes the plan has. `refused` are those of git that no approved plan shows; `left` is drift
    that none shows. `refusals` are the problems for which the plan can't be applied. `again` are the pull requests that
    need a new plan.
    """

    tenant: str
    pulls: tuple[GroupPull, ...] = ()
    changes: int = 0
    refused: tuple[GroupEffect, ...] = ()
    left: tuple[GroupEffect, ...] = ()
    refusals: tuple[Problem, ...] = ()
    again: tuple[str, ...] = ()

    @property
    def approved(self) -> bool:
        """Whether the apply right after the merge would refuse nothing."""
        return not (self.refused or self.refusals)


GroupCheck: TypeAlias = GroupWithoutEffect | GroupWithoutPlan | ComparedGroup


def render_merge_group(check: GroupCheck, *, names: Names | None = None, limit: int = LIMIT) -> str:
    """Renders the check in at most about `limit` characters, what blocks the merge first."""
    verdict = "approved" if check.approved else "**not approved**"
    match check:
        case GroupWithoutEffect():
            body = f"{prose(check.reason, MESSAGE)}."
        case GroupWithoutPlan():
            body = in_alert("CAUTION", _render_failure(check.failure))
        case ComparedGroup():
            body = _render_comparison(check, names or Names({}), limit)
    return f"### Merge group for {code(check.tenant)}: {verdict}\n\n{body}".rstrip() + "\n"


def _render_failure(failure: str) -> str:
    lines = find_error_lines(failure) or [failure]
    items = "\n".join(f"- {prose(line, MESSAGE)}" for line in lines[:MOST_LINES])
    return f"There is no plan of this group to compare:\n\n{items}"


def _render_comparison(group: ComparedGroup, names: Names, limit: int) -> str:
    parts = [
        _render_good_news(group) if group.approved else in_alert("CAUTION", "\n\n".join(_next_steps(group))),
        _render_refusals(group, limit // 4),
        _render_effects("Not approved", group.refused, names, limit // 2, opened=True),
        _render_pulls(group.pulls),
        _render_effects("Drift that no plan shows, left as it is", group.left, names, limit // 8, opened=False),
    ]
    return "".join(parts)


def _render_good_news(group: ComparedGroup) -> str:
    seen = group.changes - len(group.left)
    if seen <= 0:
        return "Merging it has nothing to apply.\n\n"
    shown = "change that it applies is" if seen == 1 else "changes that it applies are"
    return f"{'The' if seen == 1 else f'All {seen:,}'} {shown} in approved plans.\n\n"


def _next_steps(group: ComparedGroup) -> Iterable[str]:
    """Yields what is wrong and what to do, one paragraph for each kind of fault."""
    if any(problem.code == "guardrail" for problem in group.refusals):
        yield (
            "The plan of this group can't be applied, though each pull request alone may be. Take a pull request out "
            "of the queue, or change what the problems below name."
        )
    elif group.refusals:
        yield "The plan of this group can't be applied: see the problems below."
    if group.refused:
        whose = few(group.again, MOST_PULLS) or "one of these pull requests"
        yield (
            f"No approved plan shows {count(len(group.refused), 'change')} that git causes, so merging would leave "
            f"{'it' if len(group.refused) == 1 else 'them'} undone. Take {whose} out of the queue. When all ahead is "
            "merged, update its branch with the base branch, so that its new plan shows what is missing; have that "
            "reviewed, and queue it again."
        )
        if forks := [one.name for one in group.pulls if one.name in group.again and "from a fork" in one.reason]:
            yield (
                f"For {few(forks, MOST_PULLS)}, from a fork, no plan is made: push its branch to this repository, and "
                "open a pull request from there."
            )


def _render_refusals(group: ComparedGroup, budget: int) -> str:
    if not group.refusals:
        return ""
    items = [problem_item(problem) for problem in group.refusals]
    shown = within(items, budget) or items[:1]
    counted = [f"{one.name}: {one.counts}" for one in group.pulls if one.counts]
    brought = f"- Brought by {few(counted, MOST_PULLS, between='; ')}\n" if counted else ""
    return f"{''.join(shown)}{_more(len(items) - len(shown))}{brought}\n"


def _render_effects(title: str, effects: Sequence[GroupEffect], names: Names, budget: int, *, opened: bool) -> str:
    if not effects:
        return ""
    items = [_render_effect(one, names) for one in effects]
    shown = within(items, budget) or items[:1]
    body = "".join(shown) + _more(len(items) - len(shown))
    return in_details(f"<b>{title}</b> ({len(effects):,})", body, opened=opened)


def _render_effect(effect: GroupEffect, names: Names) -> str:
    """Renders an effect as a list item: what happens, with attributes, members or roles; who brought it; the line."""
    change = effect.change
    label = format_resource(ResourceName(change.name, change.key))
    verb = describe_change(change, "plan", 1)
    content = describe_content(change, names).removeprefix(f"{verb.rpartition(' ')[2]}: ")  # loses roles: …
    what = f": {code(content, MESSAGE)}" if content else ""
    who = f"<br>{_sentence(effect.who)}" if effect.who else ""
    reason = f"<br>{_sentence(effect.reason)}" if effect.reason else ""
    line = f"<br><sub>{code(describe_source(change.source))}</sub>" if change.source else ""
    sign = SIGNS[EFFECT_SIGNS[change.effect]]
    return f"- {sign} {label} {verb}{what}{who}{reason}{line}\n"


def _sentence(clause: str) -> str:
    return f"{prose(clause[:1].upper() + clause[1:], MESSAGE)}."


def _render_pulls(pulls: Sequence[GroupPull]) -> str:
    """Lists the pull requests; those whose plan does not count come first."""
    if not pulls:
        return ""
    ordered = sorted(pulls, key=lambda one: not one.reason)
    items = [_render_pull(one) for one in ordered[:MOST_PULLS]]
    body = "".join(items) + _more(len(pulls) - len(items))
    uncounted = sum(bool(one.reason) for one in pulls)
    without = f", {uncounted:,} without a plan that counts" if uncounted else ""
    return in_details(f"<b>Pull requests compared</b> ({len(pulls):,}{without})", body, opened=bool(uncounted))


def _render_pull(pull: GroupPull) -> str:
    where = "in this queue" if pull.queued else "merged before, not applied yet"
    plan = f"no plan of it counts: {prose(pull.reason, MESSAGE)}" if pull.reason else "its plan counts"
    return f"- {pull.name} ({where}): {plan}\n"


def _more(number: int) -> str:
    return f"- and {number:,} more\n" if number > 0 else ""
