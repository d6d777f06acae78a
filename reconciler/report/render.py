"""Writes views down: the templates, their filters, and the formats by name."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Literal, TypeAlias

from reconciler.core.explain import Explanation
from reconciler.core.outcome import Run, count_statuses
from reconciler.core.plan import Plan, plan_to_json
from reconciler.report.quote import code, code_line, plain, plain_line, show_value
from reconciler.report.view import Heading, Row, make_view

if TYPE_CHECKING:
    from jinja2 import Environment

Format: TypeAlias = Literal["text", "markdown", "json"]
WIDTH = 110
MARKS = {"error": "!", "warning": "?", "info": "i"}
WORDS = {"error": "**Problem**", "warning": "Warning", "info": "Note"}


def render_plan(plan: Plan, form: Format) -> str:
    """The plan in a format, ending in a newline; the same plan is the same bytes."""
    return _render(plan, form, Heading("Plan for", nothing="nothing to do"))


def render_drift(plan: Plan, form: Format) -> str:
    """The plan that would undo the drift, under a heading that says so."""
    return _render(plan, form, Heading("Drift in", nothing="none", lead="to mend it, "))


def _render(plan: Plan, form: Format, heading: Heading) -> str:
    if form == "json":
        return plan_to_json(plan)
    template = {"text": "plan.txt.j2", "markdown": "plan.md.j2"}[form]
    view = make_view(plan, heading)
    return _environment().get_template(template).render(view=view, marks=MARKS, words=WORDS).rstrip() + "\n"


def render_run(run: Run, form: Format) -> str:
    """What an apply came to, and of each change that was not simply applied, why."""
    if form == "json":
        return run.model_dump_json(indent=2) + "\n"
    template = {"text": "run.txt.j2", "markdown": "run.md.j2"}[form]
    counts = ", ".join(f"{count} {status}" for status, count in count_statuses(run.outcomes).items())
    not_done = [outcome for outcome in run.outcomes if outcome.status != "applied" or outcome.detail]
    rendered = _environment().get_template(template).render(run=run, counts=counts or "nothing to do", rows=not_done)
    return rendered.rstrip() + "\n"


def render_explanation(explanation: Explanation, form: Literal["text", "json"]) -> str:
    """Why a user is in scope or not, to be read or to be worked with."""
    if form == "json":
        return explanation.model_dump_json(indent=2) + "\n"
    return _environment().get_template("explain.txt.j2").render(one=explanation).rstrip() + "\n"


def _environment() -> Environment:
    """Templates hold our own words; every foreign value goes through a filter. Autoescape is for HTML, not these."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415  # JSON needs none of it

    environment = Environment(  # noqa: S701  # text and Markdown: the filters quote
        loader=PackageLoader("reconciler.report"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "plain": plain,
        "plain_line": plain_line,
        "code": code,
        "code_line": code_line,
        "lines": _lines,
        "given": _given,
        "wrap": _wrapped,
        "show": show_value,
    }
    return environment


def _lines(row: Row) -> list[str]:
    """What stands under a change: a line for each value that changes, what a new resource starts with, and why."""
    changed = [
        f"{plain(one.label)}: {plain(one.before)} → {plain(one.after)}" for one in row.details if one.before is not None
    ]
    given = "; ".join(f"{plain(one.label)}: {plain_line(one.after)}" for one in row.details if one.before is None)
    why = f"because {plain_line(row.reason)}" + (f" [{plain(row.source)}]" if row.source else "")
    return [*changed, *_wrapped(given), *_wrapped(why)]


def _given(row: Row) -> list[str]:
    """What a new resource starts with, in one item: names are read before attributes."""
    given = [f"{code(one.label)}: {code_line(one.after)}" for one in row.details if one.before is None]
    return ["; ".join(given)] if given else []


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)
