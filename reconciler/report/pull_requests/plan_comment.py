"""Renders a plan as one Markdown comment, for a reviewer with two minutes. Sends nothing.

A comment that is too long is cut between changes. Removals are never cut: at worst they are counted, with as many
names as fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from reconciler.core.changes.plan import Plan
from reconciler.core.model.amounts import count, more_of
from reconciler.report.format.cut import LIMIT, Cut, fit, within
from reconciler.report.format.quote import code, prose, prose_line
from reconciler.report.format.words import count_changed
from reconciler.report.markdown import MESSAGE, in_details, left_item, link_or_code, named_item
from reconciler.report.sections import RenderedSection, fold, render_group, render_section
from reconciler.report.view.named import SETTLE, NamedGroup, name_doubt
from reconciler.report.view.plan_view import Section, View, make_view

ELSEWHERE = "the plan file"
MERGED_DRIFT = "Merging this also puts back what was changed in the account"
MOST_NAMED = 10  # unresolved users and groups of one verdict


def render_comment(
    plan: Plan, *, full_plan: str | None = None, step: Literal["merge", "apply"] = "merge", limit: int = LIMIT
) -> str:
    """Renders the comment on a pull request, also the summary of a job, in at most `limit` characters (10,000 or more).

    `full_plan` is where the whole plan is: an https address, or words. `step` is what carries the plan out.
    """
    view = make_view(plan)
    pointer = f"> **Cut to fit:** all changes are in {link_or_code(full_plan or ELSEWHERE)}.\n\n"
    before, end = head_of(view, limit), end_of(view, full_plan, limit)
    named = describe_doubts(view.named, full_plan, limit, used=len(before) + len(end))
    sections = [render_section(one, limit) for one in _name_sections(view.sections, step)]
    return assemble(before, sections, (pointer, named + end), limit)


def render_uncounted(reason: str) -> str:
    """Renders why a merge approves nothing of a plan, and what to do."""
    way = "Move the changes of the desired state to another pull request, or apply them by hand after the merge."
    return f"> **Merging this approves nothing of this plan:** {prose_line(reason)}. {way}"


def insert_warning(body: str, warning: str) -> str:
    """Inserts a warning below the first line of the comment on a plan with changes."""
    first, between, rest = body.partition("\n\n")
    return f"{first}{between}{warning}\n\n{rest}"


def _name_sections(sections: Sequence[Section], step: Literal["merge", "apply"]) -> Iterable[Section]:
    """Titles the drift by what the merge does to it: a merge approves the whole plan, and so its drift.

    A section that is alone has no verdict, because the heading has the same.
    """
    for section in sections:
        title = MERGED_DRIFT if section.cause == "drift" and step == "merge" else section.title
        yield replace(section, title=title, verdict=section.verdict if len(sections) > 1 else "")


def assemble(before: str, written: Sequence[RenderedSection], after: tuple[str, str], limit: int) -> str:
    """Joins a page within the limit. `after` is a pointer, shown only if the sections are cut, and the end."""
    pointer, end = after

    def page(cut: Cut) -> str:
        return before + "".join(fold(one, cut) for one in written) + (pointer if cut != Cut() else "") + end

    rows = max((len(one.section.other) for one in written), default=0)
    names = sum(len(row.resources) for one in written for row in one.section.shrinking)
    return fit(page, rows, names, limit)


def head_of(view: View, limit: int) -> str:
    """Returns the verdict, what blocks and the problems; for an empty plan, one line."""
    first = view.headline(code, lambda losses: f"**{losses}**")
    if view.is_empty:
        return f"**{first}.** "
    notes = "".join(f"> {prose(note[:1].upper() + note[1:], MESSAGE)}.\n\n" for note in view.notes)
    return f"### {first}{_describe_state(view)}\n\n{notes}" + "".join(
        render_group(group, limit // 8) for group in view.problems
    )


def _describe_state(view: View) -> str:
    if view.block:
        return f"; **blocked**: {view.block}"
    if view.voice == "drift" or not view.sections:
        return ""
    conflicts = sum(change.cause == "conflict" for change in view.plan.changes)
    conflict = f"**{count(conflicts, 'conflict')}**, " if conflicts else ""
    drift = [change for change in view.plan.changes if change.cause == "drift"]
    puts_back = f"puts back drift ({count_changed(drift)}), " if drift else ""
    return f"; {conflict}{puts_back}{view.standing}"


def describe_doubts(
    groups: Sequence[NamedGroup], whole: str | None, limit: int, *, used: int, since: Mapping[str, str] | None = None
) -> str:
    """Describes the unresolved users and groups, the first of them in full; `used` characters are taken."""
    budget = max(0, min(limit // 6, (limit - used) // 3)) // max(1, len(groups))
    return "".join(_describe_group(group, whole, budget, since or {}) for group in groups)


def _describe_group(group: NamedGroup, whole: str | None, budget: int, since: Mapping[str, str]) -> str:
    items = [named_item(one, since.get(name_doubt(one))) for one in group.resources[:MOST_NAMED]]
    shown = within(items, budget)
    more = len(group.resources) - len(shown)
    rest = "".join(f"- {line}\n" for line in more_of(more, f": all are in {link_or_code(whole or ELSEWHERE)}"))
    settle = f" {SETTLE}." if shown else ""
    body = f"{group.meaning[:1].upper()}{group.meaning[1:]}.{settle}\n\n{''.join(shown)}{rest}".rstrip() + "\n"
    return in_details(f"<b>{group.title}</b> ({len(group.resources):,})", body, opened=True)


def end_of(view: View, full_plan: str | None, limit: int) -> str:
    """Returns the skipped users and groups; in small print the cost, the unmanaged, the full plan and the digest."""
    items = [left_item(left) for left in view.left]
    shown = within(items, limit // 10)
    more = f"- and others for {count(len(items) - len(shown), 'more reason')}\n" if len(shown) < len(items) else ""
    number = len(view.plan.skipped)
    left = in_details(f"Skipped ({number:,})", "".join(shown) + more, opened=False) if items else ""
    whole = f"All changes: {link_or_code(full_plan)}" if full_plan and view.plan.changes else ""
    facts = [one for one in (view.cost, view.unmanaged, whole, code(view.plan.digest)) if one]
    return f"{left}<sub>{'. '.join(facts)}.</sub>\n"
