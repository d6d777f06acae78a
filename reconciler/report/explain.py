"""Renders an explanation for a terminal: the verdict, the edits that would reverse it, then its grounds."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.core.explanation.account_view import AccountSide, InAccount, Planned
from reconciler.core.explanation.explain import ExplainedAttribute, ExplainedFilter, ExplainedRole, Explanation
from reconciler.core.explanation.undeclared_user import UndeclaredUser
from reconciler.core.model.diff import show_value
from reconciler.errors import Source
from reconciler.report.format.quote import plain, plain_line
from reconciler.report.format.words import describe_action
from reconciler.report.text import wrap

DEEP = " " * 12


def explanation_lines(one: Explanation) -> list[str]:
    """Returns the explanation of one declared user, as lines."""
    state = "in scope" if one.in_scope else "out of scope"
    head = f"{plain(one.name)} ({plain(one.key)}) is {state} of {plain(one.tenant)} on {one.as_of}."
    return [
        *wrap(f"{head} {_at(one.source)}", rest="  "),
        *wrap(f"Because: {plain_line(one.verdict)}", "  ", "    "),
        *_flip(one),
        "",
        "Scoping filters" + ("" if one.filters else ": none, so every user passes"),
        *(line for each in one.filters for line in _filter(each)),
        "",
        "Roles" + ("" if one.roles else ": none assigned"),
        *(line for each in one.roles for line in wrap(_role(each), "  ", DEEP)),
        "",
        "Attributes",
        *(line for each in one.attributes for line in wrap(_attribute(each), "  ", DEEP)),
        *(("", *account_lines(one.account)) if one.account else ()),
    ]


def undeclared_user_lines(one: UndeclaredUser) -> list[str]:
    """Returns the explanation of one undeclared user, as lines."""
    known_as = one.key or (f"id/{one.account.user.id}" if one.account and one.account.user else "")
    who = f"{plain(one.name)} ({plain(known_as)})"
    return [
        *wrap(f"{who} {plain_line(one.verdict)}", rest="  "),
        *wrap(f"For {plain(one.tenant)} on {one.as_of}.", "  "),
        *_managing(one),
        *(("", *account_lines(one.account)) if one.account else ()),
    ]


def _managing(one: UndeclaredUser) -> Iterable[str]:
    if one.manage is None:
        yield from wrap(
            f"No edit of git brings this user under management: {plain_line(one.obstacle or '')}", "  ", "    "
        )
        return
    edits = ", and ".join(one.manage.edits)
    yield from wrap(f"To bring this user under management: {plain_line(edits)}", "  ", "    ")
    yield from wrap(f"Then: {plain_line(one.manage.verdict)}", "  ", "    ")
    if one.manage.plan is not None:
        effect = "; ".join(map(_planned, one.manage.plan)) or "nothing to do about this user"
        yield from wrap(f"And a plan: {effect}", "  ", "    ")


def account_lines(side: AccountSide) -> list[str]:
    """Returns the user's side of the account, and what a plan would do to the user, as lines."""
    return [
        "In the account" + ("" if side.user else ": no such user"),
        *(_in_account(side.user) if side.user else ()),
        "",
        "A plan" + ("" if side.plan else f" does nothing: {plain_line(side.untouched or '')}"),
        *(line for one in side.plan for line in wrap(f"{_planned(one)}, because {plain_line(one.reason)}", "  ", DEEP)),
        *(line for one in side.held for line in wrap(plain_line(one), "  ", DEEP)),
    ]


def _in_account(user: InAccount) -> Iterable[str]:
    state = "active" if user.active else "inactive"
    changed = f", last changed {plain(user.last_modified)}" if user.last_modified else ""
    yield from wrap(f"{plain(user.name)}, {state}, id {plain(user.id)}{changed}", "  ", DEEP)
    for name, listed in (("roles", user.roles), ("groups", user.groups)):
        if listed:
            yield from wrap(f"{name}: {plain_line(', '.join(listed))}", "  ", DEEP)
    for target, value in user.attributes.items():
        yield from wrap(f"{plain(target)}: {plain_line(show_value(value))}", "  ", DEEP)


def _planned(one: Planned) -> str:
    """Returns `user/ann changes: title` or `leaves group/staff (Staff)`."""
    what = plain_line(", ".join(one.what))
    match one.action:
        case "add_members" | "create_group":
            return f"joins {plain(one.key)} ({what})"
        case "remove_members":
            return f"leaves {plain(one.key)} ({what})"
        case _:
            return f"{plain(one.key)} {describe_action(one.action, 'plan', 1)}" + (f": {what}" if what else "")


def _flip(one: Explanation) -> Iterable[str]:
    if one.flip is None:
        yield from wrap("No tried edit of up to three values or assignments reverses this.", "  ", "    ")
        return
    yield from wrap(f"To reverse this: {plain_line(', and '.join(one.flip.edits))}", "  ", "    ")
    yield from wrap(f"Then: {plain_line(one.flip.verdict)}", "  ", "    ")


def _filter(one: ExplainedFilter) -> Iterable[str]:
    yield from wrap(f"{_mark(holds=one.holds)}  {plain(one.title)}  {_at(one.source)}", "  ", DEEP)
    for each in one.clauses:
        line = f"{_mark(holds=each.holds)}  {plain_line(each.clause)}: it is {plain(each.actual)}  {_at(each.source)}"
        yield from wrap(line, " " * 7, DEEP)


def _role(one: ExplainedRole) -> str:
    path = f"through {plain_line(' → '.join(one.through))}" if one.through else "directly"
    until = f", until {one.expires}" if one.expires else ""
    why = f", {plain(one.reason)}" if one.reason else ""
    return f"{_mark(holds=one.counts)}  {plain(one.role)} {path}{until}{why}  {_at(one.source)}"


def _attribute(one: ExplainedAttribute) -> str:
    value = plain_line(show_value(one.value))
    return f"{plain(one.target)}: {value}  from {plain_line(one.origin)}  {_at(one.source)}"


def _mark(*, holds: bool) -> str:
    return "yes" if holds else "no "


def _at(source: Source) -> str:
    return f"[{plain(str(source))}]"
