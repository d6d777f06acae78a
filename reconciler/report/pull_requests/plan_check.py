"""Renders the check of a plan run as Markdown, for the log and the summary of its job."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.report.format.quote import prose_line


def render_plan_check(headline: str, sentences: Sequence[str], *, passes: bool) -> str:
    """Renders the result, with its headline first."""
    result = "passes" if passes else "fails"
    listed = "".join(f"- {prose_line(sentence)}\n" for sentence in sentences)
    return f"### {prose_line(headline)}\n\n{listed}\nThis check {result}.\n"
