"""An apply that carried nothing out, as Markdown: its last words, quoted."""

from __future__ import annotations

from reconciler.report.quote import code, code_line

TELLING = ("Error:", "Refused,")
MOST_LINES = 20


def render_refusal(tenant: str, last_words: str, run_url: str | None) -> str:
    """`last_words` is what the apply said on stderr, of which the errors and refusals are told."""
    telling = [line.strip() for line in last_words.splitlines() if line.startswith(TELLING)]
    told = [f"- {code_line(line)}" for line in telling[:MOST_LINES]] or ["- it said nothing: look at its log"]
    more = [f"- and {len(telling) - MOST_LINES:,} more"] if len(telling) > MOST_LINES else []
    where = [f"\nThe run: {run_url}"] if run_url else []
    return "\n".join((f"### Nothing was applied to {code(tenant)}", "", *told, *more, *where)) + "\n"
