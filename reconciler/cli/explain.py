"""`explain`: why a person has access, or has not, and what would turn that around. Needs no account, may ask one."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

import click

from reconciler.cli.main import Options
from reconciler.cli.plan import as_of_option

if TYPE_CHECKING:
    from reconciler.cli.line import Base, Head
    from reconciler.core.explain import Stranger
    from reconciler.core.in_account import InAccount
    from reconciler.core.model import LiveState

LOOK = "look in the account itself with --account"


@click.command()
@click.argument("key")
@as_of_option
@click.option("--account", "asks", is_flag=True, help="Read the account too: who of it that is, also unmanaged.")
@click.option("--live", type=click.Path(path_type=Path), help="The same from a saved live state; no network.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def explain(
    options: Options, key: str, as_of: date | None, *, asks: bool, live: Path | None, form: Literal["text", "json"]
) -> None:
    """Why KEY (alice.lee, or user/alice.lee) is in scope or not, and the smallest edit that would turn it around.

    With --account or --live, KEY may also be somebody's id, user name, display name or e-mail in the account.
    """
    from reconciler.cli.line import load_head, say_token
    from reconciler.cli.output import print_result
    from reconciler.core.explain import explain_user
    from reconciler.report.render import render_explanation, render_stranger

    head = load_head(options, as_of)
    say_token(options, head)
    name = key.removeprefix("user/")
    state = _read(options, head, live) if asks or live else None
    if name in head.loaded.declarations.users:
        explanation = explain_user(head.loaded.declarations, head.tenant_name, name, head.today)
        account = _look(head, _past(head), name, state)
        print_result(render_explanation(explanation.model_copy(update={"account": account}), form))
    else:
        print_result(render_stranger(_explain_stranger(head, name, state), form))


def _read(options: Options, head: Head, live: Path | None) -> LiveState:
    from reconciler.cli.account import read_whole

    return read_whole(options, head, live)


def _past(head: Head) -> Base:
    from reconciler.cli.history import find_base

    return find_base(head, None)


def _look(head: Head, base: Base, name: str, live: LiveState | None) -> tuple[InAccount, ...]:
    from reconciler.core.in_account import find_in_account

    return find_in_account(name, head.desired, base.earlier, live) if live else ()


def _explain_stranger(head: Head, name: str, live: LiveState | None) -> Stranger:
    """Somebody git does not declare; raises UsageError where neither its past nor the account knows them."""
    from reconciler.core.explain import Stranger
    from reconciler.core.model import Key

    base = _past(head)
    account = _look(head, base, name, live)
    left = base.earlier.users().get(Key("user", name))
    if left is None and not account:
        _refuse(head, base, name, looked=live is not None)
    if left is None:
        first = account[0]
        return Stranger(
            key=first.key or f"id/{first.id}",
            name=first.name,
            tenant=head.tenant_name,
            in_scope=False,
            verdict=first.verdict,
            account=account,
        )
    ignored = head.tenant.on_removed == "ignore"
    then = "left alone: on_removed is ignore" if ignored else "deactivated by the next apply"
    was = f"declared at {left.source} when {(base.commit or '')[:12]} was applied"
    return Stranger(
        key=f"user/{name}",
        name=left.name,
        tenant=head.tenant_name,
        in_scope=False,
        verdict=f"left git: {was}. If active, they are {then}.",
        account=account,
    )


def _refuse(head: Head, base: Base, name: str, *, looked: bool) -> NoReturn:
    from reconciler.core.suggest import did_you_mean
    from reconciler.errors import UsageError

    if base.earlier.base is None:
        known = "; ".join(map(str, base.problems))
    else:
        known = "git does not declare them, and did not when last applied"
    hint = did_you_mean(name, head.loaded.declarations.users) or known
    where = "nobody in the account has that id, user name, display name or e-mail" if looked else LOOK
    raise UsageError(f'no user "{name}" is declared ({hint}); {where}')
