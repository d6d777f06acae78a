"""`explain`: why a person has access, or has not, and what would turn that around. Looks in the account if asked."""

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

LOOK = "look in the account itself with --account"


@click.command()
@click.argument("key")
@as_of_option
@click.option("--account", "asks", is_flag=True, help="Read the account too: who of it that is, what a plan would do.")
@click.option("--live", type=click.Path(path_type=Path), help="The same from a saved live state; no network.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def explain(
    workspace: Workspace, key: str, as_of: date | None, *, asks: bool, live: Path | None, form: Literal["text", "json"]
) -> None:
    """Why KEY (alice.lee, or user/alice.lee) is in scope or not, and the smallest edit that would turn it around.

    With --account or --live, KEY may also be somebody's id, user name, display name or e-mail in the account.
    """
    from reconciler.cli.output import print_result
    from reconciler.pipeline.desired.current_state import load_current_state, log_token
    from reconciler.report.render import render_explanation

    current = load_current_state(workspace, as_of)
    log_token(current)
    name, looks = key.removeprefix("user/"), asks or live is not None
    prior, beside = _look_back(current, name, live, looks=looks)
    print_result(render_explanation(_explain(current, prior, beside, name), form))


def _look_back(
    current: CurrentState, name: str, live: Path | None, *, looks: bool
) -> tuple[PriorState, AccountView | None]:
    """Returns the prior state, and where the account is read, the desired state beside it."""
    from reconciler.pipeline.record.history import open_history
    from reconciler.pipeline.record.prior_state import PriorState, find_prior_state

    if name in current.loaded.declarations.users and not looks:
        return PriorState(), None
    with open_history(current) as history:
        prior = find_prior_state(history, None)
        return prior, _hold_against(history, prior, live) if looks else None


def _hold_against(history: History, prior: PriorState, live: Path | None) -> AccountView:
    from reconciler.core.declarations.redaction import Redaction
    from reconciler.core.explanation.account_view import hold_against
    from reconciler.pipeline.account.connect import read_whole
    from reconciler.pipeline.record.evidence import find_evidence

    current = history.current
    account = read_whole(current, live)
    evidence = find_evidence(history, current, prior, account)
    beside = hold_against(current.desired, account, current.tenant, prior.earlier, evidence)
    return replace(beside, redaction=Redaction(current.redaction.names))


def _explain(
    current: CurrentState, prior: PriorState, beside: AccountView | None, name: str
) -> Explanation | UndeclaredUser:
    """Explains a user of git, a leaver, or an undeclared user of the account; raises UsageError for none or several."""
    from reconciler.core.explanation.explain import explain_user
    from reconciler.core.explanation.undeclared_user import explain_leaver, explain_unmanaged
    from reconciler.core.model.resources import Key
    from reconciler.errors import UsageError

    key, user = Key("user", name), None
    if key not in current.desired.users and key not in prior.earlier.users():
        key, user = _find_in_account(current, prior, beside, name)
    if key in current.desired.users:
        side = beside.side_of(key, beside.links.user(key)) if beside else None
        return explain_user(current.loaded.declarations, current.tenant_name, key.name, current.today, side)
    if user is not None and beside is not None:
        return explain_unmanaged(_git(current, prior), user, beside)
    former = prior.earlier.users().get(key) or (_find_leaver(beside, key) if beside else None)
    if former is None:
        raise UsageError(_nobody(current, prior, name, looked=beside is not None))
    return explain_leaver(_git(current, prior), former, beside)


def _find_leaver(beside: AccountView, key: Key) -> DesiredUser | None:
    """Finds the declaration of a leaver in the evidence, which reaches back before the prior state."""
    return next((one.user for one in beside.decided.ownership.leavers if one.user.key == key), None)


def _find_in_account(
    current: CurrentState, prior: PriorState, beside: AccountView | None, name: str
) -> tuple[Key, LiveUser | None]:
    """Finds the key behind a name, or the user of the account where git has no key."""
    from reconciler.core.explanation.account_view import find_people
    from reconciler.core.model.resources import Key
    from reconciler.errors import UsageError

    found = find_people(beside.live, name) if beside else ()
    if len(found) > 1:
        each = "; ".join(f"{one.name} ({one.attributes.get('userName')}) has the id {one.id}" for one in found)
        raise UsageError(f'{len(found)} people of the account are "{name}": name one by id: {each}')
    if not found or beside is None:
        raise UsageError(_nobody(current, prior, name, looked=beside is not None))
    [user] = found
    key = beside.keys.get(user.id)
    return (key, None) if key else (Key("user", name), user)


def _nobody(current: CurrentState, prior: PriorState, name: str, *, looked: bool) -> str:
    from reconciler.core.model.suggest import did_you_mean

    if prior.earlier.base is None:
        known = "; ".join(map(str, prior.problems))
    else:
        known = "git does not declare them, and did not when last applied"
    hint = did_you_mean(name, current.loaded.declarations.users) or known
    where = "nobody in the account has that id, user name, display name or e-mail" if looked else LOOK
    return f'no user "{name}" is declared ({hint}); {where}'


def _git(current: CurrentState, prior: PriorState) -> GitStates:
    from reconciler.core.explanation.undeclared_user import GitStates

    then = {
        name: user
        for loaded in reversed(list(prior.loaded.values()))
        for name, user in loaded.declarations.users.items()
    }
    commit = prior.commit[:12] if prior.commit and prior.earlier.base else None
    return GitStates(current.loaded.declarations, current.tenant_name, current.today, prior.earlier, then, commit)
