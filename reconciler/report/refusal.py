"""Renders the errors of a command that failed or refused as Markdown."""

from __future__ import annotations

from reconciler.core.model.amounts import more_of
from reconciler.report.format.quote import code, prose_line

PREFIXES = ("Error:", "Refused,")
MOST_LINES = 20


def find_error_lines(stderr: str) -> list[str]:
    """Returns the lines of a command's stderr that are errors or refusals."""
    return [line.strip() for line in stderr.splitlines() if line.startswith(PREFIXES)]


def render_refusal(heading: str, tenant: str, stderr: str, page: str | None) -> str:
    """Renders the errors and refusals in a command's `stderr`; `page` is the address of its log."""
    errors = find_error_lines(stderr)
    listed = [f"- {prose_line(line)}" for line in errors[:MOST_LINES]] or ["- It reported no error: read its log."]
    more = [f"- {line}" for line in more_of(len(errors) - MOST_LINES)]
    where = [f"\nMore: {page}"] if page else []
    return "\n".join((f"### {heading} {code(tenant)}", "", *listed, *more, *where)) + "\n"
