"""The command `explain`: shows why a user has access or not, and which edit would change that."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from reconciler.cli.plan import as_of_option
from reconciler.pipeline.workspace import Workspace

if TYPE_CHECKING:
    from reconciler.core.explanation.account_view import AccountView
    from reconciler.core.explanation.explain import Explanation
    from reconciler.core.explanation.undeclared_user import GitStates, UndeclaredUser
    from reconciler.core.model.resources import DesiredUser, Key, LiveUser
    from reconciler.pipeline.desired.current_state import CurrentState
    from reconciler.pipeline.record.history import History
    from reconciler.pipeline.record.prior_state import PriorState

USE_ACCOUNT = "search the account with --account"


@click.command()
@click.argument("key")
@as_of_option
@click.option("--account", "reads_account", is_flag=True, help="Read the account too, and show what a plan would do.")
@click.option("--live", type=click.Path(path_type=Path), help="As --account, from a saved live state; no network.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def explain(
    workspace: Workspace,
    key: str,
    as_of: date | None,
    *,
    reads_account: bool,
    live: Path | None,
    form: Literal["text", "json"],
) -> None:
    """Show why the user KEY (alice.lee or user/alice.lee) is in scope or not, and the smallest edit to change that.

    With --account or --live, KEY may also be the id, user name, display name or e-mail of a user in the account.
    """
    from reconciler.cli.output import print_result
    from reconciler.pipeline.desired.current_state import load_current_state, log_token
    from reconciler.report.render import render_explanation

    current = load_current_state(workspace, as_of)
    log_token(current)
    name = key.removeprefix("user/")
    prior, view = _read_context(current, name, live, reads_account=reads_account or live is not None)
    print_result(render_explanation(_explain(current, prior, view, name), form))


def _read_context(
    current: CurrentState, name: str, live: Path | None, *, reads_account: bool
) -> tuple[PriorState, AccountView | None]:
    """Returns the prior state, and the view of the account if that is read."""
    from reconciler.pipeline.record.history import open_history
    from reconciler.pipeline.record.prior_state import PriorState, find_prior_state

    if name in current.loaded.declarations.users and not reads_account:
        return PriorState(), None
    with open_history(current) as history:
        prior = find_prior_state(history, None)
        return prior, _view_account(history, prior, live) if reads_account else None


def _view_account(history: History, prior: PriorState, live: Path | None) -> AccountView:
    from reconciler.core.declarations.redaction import Redaction
    from reconciler.core.explanation.account_view import view_account
    from reconciler.pipeline.account.connect import read_whole
    from reconciler.pipeline.record.evidence import find_evidence

    current = history.current
    account = read_whole(current, live)
    evidence = find_evidence(history, current, prior, account)
    view = view_account(current.desired, account, current.tenant, prior.earlier, evidence)
    return replace(view, redaction=Redaction(current.redaction.names))


def _explain(
    current: CurrentState, prior: PriorState, view: AccountView | None, name: str
) -> Explanation | UndeclaredUser:
    """Explains a declared user, a leaver, or an undeclared user; raises UsageError if no user or several are found."""
    from reconciler.core.explanation.explain import explain_user
    from reconciler.core.explanation.undeclared_user import explain_leaver, explain_unmanaged
    from reconciler.core.model.resources import Key
    from reconciler.errors import UsageError

    key, user = Key("user", name), None
    if key not in current.desired.users and key not in prior.earlier.users():
        key, user = _find_in_account(current, prior, view, name)
    if key in current.desired.users:
        side = view.side_of(key, view.links.user(key)) if view else None
        return explain_user(current.loaded.declarations, current.tenant_name, key.name, current.today, side)
    if user is not None and view is not None:
        return explain_unmanaged(_make_git_states(current, prior), user, view)
    former = prior.earlier.users().get(key) or (_find_leaver(view, key) if view else None)
    if former is None:
        raise UsageError(_explain_not_found(current, prior, name, account_read=view is not None))
    return explain_leaver(_make_git_states(current, prior), former, view)


def _find_leaver(view: AccountView, key: Key) -> DesiredUser | None:
    """Returns the declaration of a leaver from the evidence, which goes further back than the prior state."""
    return next((leaver.user for leaver in view.decided.ownership.leavers if leaver.user.key == key), None)


def _find_in_account(
    current: CurrentState, prior: PriorState, view: AccountView | None, name: str
) -> tuple[Key, LiveUser | None]:
    """Returns the key of a user of the account, or the live user if git has no key for it."""
    from reconciler.core.explanation.account_view import find_people
    from reconciler.core.model.resources import Key
    from reconciler.errors import UsageError

    found = find_people(view.live, name) if view else ()
    if len(found) > 1:
        users = "; ".join(f"{user.name} ({user.attributes.get('userName')}) has the id {user.id}" for user in found)
        raise UsageError(f'"{name}" matches {len(found)} users of the account, so give an id: {users}')
    if not found or view is None:
        raise UsageError(_explain_not_found(current, prior, name, account_read=view is not None))
    [user] = found
    key = view.keys.get(user.id)
    return (key, None) if key else (Key("user", name), user)


def _explain_not_found(current: CurrentState, prior: PriorState, name: str, *, account_read: bool) -> str:
    from reconciler.core.model.suggest import did_you_mean

    if prior.earlier.base is None:
        known = "; ".join(map(str, prior.problems))
    else:
        known = "the commit applied last did not declare this user either"
    hint = did_you_mean(name, current.loaded.declarations.users) or known
    no_match = "no user of the account has this id, user name, display name or e-mail"
    return f'no user "{name}" is declared ({hint}); {no_match if account_read else USE_ACCOUNT}'


def _make_git_states(current: CurrentState, prior: PriorState) -> GitStates:
    from reconciler.core.explanation.undeclared_user import GitStates

    then = {
        name: user
        for loaded in reversed(list(prior.loaded.values()))
        for name, user in loaded.declarations.users.items()
    }
    commit = prior.commit[:12] if prior.commit and prior.earlier.base else None
    return GitStates(current.loaded.declarations, current.tenant_name, current.today, prior.earlier, then, commit)
