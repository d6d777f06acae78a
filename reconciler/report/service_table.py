"""The table of what a service does, and the lines for tenants.yaml, as `check` prints them."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.declarations.quirk import MEANINGS, Quirk
from reconciler.report.format.quote import plain_line

LONGEST_QUESTION = 28


def render_findings(findings: Sequence[tuple[str, str, str]], requests: int) -> str:
    """Returns one line for each question with its answer, and its meaning below."""
    lines = [f"What the service does ({requests} reads, nothing was written):"]
    for question, answer, meaning in findings:
        lines.append(f"  {question:<{LONGEST_QUESTION}}{plain_line(answer)}")
        lines += [f"  {'':<{LONGEST_QUESTION}}→ {plain_line(meaning)}"] * bool(meaning)
    return "\n".join(lines)


def render_suggestion(tenant: str, dialect: str | None, quirks: Sequence[Quirk]) -> str:
    """Returns the lines to add to a tenant; `dialect` is None and `quirks` empty if it needs none."""
    if dialect is None and not quirks:
        return "The dialect and quirks of this tenant fit these answers."
    lines = ["Suggested for tenants.yaml:", "  tenants:", f"    {tenant}:"]
    lines += [f"      dialect: {dialect}"] * (dialect is not None)
    lines += [f"      quirks: [{', '.join(quirks)}]"] * bool(quirks)
    return "\n".join([*lines, *(f"        # {quirk}: {MEANINGS[quirk]}" for quirk in quirks)])
