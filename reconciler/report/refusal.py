"""Renders the errors of a command that failed or refused as Markdown."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.core.model.amounts import more_of
from reconciler.report.format.quote import code, prose_line
from reconciler.report.markdown import SAFE_LINK

PREFIXES = ("Error:", "Refused,")
MOST_LINES = 20
STORED_NOTHING = (
    "Its job stored nothing: it was cancelled, ran out of time, or failed before the command began, for example in the "
    "checkout or the installation. Read its log."
)
NO_ERROR = "It reported no error, so it was stopped before it was done: cancelled, killed or out of time. Read its log."
_PROBLEM = re.compile(r"[^\s:][^:]*\.ya?ml(?::\d+)?: .")


@dataclass(frozen=True, slots=True)
class Absence:
    """A missing plan, outcome or report: its heading, the tenant, and the page with the log.

    `about` is the commit that has none, if it is known.
    """

    heading: str
    tenant: str
    page: str | None = None
    about: str = ""


def find_error_lines(stderr: str) -> list[str]:
    """Returns the lines of a command's stderr that are errors, refusals, or problems of a file of YAML."""
    return [line.strip() for line in stderr.splitlines() if line.startswith(PREFIXES) or _PROBLEM.match(line)]


def render_refusal(absent: Absence, stderr: str | None) -> str:
    """Renders the errors and refusals in a command's `stderr`; None if the command left none."""
    errors = list(dict.fromkeys(find_error_lines(stderr or "")))
    listed = [f"- {prose_line(line)}" for line in errors[:MOST_LINES]]
    more = [f"- {line}" for line in more_of(len(errors) - MOST_LINES)]
    silent = [f"- {STORED_NOTHING if stderr is None else NO_ERROR}"] if not errors else []
    head = [f"Commit: {code(absent.about[:7])}."] if absent.about else []
    page = [f"More: {absent.page}"] if absent.page and SAFE_LINK.fullmatch(absent.page) else []
    where = ["", " ".join((*head, *page))] if head or page else []
    return "\n".join((f"### {absent.heading} {code(absent.tenant)}", "", *listed, *more, *silent, *where)) + "\n"
