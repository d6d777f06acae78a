"""Renders views as one self-contained HTML page, without scripts and addresses; its policy forbids both.

The template engine escapes every value. Invisible characters are shown as code points.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

from reconciler.report.format.quote import plain, plain_line
from reconciler.report.format.words import count_resources, describe_source
from reconciler.report.view.named import SETTLE
from reconciler.report.view.plan_view import View
from reconciler.report.view.rows import ResourceName
from reconciler.report.view.run_view import MEANING, RunView

if TYPE_CHECKING:
    from jinja2 import Environment

SIGNS = {"-": "minus", "+": "plus", "~": "change"}
MOST_NAMED = 20  # unresolved users and groups of one verdict that are not folded
WORDS = {"blocking": "Refused:", "filters": "Scoping filters:", "error": "Problem:", "warning": "Warning:", "info": ""}


def render_plan_page(view: View) -> str:
    """Renders a plan, or drift, as a page."""
    title = f"{view.title} {view.plan.tenant}"
    return _fill(
        "plan.html.j2",
        view=view,
        title=title,
        verdict=view.verdict,
        signs=SIGNS,
        words=WORDS,
        settle=SETTLE.replace("`", ""),
        most_named=MOST_NAMED,
    )


def render_run_page(view: RunView) -> str:
    """Renders the outcome of an apply as a page."""
    parts = [(status, list(fates)) for status, fates in groupby(view.fates, lambda fate: fate.status)]
    title = f"Applied to {view.run.tenant}"
    return _fill("run.html.j2", view=view, title=title, verdict=view.verdict, meaning=MEANING, parts=parts)


def _fill(template: str, **values: object) -> str:
    return _environment().get_template(template).render(**values).strip() + "\n"


@cache  # a template is compiled once
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415  # only pages need it

    environment = Environment(
        loader=PackageLoader("reconciler.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"seen": plain, "seen_whole": plain_line, "source": describe_source, "number": _number}
    return environment


def _number(resources: Sequence[ResourceName]) -> str:
    return count_resources([resource.key for resource in resources])
