"""A command that came to nothing, as Markdown: its last words, quoted."""

from __future__ import annotations

from reconciler.core.model.amounts import more_of
from reconciler.report.format.quote import code, prose_line

TELLING = ("Error:", "Refused,")
MOST_LINES = 20


def find_error_lines(last_words: str) -> list[str]:
    """The lines of what a command said on stderr that are errors and refusals."""
    return [line.strip() for line in last_words.splitlines() if line.startswith(TELLING)]


def render_refusal(heading: str, tenant: str, last_words: str, page: str | None) -> str:
    """`last_words` is what the command said on stderr, of which the errors and refusals are told."""
    telling = find_error_lines(last_words)
    told = [f"- {prose_line(line)}" for line in telling[:MOST_LINES]] or ["- it said nothing: look at its log"]
    more = [f"- {line}" for line in more_of(len(telling) - MOST_LINES)]
    where = [f"\nMore: {page}"] if page else []
    return "\n".join((f"### {heading} {code(tenant)}", "", *told, *more, *where)) + "\n"
