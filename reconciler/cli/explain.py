"""`explain`: why a person has access, or has not, and what would turn that around. Looks in the account if asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from reconciler.cli.plan import as_of_option
from reconciler.pipeline.workspace import Options

if TYPE_CHECKING:
    from reconciler.core.explanation.account_view import AccountView
    from reconciler.core.explanation.explain import Explanation
    from reconciler.core.explanation.undeclared_user import GitStates, UndeclaredUser
    from reconciler.core.model.resources import DesiredUser, Key, LiveUser
    from reconciler.pipeline.desired.current_state import Base, Head
    from reconciler.pipeline.record.history import History

LOOK = "look in the account itself with --account"


@click.command()
@click.argument("key")
@as_of_option
@click.option("--account", "asks", is_flag=True, help="Read the account too: who of it that is, what a plan would do.")
@click.option("--live", type=click.Path(path_type=Path), help="The same from a saved live state; no network.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def explain(
    options: Options, key: str, as_of: date | None, *, asks: bool, live: Path | None, form: Literal["text", "json"]
) -> None:
    """Why KEY (alice.lee, or user/alice.lee) is in scope or not, and the smallest edit that would turn it around.

    With --account or --live, KEY may also be somebody's id, user name, display name or e-mail in the account.
    """
    from reconciler.pipeline.desired.current_state import load_head, say_token
    from reconciler.pipeline.output import print_result
    from reconciler.report.render import render_explanation

    head = load_head(options, as_of)
    say_token(options, head)
    name, looks = key.removeprefix("user/"), asks or live is not None
    base, beside = _look_back(options, head, name, live, looks=looks)
    print_result(render_explanation(_explain(head, base, beside, name), form))


def _look_back(
    options: Options, head: Head, name: str, live: Path | None, *, looks: bool
) -> tuple[Base, AccountView | None]:
    """What git said before, and all of git held against the account where that is looked at."""
    from reconciler.pipeline.desired.current_state import Base
    from reconciler.pipeline.record.history import find_base, open_history

    if name in head.loaded.declarations.users and not looks:
        return Base(), None
    with open_history(head) as history:
        base = find_base(history, None)
        return base, _hold_against(options, history, base, live) if looks else None


def _hold_against(options: Options, history: History, base: Base, live: Path | None) -> AccountView:
    from reconciler.core.declarations.redaction import Redaction
    from reconciler.core.explanation.account_view import hold_against
    from reconciler.pipeline.account.connect import read_whole
    from reconciler.pipeline.record.evidence import find_evidence

    head = history.head
    account = read_whole(options, head, live)
    evidence = find_evidence(history, head, base, account)
    beside = hold_against(head.desired, account, head.tenant, base.earlier, evidence)
    return replace(beside, redaction=Redaction(head.redaction.names))


def _explain(head: Head, base: Base, beside: AccountView | None, name: str) -> Explanation | UndeclaredUser:
    """Somebody git declares, or did, or whom only the account knows; raises UsageError for nobody, and for several."""
    from reconciler.core.explanation.explain import explain_user
    from reconciler.core.explanation.undeclared_user import explain_leaver, explain_unmanaged
    from reconciler.core.model.resources import Key
    from reconciler.errors import UsageError

    key, user = Key("user", name), None
    if key not in head.desired.users and key not in base.earlier.users():
        key, user = _find_in_account(head, base, beside, name)
    if key in head.desired.users:
        side = beside.side_of(key, beside.links.user(key)) if beside else None
        return explain_user(head.loaded.declarations, head.tenant_name, key.name, head.today, side)
    if user is not None and beside is not None:
        return explain_unmanaged(_git(head, base), user, beside)
    former = base.earlier.users().get(key) or (_find_leaver(beside, key) if beside else None)
    if former is None:
        raise UsageError(_nobody(head, base, name, looked=beside is not None))
    return explain_leaver(_git(head, base), former, beside)


def _find_leaver(beside: AccountView, key: Key) -> DesiredUser | None:
    """What git declared of a user who left, as the evidence has it: older than the base."""
    return next((one.user for one in beside.decided.ownership.leavers if one.user.key == key), None)


def _find_in_account(head: Head, base: Base, beside: AccountView | None, name: str) -> tuple[Key, LiveUser | None]:
    """The key of whom somebody means, or the user of the account where git knows none."""
    from reconciler.core.explanation.account_view import find_people
    from reconciler.core.model.resources import Key
    from reconciler.errors import UsageError

    found = find_people(beside.live, name) if beside else ()
    if len(found) > 1:
        each = "; ".join(f"{one.name} ({one.attributes.get('userName')}) has the id {one.id}" for one in found)
        raise UsageError(f'{len(found)} people of the account are "{name}": name one by id: {each}')
    if not found or beside is None:
        raise UsageError(_nobody(head, base, name, looked=beside is not None))
    [user] = found
    key = beside.keys.get(user.id)
    return (key, None) if key else (Key("user", name), user)


def _nobody(head: Head, base: Base, name: str, *, looked: bool) -> str:
    from reconciler.core.model.suggest import did_you_mean

    if base.earlier.base is None:
        known = "; ".join(map(str, base.problems))
    else:
        known = "git does not declare them, and did not when last applied"
    hint = did_you_mean(name, head.loaded.declarations.users) or known
    where = "nobody in the account has that id, user name, display name or e-mail" if looked else LOOK
    return f'no user "{name}" is declared ({hint}); {where}'


def _git(head: Head, base: Base) -> GitStates:
    from reconciler.core.explanation.undeclared_user import GitStates

    then = {
        name: user
        for loaded in reversed(list(base.loaded.values()))
        for name, user in loaded.declarations.users.items()
    }
    commit = base.commit[:12] if base.commit and base.earlier.base else None
    return GitStates(head.loaded.declarations, head.tenant_name, head.today, base.earlier, then, commit)
