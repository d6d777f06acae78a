"""Renders plans, drift, runs and explanations in a format by name; fills the text templates."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from reconciler.core.changes.outcome import Run
from reconciler.core.changes.plan import Plan, plan_to_json
from reconciler.core.changes.redact import readable_plan, readable_run
from reconciler.core.explanation.explain import Explanation
from reconciler.core.explanation.undeclared_user import UndeclaredUser
from reconciler.core.model.amounts import count
from reconciler.core.model.diff import show_value
from reconciler.report.drift_issue import render_drift_issue
from reconciler.report.explain import explanation_lines, undeclared_user_lines
from reconciler.report.format.quote import plain, plain_line
from reconciler.report.format.words import Voice
from reconciler.report.page import render_plan_page, render_run_page
from reconciler.report.pull_requests.outcome_comment import render_outcome_comment
from reconciler.report.pull_requests.plan_comment import render_comment
from reconciler.report.text import left_lines, lines_of, named_lines, outcome_lines, problem_lines, row_lines, wrap
from reconciler.report.view.plan_view import make_view
from reconciler.report.view.run_view import make_run_view

if TYPE_CHECKING:
    from jinja2 import Environment

Format: TypeAlias = Literal["text", "markdown", "html", "json"]


def render_plan(plan: Plan, form: Format) -> str:
    """Renders a plan in a format, ending in a newline; equal plans give equal bytes."""
    return _render(readable_plan(plan), form, "plan")


def render_drift(plan: Plan, form: Format) -> str:
    """Renders as drift the plan that would revert it."""
    return _render(readable_plan(plan), form, "drift")


def _render(plan: Plan, form: Format, voice: Voice) -> str:
    match form:
        case "json":
            return plan_to_json(plan)
        case "markdown":
            return render_comment(plan, step="apply") if voice == "plan" else render_drift_issue(plan, since={})
        case "html":
            return render_plan_page(make_view(plan, voice))
        case "text":
            view = make_view(plan, voice)
            return _fill("plan.txt.j2", view=view, headline=view.headline(plain))


def _fill(template: str, **values: object) -> str:
    return _environment().get_template(template).render(**values).rstrip() + "\n"


def render_run(run: Run, form: Format) -> str:
    """Renders the outcome of an apply, with the reason of each change that was not applied."""
    run = readable_run(run)
    match form:
        case "json":
            return run.model_dump_json(indent=2) + "\n"
        case "markdown":
            return render_outcome_comment(run)
        case "html":
            return render_run_page(make_run_view(run))
        case "text":
            return _fill("run.txt.j2", view=make_run_view(run))


def render_explanation(explanation: Explanation | UndeclaredUser, form: Literal["text", "json"]) -> str:
    """Renders why a user is in scope, out of scope or undeclared."""
    if form == "json":
        return explanation.model_dump_json(indent=2) + "\n"
    lines = (
        explanation_lines(explanation) if isinstance(explanation, Explanation) else undeclared_user_lines(explanation)
    )
    return "\n".join(lines) + "\n"


@cache  # a template is compiled once
def _environment() -> Environment:
    """Returns the environment of the text templates, in which every foreign value goes through a filter."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415  # JSON needs none of it

    environment = Environment(  # noqa: S701  # text: the filters quote
        loader=PackageLoader("reconciler.report"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "plain": plain,
        "plain_line": plain_line,
        "wrap": wrap,
        "row_lines": row_lines,
        "problem_lines": problem_lines,
        "left_lines": left_lines,
        "named_lines": named_lines,
        "outcome_lines": outcome_lines,
        "lines_of": lines_of,
        "show": show_value,
        "count": count,
    }
    return environment
