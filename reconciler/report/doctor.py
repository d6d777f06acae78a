"""Renders the checks of GitHub's protections: what is lacking first, then what is not known, then the rest."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from textwrap import wrap

from reconciler.core.model.protection import ProtectionCheck, ProtectionReport
from reconciler.report.format.quote import code, plain_line, prose_line

TITLES = {"lacking": "Lacking", "not_known": "Not known", "note": "To know", "set": "Set"}
REMEDIES = {"lacking": "What to do", "not_known": "Find out", "note": "What to do", "set": ""}
NO_NEWS = "What this token may not see could be lacking too."
WIDTH = 100


def render_protections(report: ProtectionReport, form: str) -> str:
    """Renders the report as text, Markdown or JSON."""
    match form:
        case "json":
            return json.dumps({"format": 1, **asdict(report), "has_gaps": report.has_gaps}, indent=2) + "\n"
        case "markdown":
            return _render_markdown(report)
        case _:
            return _render_text(report)


def _group(report: ProtectionReport) -> Iterator[tuple[str, str, list[ProtectionCheck]]]:
    for state, title in TITLES.items():
        checks = [check for check in report.checks if check.state == state]
        if checks:
            yield state, title, checks


def _count(report: ProtectionReport) -> str:
    counts = {state: len(checks) for state, _title, checks in _group(report)}
    return f"{counts.get('lacking', 0)} lacking, {counts.get('not_known', 0)} not known, {counts.get('set', 0)} set"


def _render_text(report: ProtectionReport) -> str:
    lines = [f"Protections of {plain_line(report.repository)} ({plain_line(report.host)}): {_count(report)}"]
    for state, title, checks in _group(report):
        lines += ["", f"{title} ({len(checks):,}){f': {NO_NEWS}' if state == 'not_known' else ''}"]
        lines += [line for check, first in _once(checks) for line in _item(check, REMEDIES[state], first=first)]
    return "\n".join(lines) + "\n"


def _once(checks: Iterable[ProtectionCheck]) -> Iterator[tuple[ProtectionCheck, bool]]:
    """Yields each check, and whether it is the first of its kind: the others leave the same open, of another tenant."""
    seen: set[tuple[str, str]] = set()
    for check in checks:
        kind = check.code, check.opens.replace(check.subject, "")
        yield check, kind not in seen
        seen.add(kind)


def _item(check: ProtectionCheck, remedy: str, *, first: bool) -> Iterator[str]:
    yield from _wrapped(check.found if first or check.state == "set" else f"{check.found} (as above)", "  - ", "    ")
    if not first:
        return
    if check.opens:
        yield from _wrapped(f"Open: {check.opens}", "    ", "      ")
    if check.remedy:
        yield from _wrapped(f"{remedy}: {check.remedy}", "    ", "      ")


def _wrapped(text: str, first: str, others: str) -> list[str]:
    return wrap(
        plain_line(text).replace("`", ""),
        WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _render_markdown(report: ProtectionReport) -> str:
    lines = [f"### Protections of {code(report.repository)}: {_count(report)}"]
    for state, title, checks in _group(report):
        lines += ["", f"**{title}**{f' ({NO_NEWS})' if state == 'not_known' else ''}", ""]
        for check, first in _once(checks):
            lines.append(f"- {prose_line(check.found)}{'' if first or state == 'set' else ' (as above)'}")
            lines += [f"  - Open: {prose_line(check.opens)}"] if check.opens and first else []
            lines += [f"  - {REMEDIES[state]}: {prose_line(check.remedy)}"] if check.remedy and first else []
    return "\n".join(lines) + "\n"
