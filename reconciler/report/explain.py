"""An explanation → lines of a terminal: the verdict, what would turn it around, and then what it rests upon."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.core.diff import show_value
from reconciler.core.explain import ExplainedAttribute, ExplainedFilter, ExplainedRole, Explanation, Stranger
from reconciler.core.in_account import InAccount
from reconciler.errors import Source
from reconciler.report.quote import plain, plain_line
from reconciler.report.text import wrap
from reconciler.report.words import few

DEEP = " " * 12
MOST = 10  # roles or groups of somebody in the account


def explanation_lines(one: Explanation) -> list[str]:
    """Everything there is to say of one user."""
    state = "in scope" if one.in_scope else "out of scope"
    head = f"{plain(one.name)} ({plain(one.key)}) is {state} of {plain(one.tenant)} on {one.as_of}."
    return [
        *wrap(f"{head} {_at(one.source)}", rest="  "),
        *wrap(f"Because: {plain_line(one.verdict)}", "  ", "    "),
        *_flip(one),
        "",
        "Scoping filters" + ("" if one.filters else ": none, everyone passes"),
        *(line for each in one.filters for line in _filter(each)),
        "",
        "Roles" + ("" if one.roles else ": none is assigned"),
        *(line for each in one.roles for line in wrap(_role(each), "  ", DEEP)),
        "",
        "Attributes",
        *(line for each in one.attributes for line in wrap(_attribute(each), "  ", DEEP)),
        *(["", "In the account"] if one.account else []),
        *(line for each in one.account for line in _in_account(each, "  ")),
    ]


def stranger_lines(one: Stranger) -> list[str]:
    """What there is to say of somebody whom git does not declare."""
    left = [] if one.account and one.verdict == one.account[0].verdict else [_left(one)]
    return [*left, *(line for each in one.account for line in _in_account(each, ""))]


def _left(one: Stranger) -> str:
    return plain_line(f"{one.name} ({one.key}) {one.verdict}")


def _in_account(one: InAccount, indent: str) -> Iterable[str]:
    yield from wrap(f"{plain(one.name)} (id/{plain(one.id)}) {plain_line(one.verdict)}.", indent, f"{indent}  ")
    facts = [
        f"userName: {plain(one.user_name)}" if one.user_name else "no userName",
        "active" if one.active else "inactive",
        f"roles: {few(list(map(plain, one.roles)), MOST)}" if one.roles else "no roles",
        f"groups: {few(list(map(plain, one.groups)), MOST)}" if one.groups else "no groups",
    ]
    yield from wrap("; ".join(facts), f"{indent}  ", f"{indent}    ")
    if one.adopted_by:
        edit = f"To manage them: declare a user with {plain_line(one.adopted_by)}, by which the next plan links them"
        yield from wrap(edit, f"{indent}  ", f"{indent}    ")


def _flip(one: Explanation) -> Iterable[str]:
    if one.flip is None:
        yield from wrap("No edit of up to three values or assignments that was tried turns this around.", "  ", "    ")
        return
    yield from wrap(f"To turn this around: {plain_line(', and '.join(one.flip.edits))}", "  ", "    ")
    yield from wrap(f"Then: {plain_line(one.flip.verdict)}", "  ", "    ")


def _filter(one: ExplainedFilter) -> Iterable[str]:
    yield from wrap(f"{_mark(holds=one.holds)}  {plain(one.title)}  {_at(one.source)}", "  ", DEEP)
    for each in one.clauses:
        said = f"{_mark(holds=each.holds)}  {plain_line(each.clause)}: it is {plain(each.actual)}  {_at(each.source)}"
        yield from wrap(said, " " * 7, DEEP)


def _role(one: ExplainedRole) -> str:
    way = f"through {plain_line(' → '.join(one.through))}" if one.through else "directly"
    until = f", until {one.expires}" if one.expires else ""
    why = f", {plain(one.reason)}" if one.reason else ""
    return f"{_mark(holds=one.counts)}  {plain(one.role)} {way}{until}{why}  {_at(one.source)}"


def _attribute(one: ExplainedAttribute) -> str:
    value = plain_line(show_value(one.value))
    return f"{plain(one.target)}: {value}  from {plain_line(one.origin)}  {_at(one.source)}"


def _mark(*, holds: bool) -> str:
    return "yes" if holds else "no "


def _at(source: Source) -> str:
    return f"[{plain(str(source))}]"
