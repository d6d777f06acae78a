"""Renders the evidence about users and groups as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.core.explanation.witnesses import KnownResource
from reconciler.report.format.quote import plain, plain_line


def render_known(found: Sequence[KnownResource]) -> str:
    """Renders for each user or group the evidence, the verdict, and the line that resolves it."""
    return "\n".join("".join(f"{line}\n" for line in _lines(one)) for one in found)


def _lines(one: KnownResource) -> Iterable[str]:
    state = "" if one.active else ", inactive"
    yield f"{plain(one.name)} ({one.kind} {plain(one.id)}{state})"
    for witness in one.witnesses or ("no commit declares a match",):
        yield f"  - {plain_line(witness)}"
    yield f"  verdict: {plain_line(one.verdict)}"
    if one.settle:
        yield f"  to resolve it: {plain_line(one.settle)}"
        yield "  to keep it and end the management by git: the same line under released:"
