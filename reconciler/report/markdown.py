"""Renders rows and problems as items of GitHub-flavoured Markdown: keys and values in code spans, prose escaped."""

from __future__ import annotations

import re

from reconciler.core.changes.plan_notes import NamedResource
from reconciler.core.model.amounts import few
from reconciler.errors import Problem
from reconciler.report.format.quote import code, code_block, prose
from reconciler.report.format.words import count_resources, describe_source
from reconciler.report.view.plan_view import Omission
from reconciler.report.view.rows import LONGEST_VALUE, OWN_LABELS, Detail, ResourceName, Row

EXAMPLES = 3  # names in a row that removes nothing
MOST_LISTED = 40  # names of a removal that have a line each; more are one paragraph
MOST_PARTS = 10  # members, roles or values on one line, if nothing is removed
MESSAGE = 1_000  # characters of a message
MINUS = "\N{MINUS SIGN}"
SIGNS = {"-": f"**{MINUS}**", "+": "**+**", "~": "**~**"}
WORDS = {"error": "**Problem**", "warning": "**Warning**", "info": "Note"}
SAFE_LINK = re.compile(r"https://[\w.:/?=&%#-]{1,400}")


def row_item(row: Row) -> str:
    """Renders a row as a list item: who, what happens, what changes, and in small print why."""
    most = None if row.sign == "-" else MOST_PARTS
    items = [_detail(one, most) for one in row.details if one.before is not None]
    given = [_detail(one, most) for one in row.details if one.before is None]
    listed = _listed_names(row)
    inline = items if len(items) == 1 and not given and not listed else []
    nested = [*listed, *([] if inline else [*items, *(["; ".join(given)] if given else [])])]
    what = [few(row.what, most, code)] if row.what else []
    content = "".join(f": {one}" for one in (*what, *inline))
    why = _why(row)
    if nested:
        return _who(row) + content + _names(row) + "".join(f"\n  - {one}" for one in (*nested, why) if one) + "\n"
    return _who(row) + content + _names(row) + (f"<br>{why}" if why else "") + "\n"


def _who(row: Row) -> str:
    alone = len(row.resources) == 1
    who = format_resource(row.resources[0]) if alone else f"**{count_resources([one.key for one in row.resources])}**"
    return f"- {SIGNS[row.sign]} {who} {row.verb}"


def _names(row: Row) -> str:
    """Returns the names of a row of many on one line: all for a removal, else examples."""
    if len(row.resources) == 1 or _listed_names(row):
        return ""
    return f"<br>{few(row.resources, None if row.sign == '-' else EXAMPLES, format_resource)}"


def format_resource(one: ResourceName) -> str:
    """Returns `Ada Lee` (`user/ada`), in code spans."""
    return f"{code(one.name)} ({code(one.key)})" if one.name else code(one.key)


def _listed_names(row: Row) -> list[str]:
    """Returns the names of a removal, each for a line of its own, because a paragraph of names is not read."""
    listed = row.sign == "-" and EXAMPLES < len(row.resources) <= MOST_LISTED
    return [format_resource(one) for one in row.resources] if listed else []


def _detail(one: Detail, most: int | None) -> str:
    if one.before is None:
        shown = None if one.whole else EXAMPLES if one.each and most else most
        return f"{_label(one.label)}: {few(one.parts, shown, _value)}"
    return f"{code(one.label)}: {_value(one.before)} → {_value(one.after)}"


def _value(text: str) -> str:
    return code(text, LONGEST_VALUE)


def _label(label: str) -> str:
    """Returns the name of an attribute in code font; labels of our own are prose."""
    return label if label in OWN_LABELS else code(label)


def _why(row: Row) -> str:
    reasons = f"because {few(row.reasons, EXAMPLES, prose, '; or ')}" if row.reasons else ""
    sources = few(row.sources, 2, code)
    why = " · ".join(filter(None, [*map(prose, row.notes), reasons, sources]))
    return f"<sub>{why}</sub>" if why else ""


def problem_item(problem: Problem, word: str | None = None) -> str:
    """Renders a problem as a list item: what is wrong, where, and what to do."""
    start = f"{word or WORDS[problem.severity]}: "
    where = f" · {code(describe_source(problem.source))}" if problem.source else ""
    hint = f"<br><sub>What to do: {prose(problem.hint, MESSAGE)}</sub>" if problem.hint else ""
    return f"- {start}{prose(problem.message, MESSAGE)}{where}{hint}\n"


def left_item(left: Omission) -> str:
    """Renders the users and groups that are skipped for one reason as a list item."""
    return f"- {few(left.keys, MOST_PARTS, code)}: {prose(left.reason, MESSAGE)}\n"


def named_item(one: NamedResource, since: str | None = None) -> str:
    """Renders an unresolved user or group as a list item: the evidence, and the YAML to copy."""
    seen = f" · {prose(f'since {since}')}" if since else ""
    who = format_resource(ResourceName(one.name, one.key))
    known = f"- **?** {who}, id {code(one.id)}{seen}<br>{prose(one.witnesses, MESSAGE)}\n"
    block = "".join(f"  {line}\n" for line in code_block(one.settle).splitlines())
    return f"{known}\n{block}\n"


def in_details(summary: str, body: str, *, opened: bool) -> str:
    """Returns a part that folds; the summary must not hold foreign text outside of code."""
    return f"<details{' open' * opened}>\n<summary>{summary}</summary>\n\n{body}\n</details>\n\n"


def in_alert(kind: str, body: str) -> str:
    """Returns an alert, which GitHub draws as a box: CAUTION, WARNING or NOTE."""
    return "".join(f"> {line}".rstrip() + "\n" for line in [f"[!{kind}]", *body.splitlines()]) + "\n"


def link_or_code(text: str) -> str:
    """Returns a plain https address as a link, and any other text as prose."""
    return f"[full plan]({text})" if SAFE_LINK.fullmatch(text) else prose(text)
